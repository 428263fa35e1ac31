/* random_tasks.c - people, each a task on the virtual clock, who use locks, semaphores, conditions,
 * events, barriers, queues, futures, select, groups, gathers, generators, timeouts and shields,
 * nested in each other, and cancel one another. All times are whole milliseconds; at every half one
 * nobody is ready to run, and whoever could go on would have: so no wake-up is lost. A wait ends at
 * its deadline, or when it is cancelled, at that very moment. Each program is run in several ways,
 * and in each gives the same trace when it is run again, on the other backend for one.
 */
#include "random/tasks/tasks.h"

#include "process.h"
#include "task/task.h"

enum { ACTORS_MAX = 24, ACTS = 8, TICKS = 4000 };

struct people tasks_p;
static struct random beginnings[ACTORS_MAX], objects;

int64_t tasks_now(void)
{
    return eddy_loop_time_ns(eddy_loop_running());
}

/* ---- waits ---- */

static void trace(uint64_t value)
{
    tasks_p.trace = (tasks_p.trace ^ value) * 0x9e3779b97f4a7c15u;
    tasks_p.trace ^= tasks_p.trace >> 29;
}

struct tasks_wait tasks_begin(const struct person *a)
{
    eddy_task *self = eddy_current_task();

    return (struct tasks_wait){tasks_now(), eddy__task_deadline(self),
                               eddy_task_cancelling(self) > 0 && !a->shields};
}

static bool is_aborted(const struct family *f)
{
    return f->is_group && (f->ends || f->failure);
}

int tasks_ended(struct person *a, const struct tasks_wait *w, const char *what, int status)
{
    int64_t now = tasks_now(), due = w->deadline > w->start ? w->deadline : w->start;
    bool is_cancelled = eddy_task_cancelling(eddy_current_task()) > 0;

    trace(a->index);
    trace((uint64_t)status);
    trace((uint64_t)now);
    random_expect(&a->r, now <= due && (status != EDDY_ETIMEDOUT || now == due),
                  "%s of %u: %d after %lld ns, of %lld", what, a->index, status,
                  (long long)(now - w->start), (long long)(due - w->start));
    random_expect(&a->r, !w->cancelled || status == EDDY_ECANCELED,
                  "%s of %u: %d, but it was cancelled before", what, a->index, status);
    random_expect(&a->r, status != EDDY_ECANCELED || a->open || (is_cancelled && !a->shields),
                  "%s of %u is cancelled, but nobody has done it", what, a->index);
    random_expect(&a->r, is_cancelled || !a->family || !is_aborted(a->family),
                  "%s of %u: it is not cancelled, but its group was", what, a->index);
    random_expect(&a->r, a->shields || a->cancelled_at < w->start || now == a->cancelled_at,
                  "%s of %u ends %lld ns after it was cancelled", what, a->index,
                  (long long)(now - a->cancelled_at));
    return status;
}

int tasks_sleep(struct person *a, int ms)
{
    struct tasks_wait w = tasks_begin(a);
    int r = tasks_ended(a, &w, "sleep", eddy_sleep(ms / 1000.0));

    random_expect(&a->r, r < 0 || tasks_now() - w.start == ms * 1000000LL, "%d ms: %lld ns", ms,
                  (long long)(tasks_now() - w.start));
    return r;
}

/* ---- people ---- */

int tasks_act(struct person *a, unsigned depth)
{
    unsigned kind = random_below(&a->r, 10);
    int r = 0;

    if (kind < 2)
        return tasks_sleep(a, random_between(&a->r, 0, 4));
    if (kind == 2) {
        eddy_timeout(random_between(&a->r, 0, 5) / 1000.0)
            r = depth ? tasks_act(a, depth - 1) : tasks_sleep(a, 3);
        return r;
    }
    return kind < 7 ? tasks_use_object(a, depth) : tasks_use_family(a, depth);
}

static int play(struct person *a, unsigned depth)
{
    for (unsigned n = 1 + random_below(&a->r, ACTS); n--;) {
        if (tasks_act(a, depth) != EDDY_ECANCELED)
            continue;
        if (a->family || random_percent(&a->r, 80)) /* a parent may hold what its child waits for */
            return EDDY_ECANCELED;
        while (eddy_uncancel() > 0)
            ;
        a->cancelled_at = -1;
    }
    return 0;
}

