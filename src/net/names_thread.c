/* names_thread.c - looking host names up by getaddrinfo and its like, in worker threads.
 *
 * A look-up belongs to its job, with a copy of the name: the resolver may go at any time, and the
 * thread ends by itself. */
#include "net/names.h"

#include <netdb.h>

struct eddy__name_job {
    struct eddy__job job; /* must stay first */
    struct eddy__name *name;
    int error;        /* of getaddrinfo */
    int system_error; /* errno for EAI_SYSTEM */
    bool too_many;    /* addresses */
    eddy_address address;
    struct eddy__addresses *found;
    char *called;
    char host[];
};

static struct eddy__name_job *lookup_of(struct eddy__job *job)
{
    return container_of(job, struct eddy__name_job, job);
}

static void lookup_release(struct eddy__job *base)
{
    struct eddy__name_job *job = lookup_of(base);

    eddy_free(job->found);
    eddy_free(job->called);
    eddy_free(job);
}

/* ---- in the thread ---- */

static bool is_usable(const struct addrinfo *info)
{
    return (info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
           info->ai_addrlen <= sizeof((eddy_address *)NULL)->u;
}

static struct eddy__addresses *lookup_copy_addresses(const struct addrinfo *list, bool *too_many)
{
    int count = 0;
    struct eddy__addresses *found;

    for (const struct addrinfo *i = list; i; i = i->ai_next)
        count += is_usable(i);
    if (count > EDDY__ADDRESSES_MAX) {
        *too_many = true;
        return NULL;
    }
    found = eddy_alloc_zero(sizeof *found + (size_t)count * sizeof found->list[0]);
    for (const struct addrinfo *i = list; found && i; i = i->ai_next) {
        if (!is_usable(i))
            continue;
        eddy_address *a = &found->list[found->count++];
        memcpy(&a->u, i->ai_addr, i->ai_addrlen);
        a->size = i->ai_addrlen;
    }
    return found;
}

static void find_addresses(struct eddy__name_job *job)
{
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;

    job->error = getaddrinfo(job->host, NULL, &hints, &list);
    job->system_error = errno;
    if (job->error)
        return;
    job->found = lookup_copy_addresses(list, &job->too_many);
    freeaddrinfo(list);
}

static void find_name(struct eddy__name_job *job)
{
    char name[EDDY_HOST_NAME];

    job->error = getnameinfo(&job->address.u.any, job->address.size, name, sizeof name, NULL, 0,
                             NI_NAMEREQD);
    job->system_error = errno;
    if (!job->error)
        job->called = eddy_strdup(name);
}

static int lookup_run(struct eddy__job *base)
{
    struct eddy__name_job *job = lookup_of(base);

    if (eddy__fault())
        job->error = EAI_FAIL;
    else if (job->address.size)
        find_name(job);
    else
        find_addresses(job);
    return 0;
}

/* ---- in the loop ---- */

/* How long an answer holds is not known: it is for those who wait only. */
static void lookup_answer(struct eddy__name_job *job)
{
    struct eddy__words words = {""};
    struct eddy__answer a = {.code = EDDY_ENAME, .reason = words.text};

    if (job->too_many) {
        a.reason = EDDY__ADDRESSES_TOO_MANY;
    } else if (job->error == EAI_MEMORY || (!job->error && !job->found && !job->called)) {
        a.code = EDDY_ENOMEM;
    } else if (job->error == EAI_SYSTEM) {
        words = eddy__words(-job->system_error);
    } else if (job->error) {
        a.reason = gai_strerror(job->error);
    } else {
        a.code = 0;
        a.found = eddy_take(job->found);
        a.called = eddy_take(job->called);
    }
    eddy__name_answer(job->name, &a);
}

static void lookup_ended(struct eddy__job *base)
{
    struct eddy__name_job *job = lookup_of(base);
    struct eddy__resolver *resolver = job->name->resolver;

    lookup_answer(job);
    eddy__resolver_go_on(resolver);
    lookup_release(base);
}

static struct eddy__name_job *make_job(struct eddy__name *name)
{
    size_t size = strlen(name->host) + 1;
    struct eddy__name_job *job = eddy_alloc_zero(sizeof *job + size);

    if (!job)
        return NULL;
    memcpy(job->host, name->host, size);
    eddy__job_init(&job->job);
    job->job.perform = lookup_run;
    job->job.ended = lookup_ended;
    job->job.release = lookup_release;
    job->name = name;
    job->address = name->address;
    return job;
}

void eddy__name_job_start(eddy_loop *loop, struct eddy__name *name)
{
    struct eddy__name_job *job = make_job(name);
    int status = job ? eddy__work_submit(loop, EDDY__WORKERS_NAMES, &job->job.work) : EDDY_ENOMEM;

    if (status >= 0) {
        name->job = job;
        return;
    }
    eddy_free(job);
    struct eddy__words words = eddy__words(status);
    eddy__name_answer(
        name, &(struct eddy__answer){.code = status == EDDY_ENOMEM ? EDDY_ENOMEM : EDDY_ENAME,
                                     .reason = words.text});
}

void eddy__name_job_abandon(struct eddy__name_job *job)
{
    if (job)
        eddy__job_leave(&job->job, 0);
}
