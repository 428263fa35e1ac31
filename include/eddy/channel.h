/* channel.h - a bounded queue of items of one size between loops and threads, first in, first out.
 * Items are copied in and out. Inside one loop eddy_queue is quicker. */
#ifndef EDDY_CHANNEL_H
#define EDDY_CHANNEL_H

#include <eddy/queue.h>

EDDY_BEGIN_DECLS

typedef struct eddy_channel eddy_channel;

typedef struct eddy_channel_opts {
    void (*drop)(void *item); /* called for each item that nobody took, in any thread */
} eddy_channel_opts;

/* A channel for up to capacity items (1 at least) of item_size bytes; its memory is taken here. No
 * loop need run. NULL with a record: EDDY_EINVAL, EDDY_ENOMEM. share gives another handle of it,
 * from any thread; each is closed. The last close shuts it down and drops what is left. */
EDDY_API eddy_channel *eddy_channel_open_with(size_t item_size, size_t capacity,
                                              const eddy_channel_opts *opts);
#define eddy_channel_open(item_size, capacity, ...)                                                \
    eddy_channel_open_with((item_size), (capacity), &(eddy_channel_opts){__VA_ARGS__})
EDDY_API eddy_channel *eddy_channel_share(eddy_channel *channel);
EDDY_API void eddy_channel_close(eddy_channel *channel);
EDDY_AUTOCLOSE(eddy_channel, eddy_channel_close)

/* For tasks of any loop. Waits for a free place; tasks that wait get one in the order in which they
 * came. A send that fails has taken nothing. EDDY_ECLOSED after shutdown. */
EDDY_API EDDY_SUSPENDS int eddy_channel_send(eddy_channel *channel, const void *item);
/* Waits for an item. EDDY_ECLOSED after shutdown once it is empty. */
EDDY_API EDDY_SUSPENDS int eddy_channel_receive(eddy_channel *channel, void *item);
/* From any thread: EDDY_EFULL and EDDY_EEMPTY instead of waiting. A thread that wakes a loop by
 * these must hold that loop (eddy_loop_hold); without that the loop may conclude that its tasks
 * wait for ever. */
EDDY_API int eddy_channel_send_nowait(eddy_channel *channel, const void *item);
EDDY_API int eddy_channel_receive_nowait(eddy_channel *channel, void *item);

/* From any thread: from now on sends fail with EDDY_ECLOSED; receives take what is there, then
 * fail, too. May be called again. */
EDDY_API void eddy_channel_shutdown_with(eddy_channel *channel, const eddy_shutdown_opts *opts);
#define eddy_channel_shutdown(channel, ...)                                                        \
    eddy_channel_shutdown_with((channel), &(eddy_shutdown_opts){__VA_ARGS__})

/* Items that nobody has taken, at this moment. */
EDDY_API size_t eddy_channel_size(eddy_channel *channel);

EDDY_END_DECLS

#endif
