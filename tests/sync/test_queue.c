/* test_queue.c - eddy_queue. */
#include "task/reports.h"

struct scene {
    eddy_queue *queue;
    int got[64];
    int n;
    int status[8];
};

static int get_one(struct scene *s, int id)
{
    int item = -1;

    s->status[id] = 99;
    s->status[id] = eddy_queue_get(s->queue, &item);
    if (s->status[id] == 0)
        s->got[s->n++] = item;
    return s->status[id];
}
EDDY_CORO(get_one, struct scene *, int)

static int put_one(struct scene *s, int id, int item)
{
    s->status[id] = 99;
    return s->status[id] = eddy_queue_put(s->queue, &item);
}
EDDY_CORO(put_one, struct scene *, int, int)

static int join_it(struct scene *s, int id)
{
    s->status[id] = 99;
    return s->status[id] = eddy_queue_join(s->queue);
}
EDDY_CORO(join_it, struct scene *, int)

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

/* ---- waiting and handing over ---- */

TEST(queue_get_waits_until_put)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 0)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.status[0], 99);
    CHECK_INT(put_nowait(s.queue, 7), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.got[0], 7);
    eddy_queue_close(s.queue);
}

TEST(queue_put_waits_for_a_place)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 2)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    CHECK_INT(put_nowait(s.queue, 2), 0);
    CHECK(eddy_queue_full(s.queue));
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(&s, 0, 3));
    settle();
    eddy_auto(eddy_task) *b = eddy_create_task(put_one_coro(&s, 1, 4));
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.status[0], 99);
    CHECK_INT(take(s.queue), 1);
    CHECK_INT(eddy_queue_size(s.queue), 2); /* the first putter's item is in already */
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.status[1], 99);
    CHECK_INT(take(s.queue), 2);
    CHECK_INT(take(s.queue), 3);
    CHECK_INT(take(s.queue), 4);
    CHECK_INT(eddy_await(b), 0);
    CHECK(eddy_queue_empty(s.queue));
    eddy_queue_close(s.queue);
}

TEST(F1_put_hands_over_in_order_of_waiting)
{
    NEEDS_ORDER();
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(get_one_coro(&s, 1));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(put_nowait(s.queue, 1), 0);
    CHECK_INT(put_nowait(s.queue, 2), 0);
    CHECK(eddy_queue_empty(s.queue));
    /* the items are theirs: nobody can take them from them */
    int item;
    CHECK_INT(eddy_queue_get_nowait(s.queue, &item), EDDY_EEMPTY);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.got[0], 1);
    CHECK_INT(s.got[1], 2);
    eddy_queue_close(s.queue);
}

TEST(F1_getter_cancelled_before_the_put_never_receives_it)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(get_one_coro(&s, 1));

    CHECK_INT(eddy_sleep(1), 0);
    eddy_cancel(a);
    CHECK_INT(put_nowait(s.queue, 5), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    CHECK_INT(s.n, 1);
    CHECK_INT(s.got[0], 5);
    eddy_queue_close(s.queue);
}

TEST(F1_D1_getter_cancelled_after_the_put_returns_it)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(put_nowait(s.queue, 5), 0);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.got[0], 5);
    eddy_queue_close(s.queue);
}

TEST(F1_cancelled_putter_has_put_nothing)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(&s, 0, 2));
    eddy_auto(eddy_task) *b = eddy_create_task(put_one_coro(&s, 1, 3));
    CHECK_INT(eddy_sleep(1), 0);
    eddy_cancel(a);
    CHECK_INT(take(s.queue), 1);
    CHECK_INT(take(s.queue), 3);
    CHECK(eddy_queue_empty(s.queue));
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(s.status[0], EDDY_ECANCELED);
    eddy_queue_close(s.queue);
}

TEST(F1_D1_putter_cancelled_after_the_get_has_put)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(&s, 0, 2));
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(take(s.queue), 1);
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(take(s.queue), 2);
    eddy_queue_close(s.queue);
}

TEST(queue_waits_end_with_their_deadline)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    int item = 1;

    eddy_timeout(1) {
        CHECK_INT(eddy_queue_get(queue, &item), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_queue_put(queue, &item), 0);
    eddy_timeout(1) {
        CHECK_INT(eddy_queue_put(queue, &item), EDDY_ETIMEDOUT);
    }
    CHECK_INT(eddy_queue_size(queue), 1);
    eddy_timeout(1) {
        CHECK_INT(eddy_queue_join(queue), EDDY_ETIMEDOUT);
    }
}

