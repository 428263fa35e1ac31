/* What a Go programmer looks for: a bounded queue is a channel, shutting it down is close, a group
 * is go and the wait group in one. */
#include "tour.h"
#include <stdlib.h>

struct answer {
    int job;
    int square;
};

static int worker(eddy_queue *jobs, eddy_queue *answers)
{
    int job, r;

    while ((r = eddy_queue_get(jobs, &job)) == 0) {
        eddy_try(eddy_sleep(0.1));
        eddy_try(eddy_queue_put(answers, &(struct answer){job, job * job}));
    }
    return r == EDDY_ECLOSED ? 0 : r;
}
EDDY_CORO(worker, eddy_queue *, eddy_queue *)

static int by_job(const void *a, const void *b)
{
    const struct answer *x = a, *y = b;

    return x->job - y->job;
}

static int print_sorted(eddy_queue *answers)
{
    struct answer sorted[9];
    size_t n = 0;

    while (n < 9 && eddy_queue_get_nowait(answers, &sorted[n]) == 0)
        n++;
    qsort(sorted, n, sizeof sorted[0], by_job);
    for (size_t i = 0; i < n; i++)
        printf("%d squared is %d\n", sorted[i].job, sorted[i].square);
    return 0;
}

static int three_workers(void)
{
    eddy_auto(eddy_queue) *jobs = eddy_try(eddy_queue_open(sizeof(int), 1));
    eddy_auto(eddy_queue) *answers = eddy_try(eddy_queue_open(sizeof(struct answer), 0));
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < 3; i++)
        eddy_group_start(group, worker_coro(jobs, answers)); /* go worker(jobs, answers) */
    for (int job = 0; job < 9; job++)
        eddy_try(eddy_queue_put(jobs, &job)); /* jobs <- job, waits while it is full */
    eddy_queue_shutdown(jobs);                /* close(jobs) */
    eddy_try(eddy_group_join(group));

    eddy_try(print_sorted(answers));
    printf("all workers ended\n");
    return 0;
}
EDDY_CORO(three_workers)

int main(void)
{
    return eddy_run(three_workers_coro()) < 0;
}
