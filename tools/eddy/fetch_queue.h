/* fetch_queue.h - which download is next: in the order of the list, but for those whose server has
 * as many already as it may. */
#ifndef EDDY_TOOL_FETCH_QUEUE_H
#define EDDY_TOOL_FETCH_QUEUE_H

#include "fetch_job.h"

struct fetch_queue {
    struct fetch_job *jobs;
    size_t count;
    size_t next;                /* the first job that was not looked at */
    unsigned per_host;          /* 0: hosts are not told apart */
    struct fetch_job *ready;    /* waited for their host, which has room now */
    struct fetch_job *returned; /* those that were put back, last first */
    void *hosts;                /* of struct fetch_host, by tsearch */
};

/* Says which host the job is of. Before any is taken. -1 when memory is short. */
int fetch_queue_add(struct fetch_queue *self, struct fetch_job *job);
void fetch_queue_clear(struct fetch_queue *self);

/* The next download; NULL when there is none that may begin now. Each ends with fetch_queue_done,
 * after which another of the same host may be next: who has called that asks again. */
struct fetch_job *fetch_queue_take(struct fetch_queue *self);
void fetch_queue_done(struct fetch_queue *self, struct fetch_job *job);
/* Instead of fetch_queue_done: it has not begun, and somebody takes it later. */
void fetch_queue_put_back(struct fetch_queue *self, struct fetch_job *job);

#endif
