/* pool.h - pools that run jobs beside the loop: in threads. A job is a coroutine
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
    double grace;     /* seconds eddy_pool_close waits for running jobs; 0: 5 s, negative: none */
} eddy_thread_pool_opts;

/* A pool of threads, which are started as they are needed. It belongs to the running loop. NULL
 * with a record: EDDY_ELOOP outside a loop, EDDY_EINVAL, EDDY_ENOMEM. */
EDDY_API eddy_pool *eddy_thread_pool_open_with(const eddy_thread_pool_opts *opts);
#define eddy_thread_pool_open(...) eddy_thread_pool_open_with(&(eddy_thread_pool_opts){__VA_ARGS__})

typedef struct eddy_pool_run_opts {
    void *data;  /* what a pointer argument of the job points to: the job gets a copy */
    size_t size; /* of it, in bytes, which is copied back when the job has ended */
} eddy_pool_run_opts;

/* Runs coro in a thread of pool and waits for its status; its record comes along. A job whose
 * caller is cancelled before it began never runs; one that runs is abandoned (see eddy_to_thread)
 * and owns its copy of .data. EDDY_ECLOSED when the pool was closed; EDDY_EINVAL when no argument
 * is .data. */
EDDY_API EDDY_SUSPENDS int eddy_pool_run_with(eddy_pool *pool, eddy_coro coro,
                                              const eddy_pool_run_opts *opts);
#define eddy_pool_run(pool, coro, ...)                                                             \
    eddy_pool_run_with((pool), (coro), &(eddy_pool_run_opts){__VA_ARGS__})

/* Ends the pool: jobs that wait never run, their callers get EDDY_ECLOSED. Threads' jobs are told
 * by eddy_thread_cancelled and waited for, .grace seconds at most, shielded; those that are stuck
 * are reported by name and go on by themselves. NULL is fine. Outside a task it
 * blocks. */
EDDY_API void eddy_pool_close(eddy_pool *pool);
EDDY_AUTOCLOSE(eddy_pool, eddy_pool_close)

EDDY_END_DECLS

#endif
