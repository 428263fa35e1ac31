/* test_condition.c - eddy_condition. */
#include "closing.h"
#include "task/reports.h"

static struct reports reports;

struct scene {
    eddy_condition condition;
    int order[8];
    int n;
    int status[4];
    int stock;
};

static int wait_once(struct scene *s, int id)
{
    eddy_try(eddy_condition_acquire(&s->condition));
    int r = eddy_condition_wait(&s->condition);
    s->status[id] = r;
    s->order[s->n++] = id;
    CHECK(s->condition.own.locked);
    CHECK_PTR(s->condition.own.owner, eddy_current_task());
    CHECK_INT(eddy_condition_release(&s->condition), 0);
    return r;
}
EDDY_CORO(wait_once, struct scene *, int)

static bool in_stock(void *arg)
{
    struct scene *s = arg;

    return s->stock > 0;
}

static int take_one(struct scene *s, int id)
{
    eddy_with(&s->condition) {
        eddy_try(eddy_condition_wait_for(&s->condition, in_stock, s));
        s->stock--;
        s->order[s->n++] = id;
    }
    return 0;
}
EDDY_CORO(take_one, struct scene *, int)

/* Notifies, and then keeps the lock for so long. */
static void notify(struct scene *s, unsigned n, double seconds)
{
    CHECK_INT(eddy_condition_acquire(&s->condition), 0);
    CHECK_INT(eddy_condition_notify(&s->condition, n), 0);
    if (seconds > 0)
        CHECK_INT(eddy_sleep(seconds), 0);
    CHECK_INT(eddy_condition_release(&s->condition), 0);
}

TEST(condition_notify_wakes_in_order)
{
    NEEDS_ORDER();
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(wait_once_coro(&s, 1));
    eddy_auto(eddy_task) *c = eddy_create_task(wait_once_coro(&s, 2));

    CHECK_INT(eddy_sleep(1), 0);
    notify(&s, 2, 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.order[0], 0);
    CHECK_INT(s.order[1], 1);
    notify(&s, 7, 0);
    CHECK_INT(eddy_await(c), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
}

TEST(condition_notify_all)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(wait_once_coro(&s, 1));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_condition_acquire(&s.condition), 0);
    CHECK_INT(eddy_condition_notify_all(&s.condition), 0);
    CHECK_INT(s.n, 0);
    CHECK_INT(eddy_condition_release(&s.condition), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK(!eddy_lock_locked(&s.condition.own));
}

TEST(condition_with_another_lock)
{
    eddy_lock lock = {0};
    struct scene s = {.condition = {.lock = &lock}, .stock = 1};

    CHECK_INT(take_one(&s, 4), 0);
    CHECK_INT(s.stock, 0);
    CHECK_INT(eddy_condition_acquire(&s.condition), 0);
    CHECK(eddy_lock_locked(&lock));
    CHECK(!eddy_lock_locked(&s.condition.own));
    CHECK_INT(eddy_condition_release(&s.condition), 0);
    CHECK(!eddy_lock_locked(&lock));
}

TEST(condition_wait_for_looks_again)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(take_one_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    notify(&s, 1, 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK(!eddy_task_done(a));
    s.stock = 1;
    notify(&s, 1, 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.stock, 0);
}

TEST(E5_notification_of_a_cancelled_receiver_passes_on)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(wait_once_coro(&s, 1));

    CHECK_INT(eddy_sleep(1), 0);
    notify(&s, 1, 0);
    eddy_cancel(a);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    CHECK_INT(s.status[1], 0);
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_lock_locked(&s.condition.own));
}

TEST(E5_cancelled_before_the_notification)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(wait_once_coro(&s, 1));

    CHECK_INT(eddy_sleep(1), 0);
    eddy_cancel(a);
    notify(&s, 1, 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    CHECK_INT(s.status[1], 0);
}

TEST(D1_notified_and_cancelled_with_nobody_else_waiting)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    notify(&s, 1, 0);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status[0], 0);
}

