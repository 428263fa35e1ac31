/* random_channels.c - several loops and threads that share channels: senders, receivers, relays
 * through a queue, coroutines sent to other loops, all with timeouts and cancellations, while
 * others share, shut down and close. Each item carries who sent it and its number: none is lost,
 * comes twice, or overtakes another of its sender, and all ends once the channels are shut down.
 */
#include "random.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LOOPS_MAX = 4, CHANNELS_MAX = 3, ACTORS_MAX = 60, ITEMS_MAX = 24, SIZE_MAX_ = 96 };

/* As far as the item's size reaches: the rest of `fill` depends on the number. */
struct item {
    uint16_t sender, channel;
    uint32_t number;
    unsigned char fill[SIZE_MAX_];
};

struct channel {
    eddy_channel *handle; /* the program's own, until all is shut down */
    size_t size, capacity;
    bool drops;
    bool keeps_handle; /* to the very end; otherwise the last to close is an actor, perhaps */
    atomic_bool shut, dropped_unseen;
};

enum kind {
    SENDER,
    RECEIVER,
    RELAY,
    THREAD_SENDER,
    THREAD_RECEIVER,
    REMOTE,
    CANCELLER,
    SHUTTER,
    ORPHAN,
    KINDS
};

/* What was sent, and by when it came out: stamps count the events of all threads. */
struct sent {
    atomic_uint out;
    atomic_bool dropped;
    unsigned started, ended;
};

struct actor {
    struct random r;
    enum kind kind;
    unsigned index, loop, other, items;
    struct channel *from, *to;
    eddy_channel *receives, *sends; /* handles of its own */
    eddy_task *task;
    unsigned count;
    struct sent sent[ITEMS_MAX];
    int last[ACTORS_MAX]; /* the last number seen of each sender */
};

static struct {
    unsigned loops, channel_count, actor_count;
    bool separate; /* loops of runs of their own */
    int linger_us;
    unsigned long seed;
    struct channel channels[CHANNELS_MAX];
    struct actor *actors;
    eddy_loop *loop[LOOPS_MAX];
    atomic_uint arrived, left, stamp;
} p;

/* ---- items --------------------------------------------------------------------------------- */

static unsigned stamp(void)
{
    return atomic_fetch_add(&p.stamp, 1);
}

static unsigned char filler(uint32_t number, size_t i)
{
    return (unsigned char)(number * 31 + i);
}

static size_t fill_size(const struct channel *c)
{
    return c->size - offsetof(struct item, fill);
}

static void make_item(struct item *item, const struct actor *a)
{
    item->sender = (uint16_t)a->index;
    item->channel = (uint16_t)(a->to - p.channels);
    item->number = a->count;
    for (size_t i = 0; i < fill_size(a->to); i++)
        item->fill[i] = filler(a->count, i);
}

static struct sent *check_item(const struct random *r, const struct item *item)
{
    random_expect(r,
                  item->channel < p.channel_count && item->sender < p.actor_count &&
                      item->number < ITEMS_MAX,
                  "%u %u %u", item->channel, item->sender, item->number);
    for (size_t i = 0; i < fill_size(&p.channels[item->channel]); i++)
        random_expect(r, item->fill[i] == filler(item->number, i), "byte %zu of item %u of %u", i,
                      item->number, item->sender);
    struct sent *s = &p.actors[item->sender].sent[item->number];
    random_expect(r, atomic_fetch_add(&s->out, 1) == 0, "item %u of %u came twice", item->number,
                  item->sender);
    return s;
}

static void take_item(struct actor *a, const struct item *item, unsigned started)
{
    struct sent *s = check_item(&a->r, item);

    random_expect(&a->r, &p.channels[item->channel] == a->from, "an item of channel %u",
                  item->channel);
    random_expect(&a->r, (int)item->number > a->last[item->sender], "item %u of %u came after %d",
                  item->number, item->sender, a->last[item->sender]);
    a->last[item->sender] = (int)item->number;
    s->started = started;
    s->ended = stamp();
}

