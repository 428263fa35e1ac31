/* test_lock.c - eddy_lock and eddy_with. */
#include "closing.h"
#include "task/reports.h"

static struct reports reports;

struct scene {
    eddy_lock lock;
    int order[8];
    int n;
    int inside;
    int status[4];
};

static int enter(struct scene *s, int id)
{
    eddy_try(eddy_lock_acquire(&s->lock));
    s->order[s->n++] = id;
    CHECK_INT(s->inside++, 0);
    int r = eddy_sleep(1);
    s->inside--;
    eddy_lock_release(&s->lock);
    return r;
}
EDDY_CORO(enter, struct scene *, int)

static int enter_with(struct scene *s, int id)
{
    eddy_with(&s->lock) {
        s->order[s->n++] = id;
        CHECK_INT(s->inside++, 0);
        int r = eddy_sleep(1);
        s->inside--;
        if (r < 0)
            return r;
    }
    return 0;
}
EDDY_CORO(enter_with, struct scene *, int)

TEST(lock_of_zeros_is_free)
{
    eddy_lock lock = {0};

    CHECK(!eddy_lock_locked(&lock));
    CHECK_INT(eddy_lock_acquire(&lock), 0);
    CHECK(eddy_lock_locked(&lock));
    CHECK_INT(eddy_lock_release(&lock), 0);
    CHECK(!eddy_lock_locked(&lock));
}

TEST(lock_acquire_nowait)
{
    eddy_lock lock = {0};

    CHECK_INT(eddy_lock_acquire_nowait(&lock), 0);
    CHECK_INT(eddy_lock_acquire_nowait(&lock), EDDY_EAGAIN);
    CHECK_INT(eddy_last_status(), EDDY_EAGAIN);
    CHECK_INT(eddy_lock_release(&lock), 0);
}

TEST(E1_lock_is_fifo_without_barging)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    eddy_auto(eddy_task) *b = eddy_create_task(enter_coro(&s, 2));
    settle();

    /* handed over at once: it is never free in between */
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK(eddy_lock_locked(&s.lock));
    CHECK_INT(eddy_lock_acquire_nowait(&s.lock), EDDY_EAGAIN);
    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.order[0], 1);
    CHECK_INT(s.order[1], 2);
    eddy_lock_release(&s.lock);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
}

TEST(E1_owner_is_the_one_it_was_handed_to)
{
    struct scene s = {0};

    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), true);
    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK_PTR(s.lock.owner, a);
    CHECK_INT(eddy_lock_release(&s.lock), EDDY_EOWNER);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(reports.count, 1);
}

TEST(E2_lock_of_a_task_that_was_cancelled_before_it_ran_goes_to_the_next)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    eddy_auto(eddy_task) *b = eddy_create_task(enter_coro(&s, 2));
    settle();
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK(eddy_cancel(a));
    CHECK(eddy_lock_locked(&s.lock)); /* E1: not free in between */
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.order[0], 2);
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_lock_locked(&s.lock));
}

static int release_and_cancel(eddy_lock *lock, eddy_task *task)
{
    CHECK_INT(eddy_lock_release(lock), 0);
    CHECK(eddy_cancel(task));
    return 0;
}

TEST(E2_lock_that_nobody_else_wants_is_free_again)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    CHECK_INT(release_and_cancel(&s.lock, a), 0);
    eddy_ignore(eddy_await(a));
    CHECK_INT(s.n, 0);
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_lock_locked(&s.lock));
}

/* It was released for the one to whom it was granted, and somebody else took it. */
TEST(E2_lock_that_is_anothers_by_then_stays_so)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    settle();
    CHECK_INT(release_and_cancel(&s.lock, a), 0);
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK_INT(eddy_lock_acquire_nowait(&s.lock), 0);
    eddy_ignore(eddy_await(a));
    CHECK(eddy_task_cancelled(a));
    CHECK(eddy_lock_locked(&s.lock));
    CHECK_INT(eddy_lock_release(&s.lock), 0);
}

static int acquire_until(struct scene *s, double seconds)
{
    eddy_timeout(seconds) {
        s->status[0] = eddy_lock_acquire(&s->lock);
    }
    if (s->status[0] == 0)
        CHECK_INT(eddy_lock_release(&s->lock), 0);
    return 0;
}
EDDY_CORO(acquire_until, struct scene *, double)

/* B2 */
TEST(E2_lock_granted_as_the_deadline_comes_is_kept)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(acquire_until_coro(&s, 2));
    CHECK_INT(eddy_sleep(2), 0);
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status[0], 0);
    CHECK(!eddy_lock_locked(&s.lock));
}

TEST(E2_cancelled_before_grant_is_passed_over)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_coro(&s, 1));
    eddy_auto(eddy_task) *b = eddy_create_task(enter_coro(&s, 2));
    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_lock_release(&s.lock), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.order[0], 2);
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_lock_locked(&s.lock));
}

TEST(lock_wait_ends_with_its_deadline)
{
    eddy_lock lock = {0};

    CHECK_INT(eddy_lock_acquire(&lock), 0);
    eddy_timeout(1) {
        CHECK_INT(eddy_lock_acquire(&lock), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_lock_release(&lock), 0);
    CHECK(!eddy_lock_locked(&lock));
}

static int acquire_when_cancelled(struct scene *s)
{
    eddy_ignore(eddy_sleep(1));
    s->status[0] = eddy_lock_acquire(&s->lock);
    return 0;
}
EDDY_CORO(acquire_when_cancelled, struct scene *)

TEST(D2_cancelled_task_gets_not_even_a_free_lock)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(acquire_when_cancelled_coro(&s));

    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    CHECK(!eddy_lock_locked(&s.lock));
}

