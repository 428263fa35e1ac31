/* fetch_queue.c - downloads that are to come, and the hosts that some of them wait for. */
#define _GNU_SOURCE
#include "fetch_queue.h"
#include "url.h"
#include <search.h>
#include <stdlib.h>

struct fetch_host {
    char *server;
    unsigned running;
    struct fetch_job *first; /* those that wait, in order */
    struct fetch_job *last;
};

static int by_server(const void *a, const void *b)
{
    return strcmp(((const struct fetch_host *)a)->server, ((const struct fetch_host *)b)->server);
}

static void host_free(void *host)
{
    free(((struct fetch_host *)host)->server);
    free(host);
}

int fetch_queue_add(struct fetch_queue *self, struct fetch_job *job)
{
    if (!self->per_host)
        return 0;
    struct fetch_host *host = calloc(1, sizeof *host);
    if (!host)
        return -1;
    host->server = url_server(job->url);
    struct fetch_host **found = host->server ? tsearch(host, &self->hosts, by_server) : NULL;
    if (!found || *found != host)
        host_free(host);
    if (!found)
        return -1;
    job->host = *found;
    return 0;
}

void fetch_queue_clear(struct fetch_queue *self)
{
    tdestroy(self->hosts, host_free);
    self->hosts = NULL;
}

static struct fetch_job *pop(struct fetch_job **list)
{
    struct fetch_job *job = *list;

    if (job)
        *list = job->below;
    return job;
}

static struct fetch_job *next_of_all(struct fetch_queue *self)
{
    struct fetch_job *job = pop(&self->ready);

    if (!job)
        job = pop(&self->returned);
    if (!job && self->next < self->count)
        job = &self->jobs[self->next++];
    return job;
}

static void wait_for_host(struct fetch_job *job)
{
    struct fetch_host *host = job->host;

    job->below = NULL;
    if (host->first)
        host->last->below = job;
    else
        host->first = job;
    host->last = job;
}

struct fetch_job *fetch_queue_take(struct fetch_queue *self)
{
    struct fetch_job *job = next_of_all(self);

    while (job && job->host && job->host->running == self->per_host) {
        wait_for_host(job);
        job = next_of_all(self);
    }
    if (job && job->host)
        job->host->running++;
    return job;
}

void fetch_queue_done(struct fetch_queue *self, struct fetch_job *job)
{
    struct fetch_host *host = job->host;

    if (!host)
        return;
    host->running--;
    struct fetch_job *waiting = pop(&host->first);
    if (waiting) {
        waiting->below = self->ready;
        self->ready = waiting;
    }
}

void fetch_queue_put_back(struct fetch_queue *self, struct fetch_job *job)
{
    fetch_queue_done(self, job);
    job->below = self->returned;
    self->returned = job;
}
