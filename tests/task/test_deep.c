/* test_deep.c - A4, C2: a cancellation goes down a long chain of tasks that wait for each other,
 * whatever they wait with, on the small stack of whoever cancels. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/gen.h>
#include <eddy/group.h>

enum { KINDS = 5 };

/* Checkers take long for a switch between so many stacks. */
static int depth(void)
{
    return test_is_watched() ? 1000 : 10000;
}

static eddy_task *top;
static int running, ended, end_of_bottom;

static int waits_below(int levels);
EDDY_CORO(waits_below, int)

static int gathers(int levels)
{
    return eddy_gather(waits_below_coro(levels), returns_coro(0));
}

static int awaits(int levels)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(waits_below_coro(levels)));

    return eddy_await(task);
}

static int gathers_task(int levels)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(waits_below_coro(levels)));

    return eddy_gather_tasks(&task, 1);
}

static int joins(int levels)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, returns_coro(0)));
    eddy_try(eddy_group_start(group, waits_below_coro(levels)));
    return eddy_group_join(group);
}

static int asks(int levels)
{
    eddy_auto(eddy_gen) *gen = eddy_try(eddy_gen_open(waits_below_coro(levels), 0));

    return eddy_gen_next(gen, NULL);
}

static int (*const ways[KINDS])(int levels) = {gathers, awaits, gathers_task, joins, asks};
static int only = -1; /* one of the ways; −1: all in turn */
static int (*bottom)(void);

static int waits_below(int levels)
{
    int status;

    running++;
    status = levels > 0 ? ways[only < 0 ? levels % KINDS : only](levels - 1)
                        : (end_of_bottom = bottom());
    ended++;
    return status;
}

static void start(int (*at_bottom)(void))
{
    bottom = at_bottom;
    running = ended = 0;
    top = eddy_create_task(waits_below_coro(depth()));
    settle();
    CHECK_INT(running, depth() + 1);
}

static void all_end(int status)
{
    settle();
    CHECK_INT(ended, depth() + 1);
    CHECK_INT(eddy_task_status(top), status);
    eddy_task_close(eddy_take(top));
}

static int sleeps_long(void)
{
    return eddy_sleep(1e6);
}

static void check_cancelled(int way)
{
    only = way;
    start(sleeps_long);
    CHECK(eddy_cancel(top));
    all_end(EDDY_ECANCELED);
    CHECK_INT(end_of_bottom, EDDY_ECANCELED);
}

TEST(C2_deep_gathers_are_cancelled)
{
    check_cancelled(0);
    check_cancelled(2);
}

TEST(A4_deep_awaits_are_cancelled)
{
    check_cancelled(1);
}

TEST(C6_deep_groups_are_cancelled)
{
    check_cancelled(3);
}

TEST(A4_deep_generators_are_cancelled)
{
    check_cancelled(4);
}

TEST(A4_deep_waits_of_all_kinds_are_cancelled)
{
    check_cancelled(-1);
}

static int waits_in_time(void)
{
    eddy_timeout(1)
        return waits_below(depth());
    return 0;
}
EDDY_CORO(waits_in_time)

TEST(D3_deadline_reaches_deep_waits)
{
    bottom = sleeps_long;
    top = eddy_create_task(waits_in_time_coro());
    CHECK_OK(eddy_sleep(2));
    all_end(EDDY_ETIMEDOUT);
    CHECK_INT(end_of_bottom, EDDY_ECANCELED);
}

/* What is at the bottom closes a circle, and is who can leave it. */
static int awaits_top(void)
{
    return eddy_await(top);
}

TEST(A4_deep_cycle_is_left)
{
    for (only = -1; only < KINDS; only++) {
        start(awaits_top);
        CHECK(eddy_cancel(top));
        all_end(EDDY_ECANCELED);
        CHECK_INT(end_of_bottom, EDDY_ECANCELED);
    }
}

static int fails(void)
{
    return eddy_raise(EDDY_EINVAL, "at the bottom");
}

TEST(C3_deep_failure_comes_up)
{
    bottom = fails;
    running = ended = 0;
    top = eddy_create_task(waits_below_coro(depth()));
    CHECK_INT(eddy_await(top), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "at the bottom");
    all_end(EDDY_EINVAL);
    eddy_error_clear();
}
