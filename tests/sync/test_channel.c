/* test_channel.c - M6 to M8: channels within a loop and from plain threads. */
#include "test.h"

#include "base/alloc.h"
#include "task/task.h"
#include <eddy/channel.h>
#include <pthread.h>
#include <unistd.h>

static int sends(eddy_channel *channel, long first, long count)
{
    for (long i = first; i < first + count; i++)
        eddy_try(eddy_channel_send(channel, &i));
    return 0;
}
EDDY_CORO(sends, eddy_channel *, long, long)

static int receives_one(eddy_channel *channel, long *item)
{
    return eddy_channel_receive(channel, item);
}
EDDY_CORO(receives_one, eddy_channel *, long *)

static const char *last_words(void)
{
    return eddy_error_message(eddy_last_error());
}

/* ---- M6: in one loop ---- */

TEST(M6_items_leave_in_order_through_one_place)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 1);
    eddy_auto(eddy_task) *task = eddy_create_task(sends_coro(channel, 0, 300));
    long item = -1;

    for (long i = 0; i < 300; i++) {
        CHECK_INT(eddy_channel_receive(channel, &item), 0);
        CHECK_INT(item, i);
    }
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(eddy_channel_size(channel), 0);
}

/* The ring goes round, items have an odd size. */
TEST(M6_items_of_any_size_go_round_the_ring)
{
    struct odd {
        char bytes[13];
    } in = {"0123456789ab"}, out;
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof in, 3);

    for (int i = 0; i < 20; i++) {
        in.bytes[0] = (char)('A' + i);
        CHECK_INT(eddy_channel_send(channel, &in), 0);
        in.bytes[0] = (char)('a' + i);
        CHECK_INT(eddy_channel_send(channel, &in), 0);
        CHECK_INT(eddy_channel_size(channel), 2);
        CHECK_INT(eddy_channel_receive(channel, &out), 0);
        CHECK_INT(out.bytes[0], 'A' + i);
        CHECK_INT(eddy_channel_receive(channel, &out), 0);
        CHECK_MEM(&out, &in, sizeof in);
    }
}

TEST(M6_who_waits_is_served_in_order)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    eddy_task *tasks[3];
    long items[3] = {-1, -1, -1};

    for (int i = 0; i < 3; i++) {
        tasks[i] = eddy_create_task(receives_one_coro(channel, &items[i]));
        CHECK_OK(eddy_sleep(0));
    }
    for (long i = 0; i < 3; i++)
        CHECK_INT(eddy_channel_send_nowait(channel, &i), 0);
    CHECK_INT(eddy_channel_size(channel), 0); /* each has its own already */
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK_INT(items[i], i);
        eddy_task_close(tasks[i]);
    }
}

TEST(M6_cancelled_receiver_takes_nothing)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long none = -1, item = 5;
    eddy_auto(eddy_task) *task = eddy_create_task(receives_one_coro(channel, &none));

    CHECK_OK(eddy_sleep(0));
    eddy_cancel(task);
    CHECK_INT(eddy_channel_send_nowait(channel, &item), 0);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    CHECK_INT(none, -1);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), 0);
    CHECK_INT(item, 5);
}

TEST(M6_D1_receiver_cancelled_after_it_was_served_has_the_item)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long got = -1, item = 5;
    eddy_auto(eddy_task) *task = eddy_create_task(receives_one_coro(channel, &got));

    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_channel_send_nowait(channel, &item), 0);
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(got, 5);
}

TEST(M6_late_sender_has_sent_nothing)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 1);
    long item = 1, late = 2;
    int r = 0;

    CHECK_INT(eddy_channel_send(channel, &item), 0);
    eddy_timeout(1)
        r = eddy_channel_send(channel, &late);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(eddy_channel_receive(channel, &item), 0);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), EDDY_EEMPTY);
}

TEST(M6_D4_nobody_starves_beside_a_busy_channel)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 1000);
    eddy_auto(eddy_task) *task = eddy_create_task(sends_coro(channel, 0, 500));
    size_t before = eddy_channel_size(channel);

    CHECK_OK(eddy_sleep(0));
    CHECK(eddy_channel_size(channel) - before < 100);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(eddy_channel_size(channel), 500);
}

/* ---- M7: without waiting, misuse ---- */

TEST_PLAIN(M7_nowait_needs_no_loop)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long item = 7;

    CHECK_INT(eddy_channel_receive_nowait(channel, &item), EDDY_EEMPTY);
    CHECK_INT(eddy_channel_send_nowait(channel, &item), 0);
    CHECK_INT(eddy_channel_send_nowait(channel, &item), 0);
    CHECK_INT(eddy_channel_send_nowait(channel, &item), EDDY_EFULL);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), 0);
    CHECK_INT(eddy_channel_send(channel, &item), EDDY_ENOTASK);
    CHECK_INT(eddy_channel_receive(channel, &item), EDDY_ENOTASK);
    eddy_error_clear();
}

TEST(M7_misuse_is_told)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long item = 7;

    CHECK_PTR(eddy_channel_open(0, 2), NULL);
    CHECK_STR(last_words(), "a channel's items have a size of at least 1");
    CHECK_PTR(eddy_channel_open(8, 0), NULL);
    CHECK_STR(last_words(), "a channel's capacity is at least 1");
    CHECK_PTR(eddy_channel_open(SIZE_MAX / 2, 3), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOMEM);
    CHECK_INT(eddy_channel_send(NULL, &item), EDDY_EINVAL);
    CHECK_INT(eddy_channel_receive(NULL, &item), EDDY_EINVAL);
    CHECK_INT(eddy_channel_send(channel, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_channel_receive_nowait(channel, NULL), EDDY_EINVAL);
    CHECK_STR(last_words(), "the item is NULL");
    eddy_channel_close(NULL);
}