static int get_when_cancelled(struct scene *s)
{
    int item = 0;

    eddy_ignore(eddy_sleep(1));
    s->status[0] = eddy_queue_get(s->queue, &item);
    s->status[1] = eddy_queue_put(s->queue, &item);
    s->status[2] = eddy_queue_join(s->queue);
    return 0;
}
EDDY_CORO(get_when_cancelled, struct scene *)

TEST(D2_cancelled_task_neither_gets_nor_puts)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 2)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_when_cancelled_coro(&s));

    CHECK_INT(put_nowait(s.queue, 1), 0);
    settle();
    eddy_cancel(a);
    CHECK_INT(eddy_await(a), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(s.status[i], EDDY_ECANCELED);
    CHECK_INT(eddy_queue_size(s.queue), 1);
    eddy_queue_close(s.queue);
}

static int count_turns(int *turns)
{
    for (;;) {
        ++*turns;
        eddy_try(eddy_sleep(0));
    }
}
EDDY_CORO(count_turns, int *)

TEST(D4_every_64th_call_that_need_not_wait_yields)
{
    NEEDS_ORDER();
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 0);
    int turns = 0, item = 0;
    __attribute__((unused)) eddy_auto(eddy_task) *other =
        eddy_create_task(count_turns_coro(&turns));

    for (int i = 0; i < 320; i++)
        CHECK_INT(eddy_queue_put(queue, &item), 0);
    for (int i = 0; i < 320; i++)
        CHECK_INT(eddy_queue_get(queue, &item), 0);
    CHECK_INT(turns, 10);
    eddy_queue_shutdown(queue);
    for (int i = 0; i < 640; i++)
        CHECK_INT(eddy_queue_get(queue, &item), EDDY_ECLOSED);
    CHECK_INT(turns, 20);
}

static int put_until_closed(struct scene *s)
{
    int r;

    while ((r = eddy_queue_put(s->queue, &s->n)) == 0)
        s->n++;
    return r;
}
EDDY_CORO(put_until_closed, struct scene *)

/* The yield of D4 comes after the queue was used, so that it may be closed in it. */
TEST(D4_queue_may_be_closed_while_a_put_yields)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 64)};
    eddy_auto(eddy_task) *a = eddy_create_task(put_until_closed_coro(&s));

    settle();
    CHECK_INT(eddy_queue_size(s.queue), 64);
    eddy_cancel(a);
    eddy_queue_close(s.queue);
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(s.n, 64);
}

/* ---- nowait, sizes, misuse ---- */

TEST(F2_nowait_full_and_empty)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 3);
    int item = 0;

    CHECK_INT(eddy_queue_get_nowait(queue, &item), EDDY_EEMPTY);
    CHECK_INT(eddy_last_status(), EDDY_EEMPTY);
    for (int i = 0; i < 3; i++)
        CHECK_INT(put_nowait(queue, i), 0);
    CHECK_INT(put_nowait(queue, 3), EDDY_EFULL);
    CHECK_INT(eddy_last_status(), EDDY_EFULL);
    CHECK_INT(eddy_queue_size(queue), 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(take(queue), i);
    CHECK(eddy_queue_empty(queue));
    CHECK(!eddy_queue_full(queue));
}

static void check_none(eddy_queue *queue, int status)
{
    CHECK_PTR(queue, NULL);
    CHECK_INT(eddy_last_status(), status);
}

TEST(queue_options_that_make_no_queue)
{
    check_none(eddy_queue_open(0, 1), EDDY_EINVAL);
    check_none(eddy_queue_open(4, 1, .kind = EDDY_PRIORITY), EDDY_EINVAL);
    check_none(eddy_queue_open(4, 1, .kind = 17), EDDY_EINVAL);
    check_none(eddy_queue_open(SIZE_MAX, 1), EDDY_ENOMEM);
    check_none(eddy_queue_open(SIZE_MAX / 2, 8), EDDY_ENOMEM);
    eddy_queue_close(eddy_queue_open_with(4, 1, NULL));
    eddy_queue_close(NULL);
}

