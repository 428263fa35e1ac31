/* test_select.c - eddy_select. */
#include "task/reports.h"

struct scene {
    eddy_queue *a;
    eddy_queue *b;
    eddy_future *future;
    int item;
    int value;
    int index;
    int status;
};

static void open_scene(struct scene *s)
{
    *s = (struct scene){.index = 99};
    s->a = eddy_queue_open(sizeof(int), 1);
    s->b = eddy_queue_open(sizeof(int), 1);
    s->future = eddy_future_open(sizeof(int));
    CHECK(s->a && s->b && s->future);
}

static void close_scene(struct scene *s)
{
    eddy_queue_close(s->a);
    eddy_queue_close(s->b);
    eddy_future_close(s->future);
}

/* From a, to b, or the future. */
static int choose(struct scene *s)
{
    int sent = 42;
    eddy_select_case cases[] = {
        EDDY_CASE_GET(s->a, &s->item),
        EDDY_CASE_PUT(s->b, &sent),
        EDDY_CASE_FUTURE(s->future, &s->value),
    };

    s->index = 99;
    s->index = eddy_select(cases, 3);
    if (s->index >= 0)
        s->status = cases[s->index].status;
    return s->index;
}
EDDY_CORO(choose, struct scene *)

static int put_nowait(eddy_queue *queue, int item)
{
    return eddy_queue_put_nowait(queue, &item);
}

static int take(eddy_queue *queue)
{
    int item = -1;

    CHECK_INT(eddy_queue_get_nowait(queue, &item), 0);
    return item;
}

static void check_nobody_waits(struct scene *s)
{
    int item;

    /* a second operation would hand its item to a waiter, or find one */
    while (eddy_queue_get_nowait(s->a, &item) == 0)
        continue;
    CHECK_INT(put_nowait(s->a, 5), 0);
    CHECK_INT(eddy_queue_size(s->a), 1);
    CHECK_INT(take(s->a), 5);
    while (eddy_queue_get_nowait(s->b, &item) == 0)
        continue;
    CHECK(eddy_queue_empty(s->b));
}

TEST(select_takes_the_first_that_can_happen)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(choose(&s), 1);
    CHECK_INT(s.status, 0);
    CHECK_INT(put_nowait(s.a, 3), 0);
    CHECK_INT(choose(&s), 0);
    CHECK_INT(s.item, 3);
    CHECK_INT(eddy_future_set_result(s.future, &(int){8}), 0);
    CHECK_INT(choose(&s), 2);
    CHECK_INT(s.value, 8);
    CHECK_INT(put_nowait(s.a, 4), 0);
    CHECK_INT(choose(&s), 0);
    CHECK_INT(take(s.b), 42);
    close_scene(&s);
}

TEST(F5_exactly_one_operation_happens)
{
    for (int which = 0; which < 3; which++) {
        struct scene s;

        open_scene(&s);
        CHECK_INT(put_nowait(s.b, 1), 0);
        eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
        settle();
        CHECK_INT(s.index, 99);
        /* all three become possible before the task runs: the first decides */
        for (int i = 0; i < 3; i++) {
            switch ((which + i) % 3) {
            case 0:
                CHECK_INT(put_nowait(s.a, 7), 0);
                break;
            case 1:
                CHECK_INT(take(s.b), 1);
                break;
            case 2:
                CHECK_INT(eddy_future_set_result(s.future, &(int){9}), 0);
                break;
            }
        }
        CHECK_INT(eddy_await(a), which);
        CHECK_INT(s.status, 0);
        CHECK_INT(s.item, which == 0 ? 7 : 0);
        CHECK_INT(s.value, which == 2 ? 9 : 0);
        CHECK_INT(eddy_queue_size(s.a), which == 0 ? 0 : 1);
        CHECK_INT(eddy_queue_size(s.b), which == 1 ? 1 : 0);
        check_nobody_waits(&s);
        close_scene(&s);
    }
}