/* Items of such sizes are at any address. */
static void drop_item(void *place)
{
    struct random r = {.seed = 0};
    struct item item;

    memcpy(&item, place, offsetof(struct item, fill));
    CHECK(item.channel < p.channel_count);
    memcpy(&item, place, p.channels[item.channel].size);
    atomic_store(&check_item(&r, &item)->dropped, true);
}

/* Of a send that began after the shutdown had ended: it must fail. */
static void check_send(struct actor *a, bool was_shut, int status)
{
    random_expect(&a->r, !was_shut || status < 0, "sent after the shutdown: %d", status);
    if (status == 0)
        a->count++;
    random_expect(&a->r, eddy_channel_size(a->sends) <= a->to->capacity, "more than its capacity");
}

/* ---- what actors do ------------------------------------------------------------------------ */

static int pause_a_little(struct random *r)
{
    switch (random_below(r, 8)) {
    case 0:
        return eddy_sleep(0);
    case 1:
        return eddy_sleep(random_below(r, 300) * 1e-6);
    default:
        return 0;
    }
}

static bool is_over(int status)
{
    return status == EDDY_ECLOSED || status == EDDY_ECANCELED;
}

/* In a timeout, or without. */
static int send_one(struct actor *a)
{
    struct item item;
    bool was_shut = atomic_load(&a->to->shut);
    int r = 0;

    make_item(&item, a);
    if (random_percent(&a->r, 30))
        eddy_timeout(random_below(&a->r, 200) * 1e-6)
            r = eddy_channel_send(a->sends, &item);
    else if (random_percent(&a->r, 20))
        r = eddy_channel_send_nowait(a->sends, &item);
    else
        r = eddy_channel_send(a->sends, &item);
    check_send(a, was_shut, r);
    return r;
}

static int receive_one(struct actor *a)
{
    struct item item;
    unsigned started = stamp();
    int r = 0;

    if (random_percent(&a->r, 30))
        eddy_timeout(random_below(&a->r, 200) * 1e-6)
            r = eddy_channel_receive(a->receives, &item);
    else if (random_percent(&a->r, 20))
        r = eddy_channel_receive_nowait(a->receives, &item);
    else
        r = eddy_channel_receive(a->receives, &item);
    if (r == 0)
        take_item(a, &item, started);
    return r;
}

static int send_some(struct actor *a)
{
    for (unsigned i = 0; i < a->items; i++)
        if (is_over(send_one(a)) || is_over(pause_a_little(&a->r)))
            break;
    return 0;
}
EDDY_CORO(send_some, struct actor *)

static int receive_some(struct actor *a)
{
    for (unsigned i = 0; i < 2 * a->items; i++)
        if (is_over(receive_one(a)) || is_over(pause_a_little(&a->r)))
            break;
    return 0;
}

/* In a thread, where nothing waits. */
static int send_in_thread(struct actor *a)
{
    for (unsigned tries = 0; tries < 200 && a->count < a->items; tries++) {
        struct item item;
        bool was_shut = atomic_load(&a->to->shut);

        make_item(&item, a);
        int r = eddy_channel_send_nowait(a->sends, &item);
        check_send(a, was_shut, r);
        if (r == EDDY_EFULL)
            usleep(random_below(&a->r, 50));
        else if (r < 0)
            break;
    }
    return 0;
}
EDDY_CORO(send_in_thread, struct actor *)

static int receive_in_thread(struct actor *a)
{
    for (unsigned tries = 0; tries < 100; tries++) {
        struct item item;
        unsigned started = stamp();
        int r = eddy_channel_receive_nowait(a->receives, &item);

        if (r == 0)
            take_item(a, &item, started);
        else if (r == EDDY_EEMPTY)
            usleep(random_below(&a->r, 50));
        else
            break;
    }
    return 0;
}
EDDY_CORO(receive_in_thread, struct actor *)