TEST(queue_misuse_with_null)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    int item = 0;

    CHECK_INT(eddy_queue_put(queue, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_queue_get(queue, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_queue_put_nowait(queue, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_queue_get_nowait(queue, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_queue_put(NULL, &item), EDDY_EINVAL);
    CHECK_INT(eddy_queue_get(NULL, &item), EDDY_EINVAL);
    CHECK(eddy_queue_empty(queue));
}

TEST_PLAIN(X8_queue_outside_a_task)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1);
    int item = 3;

    CHECK_INT(eddy_queue_put(queue, &item), EDDY_ENOTASK);
    CHECK_INT(eddy_queue_join(queue), EDDY_ENOTASK);
    CHECK_INT(eddy_queue_put_nowait(queue, &item), 0);
    CHECK_INT(take(queue), 3);
    eddy_error_clear();
}

/* ---- done and join ---- */

TEST(F2_join_waits_for_task_done)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 0)};

    CHECK_INT(eddy_queue_join(s.queue), 0);
    CHECK_INT(put_nowait(s.queue, 1), 0);
    CHECK_INT(put_nowait(s.queue, 2), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(join_it_coro(&s, 0));
    CHECK_INT(take(s.queue), 1);
    CHECK_INT(take(s.queue), 2);
    CHECK_INT(eddy_queue_task_done(s.queue), 0);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(s.status[0], 99);
    CHECK_INT(eddy_queue_task_done(s.queue), 0);
    CHECK_INT(eddy_await(a), 0);
    eddy_queue_close(s.queue);
}

TEST(F2_too_many_task_done_also_after_hand_overs)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};
    eddy_auto(eddy_task) *getter = eddy_create_task(get_one_coro(&s, 0));

    settle();
    CHECK_INT(put_nowait(s.queue, 1), 0); /* straight to the getter */
    CHECK_INT(put_nowait(s.queue, 2), 0);
    eddy_auto(eddy_task) *putter = eddy_create_task(put_one_coro(&s, 1, 3));
    settle();
    CHECK_INT(take(s.queue), 2); /* moves the putter's in */
    for (int i = 0; i < 3; i++)
        CHECK_INT(eddy_queue_task_done(s.queue), 0);
    CHECK_INT(eddy_queue_task_done(s.queue), EDDY_ERANGE);
    CHECK_INT(eddy_last_status(), EDDY_ERANGE);
    CHECK_INT(eddy_await(getter), 0);
    CHECK_INT(eddy_await(putter), 0);
    eddy_queue_close(s.queue);
}

/* ---- shutdown and close ---- */

static int dropped[64], drops;

static void drop_number(void *item)
{
    const int *number = item;

    dropped[drops++] = *number;
}

TEST(F3_shutdown_drains_then_fails)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 0);
    int item = 9;

    CHECK_INT(put_nowait(queue, 1), 0);
    CHECK_INT(put_nowait(queue, 2), 0);
    eddy_queue_shutdown(queue);
    eddy_queue_shutdown(queue);
    CHECK_INT(eddy_queue_put(queue, &item), EDDY_ECLOSED);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    CHECK_INT(put_nowait(queue, 3), EDDY_ECLOSED);
    CHECK_INT(eddy_queue_get(queue, &item), 0);
    CHECK_INT(item, 1);
    CHECK_INT(take(queue), 2);
    CHECK_INT(eddy_queue_get(queue, &item), EDDY_ECLOSED);
    CHECK_INT(eddy_queue_get_nowait(queue, &item), EDDY_ECLOSED);
    CHECK_STR(eddy_error_message(eddy_last_error()), "the queue is shut down");
}

TEST(F3_shutdown_wakes_getters)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 0)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));
    eddy_auto(eddy_task) *b = eddy_create_task(get_one_coro(&s, 1));

    settle();
    eddy_queue_shutdown(s.queue);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
    CHECK_INT(eddy_await(b), EDDY_ECLOSED);
    eddy_queue_close(s.queue);
}

TEST(F3_shutdown_wakes_putters_and_keeps_the_rest)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(&s, 0, 2));
    settle();
    eddy_queue_shutdown(s.queue);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
    CHECK_INT(take(s.queue), 1);
    CHECK(eddy_queue_empty(s.queue));
    eddy_queue_close(s.queue);
}

TEST(F3_immediate_drops_and_frees_join)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 0, .drop = drop_number)};
    int item;

    for (int i = 0; i < 3; i++)
        CHECK_INT(put_nowait(s.queue, i), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(join_it_coro(&s, 0));
    settle();
    eddy_queue_shutdown(s.queue);
    eddy_queue_shutdown(s.queue, .immediate = true);
    eddy_queue_shutdown(s.queue, .immediate = true);
    CHECK_INT(drops, 3);
    for (int i = 0; i < 3; i++)
        CHECK_INT(dropped[i], i);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_queue_get_nowait(s.queue, &item), EDDY_ECLOSED);
    eddy_queue_close(s.queue);
    CHECK_INT(drops, 3);
}