TEST(F5_two_selects_on_one_queue_share_its_items)
{
    struct scene s, t;

    open_scene(&s);
    open_scene(&t);
    eddy_queue_close(t.a);
    t.a = s.a;
    CHECK_INT(put_nowait(s.b, 1), 0);
    CHECK_INT(put_nowait(t.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    eddy_auto(eddy_task) *b = eddy_create_task(choose_coro(&t));
    settle();
    CHECK_INT(put_nowait(s.a, 1), 0);
    CHECK_INT(put_nowait(s.a, 2), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.item, 1);
    CHECK_INT(t.item, 2);
    t.a = NULL;
    close_scene(&s);
    close_scene(&t);
}

TEST(F5_one_queue_in_two_cases)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    int first = 0, second = 0;
    eddy_select_case cases[] = {EDDY_CASE_GET(queue, &first), EDDY_CASE_GET(queue, &second)};

    eddy_timeout(1) {
        CHECK_INT(eddy_select(cases, 2), EDDY_ETIMEDOUT);
    }
    CHECK_INT(put_nowait(queue, 5), 0);
    CHECK_INT(eddy_queue_size(queue), 1);
    CHECK_INT(eddy_select(cases, 2), 0);
    CHECK_INT(first, 5);
    CHECK_INT(second, 0);
}

static int get_twice(eddy_queue *queue)
{
    int first = 0, second = 0;
    eddy_select_case cases[] = {EDDY_CASE_GET(queue, &first), EDDY_CASE_GET(queue, &second)};
    int i = eddy_select(cases, 2);

    return i < 0 ? i : cases[i].status;
}
EDDY_CORO(get_twice, eddy_queue *)

TEST(F5_one_queue_in_two_cases_is_shut_down)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    eddy_auto(eddy_task) *a = eddy_create_task(get_twice_coro(queue));
    eddy_auto(eddy_task) *b = eddy_create_task(get_twice_coro(queue));

    settle();
    eddy_queue_shutdown(queue);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
    CHECK_INT(eddy_await(b), EDDY_ECLOSED);
}

TEST(F5_D1_granted_then_cancelled)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    CHECK_INT(put_nowait(s.a, 7), 0);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.item, 7);
    close_scene(&s);
}

TEST(F5_cancelled_then_possible)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    eddy_cancel(a);
    CHECK_INT(put_nowait(s.a, 7), 0);
    settle();
    CHECK(eddy_task_cancelled(a));
    CHECK_INT(s.item, 0);
    CHECK_INT(take(s.a), 7);
    check_nobody_waits(&s);
    close_scene(&s);
}

TEST(select_between_gets_and_puts_of_others)
{
    struct scene s, t;

    open_scene(&s);
    open_scene(&t);
    /* what one sent_items into its b the other gets from its a */
    eddy_queue_close(t.a);
    t.a = s.b;
    CHECK_INT(put_nowait(s.b, 1), 0);
    CHECK_INT(put_nowait(t.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    eddy_auto(eddy_task) *b = eddy_create_task(choose_coro(&t));
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(t.item, 1);
    CHECK_INT(eddy_await(a), 1);
    CHECK_INT(take(s.b), 42);
    t.a = NULL;
    close_scene(&s);
    close_scene(&t);
}

TEST(select_status_tells_of_a_shut_queue)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    eddy_queue_shutdown(s.b);
    CHECK_INT(eddy_await(a), 1);
    CHECK_INT(s.status, EDDY_ECLOSED);
    CHECK_INT(choose(&s), 1);
    CHECK_INT(s.status, EDDY_ECLOSED);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    close_scene(&s);
}

TEST(select_outlives_what_is_closed)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    close_scene(&s);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status, EDDY_ECLOSED);

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *b = eddy_create_task(choose_coro(&s));
    settle();
    CHECK_INT(eddy_future_set_result(s.future, &(int){3}), 0);
    close_scene(&s);
    CHECK_INT(eddy_await(b), 2);
    CHECK_INT(s.status, 0);
    CHECK_INT(s.value, 3);
}

