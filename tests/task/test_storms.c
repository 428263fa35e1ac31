/* test_storms.c - rule X4: many tasks at once, and a random walk through what they can do to each
 * other. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/gen.h>
#include <eddy/group.h>

static struct reports reports;

static int storm(int n)
{
    eddy_task *tasks[64];

    for (int round = 0; round < n / 64; round++) {
        for (int i = 0; i < 64; i++)
            tasks[i] = eddy_create_task(sleeps_coro(i % 4));
        eddy_try(eddy_sleep(round % 3));
        for (int i = 0; i < 64; i++)
            eddy_task_close(tasks[i]);
    }
    return 0;
}

TEST(X4_storm_of_starts_ends_and_cancellations)
{
    CHECK_INT(storm(6400), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

/* ---- the walk ---- */
struct walk {
    unsigned random;
    int tasks; /* that may still be started */
};

static unsigned draw(struct walk *walk, unsigned n)
{
    walk->random = walk->random * 1103515245 + 12345;
    return (walk->random >> 16) % n;
}

static int wanders(struct walk *walk, int depth);
EDDY_CORO(wanders, struct walk *, int)

static int gives_random_items(struct walk *walk, int depth)
{
    for (int i = (int)draw(walk, 4); i > 0; i--) {
        eddy_try(eddy_yield(&i));
        if (draw(walk, 3) == 0)
            eddy_try(wanders(walk, depth));
    }
    return 0;
}
EDDY_CORO(gives_random_items, struct walk *, int)

static int takes_random_items(struct walk *walk, int depth)
{
    int item, r = 1;
    eddy_auto(eddy_gen) *gen =
        eddy_try(eddy_gen_open(gives_random_items_coro(walk, depth), sizeof item));

    while (r > 0 && draw(walk, 6) > 0)
        eddy_timeout(draw(walk, 3))
            r = eddy_gen_next(gen, &item);
    return r;
}

static int runs_random_group(struct walk *walk, int depth)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = (int)draw(walk, 4); i > 0; i--)
        eddy_group_start(group, wanders_coro(walk, depth), .eager = draw(walk, 2));
    if (draw(walk, 5) == 0)
        return eddy_sleep(draw(walk, 3)); /* not joined */
    if (draw(walk, 5) == 0)
        eddy_group_cancel(group);
    return eddy_group_join(group, .body = eddy_sleep(draw(walk, 2)));
}

/* Without taking it along: it may be one that waits for the caller. */
static int meets_some_task(struct walk *walk)
{
    eddy_task *all[32];
    size_t n = min_size(eddy_all_tasks(all, 32), 32);
    eddy_task *task = all[draw(walk, (unsigned)n)];
    int r = 0;

    if (draw(walk, 2) && task != all[0]) /* the first is the test */
        return eddy_cancel(task);
    task->refs++; /* as those who wait hold it */
    if (draw(walk, 2))
        eddy_timeout(draw(walk, 3))
            r = eddy_await_shielded(task);
    else
        r = eddy_wait_at_most(&task, 1, 2);
    eddy__task_unref(task);
    return r;
}

static int takes_a_step(struct walk *walk, int depth)
{
    eddy_coro coros[] = {wanders_coro(walk, depth), wanders_coro(walk, depth)};
    int r = 0;

    switch (draw(walk, 10)) {
    case 0:
        return eddy_wait_for(coros[0], draw(walk, 4));
    case 1:
        return eddy_gather_n(coros, 2, .cancel_on_error = draw(walk, 2));
    case 2:
        return runs_random_group(walk, depth);
    case 3:
        return takes_random_items(walk, depth);
    case 4:
        return meets_some_task(walk);
    case 5:
        eddy_shield(draw(walk, 3))
            r = eddy_sleep(draw(walk, 3));
        return r;
    case 6:
        eddy_timeout(draw(walk, 3))
            r = wanders(walk, depth);
        return r;
    case 7:
        eddy_task_close(eddy_create_task(coros[0], .eager = draw(walk, 2)));
        return draw(walk, 3) ? 0 : eddy_raise(EDDY_EUSER, "at random");
    case 8:
        eddy_detach(eddy_create_task(coros[0]));
        return eddy_uncancel() ? 0 : eddy_sleep(0);
    default:
        return eddy_sleep(draw(walk, 3));
    }
}

static int wanders(struct walk *walk, int depth)
{
    for (int i = (int)draw(walk, 8); i > 0 && depth > 0 && walk->tasks-- > 0; i--) {
        int r = takes_a_step(walk, depth - 1);
        if (r < 0 && draw(walk, 3))
            return r;
    }
    return 0;
}

static int starts_walk(unsigned random)
{
    static struct walk walk; /* detached tasks may outlive this one */

    walk = (struct walk){random, 500};
    reports_listen(&reports);
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(wanders_coro(&walk, 10)));
    eddy_ignore(eddy_await(task));
    while (eddy_all_tasks(NULL, 0) > 1)
        eddy_try(eddy_sleep(1));
    return 0;
}
EDDY_CORO(starts_walk, unsigned)

SWEEP(a_random_walk_cancelled_anywhere)
{
    return starts_walk(8);
}

TORTURE(a_random_walk_without_memory)
{
    return starts_walk(8);
}

TEST_PLAIN(X4_random_walks)
{
    for (unsigned i = 0; i < 400; i++) {
        printf("walk %u\n", i);
        CHECK_INT(eddy_run(starts_walk_coro(i), .clock = EDDY_CLOCK_VIRTUAL, .seed = i % 5), 0);
    }
}
