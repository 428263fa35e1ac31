/* channel.c - eddy_channel: a ring behind a mutex, and the tasks of all loops that wait at it. */
#include "sync/sync.h"
#include <eddy/channel.h>

#include <pthread.h>

/* Waiting receivers: the channel is empty and not shut down. Waiting senders: it is full and not
 * shut down. As in a queue, who makes a place or brings an item serves the first who waits, so
 * nobody overtakes and a waiter that wakes with 0 has what it waited for.
 *
 * It lives as long as it has handles or users: waiters, for one has been served, and perhaps the
 * last handle was closed, before its own loop comes to wake it; and calls of .drop, which may call
 * anything. */
struct eddy_channel {
    pthread_mutex_t lock; /* of all that changes */
    size_t item_size;
    size_t capacity;
    size_t count;
    size_t head; /* slot of the first item */
    unsigned handles;
    unsigned users;
    bool shut;
    struct list receivers;
    struct list senders;
    void (*drop)(void *item);
    unsigned char items[];
};

/* On the stack of the task that waits. Once it is out of the list it is `served`, by whichever
 * thread: its task is woken by its own loop, and nothing else ends the wait any more. */
struct waiter {
    struct eddy__inbox_node served; /* must stay first */
    struct list link;
    eddy_channel *channel;
    eddy_task *task;
    void *item;
    int status;
};

/* ---- opening, closing ---- */

eddy_channel *eddy_channel_open_with(size_t item_size, size_t capacity,
                                     const eddy_channel_opts *opts)
{
    eddy_channel *channel = NULL;
    size_t bytes;

    if (item_size == 0 || capacity == 0) {
        eddy__raise(EDDY_EINVAL, "a channel's %s at least 1",
                    item_size == 0 ? "items have a size of" : "capacity is");
        return NULL;
    }
    if (!__builtin_mul_overflow(item_size, capacity, &bytes) &&
        !__builtin_add_overflow(bytes, sizeof *channel, &bytes))
        channel = eddy_alloc(bytes);
    if (!channel) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    *channel = (eddy_channel){.item_size = item_size,
                              .capacity = capacity,
                              .handles = 1,
                              .drop = opts ? opts->drop : NULL};
    list_init(&channel->receivers);
    list_init(&channel->senders);
    pthread_mutex_init(&channel->lock, NULL);
    return channel;
}

static COLD int channel_refuse(const eddy_channel *channel)
{
    return eddy__raise(EDDY_EINVAL, channel ? "the item is NULL" : "the channel is NULL");
}

/* For those that cannot tell by a result. */
static COLD void missing(const char *function)
{
    eddy__bug(EDDY_EINVAL, "%s: the channel is NULL", function);
}

eddy_channel *eddy_channel_share(eddy_channel *channel)
{
    if (!channel) {
        channel_refuse(channel);
        return NULL;
    }
    pthread_mutex_lock(&channel->lock);
    channel->handles++;
    pthread_mutex_unlock(&channel->lock);
    return channel;
}

/* Of a user that has the lock: gives it up, and frees what nobody has any more. */
static void channel_let_go(eddy_channel *channel)
{
    channel->users--;
    bool gone = channel->handles == 0 && channel->users == 0;

    pthread_mutex_unlock(&channel->lock);
    if (!gone)
        return;
    pthread_mutex_destroy(&channel->lock);
    eddy_free(channel);
}

void eddy_channel_close(eddy_channel *channel)
{
    if (!channel)
        return;
    pthread_mutex_lock(&channel->lock);
    unsigned handles = channel->handles;
    channel->handles -= handles > 0;
    channel->users += handles == 1;
    pthread_mutex_unlock(&channel->lock);
    if (handles == 0)
        eddy__bug(EDDY_ECLOSED, "a channel is closed twice");
    if (handles != 1)
        return;
    eddy_channel_shutdown(channel, .immediate = true);
    pthread_mutex_lock(&channel->lock);
    channel_let_go(channel);
}