TEST(select_status_tells_of_a_failed_future)
{
    struct scene s;

    open_scene(&s);
    CHECK_INT(put_nowait(s.b, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(choose_coro(&s));
    settle();
    CHECK_INT(eddy_future_set_error(s.future, EDDY_EUSER, "no luck"), 0);
    CHECK_INT(eddy_await(a), 2);
    CHECK_INT(s.status, EDDY_EUSER);
    CHECK_INT(choose(&s), 2);
    CHECK_INT(s.status, EDDY_EUSER);
    close_scene(&s);
}

TEST(select_nowait)
{
    struct scene s;

    open_scene(&s);
    eddy_select_case cases[] = {EDDY_CASE_GET(s.a, &s.item), EDDY_CASE_FUTURE(s.future, NULL)};
    CHECK_INT(eddy_select_nowait(cases, 2), EDDY_EAGAIN);
    CHECK_INT(eddy_future_set_result(s.future, NULL), 0);
    CHECK_INT(eddy_select_nowait(cases, 2), 1);
    CHECK_INT(put_nowait(s.a, 3), 0);
    CHECK_INT(eddy_select_nowait(cases, 2), 0);
    CHECK_INT(s.item, 3);
    close_scene(&s);
}

TEST(select_refuses_nonsense)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    int item;
    eddy_select_case no_kind[] = {{0, queue, &item, 0}};
    eddy_select_case no_object[] = {EDDY_CASE_GET(NULL, &item)};
    eddy_select_case no_item[] = {EDDY_CASE_GET(queue, NULL)};

    CHECK_INT(eddy_select(NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_select(no_kind, 0), EDDY_EINVAL);
    CHECK_INT(eddy_select(no_kind, 1), EDDY_EINVAL);
    CHECK_INT(eddy_select(no_object, 1), EDDY_EINVAL);
    CHECK_INT(eddy_select_nowait(no_item, 1), EDDY_EINVAL);
}

static int count_turns(int *turns)
{
    for (;;) {
        ++*turns;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(count_turns, int *)

TEST(D4_select_that_need_not_wait_yields_now_and_then)
{
    NEEDS_ORDER();
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    eddy_select_case cases[] = {EDDY_CASE_FUTURE(future, NULL)};
    int turns = 0;
    __attribute__((unused)) eddy_auto(eddy_task) *other =
        eddy_create_task(count_turns_coro(&turns));

    CHECK_INT(eddy_future_set_result(future, NULL), 0);
    for (int i = 0; i < 640; i++)
        CHECK_INT(eddy_select(cases, 1), 0);
    CHECK_INT(turns, 10);
}

/* ---- many cases, and everything that can go wrong ---- */

enum { MANY = 20 };

static int get_from_many(eddy_queue **queues)
{
    eddy_select_case cases[MANY];
    int item = -1;

    for (int i = 0; i < MANY; i++)
        cases[i] = (eddy_select_case)EDDY_CASE_GET(queues[i], &item);
    int i = eddy_try(eddy_select(cases, MANY));
    CHECK_INT(cases[i].status, 0);
    CHECK_INT(item, i);
    return i;
}
EDDY_CORO(get_from_many, eddy_queue **)

static int select_from_many(void)
{
    eddy_queue *queues[MANY] = {0};
    eddy_task *task = NULL;
    int r = 0;

    for (int i = 0; r == 0 && i < MANY; i++) {
        queues[i] = eddy_queue_open(sizeof(int), 1);
        r = queues[i] ? 0 : eddy_last_status();
    }
    if (r == 0) {
        task = eddy_create_task(get_from_many_coro(queues));
        r = task ? eddy_sleep(1) : eddy_last_status();
    }
    if (r == 0 && (r = put_nowait(queues[17], 17)) == 0) {
        r = put_nowait(queues[3], 3);
        int got = eddy_await(task);
        if (got >= 0) {
            CHECK_INT(got, 17);
            CHECK_INT(eddy_queue_size(queues[3]), 1);
        } else {
            r = got;
        }
    }
    eddy_task_close(task);
    for (int i = 0; i < MANY; i++)
        eddy_queue_close(queues[i]);
    return r;
}

TEST(select_from_more_than_eight)
{
    CHECK_INT(select_from_many(), 0);
}

TORTURE(select_without_memory)
{
    return select_from_many();
}

static int sent_items, gets, drops;

static void drop_counted(void *item)
{
    (void)item;
    drops++;
}

static int feed(eddy_queue *queue)
{
    for (int i = 0; i < 4; i++) {
        eddy_try(eddy_queue_put(queue, &i));
        sent_items++;
        eddy_try(eddy_sleep(0.3));
    }
    return 0;
}
EDDY_CORO(feed, eddy_queue *)

static int merge(eddy_queue *a, eddy_queue *b, eddy_queue *to)
{
    for (;;) {
        int item, sent = 1;
        eddy_select_case cases[] = {EDDY_CASE_GET(a, &item), EDDY_CASE_GET(b, &item),
                                    EDDY_CASE_PUT(to, &sent)};
        int i = eddy_try(eddy_select(cases, 3));

        eddy_try(cases[i].status);
        if (i == 2)
            sent_items++;
        else
            gets++;
    }
}
EDDY_CORO(merge, eddy_queue *, eddy_queue *, eddy_queue *)

SWEEP(F5_nothing_is_lost_or_doubled)
{
    eddy_queue *a = eddy_queue_open(sizeof(int), 1, .drop = drop_counted);
    eddy_queue *b = eddy_queue_open(sizeof(int), 1, .drop = drop_counted);
    eddy_queue *to = eddy_queue_open(sizeof(int), 1, .drop = drop_counted);
    eddy_task *tasks[] = {
        eddy_create_task(feed_coro(a)),
        eddy_create_task(feed_coro(b)),
        eddy_create_task(merge_coro(a, b, to)),
        eddy_create_task(merge_coro(b, a, to)),
    };
    int item, r = 0;

    for (int i = 0; r == 0 && i < 3; i++) {
        r = eddy_queue_get(to, &item);
        if (r == 0) {
            gets++;
            r = eddy_sleep(0.5);
        }
        if (i == 1)
            eddy_cancel(tasks[2]);
    }
    for (int i = 0; i < 4; i++)
        eddy_task_close(tasks[i]);
    eddy_queue_close(a);
    eddy_queue_close(b);
    eddy_queue_close(to);
    CHECK_INT(gets + drops, sent_items);
    return r;
}
