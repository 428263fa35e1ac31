/* fetch_job.c - a download's attempts, and the pauses between them. */
#define _GNU_SOURCE
#include "fetch_job.h"
#include "fetch_attempt.h"
#include <eddy/error.h>
#include <eddy/task.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Doubles from half a second to 10 s, then a random part of it, so that those who failed together
 * do not come back together; a server that names a time is obeyed up to a minute. */
static double pause_before_next(const struct fetch_job *job)
{
    unsigned doublings = job->attempts < 6 ? job->attempts - 1 : 5;
    double pause = fmin(10, ldexp(0.5, (int)doublings)) * (0.5 + drand48() / 2);

    return fmax(pause, fmin(job->wait, 60));
}

static void end_as(struct fetch_job *job, enum fetch_state state)
{
    job->state = state;
    job->seconds = eddy_time() - job->began;
}

void fetch_job_give_up(const struct fetch_session *session, struct fetch_job *job)
{
    end_as(job, FETCH_FAILED);
    progress_fail(session->progress, job->label, job->reason ? job->reason : "out of memory");
}

static int run_attempts(const struct fetch_session *session, struct fetch_job *job, char *buffer)
{
    for (;;) {
        job->attempts++;
        int verdict = eddy_try(fetch_attempt(session, job, buffer));
        if (verdict == FETCH_WHOLE) {
            end_as(job, FETCH_SAVED);
            return 0;
        }
        if (verdict == FETCH_SHORT_OF_DESCRIPTORS) {
            job->attempts--;
            return FETCH_NO_DESCRIPTOR;
        }
        if (verdict == FETCH_NEVER || job->attempts > session->options->retries) {
            fetch_job_give_up(session, job);
            return 0;
        }
        eddy_try(eddy_sleep(pause_before_next(job)));
    }
}

/* ---- what is there already ---------------------------------------------------------------- */

/* Whether the file that is there is what it has to be: the verdict on that. */
static int check_present(const struct fetch_session *session, struct fetch_job *job)
{
    const struct checksum *wanted = &session->options->checksum;
    char found[CHECKSUM_TEXT];

    if (!wanted->algorithm)
        return FETCH_WHOLE;
    int fd = openat(session->folder->fd, job->name, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0)
        return fetch_because(job, FETCH_NEVER, "%s is there, and cannot be read: %s", job->name,
                             strerror(errno));
    int same = checksum_of_file(wanted, fd, found);
    close(fd);
    if (same == 0)
        return fetch_because(job, FETCH_NEVER, "%s is there, and its %s is %s, not what was given",
                             job->name, wanted->algorithm, found);
    if (same < 0 && same != EDDY_ECANCELED)
        return fetch_because(job, FETCH_NEVER, "%s: %s", job->name,
                             eddy_error_message(eddy_last_error()));
    return same < 0 ? same : FETCH_WHOLE;
}

static int pass_over(const struct fetch_session *session, struct fetch_job *job, off_t size)
{
    if (eddy_try(check_present(session, job)) != FETCH_WHOLE) {
        fetch_job_give_up(session, job);
        return 0;
    }
    job->size = (uint64_t)size;
    end_as(job, FETCH_PRESENT);
    progress_pass(session->progress, job->name);
    return 0;
}

int fetch_job_run(const struct fetch_session *session, struct fetch_job *job, char *buffer)
{
    struct stat there;

    if (!job->began)
        job->began = eddy_time();
    if (session->options->resume &&
        fstatat(session->folder->fd, job->name, &there, AT_SYMLINK_NOFOLLOW) == 0)
        return pass_over(session, job, there.st_size);
    return run_attempts(session, job, buffer);
}

void fetch_job_clear(struct fetch_job *job)
{
    free(job->name);
    free(job->label);
    free(job->kept);
    free(job->reason);
}