/* ---- M8: shutdown, closing ---- */

TEST(M8_shutdown_wakes_senders_and_lets_receivers_drain)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    eddy_auto(eddy_task) *sender = eddy_create_task(sends_coro(channel, 0, 5));
    long item = -1;

    CHECK_OK(eddy_sleep(0));
    eddy_channel_shutdown(channel);
    eddy_channel_shutdown(channel);
    CHECK_INT(eddy_await(sender), EDDY_ECLOSED);
    CHECK_INT(eddy_channel_send(channel, &item), EDDY_ECLOSED);
    CHECK_STR(last_words(), "the channel is shut down");
    for (long i = 0; i < 2; i++) {
        CHECK_INT(eddy_channel_receive(channel, &item), 0);
        CHECK_INT(item, i);
    }
    CHECK_INT(eddy_channel_receive(channel, &item), EDDY_ECLOSED);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), EDDY_ECLOSED);
}

TEST(M8_shutdown_wakes_receivers)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long item = -1;
    eddy_auto(eddy_task) *receiver = eddy_create_task(receives_one_coro(channel, &item));

    CHECK_OK(eddy_sleep(0));
    eddy_channel_shutdown(channel);
    CHECK_INT(eddy_await(receiver), EDDY_ECLOSED);
    CHECK_INT(item, -1);
}

static long dropped;

static void drop(void *item)
{
    dropped = 10 * dropped + *(long *)item;
}

TEST(M8_immediate_shutdown_and_the_last_close_drop_items)
{
    eddy_channel *channel = eddy_channel_open(sizeof(long), 4, .drop = drop);
    eddy_channel *other = eddy_channel_share(channel);

    for (long i = 1; i < 4; i++)
        CHECK_INT(eddy_channel_send(channel, &i), 0);
    eddy_channel_shutdown(channel, .immediate = true);
    CHECK_INT(dropped, 123);
    CHECK_INT(eddy_channel_size(channel), 0);
    eddy_channel_close(channel);
    eddy_channel_close(other);

    channel = eddy_channel_open(sizeof(long), 4, .drop = drop);
    other = eddy_channel_share(channel);
    for (long i = 4; i < 6; i++)
        CHECK_INT(eddy_channel_send(channel, &i), 0);
    eddy_channel_close(channel);
    CHECK_INT(dropped, 123);
    eddy_channel_close(other);
    CHECK_INT(dropped, 12345);
}

TEST(M8_last_close_wakes_who_waits)
{
    eddy_channel *channel = eddy_channel_open(sizeof(long), 2);
    long item = -1;
    eddy_auto(eddy_task) *receiver = eddy_create_task(receives_one_coro(channel, &item));

    CHECK_OK(eddy_sleep(0));
    eddy_channel_close(channel);
    eddy_cancel(receiver); /* too late: it was told already */
    CHECK_INT(eddy_await(receiver), EDDY_ECLOSED);
}

/* ---- plain threads ---- */

struct feeder {
    eddy_channel *channel;
    eddy_loop *loop;
    long count;
};

static void *feed(void *arg)
{
    struct feeder *f = arg;

    for (long i = 0; i < f->count;) {
        int r = eddy_channel_send_nowait(f->channel, &i);

        if (r == 0)
            i++;
        else
            usleep(50);
    }
    eddy_channel_shutdown(f->channel);
    eddy_channel_close(f->channel);
    eddy_error_clear();
    eddy_loop_release(f->loop);
    return NULL;
}

/* Also on the virtual clock, which does not jump while the loop is held. */
TEST(M7_plain_thread_feeds_a_loop)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 8);
    struct feeder f = {eddy_channel_share(channel), eddy_loop_running(), 2000};
    pthread_t thread;
    long item, n = 0;

    eddy_loop_hold(f.loop);
    CHECK_OK(-pthread_create(&thread, NULL, feed, &f));
    eddy_timeout(1000)
        while (eddy_channel_receive(channel, &item) == 0)
            CHECK_INT(item, n++);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    CHECK_INT(n, f.count);
    pthread_join(thread, NULL);
}

/* ---- each suspension, each failure ---- */

static int exchange_here(void)
{
    eddy_auto(eddy_channel) *channel = eddy_try(eddy_channel_open(sizeof(long), 2));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(sends_coro(channel, 0, 5)));
    long item = -1;

    for (long i = 0; i < 5; i++) {
        eddy_try(eddy_channel_receive(channel, &item));
        CHECK_INT(item, i);
    }
    return eddy_await(task);
}

SWEEP(M6_sweep_of_an_exchange)
{
    eddy_try(exchange_here());
    return exchange_here();
}

TORTURE(channel_without_memory)
{
    return exchange_here();
}

static int reported;

static void note_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop;
    CHECK_STR(report->message, arg);
    reported++;
}

/* A channel that was never opened, or was closed by eddy_take. */
TEST(M6_NULL_is_told)
{
    static char shut[] = "eddy_channel_shutdown_with: the channel is NULL";
    static char size[] = "eddy_channel_size: the channel is NULL";
    eddy_loop *loop = eddy_loop_running();

    CHECK_PTR(eddy_channel_share(NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_STR(last_words(), "the channel is NULL");
    eddy_loop_set_exception_handler(loop, note_report, shut);
    eddy_channel_shutdown(NULL);
    CHECK_INT(reported, 1);
    eddy_loop_set_exception_handler(loop, note_report, size);
    CHECK_INT(eddy_channel_size(NULL), 0);
    CHECK_INT(reported, 2);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    eddy_channel_close(NULL);
}
