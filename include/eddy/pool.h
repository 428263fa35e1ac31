/* pool.h - pools that run jobs beside the loop: in threads, or in processes. A job is a coroutine
 * object whose function runs there; it may block and compute, but not suspend (EDDY_ENOTASK). */
#ifndef EDDY_POOL_H
#define EDDY_POOL_H

#include <eddy/coro.h>

EDDY_BEGIN_DECLS

typedef struct eddy_pool eddy_pool;

typedef struct eddy_thread_pool_opts {
    unsigned threads; /* at most so many; 0: EDDY_THREADS, 4 or the number of cores */
    unsigned queue;   /* jobs that wait for a thread, further callers wait; 0: no bound */
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

/* A pool of processes, started as they are needed as copies of this one as it is now; what is
 * loaded or changed later they do not know. They keep only standard input, output and error open,
 * and ignore SIGINT. Open it before threads are started: a lock that one of those holds now stays
 * locked in the workers. Suspends. NULL with a record: EDDY_ENOTASK, EDDY_EINVAL, EDDY_ENOMEM,
 * EDDY_EAGAIN, … */
EDDY_API EDDY_SUSPENDS eddy_pool *eddy_process_pool_open_with(const eddy_process_pool_opts *opts);
#define eddy_process_pool_open(...)                                                                \
    eddy_process_pool_open_with(&(eddy_process_pool_opts){__VA_ARGS__})

typedef struct eddy_pool_run_opts {
    void *data;       /* what a pointer argument of the job points to: the job gets a copy */
    size_t size;      /* of it, in bytes, which is copied back when the job has ended */
    int *wait_status; /* of a worker that died, as waitpid gives it; 0 otherwise */
} eddy_pool_run_opts;

/* Runs coro in a thread or process of pool and waits for its status; its record comes along. A job
 * whose caller is cancelled before it began never runs. Afterwards the call returns at once: a
 * thread's job is abandoned (see eddy_to_thread) and owns its copy of .data; a process's worker is
 * killed. EDDY_EBROKEN when the worker died: the record says by which signal or with which exit
 * status, and no other job fails. EDDY_ECLOSED when the pool was closed, EDDY_EINVAL when no
 * argument is .data, EDDY_EMSGSIZE when it is larger than .data_max. A process understands no
 * pointers but that, constants and functions. */
EDDY_API EDDY_SUSPENDS int eddy_pool_run_with(eddy_pool *pool, eddy_coro coro,
                                              const eddy_pool_run_opts *opts);
#define eddy_pool_run(pool, coro, ...)                                                             \
    eddy_pool_run_with((pool), (coro), &(eddy_pool_run_opts){__VA_ARGS__})

/* Of one item, which it gets a copy of, and its result, all zero before; returns a status. */
typedef int eddy_map_fn(const void *item, void *result);

typedef struct eddy_pool_map_opts {
    void *results;      /* n of them, in the order of items; may be items; NULL: there are none */
    size_t result_size; /* bytes of one */
    int *statuses;      /* of every item; failures are found here only, see below */
    size_t chunk;       /* items that travel together at most; 0: a quarter of a worker's share */
    const eddy_place *place;
} eddy_pool_map_opts;

/* Applies fn to n items beside the loop, in chunks of at most 1 MiB and .data_max, and waits. The
 * first failure ends the others as a cancellation does (see eddy_pool_run) and is the call's; the
 * record begins with the item's index, also when a worker died: "item 7: ...". With .statuses each
 * item has its own, EDDY_EBROKEN those from where a worker died to the end of its chunk, and
 * EDDY_ECANCELED those that never ran; the call returns 0, unless it was interrupted or cannot run.
 * EDDY_EMSGSIZE when one item is larger than .data_max. */
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
/* Ends the pool: jobs that wait never run, their callers get EDDY_ECLOSED. Threads' jobs are told
 * by eddy_thread_cancelled and waited for, .grace seconds at most, shielded; those that are stuck
 * are reported by name and go on by themselves. Processes are killed, and waited for as long. NULL
 * is fine. Outside a task it blocks. */
EDDY_API void eddy_pool_close(eddy_pool *pool);
EDDY_AUTOCLOSE(eddy_pool, eddy_pool_close)

EDDY_END_DECLS

#endif
