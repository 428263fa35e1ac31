/* test_channel_loops.c - M3, M6, M8: channels between four loops. */
#include "test.h"

#include <eddy/channel.h>
#include <eddy/loops.h>
#include <stdatomic.h>

enum { LOOPS = 4 };

static int sends(eddy_channel *channel, long first, long count)
{
    for (long i = first; i < first + count; i++)
        eddy_try(eddy_channel_send(channel, &i));
    return 0;
}
EDDY_CORO(sends, eddy_channel *, long, long)

/* ---- M6: traffic in all directions ---- */

struct traffic {
    eddy_channel *channel;
    atomic_long sent, received; /* items */
    atomic_long sent_sum, received_sum;
    atomic_uint senders;
};

static int deliver(struct traffic *t, long count, double patience)
{
    long base = 1000000L * (eddy_loop_index() + 1);

    for (long i = base; i < base + count; i++) {
        int r = 0;

        if (patience == 0)
            r = eddy_channel_send(t->channel, &i);
        else
            eddy_timeout(patience *(double)(i % 7))
                r = eddy_channel_send(t->channel, &i);
        if (r == 0) {
            atomic_fetch_add(&t->sent, 1);
            atomic_fetch_add(&t->sent_sum, i);
        } else {
            CHECK_INT(r, EDDY_ETIMEDOUT);
        }
    }
    return 0;
}
EDDY_CORO(deliver, struct traffic *, long, double)

/* Each sender's items come in its own order. */
static int collect(struct traffic *t, double patience)
{
    long item, last[LOOPS + 2] = {0};

    for (long n = 0;; n++) {
        int r = 0;

        if (patience == 0)
            r = eddy_channel_receive(t->channel, &item);
        else
            eddy_timeout(patience *(double)(n % 5))
                r = eddy_channel_receive(t->channel, &item);
        if (r == EDDY_ECLOSED)
            return 0;
        if (r == EDDY_ETIMEDOUT)
            continue;
        CHECK_INT(r, 0);
        long from = item / 1000000;
        CHECK(from >= 1 && from <= LOOPS && item > last[from]);
        last[from] = item;
        atomic_fetch_add(&t->received, 1);
        atomic_fetch_add(&t->received_sum, item);
    }
}
EDDY_CORO(collect, struct traffic *, double)

static int delivers_and_collects(struct traffic *t, long count, double patience)
{
    eddy_auto(eddy_task) *collector = eddy_try(eddy_create_task(collect_coro(t, patience)));

    eddy_try(deliver(t, count, patience));
    if (atomic_fetch_sub(&t->senders, 1) == 1)
        eddy_channel_shutdown(t->channel);
    return eddy_await(collector);
}
EDDY_CORO(delivers_and_collects, struct traffic *, long, double)

static void exchange(size_t capacity, long count, double patience)
{
    struct traffic t = {.channel = eddy_channel_open(sizeof(long), capacity), .senders = LOOPS};

    CHECK_INT(eddy_run(delivers_and_collects_coro(&t, count, patience), .loops = LOOPS), 0);
    CHECK_INT(t.received, t.sent);
    CHECK_INT(t.received_sum, t.sent_sum);
    if (patience == 0)
        CHECK_INT(t.sent, LOOPS * count);
    eddy_channel_close(t.channel);
}

TEST_PLAIN(M6_four_loops_exchange_through_a_small_channel)
{
    exchange(1, 500, 0);
    exchange(3, 1000, 0);
}

TEST_PLAIN(M6_four_loops_exchange_through_a_large_channel)
{
    exchange(256, 5000, 0);
}

TEST_PLAIN(M6_X4_no_item_is_lost_in_a_storm_of_deadlines)
{
    exchange(1, 300, 1e-5);
    exchange(4, 300, 1e-6);
}

/* The same with cancellations of whole tasks, which say what they have got. */
static int keeps_sending(struct traffic *t)
{
    for (long i = 1;; i++) {
        eddy_try(eddy_channel_send(t->channel, &i));
        atomic_fetch_add(&t->sent, 1);
        atomic_fetch_add(&t->sent_sum, i);
    }
}
EDDY_CORO(keeps_sending, struct traffic *)

static int keeps_receiving(struct traffic *t)
{
    long item;

    for (;;) {
        eddy_try(eddy_channel_receive(t->channel, &item));
        atomic_fetch_add(&t->received, 1);
        atomic_fetch_add(&t->received_sum, item);
    }
}
EDDY_CORO(keeps_receiving, struct traffic *)

static int starts_and_cancels(struct traffic *t)
{
    for (int i = 0; i < 40; i++) {
        eddy_auto(eddy_task) *sender = eddy_try(eddy_create_task(keeps_sending_coro(t)));
        eddy_auto(eddy_task) *receiver = eddy_try(eddy_create_task(keeps_receiving_coro(t)));

        eddy_try(eddy_sleep(1e-5 * (i % 9)));
        if (i % 2)
            eddy_cancel(sender);
        eddy_try(eddy_sleep(0));
        eddy_cancel(receiver);
        eddy_ignore(eddy_await(receiver));
    }
    return 0;
}
EDDY_CORO(starts_and_cancels, struct traffic *)

