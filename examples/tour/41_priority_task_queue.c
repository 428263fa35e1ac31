/* A queue that gives the most urgent job first, equal ones in the order they were added. After
 * shutdown the workers finish what is left and end. */
#include "tour.h"

struct job {
    int priority;
    const char *name;
    struct text result;
};

/* The queue's items are pointers to jobs; the comparison gets pointers to the items. */
static int by_priority(const void *a, const void *b)
{
    const struct job *const *x = a;
    const struct job *const *y = b;

    return (*x)->priority - (*y)->priority;
}

static int do_job(struct job *job)
{
    printf("Starting %s (duration: 1.0s)\n", job->name);
    eddy_try(eddy_sleep(1.0));
    printf("Completed %s\n", job->name);
    text_set(&job->result, "Result of %s", job->name);
    return 0;
}

static int worker(int number, eddy_queue *queue)
{
    struct job *job;
    int r;

    while ((r = eddy_queue_get(queue, &job)) == 0) {
        printf("Worker %d processing priority %d task %p\n", number, job->priority, (void *)job);
        eddy_try(do_job(job));
    }
    return r == EDDY_ECLOSED ? 0 : r;
}
EDDY_CORO(worker, int, eddy_queue *)

static int priority_queue_demo(void)
{
    struct job jobs[] = {
        {3, "Low Priority", {""}}, {1, "High Priority", {""}}, {2, "Medium Priority", {""}},
        {1, "Another High", {""}}, {3, "Another Low", {""}},
    };

    printf("\n=== Priority Task Queue ===\n");
    eddy_auto(eddy_queue) *queue = eddy_try(
        eddy_queue_open(sizeof(struct job *), 0, .kind = EDDY_PRIORITY, .compare = by_priority));
    eddy_auto(eddy_group) *workers = eddy_try(eddy_group_open());
    eddy_group_start(workers, worker_coro(0, queue));
    eddy_group_start(workers, worker_coro(1, queue));

    for (int i = 0; i < 5; i++) {
        struct job *job = &jobs[i];
        eddy_try(eddy_queue_put(queue, &job));
    }
    eddy_queue_shutdown(queue);
    eddy_try(eddy_group_join(workers));

    printf("\nPriority task results:\n");
    for (int i = 0; i < 5; i++)
        printf(" %p: %s\n", (void *)&jobs[i], jobs[i].result.s);
    return 0;
}
EDDY_CORO(priority_queue_demo)

int main(void)
{
    return eddy_run(priority_queue_demo_coro()) < 0;
}
