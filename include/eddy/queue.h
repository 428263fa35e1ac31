/* queue.h - a queue of items of one size, copied in and out. First in first out, last in first out
 * or by priority (the least first; equals in order of entry). */
#ifndef EDDY_QUEUE_H
#define EDDY_QUEUE_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

typedef struct eddy_queue eddy_queue;

enum { EDDY_FIFO, EDDY_LIFO, EDDY_PRIORITY };

typedef struct eddy_queue_opts {
    int kind;                                     /* EDDY_FIFO, EDDY_LIFO, EDDY_PRIORITY */
    int (*compare)(const void *a, const void *b); /* PRIORITY: negative when a leaves first */
    /* Called for each item that nobody took, with a pointer to the queue's copy of it: for a queue
     * of pointers a pointer to the pointer. It may close the queue. */
    void (*drop)(void *item);
} eddy_queue_opts;

/* A queue for items of item_size bytes, at most capacity of them (0: no bound). NULL with a
 * record: EDDY_EINVAL, EDDY_ENOMEM. Close shuts it down, drops what is left, wakes waiters with
 * EDDY_ECLOSED. */
EDDY_API eddy_queue *eddy_queue_open_with(size_t item_size, size_t capacity,
                                          const eddy_queue_opts *opts);
#define eddy_queue_open(item_size, capacity, ...)                                                  \
    eddy_queue_open_with((item_size), (capacity), &(eddy_queue_opts){__VA_ARGS__})
EDDY_API void eddy_queue_close(eddy_queue *queue);
EDDY_AUTOCLOSE(eddy_queue, eddy_queue_close)

/* Waits for a free place; a failed put has taken nothing. EDDY_ECLOSED after shutdown. */
EDDY_API EDDY_SUSPENDS int eddy_queue_put(eddy_queue *queue, const void *item);
/* Waits for an item. EDDY_ECLOSED after shutdown once it is empty. */
EDDY_API EDDY_SUSPENDS int eddy_queue_get(eddy_queue *queue, void *item);
/* EDDY_EFULL and EDDY_EEMPTY instead of waiting. */
EDDY_API int eddy_queue_put_nowait(eddy_queue *queue, const void *item);
EDDY_API int eddy_queue_get_nowait(eddy_queue *queue, void *item);

/* Says that the work on one item that was taken is done; EDDY_ERANGE when that was said for all.
 * join waits until it was said for every item that was put. */
EDDY_API int eddy_queue_task_done(eddy_queue *queue);
EDDY_API EDDY_SUSPENDS int eddy_queue_join(eddy_queue *queue);

typedef struct eddy_shutdown_opts {
    bool immediate; /* drops the items that are left and counts them done */
} eddy_shutdown_opts;

/* From now on puts fail with EDDY_ECLOSED; gets take the items that are left, then fail, too. May
 * be called again. */
EDDY_API void eddy_queue_shutdown_with(eddy_queue *queue, const eddy_shutdown_opts *opts);
#define eddy_queue_shutdown(queue, ...)                                                            \
    eddy_queue_shutdown_with((queue), &(eddy_shutdown_opts){__VA_ARGS__})

/* Items that nobody has taken; whether there are none; whether a put would wait. */
EDDY_API size_t eddy_queue_size(const eddy_queue *queue);
EDDY_API bool eddy_queue_empty(const eddy_queue *queue);
EDDY_API bool eddy_queue_full(const eddy_queue *queue);

EDDY_END_DECLS

#endif
