/* test_barrier.c - eddy_barrier. */
#include "closing.h"
#include "task/reports.h"

struct scene {
    eddy_barrier barrier;
    int result[8];
};

static int arrive(struct scene *s, int id)
{
    s->result[id] = 99;
    return s->result[id] = eddy_barrier_wait(&s->barrier);
}
EDDY_CORO(arrive, struct scene *, int)

TEST(E7_each_gets_an_index_of_its_own)
{
    struct scene s = {.barrier = EDDY_BARRIER(3)};

    for (int round = 0; round < 3; round++) {
        eddy_auto(eddy_task) *a = eddy_create_task(arrive_coro(&s, 0));
        settle();
        eddy_auto(eddy_task) *b = eddy_create_task(arrive_coro(&s, 1));
        CHECK_INT(eddy_sleep(1), 0);
        CHECK_INT(s.barrier.waiting, 2);
        CHECK_INT(s.result[0], 99);
        CHECK_INT(eddy_barrier_wait(&s.barrier), 2);
        CHECK_INT(eddy_await(a), 0);
        CHECK_INT(eddy_await(b), 1);
        CHECK_INT(s.barrier.waiting, 0);
    }
}

TEST(E7_cancelled_waiter_leaves_the_barrier_whole)
{
    struct scene s = {.barrier = EDDY_BARRIER(2)};
    eddy_auto(eddy_task) *a = eddy_create_task(arrive_coro(&s, 0));

    settle();
    eddy_cancel(a);
    /* it has left before it runs again */
    CHECK_INT(s.barrier.waiting, 0);
    eddy_timeout(1) {
        CHECK_INT(eddy_barrier_wait(&s.barrier), EDDY_ETIMEDOUT);
    }
    CHECK_INT(s.result[0], EDDY_ECANCELED);
    eddy_auto(eddy_task) *b = eddy_create_task(arrive_coro(&s, 1));
    settle();
    CHECK_INT(eddy_barrier_wait(&s.barrier), 1);
    CHECK_INT(eddy_await(b), 0);
}

TEST(D1_let_through_before_the_cancellation)
{
    struct scene s = {.barrier = EDDY_BARRIER(2)};
    eddy_auto(eddy_task) *a = eddy_create_task(arrive_coro(&s, 0));

    settle();
    CHECK_INT(eddy_barrier_wait(&s.barrier), 1);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
}

TEST(E7_abort_breaks_and_reset_repairs)
{
    struct scene s = {.barrier = EDDY_BARRIER(3)};
    eddy_auto(eddy_task) *a = eddy_create_task(arrive_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(arrive_coro(&s, 1));

    settle();
    eddy_barrier_abort(&s.barrier);
    CHECK_INT(eddy_await(a), EDDY_EBROKEN);
    CHECK_INT(eddy_await(b), EDDY_EBROKEN);
    CHECK_INT(eddy_barrier_wait(&s.barrier), EDDY_EBROKEN);
    CHECK_INT(eddy_last_status(), EDDY_EBROKEN);

    eddy_barrier_reset(&s.barrier);
    eddy_auto(eddy_task) *c = eddy_create_task(arrive_coro(&s, 2));
    settle();
    eddy_barrier_reset(&s.barrier);
    CHECK_INT(eddy_await(c), EDDY_EBROKEN);
    CHECK_INT(s.barrier.waiting, 0);

    s.barrier.parties = 1;
    CHECK_INT(eddy_barrier_wait(&s.barrier), 0);
}

TEST(barrier_without_parties)
{
    eddy_barrier barrier = {0};

    CHECK_INT(eddy_barrier_wait(&barrier), EDDY_EINVAL);
}

SWEEP(barrier_swept)
{
    struct scene s = {.barrier = EDDY_BARRIER(2)};
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(arrive_coro(&s, 0)));
    int r = eddy_barrier_wait(&s.barrier);

    if (r >= 0)
        r = eddy_await(a);
    eddy_task_close(eddy_take(a));
    CHECK_INT(s.barrier.waiting, 0);
    return r;
}

TEST(D6_barrier_is_looked_at_before_a_yield)
{
    eddy_barrier *barrier = malloc(sizeof *barrier);

    *barrier = (eddy_barrier)EDDY_BARRIER(1);
    CHECK_INT(CLOSED_IN_THE_CALL(free, barrier, eddy_barrier_wait(barrier)), 0);
}
