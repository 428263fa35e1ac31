/* random_closing.c - objects of all kinds are closed by one task at any moment while others use
 * them and are cancelled at random (D6). A call begins with an object that is open; after that
 * anything may happen to it. No call touches what was freed, for which sanitizers look; a task that
 * is awaited gives its own status; and once all is closed everybody's calls have ended. Mostly
 * every checkpoint yields, so that an object can be closed between the first line of a call and the
 * next.
 */
#include "random/closing/closing.h"

#include "task/task.h"

#include <eddy.h>
#include <signal.h>

enum { ACTORS_MAX = 60, MOMENTS = 20 };
enum deed { OPENS, USES, USES_IN_GROUP, CLOSES, CANCELS };

struct actor {
    struct random r;
    enum deed deed;
    struct closing_slot *slot;
    unsigned other; /* whom it cancels, or what it opens */
    double moment;
    eddy_task *task;
};

static struct {
    struct actor actors[ACTORS_MAX];
    unsigned actor_count;
    bool over; /* nothing is opened any more */
} p;

/* ---- what actors do ---- */

static void close_slot(struct closing_slot *s)
{
    void *object = eddy_take(s->object);

    if (object)
        s->kind->close(object);
}

static void open_slot(struct actor *a)
{
    const struct closing_kind *kind = &closing_kinds[a->other % CLOSING_KINDS];
    int number = ++closing_number;
    void *object = kind->open(&a->r, number);

    if (!object)
        return;
    if (p.over || a->slot->object)
        kind->close(object);
    else
        *a->slot = (struct closing_slot){kind, object, number};
}

static int use_slot(struct random *r, struct closing_slot *s, int times)
{
    int status = 0;

    for (; times > 0 && s->object && status != EDDY_ECANCELED; times--) {
        struct closing_slot now = *s;

        if (random_percent(r, 30))
            eddy_timeout(random_between(r, 0, 4) / 1000.0)
                status = now.kind->use(r, &now);
        else
            status = now.kind->use(r, &now);
        eddy_error_clear();
    }
    return 0;
}
EDDY_CORO(use_slot, struct random *, struct closing_slot *, int)

static void use_in_group(struct actor *a)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    for (int i = 0; i < 2; i++)
        eddy_ignore(eddy_group_start(group, use_slot_coro(&a->r, a->slot, 2),
                                     .eager = random_percent(&a->r, 50)));
    eddy_ignore(eddy_group_join(group));
}

static int acts(struct actor *a)
{
    eddy_try(eddy_sleep(a->moment));
    switch (a->deed) {
    case OPENS:
        open_slot(a);
        break;
    case USES:
        use_slot(&a->r, a->slot, random_between(&a->r, 1, 5));
        break;
    case USES_IN_GROUP:
        use_in_group(a);
        break;
    case CLOSES:
        close_slot(a->slot);
        break;
    default:
        if (a->other < p.actor_count)
            eddy_cancel(p.actors[a->other].task);
    }
    eddy_error_clear();
    return 0;
}
EDDY_CORO(acts, struct actor *)

/* ---- the program ---- */

static void ignore_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report, (void)arg;
}

static void close_all(struct random *r)
{
    size_t done = 0;

    p.over = true;
    for (int i = 0; i < CLOSING_SLOTS; i++)
        close_slot(&closing_slots[i]);
    for (int tries = 0; tries < 800 && done < p.actor_count; tries++) {
        CHECK_OK(eddy_sleep(0.01));
        done = 0;
        for (unsigned i = 0; i < p.actor_count; i++)
            done += eddy_task_done(p.actors[i].task);
    }
    if (done < p.actor_count) {
        eddy_dump(stderr);
        random_fail(r, "%zu of %u have ended, all objects being closed", done, p.actor_count);
    }
    for (unsigned i = 0; i < p.actor_count; i++)
        eddy_task_close(p.actors[i].task);
    /* the other ends of streams; a child that lives on is waited for by a task, too */
    for (int tries = 0; tries < 2000 && eddy_all_tasks(NULL, 0) > 1; tries++)
        CHECK_OK(eddy_sleep(0.001));
}

static int program(struct random *r, bool yields)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), ignore_report, NULL);
    eddy__yield_everywhere(yields);
    for (int i = 0; i < CLOSING_SLOTS; i++) {
        const struct closing_kind *kind = &closing_kinds[random_below(r, CLOSING_KINDS)];

        closing_slots[i] =
            (struct closing_slot){kind, kind->open(r, ++closing_number), closing_number};
    }
    for (unsigned i = 0; i < p.actor_count; i++)
        p.actors[i].task = eddy_create_task(acts_coro(&p.actors[i]));
    CHECK_OK(eddy_sleep((MOMENTS + 3) / 1000.0));
    close_all(r);
    eddy__yield_everywhere(false);
    return 0;
}
EDDY_CORO(program, struct random *, bool)

static void make_actor(struct random *r, struct actor *a)
{
    static const enum deed deeds[] = {OPENS, OPENS,         USES,   USES,   USES,   USES,
                                      USES,  USES_IN_GROUP, CLOSES, CLOSES, CANCELS};

    a->r = random_branch(r);
    a->deed = deeds[random_below(r, sizeof deeds / sizeof deeds[0])];
    a->slot = &closing_slots[random_below(r, CLOSING_SLOTS)];
    a->other = a->deed == CANCELS ? random_below(r, ACTORS_MAX) : random_below(r, CLOSING_KINDS);
    a->moment = random_below(r, MOMENTS) / 1000.0;
    random_note(r, "deed %d at slot %d, other %u, at %g", (int)a->deed,
                (int)(a->slot - closing_slots), a->other, a->moment);
}

void random_program(struct random *r)
{
    bool yields = random_percent(r, 75);
    unsigned long seed = random_percent(r, 50) ? (unsigned long)random_bits(r) : 0;

    signal(SIGUSR1, SIG_IGN);
    while (random_step(r))
        if (p.actor_count < ACTORS_MAX)
            make_actor(r, &p.actors[p.actor_count++]);
    CHECK_INT(eddy_run(program_coro(r, yields), .seed = seed), 0);
}
