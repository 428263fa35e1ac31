/* pool.h - pools that run jobs beside the loop: in threads, or in processes. A job is a coroutine
 * object whose function runs there; it may block and compute, but not suspend (EDDY_ENOTASK). */
#ifndef EDDY_POOL_H
#define EDDY_POOL_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

typedef struct eddy_pool eddy_pool;

typedef struct eddy_thread_pool_opts {
    unsigned threads; /* at most so many; 0: EDDY_THREADS, 4 or the number of cores */
    unsigned queue;   /* jobs that wait for a thread; beyond it callers wait; 0: no bound */
    const char *name; /* of the threads and in reports, 15 bytes; NULL: "eddy-pool" */
    double grace;     /* seconds that eddy_pool_close waits for running jobs; 0: 5 s */
} eddy_thread_pool_opts;

/* A pool of threads, which are started as they are needed. It belongs to the running loop. NULL
 * with a record: EDDY_ELOOP outside a loop, EDDY_EINVAL, EDDY_ENOMEM. */
EDDY_API eddy_pool *eddy_thread_pool_open_with(const eddy_thread_pool_opts *opts);
#define eddy_thread_pool_open(...) eddy_thread_pool_open_with(&(eddy_thread_pool_opts){__VA_ARGS__})

typedef struct eddy_process_pool_opts {
    unsigned workers;         /* at most so many, and 128; 0: the number of cores */
    unsigned jobs_per_worker; /* a worker that did so many is replaced; 0: never */
    size_t data_max;          /* the most bytes of .data; 0: 1 MiB */
    double grace;             /* seconds that eddy_pool_close waits for their end; 0: 5 s */
} eddy_process_pool_opts;

/* A pool of processes, which are started as they are needed. Each is a copy of this process as it
 * is now, and knows nothing of what is loaded or changed later. It keeps only standard input,
 * output and error open, and ignores SIGINT. Open the pool before threads are started: a lock that
 * another thread holds now stays locked in the workers. Suspends. NULL with a record: EDDY_ENOTASK,
 * EDDY_EINVAL, EDDY_ENOMEM, EDDY_EAGAIN, … */
EDDY_API EDDY_SUSPENDS eddy_pool *eddy_process_pool_open_with(const eddy_process_pool_opts *opts);
#define eddy_process_pool_open(...)                                                                \
    eddy_process_pool_open_with(&(eddy_process_pool_opts){__VA_ARGS__})

typedef struct eddy_pool_run_opts {
    void *data;       /* memory that an argument of the job points to; the job gets a copy of it */
    size_t size;      /* its bytes; the copy is copied back when the job has ended */
    int *wait_status; /* gets the status of a worker that died, as of waitpid; otherwise 0 */
} eddy_pool_run_opts;

/* Runs coro in a thread or process of pool and waits for its status; its error record becomes the
 * caller's. A job whose caller is cancelled before it began never runs. When the caller is
 * cancelled later the call returns at once: a job in a thread is abandoned (see eddy_to_thread) and
 * owns its copy of .data; a worker process is killed. EDDY_EBROKEN when the worker died: the record
 * says by which signal or with which exit status, and no other job fails. EDDY_ECLOSED when the
 * pool was closed, EDDY_EINVAL when no argument is .data, EDDY_EMSGSIZE when .data is larger than
 * .data_max. To a process only three kinds of pointers have a meaning: .data, constants and
 * functions. */
EDDY_API EDDY_SUSPENDS int eddy_pool_run_with(eddy_pool *pool, eddy_coro coro,
                                              const eddy_pool_run_opts *opts);
#define eddy_pool_run(pool, coro, ...)                                                             \
    eddy_pool_run_with((pool), (coro), &(eddy_pool_run_opts){__VA_ARGS__})

/* Works on one item, of which it gets a copy, and writes the result, which is all zero before.
 * Returns a status. */
typedef int eddy_map_fn(const void *item, void *result);

typedef struct eddy_pool_map_opts {
    void *results;      /* gets n results in the order of items; may be items; NULL: none wanted */
    size_t result_size; /* bytes of one result */
    int *statuses;      /* gets the status of every item; see below */
    size_t chunk;       /* the most items that travel together; 0: a quarter of a worker's share */
    const eddy_place *place;
} eddy_pool_map_opts;

/* Applies fn to n items beside the loop, in chunks of at most 1 MiB and .data_max, and waits. The
 * first failure ends the other jobs as a cancellation does (see eddy_pool_run), and the call
 * returns it; the record begins with the item's index, also when a worker died: "item 7: ...". With
 * .statuses a failure ends no other job, and each item has its status there: EDDY_EBROKEN from the
 * one at which a worker died to the end of its chunk, EDDY_ECANCELED for items that never ran. The
 * call then returns 0, unless it was interrupted or cannot run. EDDY_EMSGSIZE when one item is
 * larger than .data_max. */
EDDY_API EDDY_SUSPENDS int eddy_pool_map_with(eddy_pool *pool, eddy_map_fn *fn, const void *items,
                                              size_t n, size_t item_size,
                                              const eddy_pool_map_opts *opts);
#define eddy_pool_map(pool, fn, items, n, item_size, ...)                                          \
    eddy_pool_map_with((pool), (fn), (items), (n), (item_size),                                    \
                       &(eddy_pool_map_opts){.place = EDDY_HERE, __VA_ARGS__})

/* From now on eddy_pool_close waits for at most so many seconds. Unlike .grace, which is a fixed
 * value of at least 0, these may be computed: 0 or less does not wait, INFINITY is no limit. 0, or
 * EDDY_EINVAL for NaN. Does not suspend. */
EDDY_API int eddy_pool_set_grace(eddy_pool *pool, double seconds);
/* Ends the pool: jobs that have not begun never run, and their callers get EDDY_ECLOSED. Jobs that
 * run in threads are told by eddy_thread_cancelled, and waited for .grace seconds at most, inside a
 * shield; those that have not ended then are reported by name and go on by themselves. Worker
 * processes are killed, and waited for as long. NULL is fine. A call from outside a task blocks its
 * thread meanwhile. */
EDDY_API void eddy_pool_close(eddy_pool *pool);
EDDY_AUTOCLOSE(eddy_pool, eddy_pool_close)

EDDY_END_DECLS

#endif