/* ---- waking ---- */

static void wake(struct eddy__inbox_node *node)
{
    const struct waiter *w = (struct waiter *)(void *)node;

    eddy__wake(w->task, w->status);
}

/* Without the lock. The waiter is gone when its loop has been told, and the loop perhaps, too. */
static void channel_tell(struct waiter *w)
{
    eddy_loop *loop = w->task->loop;

    if (loop == eddy__thread.loop) {
        wake(&w->served);
        return;
    }
    eddy__loop_ref(loop);
    (void)eddy__inbox_push(loop, &w->served); /* closed: over a task that it could not end */
    eddy__loop_unref(loop);
}

/* With the lock. */
static struct waiter *serve_first(struct list *waiters, int status)
{
    struct list *link = list_take_first(waiters);

    if (!link)
        return NULL;
    struct waiter *w = container_of(link, struct waiter, link);
    w->status = status;
    return w;
}

/* ---- attempts: with the lock. *served is who is to be told after it, NULL: nobody ---- */

static unsigned char *channel_slot(eddy_channel *channel, size_t n)
{
    size_t at = channel->head + n;

    if (at >= channel->capacity)
        at -= channel->capacity;
    return channel->items + at * channel->item_size;
}

static void channel_push(eddy_channel *channel, const void *item)
{
    eddy__item_copy(channel_slot(channel, channel->count++), item, channel->item_size);
}

static void channel_pop(eddy_channel *channel, void *item)
{
    eddy__item_copy(item, channel_slot(channel, 0), channel->item_size);
    channel->count--;
    channel->head = channel->head + 1 < channel->capacity ? channel->head + 1 : 0;
}

static int try_send(eddy_channel *channel, const void *item, struct waiter **served)
{
    *served = NULL;
    if (unlikely(channel->shut))
        return EDDY_ECLOSED;
    if (channel->count == channel->capacity)
        return EDDY_EFULL;
    *served = serve_first(&channel->receivers, 0);
    if (*served)
        eddy__item_copy((*served)->item, item, channel->item_size);
    else
        channel_push(channel, item);
    return 0;
}

static int try_receive(eddy_channel *channel, void *item, struct waiter **served)
{
    *served = NULL;
    if (channel->count == 0)
        return channel->shut ? EDDY_ECLOSED : EDDY_EEMPTY;
    channel_pop(channel, item);
    *served = serve_first(&channel->senders, 0);
    if (*served)
        channel_push(channel, (*served)->item);
    return 0;
}

static int raise_status(int status)
{
    if (status == EDDY_ECLOSED)
        return eddy__raise(status, "the channel is shut down");
    return eddy__raise_if(status);
}

/* After an attempt: gives up the lock. */
static inline int channel_leave(eddy_channel *channel, int status, struct waiter *served)
{
    pthread_mutex_unlock(&channel->lock);
    if (served)
        channel_tell(served);
    return likely(status == 0) ? 0 : raise_status(status);
}

/* ---- without waiting ---- */

int eddy_channel_send_nowait(eddy_channel *channel, const void *item)
{
    struct waiter *served;

    if (unlikely(!channel || !item))
        return channel_refuse(channel);
    pthread_mutex_lock(&channel->lock);
    int r = try_send(channel, item, &served);
    return channel_leave(channel, r, served);
}

int eddy_channel_receive_nowait(eddy_channel *channel, void *item)
{
    struct waiter *served;

    if (unlikely(!channel || !item))
        return channel_refuse(channel);
    pthread_mutex_lock(&channel->lock);
    int r = try_receive(channel, item, &served);
    return channel_leave(channel, r, served);
}

/* ---- waiting ---- */