TEST(E5_waking_takes_the_lock_again_under_cancellation)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_once_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(eddy_condition_acquire(&s.condition), 0);
    eddy_cancel(a);
    CHECK_INT(eddy_sleep(1), 0);
    eddy_cancel(a); /* it waits for the lock now, and nothing ends that */
    CHECK_INT(eddy_sleep(1), 0);
    CHECK(!eddy_task_done(a));
    CHECK_INT(s.n, 0);
    CHECK_INT(eddy_condition_release(&s.condition), 0);
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK(!eddy_lock_locked(&s.condition.own));
}

TEST(E5_waking_takes_the_lock_again_after_a_deadline)
{
    struct scene s = {0};

    CHECK_INT(eddy_condition_acquire(&s.condition), 0);
    eddy_timeout(1) {
        CHECK_INT(eddy_condition_wait(&s.condition), EDDY_ETIMEDOUT);
    }
    CHECK_PTR(s.condition.own.owner, eddy_current_task());
    CHECK_INT(eddy_condition_release(&s.condition), 0);
}

static int wait_for_when_cancelled(struct scene *s)
{
    s->status[0] = eddy_condition_acquire(&s->condition);
    eddy_ignore(eddy_sleep(1));
    s->status[1] = eddy_condition_wait_for(&s->condition, in_stock, s);
    return eddy_condition_release(&s->condition);
}
EDDY_CORO(wait_for_when_cancelled, struct scene *)

TEST(D2_cancelled_task_is_told_even_if_the_predicate_holds)
{
    struct scene s = {.stock = 1};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_for_when_cancelled_coro(&s));

    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status[0], 0);
    CHECK_INT(s.status[1], EDDY_ECANCELED);
}

static int wait_outside(struct scene *s)
{
    return eddy_condition_wait(&s->condition);
}
EDDY_CORO(wait_outside, struct scene *)

TEST(E5_waiting_and_notifying_without_the_lock_are_errors)
{
    struct scene s = {0};

    reports_listen(&reports);
    CHECK_INT(eddy_condition_wait(&s.condition), EDDY_EOWNER);
    CHECK_INT(eddy_condition_wait_for(&s.condition, in_stock, &s), EDDY_EOWNER);
    CHECK_INT(eddy_condition_notify(&s.condition, 1), EDDY_EOWNER);
    CHECK_INT(eddy_condition_notify_all(&s.condition), EDDY_EOWNER);
    CHECK_INT(eddy_condition_release(&s.condition), EDDY_EOWNER);
    CHECK_INT(reports.count, 5);

    /* nor with the lock of another */
    CHECK_INT(eddy_condition_acquire(&s.condition), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(wait_outside_coro(&s));
    CHECK_INT(eddy_await(a), EDDY_EOWNER);
    CHECK_INT(eddy_condition_wait_for(&s.condition, NULL, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_condition_release(&s.condition), 0);
}

/* A notification for each item; whoever is cancelled, the items that are left are all taken. */
static int stock_and_take(void)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(take_one_coro(&s, 0)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(take_one_coro(&s, 1)));
    eddy_auto(eddy_task) *c = eddy_try(eddy_create_task(take_one_coro(&s, 2)));
    int r = eddy_sleep(1);

    if (r == 0 && (r = eddy_condition_acquire(&s.condition)) == 0) {
        s.stock += 2;
        eddy_condition_notify(&s.condition, 1);
        eddy_condition_notify(&s.condition, 1);
        eddy_cancel(a);
        eddy_condition_release(&s.condition);
        r = eddy_sleep(1);
    }
    if (r == 0)
        CHECK_INT(s.stock, 0);
    eddy_task_close(eddy_take(a));
    eddy_task_close(eddy_take(b));
    eddy_task_close(eddy_take(c));
    CHECK(!eddy_lock_locked(&s.condition.own));
    CHECK_PTR(s.condition.waiters.first, NULL);
    return r;
}

SWEEP(condition_swept)
{
    return stock_and_take();
}

TORTURE(condition_without_memory)
{
    return stock_and_take();
}

static bool is_true(void *arg)
{
    (void)arg;
    return true;
}

TEST(D6_condition_is_looked_at_before_a_yield)
{
    eddy_condition *condition = calloc(1, sizeof *condition);

    CHECK_INT(eddy_condition_acquire(condition), 0);
    CHECK_INT(
        CLOSED_IN_THE_CALL(free, condition, eddy_condition_wait_for(condition, is_true, NULL)), 0);
}
