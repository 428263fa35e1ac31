/* test_event.c - eddy_event. */
#include "closing.h"
#include "task/reports.h"

struct scene {
    eddy_event event;
    int order[8];
    int n;
};

static int wait_for_it(struct scene *s, int id)
{
    eddy_try(eddy_event_wait(&s->event));
    s->order[s->n++] = id;
    return 0;
}
EDDY_CORO(wait_for_it, struct scene *, int)

TEST(event_that_is_set_is_not_waited_for)
{
    eddy_event event = {0};

    CHECK(!eddy_event_is_set(&event));
    eddy_event_set(&event);
    CHECK(eddy_event_is_set(&event));
    CHECK_INT(eddy_event_wait(&event), 0);
    eddy_event_set(&event);
    eddy_event_clear(&event);
    CHECK(!eddy_event_is_set(&event));
}

TEST(E4_set_then_clear_wakes_those_of_that_moment)
{
    NEEDS_ORDER();
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_for_it_coro(&s, 1));
    eddy_auto(eddy_task) *b = eddy_create_task(wait_for_it_coro(&s, 2));

    settle();
    eddy_auto(eddy_task) *late = eddy_create_task(wait_for_it_coro(&s, 3));
    eddy_event_set(&s.event);
    eddy_event_clear(&s.event);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.n, 2);
    CHECK_INT(s.order[0], 1);
    CHECK_INT(s.order[1], 2);
    CHECK(!eddy_task_done(late));
    eddy_event_set(&s.event);
    CHECK_INT(eddy_await(late), 0);
}

TEST(D1_event_was_set_before_the_cancellation)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_for_it_coro(&s, 1));

    settle();
    eddy_event_set(&s.event);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.n, 1);
}

TEST(event_cancelled_waiter_leaves)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(wait_for_it_coro(&s, 1));

    settle();
    eddy_cancel(a);
    eddy_event_set(&s.event);
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(s.n, 0);
    CHECK_PTR(s.event.waiters.first, NULL);
}

TEST(event_wait_ends_with_its_deadline)
{
    eddy_event event = {0};

    eddy_timeout(3600) {
        CHECK_INT(eddy_event_wait(&event), EDDY_ETIMEDOUT);
    }
    CHECK_PTR(event.waiters.first, NULL);
}

static int set_it(void *arg)
{
    eddy_event_set(arg);
    return 0;
}

TEST(B2_event_set_and_deadline_in_the_same_turn)
{
    eddy_event event = {0};
    eddy_loop *loop = eddy_loop_running();

    eddy_timeout(1) {
        eddy_loop_call_later(loop, 1, set_it, &event);
        CHECK_INT(eddy_event_wait(&event), 0);
    }
}

SWEEP(event_swept)
{
    struct scene s = {0};
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(wait_for_it_coro(&s, 1)));

    eddy_try(eddy_sleep(1));
    eddy_event_set(&s.event);
    return eddy_await(a);
}

TEST(D6_event_is_looked_at_before_a_yield)
{
    eddy_event *event = malloc(sizeof *event);

    *event = (eddy_event){.is_set = true};
    CHECK_INT(CLOSED_IN_THE_CALL(free, event, eddy_event_wait(event)), 0);
}