static int forward(eddy_queue *queue, struct actor *a)
{
    int number;

    while (a->count < ITEMS_MAX && eddy_queue_get(queue, &number) == 0) {
        random_expect(&a->r, number >= (int)a->count, "%d after %u", number, a->count);
        if (is_over(send_one(a)))
            break;
    }
    eddy_queue_shutdown(queue);
    return 0;
}
EDDY_CORO(forward, eddy_queue *, struct actor *)

/* What it receives goes through a queue of its loop to a task that sends as many items on. */
static int relay(struct actor *a)
{
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(int), 3));
    struct actor *sender = a;
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(forward_coro(queue, sender)));
    struct random own = random_branch(&a->r);

    for (int i = 0; i < ITEMS_MAX; i++) {
        struct item item;
        unsigned started = stamp();

        if (eddy_channel_receive(a->receives, &item) < 0)
            break;
        take_item(a, &item, started);
        if (eddy_queue_put(queue, &i) < 0 || pause_a_little(&own) < 0)
            break;
    }
    eddy_queue_shutdown(queue);
    eddy_ignore(eddy_await(task));
    return 0;
}

/* Sends from another loop, for which it waits a moment or as long as it takes. */
static int send_remotely(struct actor *a)
{
    int r = 0;

    if (random_percent(&a->r, 50))
        r = eddy_to_loop(p.loop[a->other], send_some_coro(a));
    else
        eddy_timeout(random_below(&a->r, 500) * 1e-6)
            r = eddy_to_loop(p.loop[a->other], send_some_coro(a));
    random_expect(&a->r, r == 0 || r == EDDY_ETIMEDOUT || r == EDDY_ECANCELED, "%d", r);
    return 0;
}

static int cancel_somebody(struct actor *a)
{
    struct actor *victim = &p.actors[random_below(&a->r, p.actor_count)];

    if (is_over(eddy_sleep(random_below(&a->r, 500) * 1e-6)))
        return 0;
    if (victim->loop == a->loop && victim->task && victim != a)
        eddy_cancel(victim->task);
    return 0;
}

static int shut_down(struct actor *a)
{
    if (is_over(eddy_sleep(random_below(&a->r, 1500) * 1e-6)))
        return 0;
    bool immediate = random_percent(&a->r, 50);
    if (immediate && !a->to->drops)
        atomic_store(&a->to->dropped_unseen, true);
    eddy_channel_shutdown(a->sends, .immediate = immediate);
    atomic_store(&a->to->shut, true);
    return 0;
}

static int receive_number(eddy_channel *channel, int *number)
{
    return eddy_channel_receive(channel, number);
}
EDDY_CORO(receive_number, eddy_channel *, int *)

static int close_elsewhere(eddy_channel *channel, bool sends)
{
    int number = 7;

    if (sends)
        eddy_ignore(eddy_channel_send_nowait(channel, &number));
    eddy_channel_close(channel);
    return 0;
}
EDDY_CORO(close_elsewhere, eddy_channel *, bool)

/* Waits at a channel whose only handle another loop or thread closes. */
static int wait_as_orphan(struct actor *a)
{
    eddy_channel *channel = eddy_try(eddy_channel_open(sizeof(int), 1));
    bool sends = random_percent(&a->r, 50), in_thread = random_percent(&a->r, 50);
    int number = 0, r = 0;

    eddy_task *task = eddy_create_task(receive_number_coro(channel, &number), .eager = true);
    eddy_shield(INFINITY)
        r = in_thread ? eddy_to_thread(close_elsewhere_coro(channel, sends))
                      : eddy_to_loop(p.loop[a->other], close_elsewhere_coro(channel, sends));
    random_expect(&a->r, r == 0, "%d", r);
    eddy_shield(INFINITY)
        r = eddy_await(task);
    random_expect(&a->r, r == (sends ? 0 : EDDY_ECLOSED) && number == (sends ? 7 : 0), "%d %d", r,
                  number);
    eddy_task_close(task);
    return 0;
}

