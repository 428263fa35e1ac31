/* test_cycles.c - tasks that wait for each other in a circle: what ends them. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/gen.h>
#include <eddy/group.h>

static struct reports reports;
static eddy_task *first, *second;
static int ends[2];

static void both_started(eddy_coro a, eddy_coro b)
{
    first = eddy_create_task(a);
    second = b.run ? eddy_create_task(b) : NULL;
    settle();
    CHECK(!eddy_task_done(first) && (!second || !eddy_task_done(second)));
}

static void both_end(int a, int b)
{
    settle();
    CHECK(eddy_task_done(first));
    CHECK_INT(eddy_task_status(first), a);
    eddy_task_close(first);
    if (second)
        CHECK_INT(eddy_task_status(second), b);
    eddy_task_close(second);
}

/* ---- A4: a cancellation comes back to who can leave ---- */

static int awaits_first(void)
{
    return ends[1] = eddy_await(first);
}
EDDY_CORO(awaits_first)

static int gathers_one_who_awaits(void)
{
    return eddy_gather(awaits_first_coro(), sleeps_coro(1000));
}
EDDY_CORO(gathers_one_who_awaits)

TEST(A4_cycle_through_a_gather)
{
    both_started(gathers_one_who_awaits_coro(), (eddy_coro){0});
    CHECK(eddy_cancel(first));
    both_end(EDDY_ECANCELED, 0);
    CHECK_INT(ends[1], EDDY_ECANCELED);
}

static int gathers_other(eddy_task **other)
{
    return eddy_gather_tasks(other, 1);
}
EDDY_CORO(gathers_other, eddy_task **)

static void gather_each_other(eddy_task **cancelled)
{
    both_started(gathers_other_coro(&second), gathers_other_coro(&first));
    CHECK(eddy_cancel(*cancelled));
    both_end(EDDY_ECANCELED, EDDY_ECANCELED);
}

TEST(A4_cycle_of_gathers_of_tasks)
{
    gather_each_other(&first);
    gather_each_other(&second);
}

/* Reached on two ways is no cycle: what it waits for ends first. */
static int gathers_with_others(eddy_task **tasks)
{
    return eddy_gather_tasks(tasks, 2);
}
EDDY_CORO(gathers_with_others, eddy_task **)

static int gathers_stubborn(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(stubborn_coro(3, EDDY_ECANCELED)));

    return ends[0] = eddy_gather_tasks(&task, 1);
}
EDDY_CORO(gathers_stubborn)

TEST(A4_two_ways_to_one_are_no_cycle)
{
    eddy_auto(eddy_task) *shared = eddy_create_task(gathers_stubborn_coro());
    eddy_auto(eddy_task) *a = eddy_create_task(gathers_other_coro(&shared));
    eddy_auto(eddy_task) *b = eddy_create_task(gathers_other_coro(&shared));
    eddy_task *both[] = {a, b};
    eddy_auto(eddy_task) *top = eddy_create_task(gathers_with_others_coro(both));
    double began = eddy_time();

    settle();
    CHECK(eddy_cancel(top));
    CHECK_INT(eddy_await(top), EDDY_ECANCELED);
    CHECK_NEAR(eddy_time() - began, 3, 1e-6);
    CHECK_INT(ends[0], EDDY_ECANCELED);
}

static int joins_one_who_awaits(void)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, awaits_first_coro()));
    return eddy_group_join(group);
}
EDDY_CORO(joins_one_who_awaits)

TEST(A4_cycle_through_a_group)
{
    both_started(joins_one_who_awaits_coro(), (eddy_coro){0});
    CHECK(eddy_cancel(first));
    both_end(EDDY_ECANCELED, 0);
    CHECK_INT(ends[1], EDDY_ECANCELED);
}

static int asks_one_who_awaits(void)
{
    eddy_auto(eddy_gen) *gen = eddy_try(eddy_gen_open(awaits_first_coro(), 0));

    return eddy_gen_next(gen, NULL);
}
EDDY_CORO(asks_one_who_awaits)

TEST(A4_cycle_through_a_generator)
{
    both_started(asks_one_who_awaits_coro(), (eddy_coro){0});
    CHECK(eddy_cancel(first));
    both_end(EDDY_ECANCELED, 0);
    CHECK_INT(ends[1], EDDY_ECANCELED);
}

static eddy_gen *older_gen;

static int asks_older(void)
{
    return ends[0] = eddy_gen_next(older_gen, NULL);
}
EDDY_CORO(asks_older)

/* Who asks is younger than the generator, but cannot leave it. */
TEST(A4_cycle_through_an_older_generator)
{
    older_gen = eddy_gen_open(awaits_first_coro(), 0);
    both_started(asks_older_coro(), (eddy_coro){0});
    CHECK(eddy_cancel(first));
    both_end(EDDY_ECANCELED, 0);
    CHECK_INT(ends[0], EDDY_ECANCELED);
    CHECK_INT(ends[1], EDDY_ECANCELED);
    eddy_gen_close(older_gen);
}

/* Who has started what it awaits waits for its end; who awaits its starter leaves. */
static int awaits_own(void)
{
    eddy_auto(eddy_task) *own = eddy_try(eddy_create_task(awaits_first_coro()));

    return ends[0] = eddy_await(own);
}
EDDY_CORO(awaits_own)

TEST(A4_child_that_awaits_its_parent_leaves)
{
    both_started(awaits_own_coro(), (eddy_coro){0});
    CHECK(eddy_cancel(first));
    both_end(EDDY_ECANCELED, 0);
    CHECK_INT(ends[0], EDDY_ECANCELED);
    CHECK_INT(ends[1], EDDY_ECANCELED);
}

/* ---- a handle that is closed by who is waited for ---- */

static int closes_first(void)
{
    eddy_task *task = first;

    first = NULL;
    eddy_task_close(task);
    return ends[1] = eddy_sleep(1000);
}
EDDY_CORO(closes_first)

static int gathers_closer(void)
{
    return ends[0] = eddy_gather(closes_first_coro(), sleeps_coro(1000));
}
EDDY_CORO(gathers_closer)

static int awaits_second(void)
{
    return ends[0] = eddy_await(second);
}
EDDY_CORO(awaits_second)

static void check_closing(void)
{
    reports_listen(&reports);
    settle();
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EDEADLOCK);
    CHECK_INT(ends[0], EDDY_ECANCELED);
    CHECK_INT(ends[1], EDDY_ECANCELED);
}

TEST(D5_child_closes_the_handle_of_one_that_gathers_it)
{
    first = eddy_create_task(gathers_closer_coro());
    check_closing();
}

TEST(D5_closing_the_handle_of_ones_awaiter)
{
    first = eddy_create_task(awaits_second_coro());
    second = eddy_create_task(closes_first_coro());
    check_closing();
    eddy_task_close(second);
}
