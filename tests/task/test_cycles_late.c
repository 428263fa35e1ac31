/* test_cycles_late.c - A4: circles of waiting that close when one in them was cancelled before, or
 * cannot hear of it. */
#include "reports.h"

#include <eddy/gather.h>
#include <eddy/group.h>

static struct reports reports;
static eddy_task *opener;
static int child_end;

enum how { AWAIT, GATHER, WAIT, AWAIT_SHIELDED };

static int waits_for(eddy_task **task, enum how how)
{
    switch (how) {
    case AWAIT:
        return eddy_await(*task);
    case GATHER:
        return eddy_gather_tasks(task, 1);
    case WAIT:
        return eddy_wait(task, 1);
    default:
        return eddy_await_shielded(*task);
    }
}

static int child(enum how how, double limit)
{
    int r = 0;

    eddy_timeout(limit)
        r = waits_for(&opener, how);
    return child_end = r;
}
EDDY_CORO(child, enum how, double)

static void opener_ends(int status)
{
    eddy_ignore(eddy_sleep(5));
    CHECK(eddy_task_done(opener));
    CHECK_INT(eddy_task_status(opener), status);
    eddy_task_close(opener);
}

/* ---- the opener is cancelled in the body by a child that waits for it ---- */

static int opens(enum how how)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, child_coro(how, 1)));
    int r = eddy_sleep(10);
    return eddy_group_join(group, .body = r);
}
EDDY_CORO(opens, enum how)

TEST(A4_cycle_that_the_opener_closes_after_it_was_cancelled)
{
    for (enum how how = AWAIT; how <= GATHER; how++) {
        opener = eddy_create_task(opens_coro(how));
        opener_ends(EDDY_ECANCELED);
        CHECK_INT(child_end, EDDY_ECANCELED);
    }
}

/* ---- closing a group whose child waits for the opener ---- */

static int closes_early(enum how how)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, child_coro(how, INFINITY)));
    return eddy_sleep(1);
}
EDDY_CORO(closes_early, enum how)

static int closes_and_goes_on(enum how how)
{
    eddy_try(closes_early(how));
    CHECK_INT(eddy_task_cancelling(eddy_current_task()), 0);
    return eddy_sleep(1);
}
EDDY_CORO(closes_and_goes_on, enum how)

TEST(A4_cycle_that_the_opener_closes_by_closing_the_group)
{
    for (enum how how = AWAIT; how <= AWAIT_SHIELDED; how++) {
        opener = eddy_create_task(closes_and_goes_on_coro(how));
        opener_ends(0);
        CHECK_INT(child_end, EDDY_ECANCELED);
    }
}

/* ---- shields ---- */

static int child_in_a_shield(enum how how, double limit)
{
    int r = 0;

    eddy_shield(limit)
        r = waits_for(&opener, how);
    return child_end = r;
}
EDDY_CORO(child_in_a_shield, enum how, double)

static int joins_shielded(enum how how, double limit)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, child_in_a_shield_coro(how, limit)));
    return eddy_group_join(group);
}
EDDY_CORO(joins_shielded, enum how, double)

TEST(A4_cycle_behind_a_shield_without_end)
{
    for (enum how how = AWAIT; how <= AWAIT_SHIELDED; how++) {
        opener = eddy_create_task(joins_shielded_coro(how, INFINITY));
        settle();
        CHECK(eddy_cancel(opener));
        opener_ends(EDDY_EDEADLOCK);
        CHECK_INT(child_end, EDDY_EDEADLOCK);
    }
}

TEST(A4_cycle_behind_a_shield_that_ends_in_time)
{
    opener = eddy_create_task(joins_shielded_coro(AWAIT, 3));
    double began = eddy_time();
    settle();
    CHECK(eddy_cancel(opener));
    CHECK_INT(eddy_await(opener), EDDY_ETIMEDOUT); /* the child's failure */
    CHECK_INT(child_end, EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - began, 3, 1e-6);
    eddy_task_close(opener);
}

/* No call leaves whom it has started before the shields have had their time. */
static int waits_for_child(void)
{
    int r = eddy_wait_for(child_in_a_shield_coro(AWAIT, 3), 100);

    CHECK_INT(child_end, EDDY_ETIMEDOUT);
    return r;
}
EDDY_CORO(waits_for_child)

TEST(A4_cycle_behind_a_shield_that_ends_in_time_is_not_left_by_its_starter)
{
    opener = eddy_create_task(waits_for_child_coro());
    double began = eddy_time();
    settle();
    CHECK(eddy_cancel(opener));
    CHECK_INT(eddy_await(opener), EDDY_ETIMEDOUT);
    CHECK_NEAR(eddy_time() - began, 3, 1e-6);
    eddy_task_close(opener);
}

/* Who needs only one of several is in no cycle. */
static int needs_one_of(eddy_task **tasks)
{
    eddy_shield(INFINITY)
        child_end = eddy_wait(tasks, 2, .return_when = EDDY_FIRST_COMPLETED);
    return child_end;
}
EDDY_CORO(needs_one_of, eddy_task **)

static int joins_one_of(eddy_task **tasks)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(group, needs_one_of_coro(tasks)));
    return eddy_group_join(group);
}
EDDY_CORO(joins_one_of, eddy_task **)

TEST(A4_waiting_for_one_of_several_is_no_cycle)
{
    eddy_task *tasks[] = {NULL, eddy_create_task(sleeps_coro(3))};

    opener = tasks[0] = eddy_create_task(joins_one_of_coro(tasks));
    settle();
    CHECK(eddy_cancel(opener));
    opener_ends(EDDY_ECANCELED);
    CHECK_INT(child_end, 1);
    eddy_task_close(tasks[1]);
}

/* ---- handles ---- */

static eddy_task *pair[2];

static int closes_other(int other)
{
    int r = eddy_sleep(100);

    eddy_task_close(eddy_take(pair[other]));
    return r;
}
EDDY_CORO(closes_other, int)

TEST(D5_two_that_close_each_others_handles)
{
    reports_listen(&reports);
    for (int i = 0; i < 2; i++)
        pair[i] = eddy_create_task(closes_other_coro(1 - i));
    settle();
    eddy_cancel(pair[0]);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
    CHECK_INT(reports.count, 1);
    CHECK_CONTAINS(reports.message, "one that waits for it");
}

static int cleans_up_by_waiting(eddy_task *closer)
{
    int r = eddy_sleep(100);

    eddy_shield(INFINITY)
        child_end = eddy_await(closer);
    return r;
}
EDDY_CORO(cleans_up_by_waiting, eddy_task *)

static int closes_a_handle(void)
{
    eddy_auto(eddy_task) *task =
        eddy_try(eddy_create_task(cleans_up_by_waiting_coro(eddy_current_task())));

    return eddy_sleep(1);
}
EDDY_CORO(closes_a_handle)

TEST(D5_closing_one_that_waits_for_the_closer_in_its_clean_up)
{
    reports_listen(&reports);
    opener = eddy_create_task(closes_a_handle_coro());
    opener_ends(0);
    CHECK_INT(child_end, EDDY_EDEADLOCK);
    CHECK_INT(reports.count, 0);
}

/* ---- many ---- */

static int opens_many(int n)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < n; i++)
        eddy_try(eddy_group_start(group, child_coro((enum how)(i % 2), INFINITY)));
    return eddy_sleep(1);
}
EDDY_CORO(opens_many, int)

TEST(A4_thousands_of_cycles_through_one)
{
    opener = eddy_create_task(opens_many_coro(5000));
    opener_ends(0);
}
