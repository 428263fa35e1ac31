/* Which way for what: waiting on the loop, computing in processes or threads, blocking calls in
 * threads; and what shares memory, and what survives the death of what. */
#include "tour.h"
#include <math.h>
#include <pthread.h>
#include <sys/wait.h>
#include <unistd.h>

static int io_task(int i, int *result)
{
    eddy_try(eddy_sleep(0.5));
    *result = i;
    return 0;
}
EDDY_CORO(io_task, int, int *)

static int waits_on_the_loop(void)
{
    enum { WAITS = 100 };
    int results[WAITS];
    eddy_coro waits[WAITS];
    double start = eddy_time();

    for (int i = 0; i < WAITS; i++)
        waits[i] = io_task_coro(i, &results[i]);
    eddy_try(eddy_gather_n(waits, WAITS));
    printf("I/O on the loop: %d waits of 0.5 in %.2fs\n", WAITS, eddy_time() - start);
    return 0;
}

/* ---- computing in processes ---- */

static int sum_squares(long from, long to, long *sum)
{
    *sum = 0;
    for (long i = from; i < to; i++)
        *sum += i * i;
    return 0;
}
EDDY_CORO(sum_squares, long, long, long *)

static int sum_elsewhere(eddy_pool *pool, long from, long to, long *sum)
{
    return eddy_pool_run(pool, sum_squares_coro(from, to, sum), .data = sum, .size = sizeof *sum);
}
EDDY_CORO(sum_elsewhere, eddy_pool *, long, long, long *)

static int computes_in_processes(void)
{
    enum { PARTS = 4, PART = 50000 };
    long sums[PARTS], sum = 0, here;
    eddy_coro parts[PARTS];
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 2));

    for (int i = 0; i < PARTS; i++)
        parts[i] = sum_elsewhere_coro(pool, i * PART, (i + 1) * PART, &sums[i]);
    eddy_try(eddy_gather_n(parts, PARTS));
    for (int i = 0; i < PARTS; i++)
        sum += sums[i];
    eddy_try(sum_squares(0, PARTS * PART, &here));
    printf("CPU in processes: %ld, same as here: %s\n", sum, truth(sum == here));
    return 0;
}

/* ---- threads share memory ---- */

struct box {
    pthread_mutex_t lock; /* between threads; an eddy_lock is for tasks of one loop */
    int n;
};

static int add(struct box *box)
{
    for (int i = 0; i < 10000; i++) {
        pthread_mutex_lock(&box->lock);
        box->n++;
        pthread_mutex_unlock(&box->lock);
    }
    return 0;
}
EDDY_CORO(add, struct box *)

/* Awaited whatever happens: the thread writes to *box. */
static int add_in_thread(struct box *box)
{
    eddy_shield(INFINITY)
        eddy_try(eddy_to_thread(add_coro(box)));
    return 0;
}
EDDY_CORO(add_in_thread, struct box *)

static int threads_share_memory(void)
{
    struct box box = {.lock = PTHREAD_MUTEX_INITIALIZER};

    eddy_try(eddy_gather(add_in_thread_coro(&box), add_in_thread_coro(&box),
                         add_in_thread_coro(&box), add_in_thread_coro(&box)));
    printf("Threads share memory: %d\n", box.n);
    return 0;
}

/* ---- a process that dies takes nobody along ---- */

static int die(void)
{
    _exit(3);
}
EDDY_CORO(die)

static int a_process_dies(void)
{
    int how;
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 1));

    int r = eddy_pool_run(pool, die_coro(), .wait_status = &how);
    if (r != EDDY_EBROKEN)
        return r;
    printf("A process died with %d, this one goes on\n", WEXITSTATUS(how));
    return 0;
}

/* ---- all three at once ---- */

static int blocking_io(double seconds, struct text *result)
{
    usleep((useconds_t)(seconds * 1e6));
    text_set(result, "thread slept %gs", seconds);
    return 0;
}
EDDY_CORO(blocking_io, double, struct text *)

static int block_in_thread(double seconds, struct text *result)
{
    eddy_shield(INFINITY)
        eddy_try(eddy_to_thread(blocking_io_coro(seconds, result)));
    return 0;
}
EDDY_CORO(block_in_thread, double, struct text *)

static int mixed(void)
{
    int waited;
    long sum;
    struct text slept;
    double start = eddy_time();
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 1));

    eddy_try(eddy_gather(io_task_coro(7, &waited), block_in_thread_coro(0.5, &slept),
                         sum_elsewhere_coro(pool, 0, 10, &sum)));
    printf("Mixed: [%d, '%s', %ld] in %.2fs\n", waited, slept.s, sum, eddy_time() - start);
    return 0;
}

static int choose_strategy(void)
{
    eddy_try(waits_on_the_loop());
    eddy_try(computes_in_processes());
    eddy_try(threads_share_memory());
    eddy_try(a_process_dies());
    return mixed();
}
EDDY_CORO(choose_strategy)

int main(void)
{
    return eddy_run(choose_strategy_coro()) < 0;
}