TEST_PLAIN(M6_X4_no_item_is_lost_in_a_storm_of_cancellations)
{
    for (size_t capacity = 1; capacity < 20; capacity += 6) {
        struct traffic t = {.channel = eddy_channel_open(sizeof(long), capacity)};
        long item;

        CHECK_INT(eddy_run(starts_and_cancels_coro(&t), .loops = LOOPS), 0);
        while (eddy_channel_receive_nowait(t.channel, &item) == 0) {
            t.received++;
            t.received_sum += item;
        }
        CHECK_INT(t.received, t.sent);
        CHECK_INT(t.received_sum, t.sent_sum);
        eddy_channel_close(t.channel);
    }
    eddy_error_clear();
}

/* ---- shutdown and the end of loops ---- */

static int waits_at(eddy_channel *channel, bool sending)
{
    long item = 1;

    if (eddy_loop_index() > 0)
        return sending ? eddy_channel_send(channel, &item) : eddy_channel_receive(channel, &item);
    eddy_try(eddy_sleep(0.02));
    eddy_channel_shutdown(channel);
    return 0;
}

static int is_told(eddy_channel *channel, bool sending)
{
    int r = waits_at(channel, sending);

    CHECK_INT(r, eddy_loop_index() > 0 ? EDDY_ECLOSED : 0);
    return 0;
}
EDDY_CORO(is_told, eddy_channel *, bool)

TEST_PLAIN(M8_shutdown_wakes_the_waiters_of_all_loops)
{
    for (int sending = 0; sending < 2; sending++) {
        eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 1);
        long item = 1;

        if (sending)
            CHECK_INT(eddy_channel_send_nowait(channel, &item), 0);
        CHECK_INT(eddy_run(is_told_coro(channel, sending), .loops = LOOPS), 0);
    }
}

/* Tasks that are left at a channel are cancelled with the rest, and have neither sent nor taken. */
static int leaves_waiters(eddy_channel *channel)
{
    for (int i = 0; i < 5; i++)
        eddy_detach(eddy_try(eddy_create_task(sends_coro(channel, 10, 1))));
    return eddy_sleep(0.005);
}
EDDY_CORO(leaves_waiters, eddy_channel *)

TEST_PLAIN(M6_loops_end_over_tasks_that_wait_at_a_channel)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 2);
    long item;

    CHECK_INT(eddy_run(leaves_waiters_coro(channel), .loops = LOOPS), 0);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), 0);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), 0);
    CHECK_INT(eddy_channel_receive_nowait(channel, &item), EDDY_EEMPTY);
    eddy_error_clear();
}

/* The last handle goes while tasks of other loops wait, and before they have been woken. */
static atomic_uint about_to_wait;

static int nothing(void)
{
    return 0;
}
EDDY_CORO(nothing)

static int outlives_the_handle(eddy_channel *channel)
{
    long item;

    if (eddy_loop_index() > 0) {
        atomic_fetch_add(&about_to_wait, 1);
        CHECK_INT(eddy_channel_receive(channel, &item), EDDY_ECLOSED);
        return 0;
    }
    while (atomic_load(&about_to_wait) < LOOPS - 1)
        eddy_try(eddy_sleep(0.001));
    for (unsigned i = 1; i < LOOPS; i++) /* by now that step is over */
        eddy_try(eddy_to_loop(eddy_loop_at(i), nothing_coro()));
    eddy_channel_close(channel);
    return 0;
}
EDDY_CORO(outlives_the_handle, eddy_channel *)

TEST_PLAIN(M8_last_close_wakes_the_waiters_of_all_loops)
{
    CHECK_INT(
        eddy_run(outlives_the_handle_coro(eddy_channel_open(sizeof(long), 1)), .loops = LOOPS), 0);
}

/* ---- M3: waiting at a channel ---- */

static int receives(eddy_channel *channel)
{
    long item;

    return eddy_channel_receive(channel, &item);
}
EDDY_CORO(receives, eddy_channel *)

static int run_receives(void *arg)
{
    eddy_auto(eddy_channel) *channel = eddy_channel_open(sizeof(long), 1);

    (void)arg;
    CHECK_INT(eddy_run(receives_coro(channel), .loops = LOOPS), EDDY_EDEADLOCK);
    return 0;
}

TEST_PLAIN(M3_receivers_without_a_sender_are_a_deadlock)
{
    char output[8000];

    CHECK_INT(test_child(run_receives, NULL, output, sizeof output), 0);
    CHECK(strstr(output, "an item in a channel"));
}

/* Hundreds of moments at which all but one loop are idle. */
static int passes_on(eddy_channel **ring, int rounds)
{
    eddy_channel *in = ring[eddy_loop_index()];
    eddy_channel *out = ring[(eddy_loop_index() + 1) % LOOPS];
    long item = 0;

    if (eddy_loop_index() == 0)
        eddy_try(eddy_channel_send(out, &item));
    for (int i = 0; i < rounds; i++) {
        eddy_try(eddy_channel_receive(in, &item));
        item++;
        eddy_try(eddy_channel_send(out, &item));
    }
    return 0;
}
EDDY_CORO(passes_on, eddy_channel **, int)

TEST_PLAIN(M3_item_that_goes_round_all_loops_is_no_deadlock)
{
    eddy_channel *ring[LOOPS];

    for (int i = 0; i < LOOPS; i++)
        ring[i] = eddy_channel_open(sizeof(long), 1);
    CHECK_INT(eddy_run(passes_on_coro(ring, 300), .loops = LOOPS, .spin = -1), 0);
    for (int i = 0; i < LOOPS; i++)
        eddy_channel_close(ring[i]);
}
