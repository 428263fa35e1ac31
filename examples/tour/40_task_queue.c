/* A queue of jobs and three workers. A job is a coroutine object, so any coroutine can be one; a
 * worker runs it in its own task. An event says that the result is there. */
#include "random.h"
#include "tour.h"
#include <inttypes.h>

struct job {
    eddy_coro work;
    eddy_event finished;
    struct text result;
};

static int process(int number, struct job *job)
{
    printf("Worker %d processing task %p\n", number, (void *)job);
    int r = eddy_call(&job->work);
    if (r < 0)
        printf("Worker %d error: %s\n", number, eddy_error_message(eddy_last_error()));
    else
        eddy_event_set(&job->finished);
    return r;
}

static int worker(int number, eddy_queue *queue)
{
    for (;;) {
        struct job *job;
        int r = 0;

        /* A worker that found nothing for a second goes to the end of the line. */
        eddy_timeout(1.0)
            r = eddy_queue_get(queue, &job);
        if (r == EDDY_ETIMEDOUT)
            continue;
        if (r == EDDY_ECLOSED)
            return 0;
        eddy_try(r);
        eddy_ignore(process(number, job)); /* one bad job does not stop the worker */
        eddy_queue_task_done(queue);
    }
}
EDDY_CORO(worker, int, eddy_queue *)

/* Waits at most so many seconds for the job's result. */
static int wait_for_result(struct job *job, double seconds)
{
    int r = 0;

    eddy_timeout(seconds)
        r = eddy_event_wait(&job->finished);
    if (r == EDDY_ETIMEDOUT)
        return eddy_raise(EDDY_ETIMEDOUT, "Task %p timeout", (void *)job);
    return r;
}

static int simulate_work(int number, double duration, struct text *result)
{
    printf("Starting Task-%d (duration: %.1fs)\n", number, duration);
    eddy_try(eddy_sleep(duration));
    printf("Completed Task-%d\n", number);
    text_set(result, "Result of Task-%d", number);
    return 0;
}
EDDY_CORO(simulate_work, int, double, struct text *)

static int cpu_intensive_task(int number, int iterations, struct text *result)
{
    int64_t sum = 0;

    printf("Starting CPU task CPUTask-%d\n", number);
    for (int64_t i = 0; i < iterations; i++) {
        sum += i * i;
        if (i % 10000 == 0)
            eddy_try(eddy_sleep(0)); /* lets the others run */
    }
    printf("Completed CPU task CPUTask-%d\n", number);
    text_set(result, "CPU result: %" PRId64, sum);
    return 0;
}
EDDY_CORO(cpu_intensive_task, int, int, struct text *)

static int failing_work(void)
{
    return eddy_raise(EDDY_EINVAL, "Work failed");
}
EDDY_CORO(failing_work)

enum { JOBS = 8 };

static int put_jobs(eddy_queue *queue, struct job *jobs)
{
    struct random random = {10};

    for (int i = 0; i < JOBS; i++) {
        struct job *job = &jobs[i];
        if (i < 5)
            job->work = simulate_work_coro(i, random_uniform(&random, 0.5, 2.0, 0.1), &job->result);
        else
            job->work = cpu_intensive_task_coro(i - 5, 50000, &job->result);
        eddy_try(eddy_queue_put(queue, &job));
    }
    return 0;
}

static int try_failing_job(eddy_queue *queue)
{
    struct job failing = {.work = failing_work_coro()};
    struct job *job = &failing;

    printf("\nFailing task:\n");
    eddy_try(eddy_sleep(0.1)); /* all workers wait for a job now */
    eddy_try(eddy_queue_put(queue, &job));
    eddy_try(eddy_queue_join(queue));
    if (wait_for_result(job, 0.5) == EDDY_ETIMEDOUT)
        printf(" %p: Error - %s\n", (void *)job, eddy_error_message(eddy_last_error()));
    return 0;
}

static int task_queue_demo(void)
{
    struct job jobs[JOBS] = {0};

    printf("=== Async Task Queue ===\n");
    eddy_auto(eddy_queue) *queue = eddy_try(eddy_queue_open(sizeof(struct job *), 0));
    eddy_auto(eddy_group) *workers = eddy_try(eddy_group_open());
    for (int i = 0; i < 3; i++)
        eddy_group_start(workers, worker_coro(i, queue));
    printf("Started 3 workers\n");

    eddy_try(put_jobs(queue, jobs));
    eddy_try(eddy_queue_join(queue));
    printf("\nTask results:\n");
    for (int i = 0; i < JOBS; i++)
        printf(" %p: %s\n", (void *)&jobs[i], jobs[i].result.s);
    eddy_try(try_failing_job(queue));

    eddy_queue_shutdown(queue);
    eddy_try(eddy_group_join(workers));
    printf("All workers stopped\n");
    return 0;
}
EDDY_CORO(task_queue_demo)

int main(void)
{
    return eddy_run(task_queue_demo_coro()) < 0;
}