static int act(struct actor *a)
{
    switch (a->kind) {
    case SENDER:
        return send_some(a);
    case RECEIVER:
        return receive_some(a);
    case RELAY:
        return relay(a);
    case THREAD_SENDER:
        eddy_shield(INFINITY)
            return eddy_to_thread(send_in_thread_coro(a));
        break;
    case THREAD_RECEIVER:
        eddy_shield(INFINITY)
            return eddy_to_thread(receive_in_thread_coro(a));
        break;
    case REMOTE:
        return send_remotely(a);
    case CANCELLER:
        return cancel_somebody(a);
    case SHUTTER:
        return shut_down(a);
    default:
        return wait_as_orphan(a);
    }
    return 0;
}

static int play(struct actor *a)
{
    int r = act(a);

    eddy_channel_close(eddy_take(a->receives));
    eddy_channel_close(eddy_take(a->sends));
    return r;
}
EDDY_CORO(play, struct actor *)

/* ---- loops --------------------------------------------------------------------------------- */

static void end_channels(struct random *r)
{
    for (unsigned i = 0; i < p.channel_count; i++) {
        struct channel *c = &p.channels[i];

        eddy_channel_shutdown(c->handle);
        atomic_store(&c->shut, true);
        if (c->keeps_handle)
            continue;
        if (!c->drops)
            atomic_store(&c->dropped_unseen, true);
        eddy_channel_close(eddy_take(c->handle));
    }
    random_note(r, "all is shut down");
}

/* Nobody leaves before all have come, nor closes a loop that others may still call. */
static int meet(atomic_uint *who)
{
    atomic_fetch_add(who, 1);
    while (atomic_load(who) < p.loops)
        eddy_try(eddy_sleep(50e-6));
    return 0;
}

/* One that was cancelled before it began has not closed its handles. */
static void end_actor(struct actor *a)
{
    int status = eddy_await(a->task);

    random_expect(&a->r, status == 0 || status == EDDY_ECHILDCANCELED, "%d", status);
    eddy_channel_close(a->receives);
    eddy_channel_close(a->sends);
}

static int run_actors(struct random *r, unsigned loop)
{
    p.loop[loop] = eddy_loop_running();
    eddy_try(meet(&p.arrived));
    for (unsigned i = 0; i < p.actor_count; i++)
        if (p.actors[i].loop == loop)
            p.actors[i].task = eddy_try(eddy_create_task(play_coro(&p.actors[i])));
    if (loop == 0) {
        eddy_try(eddy_sleep(p.linger_us * 1e-6));
        end_channels(r);
    }
    for (unsigned i = 0; i < p.actor_count; i++)
        if (p.actors[i].loop == loop)
            end_actor(&p.actors[i]);
    for (unsigned i = 0; i < p.actor_count; i++)
        if (p.actors[i].loop == loop)
            eddy_task_close(p.actors[i].task);
    return meet(&p.left);
}

static int run_peer(struct random *r)
{
    return run_actors(r, eddy_loop_index());
}
EDDY_CORO(run_peer, struct random *)

/* Loops that do not know of each other are held all the time. */
static int run_alone(struct random *r, unsigned loop)
{
    eddy_loop *self = eddy_loop_running();

    eddy_loop_hold(self);
    int status = run_actors(r, loop);
    eddy_loop_release(self);
    return status;
}
EDDY_CORO(run_alone, struct random *, unsigned)

struct runner {
    pthread_t thread;
    struct random *r;
    unsigned loop;
    int status;
};

static void *run_separately(void *arg)
{
    struct runner *runner = arg;

    runner->status = eddy_run(run_alone_coro(runner->r, runner->loop), .seed = p.seed);
    eddy_error_clear();
    return NULL;
}

