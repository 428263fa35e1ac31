/* test_drop.c - F3, M8: the .drop of a queue or channel may call anything. */
#include "task/reports.h"

#include <eddy/channel.h>
#include <eddy/queue.h>

static long dropped; /* the items, as decimal digits */

static void note_drop(const void *item)
{
    long number;

    memcpy(&number, item, sizeof number);
    dropped = 10 * dropped + number;
}

/* ---- queues ---- */

static eddy_queue *queue;

static void drop_uses(void *item)
{
    long number = 9;

    note_drop(item);
    CHECK_INT(eddy_queue_put_nowait(queue, &number), EDDY_ECLOSED);
    CHECK_INT(eddy_queue_get(queue, &number), EDDY_ECLOSED);
    eddy_queue_shutdown(queue, .immediate = true);
}

static void drop_closes(void *item)
{
    drop_uses(item);
    eddy_queue_close(queue);
}

static void drop_slowly(void *item)
{
    eddy_ignore(eddy_sleep(1));
    note_drop(item);
}

/* With the items 1, 2, ... */
static eddy_queue *open_queue(void (*drop)(void *), int kind, long count)
{
    dropped = 0;
    queue = eddy_queue_open(sizeof(long), 0, .drop = drop, .kind = kind);
    for (long i = 1; i <= count; i++)
        CHECK_INT(eddy_queue_put_nowait(queue, &i), 0);
    return queue;
}

TEST(F3_drop_may_use_the_queue)
{
    eddy_queue_close(open_queue(drop_uses, EDDY_FIFO, 3));
    CHECK_INT(dropped, 123);
    eddy_queue_close(open_queue(drop_uses, EDDY_LIFO, 3));
    CHECK_INT(dropped, 123);
}

TEST(F3_drop_may_close_the_queue)
{
    eddy_queue_shutdown(open_queue(drop_closes, EDDY_FIFO, 1), .immediate = true);
    CHECK_INT(dropped, 1);
}

static int shuts(eddy_queue *q)
{
    eddy_queue_shutdown(q, .immediate = true);
    return 0;
}
EDDY_CORO(shuts, eddy_queue *)

TEST(F3_queue_may_be_closed_while_its_drop_waits)
{
    eddy_auto(eddy_task) *task =
        eddy_create_task(shuts_coro(open_queue(drop_slowly, EDDY_FIFO, 3)));

    settle();
    eddy_queue_close(queue);
    CHECK_INT(dropped, 0);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(dropped, 123);
}

TEST(F3_drop_that_closes_the_queue_being_closed_is_reported)
{
    static struct reports reports;

    reports_listen(&reports);
    eddy_queue_close(open_queue(drop_closes, EDDY_FIFO, 2));
    CHECK_INT(dropped, 12);
    CHECK_INT(reports.count, 2);
    CHECK_INT(reports.status, EDDY_ECLOSED);
    CHECK_STR(reports.message, "a queue is closed twice");
}

TEST(F3_a_second_close_while_a_drop_waits_is_reported)
{
    static struct reports reports;
    eddy_auto(eddy_task) *task =
        eddy_create_task(shuts_coro(open_queue(drop_slowly, EDDY_FIFO, 3)));

    reports_listen(&reports);
    settle();
    eddy_queue_close(queue);
    eddy_queue_close(queue);
    CHECK_INT(reports.count, 1);
    CHECK_STR(reports.message, "a queue is closed twice");
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(dropped, 123);
}

/* ---- channels ---- */

static eddy_channel *channel;

static void drop_closes_channel(void *item)
{
    long number = 9;

    note_drop(item);
    CHECK_INT(eddy_channel_send_nowait(channel, &number), EDDY_ECLOSED);
    CHECK_INT(eddy_channel_receive(channel, &number), EDDY_ECLOSED);
    eddy_channel_close(channel);
}

static eddy_channel *open_channel(long count)
{
    channel = eddy_channel_open(sizeof(long), 4, .drop = drop_closes_channel);
    for (long i = 1; i <= count; i++)
        CHECK_INT(eddy_channel_send(channel, &i), 0);
    return channel;
}

TEST(M8_drop_may_use_and_close_the_channel)
{
    eddy_channel_shutdown(open_channel(1), .immediate = true);
    CHECK_INT(dropped, 1);
}

TEST(M8_drop_that_closes_the_channel_being_closed_is_reported)
{
    static struct reports reports;

    reports_listen(&reports);
    eddy_channel_close(open_channel(2));
    CHECK_INT(dropped, 12);
    CHECK_INT(reports.count, 2);
    CHECK_INT(reports.status, EDDY_ECLOSED);
    CHECK_STR(reports.message, "a channel is closed twice");
}