TEST(F3_immediate_waits_for_what_was_got)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 0)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    CHECK_INT(put_nowait(s.queue, 2), 0);
    CHECK_INT(take(s.queue), 1);
    eddy_auto(eddy_task) *a = eddy_create_task(join_it_coro(&s, 0));
    settle();
    eddy_queue_shutdown(s.queue, .immediate = true);
    settle();
    CHECK_INT(s.status[0], 99);
    CHECK_INT(eddy_queue_task_done(s.queue), 0);
    CHECK_INT(eddy_await(a), 0);
    eddy_queue_close(s.queue);
}

TEST(queue_close_wakes_everybody_with_closed)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1, .drop = drop_number)};
    struct scene t = {.queue = eddy_queue_open(sizeof(int), 1)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(&s, 0, 2));
    eddy_auto(eddy_task) *c = eddy_create_task(get_one_coro(&t, 0));
    settle();
    eddy_queue_close(s.queue);
    eddy_queue_close(t.queue);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
    CHECK_INT(eddy_await(c), EDDY_ECLOSED);
    CHECK_INT(drops, 1);
    CHECK_INT(dropped[0], 1);
}

TEST(queue_close_sends_away_who_joins)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1)};

    CHECK_INT(put_nowait(s.queue, 1), 0);
    CHECK_INT(take(s.queue), 1);
    eddy_auto(eddy_task) *a = eddy_create_task(join_it_coro(&s, 0));
    settle();
    eddy_queue_close(s.queue);
    CHECK_INT(eddy_await(a), EDDY_ECLOSED);
}

TEST(queue_closed_after_the_hand_over_loses_nothing)
{
    struct scene s = {.queue = eddy_queue_open(sizeof(int), 1, .drop = drop_number)};
    eddy_auto(eddy_task) *a = eddy_create_task(get_one_coro(&s, 0));

    settle();
    CHECK_INT(put_nowait(s.queue, 4), 0);
    eddy_queue_close(s.queue);
    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(s.got[0], 4);
    CHECK_INT(drops, 0);
}

TEST(queue_taken_from_auto_is_closed_once)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 1, .drop = drop_number);

    CHECK_INT(put_nowait(queue, 1), 0);
    eddy_queue_close(eddy_take(queue));
    CHECK_PTR(queue, NULL);
    CHECK_INT(drops, 1);
}

/* ---- everything that can go wrong ---- */

enum { ITEMS = 12 };

/* What was put, and what was got or dropped, so far: each item once. */
static int sent_items, gets[ITEMS], gone[ITEMS];

static void drop_counted(void *item)
{
    const int *number = item;

    gone[*number]++;
}

static int produce(eddy_queue *queue, int from, int to)
{
    for (int i = from; i < to; i++) {
        eddy_try(eddy_queue_put(queue, &i));
        sent_items |= 1 << i;
    }
    return 0;
}
EDDY_CORO(produce, eddy_queue *, int, int)

static int consume(eddy_queue *queue)
{
    for (;;) {
        int item;

        eddy_try(eddy_queue_get(queue, &item));
        gets[item]++;
        CHECK_INT(eddy_queue_task_done(queue), 0);
        eddy_try(eddy_sleep(0.5));
    }
}
EDDY_CORO(consume, eddy_queue *)

static void check_each_item_once(void)
{
    for (int i = 0; i < ITEMS; i++)
        CHECK_INT(gets[i] + gone[i], sent_items >> i & 1);
}

static int produce_and_consume(void)
{
    eddy_queue *queue = eddy_try(eddy_queue_open(sizeof(int), 2, .drop = drop_counted));
    eddy_task *a = eddy_create_task(produce_coro(queue, 1, ITEMS / 2));
    eddy_task *b = eddy_create_task(produce_coro(queue, ITEMS / 2, ITEMS));
    eddy_task *c = eddy_create_task(consume_coro(queue));
    eddy_task *d = eddy_create_task(consume_coro(queue));
    int item = 0;
    int r = a && b && c && d ? eddy_queue_put(queue, &item) : EDDY_ENOMEM;

    if (r == 0) {
        sent_items |= 1;
        r = eddy_sleep(1);
        eddy_cancel(c);
    }
    if (r == 0)
        r = eddy_await(a);
    if (r == 0)
        r = eddy_await(b);
    eddy_task_close(a);
    eddy_task_close(b);
    if (r == 0)
        r = eddy_queue_join(queue);
    eddy_task_close(c);
    eddy_task_close(d);
    eddy_queue_close(queue);
    check_each_item_once();
    return r;
}

SWEEP(F1_no_item_is_lost_or_doubled)
{
    return produce_and_consume();
}

TORTURE(queue_without_memory)
{
    return produce_and_consume();
}