int tasks_child(struct person *a, unsigned depth)
{
    struct family none = {0}, *f = a->family ? a->family : &none;

    f->alive++;
    int r = play(a, depth);
    if (r == 0 && a->fails)
        r = FAILED;
    f->alive--;
    if (r < 0 && r != EDDY_ECANCELED && !f->failure)
        f->failure = r;
    a->result = r;
    a->ended = true;
    return r;
}
EDDY_CORO(tasks_child, struct person *, unsigned)

static struct person *add(struct random r, struct family *family)
{
    if (tasks_p.count == PEOPLE_MAX)
        return NULL;
    struct person *a = &tasks_p.people[tasks_p.count];

    memset(a, 0, sizeof *a);
    a->r = r;
    a->index = tasks_p.count++;
    a->family = family;
    a->cancelled_at = a->waits_for_sets = -1;
    memset(a->last, -1, sizeof a->last);
    return a;
}

struct person *tasks_add(struct person *a, struct family *family)
{
    return add(random_branch(&a->r), family);
}

/* ---- runs ---- */

static void ignore_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report, (void)arg;
}

static unsigned count_ended(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < tasks_p.actors; i++)
        n += eddy_task_done(tasks_p.people[i].task);
    return n;
}

static int run_people(struct random *r)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), ignore_report, NULL);
    tasks_open(r);
    for (unsigned i = 0; i < tasks_p.actors; i++)
        add(beginnings[i], NULL);
    for (unsigned i = 0; i < tasks_p.actors; i++)
        tasks_p.people[i].task = eddy_create_task(tasks_child_coro(&tasks_p.people[i], DEPTH));
    eddy__yield_everywhere(tasks_p.yields);
    CHECK_OK(eddy_sleep(0.0005));
    for (int i = 0; count_ended() < tasks_p.actors; i++) {
        tasks_observe(r);
        if (i == TICKS) {
            eddy_dump(stderr);
            random_fail(r, "%u of %u have ended", count_ended(), tasks_p.actors);
        }
        CHECK_OK(eddy_sleep(0.001));
    }
    eddy__yield_everywhere(false);
    tasks_observe(r);
    random_expect(r, eddy_all_tasks(NULL, 0) == 1, "%zu tasks", eddy_all_tasks(NULL, 0));
    for (unsigned i = 0; i < tasks_p.actors; i++)
        eddy_task_close(tasks_p.people[i].task);
    tasks_close(r);
    eddy_error_clear();
    return 0;
}
EDDY_CORO(run_people, struct random *)

static uint64_t run(const struct random *r, unsigned long seed, int backend)
{
    struct random own = objects;

    own.step = r->step;
    tasks_p.count = 0;
    tasks_p.trace = 1;
    int status = eddy_run(run_people_coro(&own), .clock = EDDY_CLOCK_VIRTUAL, .seed = seed,
                          .backend = backend);
    random_expect(r, status == 0, "%d", status);
    return tasks_p.trace;
}

void random_program(struct random *r)
{
    unsigned long seeds[] = {0, (unsigned long)random_bits(r), (unsigned long)random_bits(r)};

    objects = random_branch(r);
    tasks_p.cancels = random_percent(r, 70);
    while (random_step(r))
        if (tasks_p.actors < ACTORS_MAX)
            beginnings[tasks_p.actors++] = random_branch(r);
    for (int way = 0; way < 4 && tasks_p.actors; way++) {
        tasks_p.yields = way % 2;
        random_note(r, "%syielding everywhere, seed %lu", tasks_p.yields ? "" : "not ",
                    seeds[(way + 1) / 2]);
        uint64_t first = run(r, seeds[(way + 1) / 2], 0);
        uint64_t again = run(r, seeds[(way + 1) / 2], EDDY_BACKEND_EPOLL);
        random_expect(r, first == again, "traces are %llx and %llx", (unsigned long long)first,
                      (unsigned long long)again);
    }
}