/* One that has been served meanwhile is on its way, and has what it waited for (D1). */
static void abort_wait(eddy_task *task, int code)
{
    struct waiter *w = task->waiting_on;

    pthread_mutex_lock(&w->channel->lock);
    bool waits = !list_empty(&w->link);
    list_remove(&w->link);
    pthread_mutex_unlock(&w->channel->lock);
    if (waits)
        eddy__wake(task, code);
}

/* With the lock, which it gives up. */
static NOINLINE int channel_wait_among(eddy_channel *channel, struct list *waiters, void *item,
                                       const struct eddy__wait_kind *kind)
{
    struct waiter w = {
        .served = {NULL, wake}, .channel = channel, .task = eddy__self(), .item = item};

    list_add_tail(waiters, &w.link);
    channel->users++;
    pthread_mutex_unlock(&channel->lock);
    int r = eddy__park(kind, &w);
    pthread_mutex_lock(&channel->lock);
    channel_let_go(channel);
    return likely(r == 0) ? 0 : raise_status(r);
}

/* The lock, or a failure, raised. */
static inline int channel_enter(eddy_channel *channel, const void *item)
{
    int r = eddy__check_interrupt();

    if (unlikely(r < 0))
        return r;
    if (unlikely(!channel || !item))
        return channel_refuse(channel);
    pthread_mutex_lock(&channel->lock);
    return 0;
}

int eddy_channel_send(eddy_channel *channel, const void *item)
{
    static const struct eddy__wait_kind kind = {"room in a channel", abort_wait};
    struct waiter *served;
    int r = channel_enter(channel, item);

    if (unlikely(r < 0))
        return r;
    r = try_send(channel, item, &served);
    if (r == EDDY_EFULL)
        return channel_wait_among(channel, &channel->senders, eddy__unconst(item), &kind);
    r = channel_leave(channel, r, served);
    eddy__spend();
    return r;
}

int eddy_channel_receive(eddy_channel *channel, void *item)
{
    static const struct eddy__wait_kind kind = {"an item in a channel", abort_wait};
    struct waiter *served;
    int r = channel_enter(channel, item);

    if (unlikely(r < 0))
        return r;
    r = try_receive(channel, item, &served);
    if (r == EDDY_EEMPTY)
        return channel_wait_among(channel, &channel->receivers, item, &kind);
    r = channel_leave(channel, r, served);
    eddy__spend();
    return r;
}

/* ---- shutdown ---- */

static void tell_all(eddy_channel *channel, struct list *waiters)
{
    struct waiter *w;

    do {
        pthread_mutex_lock(&channel->lock);
        w = serve_first(waiters, EDDY_ECLOSED);
        pthread_mutex_unlock(&channel->lock);
        if (w)
            channel_tell(w);
    } while (w);
}

/* Nobody touches items that count does not include, once the channel is shut. */
static void channel_drop_all(eddy_channel *channel)
{
    pthread_mutex_lock(&channel->lock);
    size_t n = channel->count;
    channel->count = 0;
    channel->users++;
    pthread_mutex_unlock(&channel->lock);
    for (size_t i = 0; i < n && channel->drop; i++)
        channel->drop(channel_slot(channel, i));
    pthread_mutex_lock(&channel->lock);
    channel_let_go(channel);
}

void eddy_channel_shutdown_with(eddy_channel *channel, const eddy_shutdown_opts *opts)
{
    if (!channel) {
        missing(__func__);
        return;
    }
    pthread_mutex_lock(&channel->lock);
    channel->shut = true;
    pthread_mutex_unlock(&channel->lock);
    tell_all(channel, &channel->senders);
    tell_all(channel, &channel->receivers);
    if (opts && opts->immediate)
        channel_drop_all(channel);
}

size_t eddy_channel_size(eddy_channel *channel)
{
    if (!channel) {
        missing(__func__);
        return 0;
    }
    pthread_mutex_lock(&channel->lock);
    size_t count = channel->count;
    pthread_mutex_unlock(&channel->lock);
    return count;
}