static void run_loops(struct random *r)
{
    struct runner runners[LOOPS_MAX];

    if (!p.separate) {
        int status = eddy_run(run_peer_coro(r), .loops = (int)p.loops, .seed = p.seed);
        random_expect(r, status == 0, "%d", status);
        return;
    }
    for (unsigned i = 0; i < p.loops; i++) {
        runners[i] = (struct runner){.r = r, .loop = i};
        CHECK_INT(pthread_create(&runners[i].thread, NULL, run_separately, &runners[i]), 0);
    }
    for (unsigned i = 0; i < p.loops; i++) {
        pthread_join(runners[i].thread, NULL);
        random_expect(r, runners[i].status == 0, "loop %u: %d", i, runners[i].status);
    }
}

/* ---- the program --------------------------------------------------------------------------- */

static void make_channel(struct random *r, struct channel *c)
{
    c->capacity = (size_t)random_between(r, 1, 6);
    c->size = offsetof(struct item, fill) + random_below(r, SIZE_MAX_ + 1);
    c->drops = random_percent(r, 70);
    c->keeps_handle = random_percent(r, 50);
    c->handle = eddy_channel_open(c->size, c->capacity, .drop = c->drops ? drop_item : NULL);
    CHECK(c->handle);
}

static void make_actor(struct random *r, struct actor *a)
{
    a->r = random_branch(r);
    a->r.seed = 0;
    a->index = (unsigned)(a - p.actors);
    a->kind = (enum kind)(random_percent(r, 60) ? random_below(r, 2) : random_below(r, KINDS));
    a->loop = random_below(r, p.loops);
    a->other = random_below(r, p.loops);
    a->items = (unsigned)random_between(r, 1, ITEMS_MAX);
    a->from = &p.channels[random_below(r, p.channel_count)];
    a->to = &p.channels[random_below(r, p.channel_count)];
    a->receives = eddy_channel_share(a->from->handle);
    a->sends = eddy_channel_share(a->to->handle);
    memset(a->last, -1, sizeof a->last);
    random_note(r, "kind %d in loop %u, other %u, channels %d to %d, %u items", (int)a->kind,
                a->loop, a->other, (int)(a->from - p.channels), (int)(a->to - p.channels),
                a->items);
}

/* No item came out, to whomever, wholly before one began to that was sent before it. */
static void check_sender(struct random *r, const struct actor *a)
{
    unsigned first_end = UINT32_MAX;

    for (unsigned i = ITEMS_MAX; i-- > 0;) {
        const struct sent *s = &a->sent[i];
        unsigned out = atomic_load(&s->out), is_sent = i < a->count;

        random_expect(r, out == is_sent || (is_sent && atomic_load(&a->to->dropped_unseen)),
                      "item %u of %u came out %u times, %u were sent", i, a->index, out, a->count);
        if (!out || atomic_load(&s->dropped))
            continue;
        random_expect(r, s->started < first_end, "a later one came before item %u of %u", i,
                      a->index);
        if (s->ended < first_end)
            first_end = s->ended;
    }
}

static void drain(struct random *r, struct channel *c)
{
    struct item item;

    while (c->handle && eddy_channel_receive_nowait(c->handle, &item) == 0)
        atomic_store(&check_item(r, &item)->dropped, true);
    eddy_channel_close(c->handle);
    eddy_error_clear();
}

void random_program(struct random *r)
{
    p.loops = (unsigned)random_between(r, 1, LOOPS_MAX);
    p.separate = random_percent(r, 30);
    p.channel_count = (unsigned)random_between(r, 1, CHANNELS_MAX);
    p.linger_us = random_between(r, 0, 3000);
    p.seed = random_percent(r, 50) ? (unsigned long)random_bits(r) : 0;
    for (unsigned i = 0; i < p.channel_count; i++)
        make_channel(r, &p.channels[i]);
    p.actors = calloc(ACTORS_MAX, sizeof *p.actors);
    CHECK(p.actors);
    while (random_step(r))
        if (p.actor_count < ACTORS_MAX)
            make_actor(r, &p.actors[p.actor_count++]);
    run_loops(r);
    for (unsigned i = 0; i < p.channel_count; i++)
        drain(r, &p.channels[i]);
    for (unsigned i = 0; i < p.actor_count; i++)
        check_sender(r, &p.actors[i]);
    free(p.actors);
}
