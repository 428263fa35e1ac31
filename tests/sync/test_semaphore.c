/* test_semaphore.c - eddy_semaphore. */
#include "closing.h"
#include "task/reports.h"
#include <limits.h>

static struct reports reports;

struct scene {
    eddy_semaphore semaphore;
    int order[8];
    int n;
    int inside;
    int most;
};

static int enter(struct scene *s, int id)
{
    eddy_with(&s->semaphore) {
        s->order[s->n++] = id;
        s->inside++;
        s->most = s->inside > s->most ? s->inside : s->most;
        int r = eddy_sleep(1);
        s->inside--;
        if (r < 0)
            return r;
    }
    return 0;
}
EDDY_CORO(enter, struct scene *, int)

TEST(semaphore_counts)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE(2);

    CHECK_INT(eddy_semaphore_acquire(&semaphore), 0);
    CHECK(!eddy_semaphore_locked(&semaphore));
    CHECK_INT(eddy_semaphore_acquire_nowait(&semaphore), 0);
    CHECK(eddy_semaphore_locked(&semaphore));
    CHECK_INT(eddy_semaphore_acquire_nowait(&semaphore), EDDY_EAGAIN);
    CHECK_INT(eddy_semaphore_release(&semaphore), 0);
    CHECK_INT(eddy_semaphore_release(&semaphore), 0);
    CHECK_INT(eddy_semaphore_release(&semaphore), 0);
    CHECK_INT(semaphore.value, 3);
}

TEST(semaphore_lets_so_many_in)
{
    struct scene s = {.semaphore = EDDY_SEMAPHORE(2)};
    eddy_task *tasks[5];

    for (int i = 0; i < 5; i++) {
        tasks[i] = eddy_create_task(enter_coro(&s, i));
        settle();
    }
    for (int i = 0; i < 5; i++)
        CHECK_INT(eddy_await(tasks[i]), 0);
    CHECK_INT(s.most, 2);
    for (int i = 0; i < 5; i++) {
        CHECK_INT(s.order[i], i);
        eddy_task_close(tasks[i]);
    }
    CHECK_INT(s.semaphore.value, 2);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 3, 1e-6);
}

TEST(E1_semaphore_is_fifo_without_barging)
{
    struct scene s = {.semaphore = EDDY_SEMAPHORE(1)};

    CHECK_INT(eddy_semaphore_acquire(&s.semaphore), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    CHECK_INT(eddy_semaphore_release(&s.semaphore), 0);
    CHECK(eddy_semaphore_locked(&s.semaphore));
    CHECK_INT(eddy_semaphore_acquire_nowait(&s.semaphore), EDDY_EAGAIN);
    CHECK_INT(eddy_await(a), 0);
    CHECK(!eddy_semaphore_locked(&s.semaphore));
}

TEST(E2_semaphore_grants_are_never_lost)
{
    struct scene s = {.semaphore = EDDY_SEMAPHORE(1)};

    CHECK_INT(eddy_semaphore_acquire(&s.semaphore), 0);
    eddy_auto(eddy_task) *before = eddy_create_task(enter_coro(&s, 1));
    settle();
    eddy_auto(eddy_task) *after = eddy_create_task(enter_coro(&s, 2));
    settle();
    eddy_auto(eddy_task) *last = eddy_create_task(enter_coro(&s, 3));
    settle();
    eddy_cancel(before);
    CHECK_INT(eddy_semaphore_release(&s.semaphore), 0);
    eddy_cancel(after);
    CHECK_INT(eddy_await(last), 0);
    CHECK_INT(s.n, 1); /* `after` has passed it on */
    CHECK_INT(s.order[0], 3);
    CHECK(eddy_task_cancelled(after));
    CHECK_INT(s.semaphore.value, 1);
}

TEST(E2_semaphore_that_nobody_else_wants_counts_again)
{
    struct scene s = {.semaphore = EDDY_BOUNDED_SEMAPHORE(1)};

    CHECK_INT(eddy_semaphore_acquire(&s.semaphore), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    CHECK_INT(eddy_semaphore_release(&s.semaphore), 0);
    CHECK(eddy_cancel(a));
    eddy_ignore(eddy_await(a));
    CHECK_INT(s.n, 0);
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(s.semaphore.value, 1);
}

TEST(E6_bounded_semaphore_refuses_over_release)
{
    eddy_semaphore semaphore = EDDY_BOUNDED_SEMAPHORE(1);

    reports_listen(&reports);
    CHECK_INT(eddy_semaphore_release(&semaphore), EDDY_ERANGE);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_ERANGE);
    CHECK_INT(semaphore.value, 1);
    CHECK_INT(eddy_semaphore_acquire(&semaphore), 0);
    CHECK_INT(eddy_semaphore_release(&semaphore), 0);
}

TEST(semaphore_does_not_wrap)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE(UINT_MAX);

    reports_listen(&reports);
    CHECK_INT(eddy_semaphore_release(&semaphore), EDDY_ERANGE);
    CHECK_INT(reports.count, 1);
    CHECK(semaphore.value == UINT_MAX);
}

TEST(semaphore_wait_ends_with_its_deadline)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE(0);

    eddy_timeout(1) {
        CHECK_INT(eddy_semaphore_acquire(&semaphore), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_semaphore_release(&semaphore), 0);
    CHECK_INT(semaphore.value, 1);
}

static int four_tasks(void)
{
    struct scene s = {.semaphore = EDDY_BOUNDED_SEMAPHORE(2)};
    eddy_task *tasks[4] = {0};
    int r = 0;

    for (int i = 0; r == 0 && i < 4; i++) {
        tasks[i] = eddy_create_task(enter_coro(&s, i));
        r = tasks[i] ? 0 : eddy_last_status();
    }
    if (r == 0)
        r = eddy_semaphore_acquire(&s.semaphore);
    if (r == 0) {
        eddy_cancel(tasks[1]);
        r = eddy_sleep(0);
        eddy_semaphore_release(&s.semaphore);
    }
    for (int i = 0; i < 4; i++)
        eddy_task_close(tasks[i]);
    CHECK_INT(s.semaphore.value, 2);
    CHECK_PTR(s.semaphore.waiters.first, NULL);
    return r;
}

SWEEP(semaphore_swept)
{
    return four_tasks();
}

TORTURE(semaphore_without_memory)
{
    return four_tasks();
}

TEST(D6_semaphore_is_looked_at_before_a_yield)
{
    eddy_semaphore *semaphore = malloc(sizeof *semaphore);

    *semaphore = (eddy_semaphore)EDDY_SEMAPHORE(1);
    CHECK_INT(CLOSED_IN_THE_CALL(free, semaphore, eddy_semaphore_acquire(semaphore)), 0);
}