static int count_turns(int *turns)
{
    for (;;) {
        ++*turns;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(count_turns, int *)

TEST(D4_lock_that_is_free_yields_now_and_then)
{
    eddy_lock lock = {0};
    int turns = 0;
    __attribute__((unused)) eddy_auto(eddy_task) *other =
        eddy_create_task(count_turns_coro(&turns));

    for (int i = 0; i < 640; i++) {
        CHECK_INT(eddy_lock_acquire(&lock), 0);
        CHECK_INT(eddy_lock_release(&lock), 0);
    }
    CHECK(turns >= 9 && turns <= 11);
}

TEST(E3_release_of_a_free_lock_is_reported)
{
    eddy_lock lock = {0};

    reports_listen(&reports);
    CHECK_INT(eddy_lock_release(&lock), EDDY_EOWNER);
    CHECK_INT(eddy_last_status(), EDDY_EOWNER);
    CHECK_INT(reports.count, 1);
    CHECK_STR(reports.message, "a lock was released that nobody holds");
    CHECK(!eddy_lock_locked(&lock));
}

static int release_it(struct scene *s)
{
    return eddy_lock_release(&s->lock);
}
EDDY_CORO(release_it, struct scene *)

TEST(E3_release_of_anothers_lock_is_reported_in_debug_mode)
{
    struct scene s = {0};

    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), true);
    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(release_it_coro(&s));
    CHECK_INT(eddy_await(a), EDDY_EOWNER);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EOWNER);
    CHECK(eddy_lock_locked(&s.lock));

    eddy_loop_set_debug(eddy_loop_running(), false);
    eddy_auto(eddy_task) *b = eddy_create_task(release_it_coro(&s));
    CHECK_INT(eddy_await(b), 0);
    CHECK(!eddy_lock_locked(&s.lock));
}

TEST_PLAIN(X8_lock_acquire_outside_a_task)
{
    eddy_lock lock = {0};

    CHECK_INT(eddy_lock_acquire(&lock), EDDY_ENOTASK);
    CHECK(!eddy_lock_locked(&lock));
    eddy_error_clear();
}

/* ---- eddy_with ---- */

static int leave_early(eddy_lock *lock)
{
    eddy_with(lock) {
        CHECK(eddy_lock_locked(lock));
        return eddy_raise(EDDY_EUSER, "out of the middle");
    }
    return 0;
}

TEST(with_releases_on_every_way_out)
{
    eddy_lock lock = {0};
    int rounds = 0;

    CHECK_INT(leave_early(&lock), EDDY_EUSER);
    CHECK_STR(eddy_error_message(eddy_last_error()), "out of the middle");
    CHECK(!eddy_lock_locked(&lock));
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_lock_acquire(&lock), 0);
        eddy_lock_release(&lock);
        rounds++;
    }
    CHECK_INT(rounds, 3);
}

TEST(with_returns_what_acquire_returned)
{
    struct scene s = {0};

    CHECK_INT(eddy_lock_acquire(&s.lock), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(enter_with_coro(&s, 1));
    settle();
    eddy_cancel(a);
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(s.n, 0);
    CHECK(eddy_lock_locked(&s.lock));
    CHECK_INT(eddy_lock_release(&s.lock), 0);
}

static int with_semaphore(eddy_semaphore *semaphore)
{
    eddy_with(semaphore) {
        CHECK(eddy_semaphore_locked(semaphore));
        break;
    }
    return 0;
}

static int with_condition(eddy_condition *condition)
{
    eddy_with(condition)
        CHECK_INT(eddy_condition_notify(condition, 1), 0);
    return 0;
}

TEST(with_takes_semaphores_and_conditions)
{
    eddy_semaphore semaphore = EDDY_SEMAPHORE(1);
    eddy_condition condition = {0};

    CHECK_INT(with_semaphore(&semaphore), 0);
    CHECK(!eddy_semaphore_locked(&semaphore));
    CHECK_INT(with_condition(&condition), 0);
    CHECK(!eddy_lock_locked(&condition.own));
}

/* ---- everything that can go wrong ---- */

static int three_tasks(void)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(enter_coro(&s, 1)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(enter_with_coro(&s, 2)));
    eddy_auto(eddy_task) *c = eddy_try(eddy_create_task(enter_coro(&s, 3)));

    int r = eddy_lock_acquire(&s.lock);
    if (r == 0) {
        r = eddy_sleep(0);
        eddy_cancel(b);
        eddy_lock_release(&s.lock);
    }
    if (r == 0)
        r = eddy_await(a);
    if (r == 0)
        r = eddy_await(c);
    eddy_task_close(eddy_take(a));
    eddy_task_close(eddy_take(b));
    eddy_task_close(eddy_take(c));
    CHECK(!eddy_lock_locked(&s.lock));
    CHECK_PTR(s.lock.waiters.first, NULL);
    return r;
}

SWEEP(lock_never_stays_locked)
{
    return three_tasks();
}

TORTURE(lock_without_memory)
{
    return three_tasks();
}

TEST(D6_lock_is_looked_at_before_a_yield)
{
    eddy_lock *lock = malloc(sizeof *lock);

    *lock = (eddy_lock){.locked = false};
    CHECK_INT(CLOSED_IN_THE_CALL(free, lock, eddy_lock_acquire(lock)), 0);
}
