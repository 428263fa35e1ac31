/* fetch_attempt.c - one attempt: the request, its answer, the body into a file, the file's name. */
#define _GNU_SOURCE
#include "fetch_attempt.h"
#include "fetch_part.h"
#include <eddy/error.h>
#include <eddy/scope.h>
#include <eddy/task.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct attempt {
    const struct fetch_session *session;
    struct fetch_job *job;
    char *buffer;
    partial *file;
    struct fetch_part part; /* with -C, otherwise empty */
    uint64_t counted;       /* bytes of open files that progress was told of */
};

int fetch_because(struct fetch_job *job, enum fetch_verdict verdict, const char *format, ...)
{
    va_list args;

    free(job->reason);
    va_start(args, format);
    if (vasprintf(&job->reason, format, args) < 0)
        job->reason = NULL;
    va_end(args);
    return (int)verdict;
}

static int because_of_failure(struct fetch_job *job, enum fetch_verdict verdict)
{
    return fetch_because(job, verdict, "%s", eddy_error_message(eddy_last_error()));
}

/* ---- the request -------------------------------------------------------------------------- */

/* The attempt as a whole has a limit of time, its parts have none. */
static eddy_response *request(const struct attempt *self)
{
    const struct fetch_session *session = self->session;
    bool post = session->options->data;
    eddy_http_request_opts opts = {
        .headers = self->part.fields,
        .data = session->body->data,
        .size = session->body->size,
        .file = session->body->file,
        .type = post ? "application/x-www-form-urlencoded" : NULL,
        .timeout = INFINITY,
        .timeout_pool = INFINITY,
        .timeout_connect = INFINITY,
        .timeout_read = INFINITY,
    };

    return eddy_http_request_with(session->http, post ? "POST" : "GET", self->job->url, &opts);
}

/* Seconds that the server asks for, by a number or a date; 0: it does not. */
static double retry_after(const eddy_response *response)
{
    const char *text = eddy_response_header(response, "Retry-After");
    struct tm tm = {0};
    char *end = NULL;
    double seconds = text ? strtod(text, &end) : 0;

    if (!text || (end != text && !*end))
        return isnan(seconds) ? 0 : seconds;
    if (!strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm))
        return 0;
    return difftime(timegm(&tm), time(NULL));
}

/* Whether it is the file, or the part of it that was asked for. */
static bool is_good(const struct attempt *self, int status)
{
    if (status == 206)
        return fetch_part_asks(&self->part) ||
               eddy_pairs_header(self->session->options->headers, "Range");
    return (status >= 200 && status < 300) || (status == 416 && fetch_part_asks(&self->part));
}

static int check_status(struct attempt *self, const eddy_response *response)
{
    int status = self->job->status = eddy_response_status(response);

    if (is_good(self, status))
        return 0;
    self->job->wait = retry_after(response);
    return eddy_raise(EDDY_HTTP(status), "the server answered %d", status);
}

/* ---- the body ----------------------------------------------------------------------------- */

/* length is how many bytes are to come, −1: who knows. */
static void note_size(struct attempt *self, int64_t length)
{
    uint64_t there = partial_size(self->file) - self->part.skip;

    progress_resume(self->session->progress, there);
    self->counted = there;
    if (self->job->sized || length < 0)
        return;
    self->job->sized = true;
    progress_expect(self->session->progress, there + (uint64_t)length);
}

/* Writing to the page cache takes microseconds, less than a detour to a thread would. */
static int store(struct attempt *self, const char *data, size_t size)
{
    size_t known = size < self->part.skip ? size : (size_t)self->part.skip;

    self->part.skip -= known;
    int r = partial_write(self->file, data + known, size - known);
    if (r < 0)
        return eddy_raise(EDDY_EUSER, "cannot write: %s", strerror(-r));
    self->counted += size;
    progress_receive(self->session->progress, size);
    return 0;
}

enum { TURN = 256 * 1024 }; /* bytes after which others have a turn, and a signal is heard */

static int receive(struct attempt *self, eddy_response *response)
{
    eddy_stream *body = eddy_try(eddy_response_body(response));
    size_t since = 0;
    ssize_t n;

    while ((n = eddy_try(eddy_read(body, self->buffer, FETCH_BUFFER))) > 0) {
        eddy_try(store(self, self->buffer, (size_t)n));
        since += (size_t)n;
        if (since >= TURN)
            eddy_try(eddy_sleep(0));
        since %= TURN;
    }
    return 0;
}

/* 0: the file has all of its bytes; or a failure with a record. */
static int transfer(struct attempt *self)
{
    const struct fetch_session *session = self->session;
    bool resume = session->options->resume;

    if (resume)
        eddy_try(fetch_part_prepare(&self->part, session, self->job, self->file));
    eddy_auto(eddy_response) *response = eddy_try(request(self));
    eddy_try(check_status(self, response));
    int whole = resume ? eddy_try(fetch_part_begin(&self->part, response)) : 0;
    note_size(self, whole ? 0 : eddy_response_length(response));
    if (!whole)
        eddy_try(receive(self, response));
    return resume ? fetch_part_end(&self->part) : 0;
}

/* ---- the name ----------------------------------------------------------------------------- */

/* The name may have been taken, by somebody else, since it was chosen. *name becomes another then.
 * 0, or a failure with a record. */
static int publish_as(struct attempt *self, char **name)
{
    int r;

    while ((r = partial_publish(self->file, *name)) == EDDY_EEXIST) {
        char *other = names_claim(self->session->names, *name);
        if (!other)
            return eddy_raise(EDDY_ENOMEM, "out of memory");
        free(*name);
        *name = other;
    }
    return r;
}

/* What is not as it should be stays to be looked at, and is not resumed. */
static int put_aside(struct attempt *self, const char *found)
{
    const struct checksum *wanted = &self->session->options->checksum;
    struct fetch_job *job = self->job;
    char *bad = NULL;
    int r = asprintf(&bad, "%s.bad", job->name) < 0 ? EDDY_ENOMEM : publish_as(self, &bad);

    if (r == 0 && self->session->options->resume)
        fetch_part_finish(&self->part);
    if (r == 0) {
        job->kept = bad;
        return fetch_because(job, FETCH_NEVER, "its %s is %s, not what was given",
                             wanted->algorithm, found);
    }
    free(bad);
    return because_of_failure(job, FETCH_NEVER);
}

static int save(struct attempt *self)
{
    const struct checksum *wanted = &self->session->options->checksum;
    struct progress *progress = self->session->progress;
    struct fetch_job *job = self->job;
    char found[CHECKSUM_TEXT];

    if (wanted->algorithm && eddy_try(checksum_of_file(wanted, partial_fd(self->file), found)) == 0)
        return put_aside(self, found);
    if (publish_as(self, &job->name) < 0)
        return because_of_failure(job, FETCH_NEVER);
    if (self->session->options->resume)
        fetch_part_finish(&self->part);
    job->size = partial_size(self->file);
    if (!job->sized)
        progress_expect(progress, job->size);
    job->sized = true;
    progress_save(progress, job->name, job->size);
    return FETCH_WHOLE;
}

/* ---- failures ----------------------------------------------------------------------------- */

static bool is_transient(int code)
{
    switch (code) {
    case EDDY_ENAME:
    case EDDY_ECONNREFUSED:
    case EDDY_ECONNRESET:
    case EDDY_ECONNABORTED:
    case EDDY_EHOSTUNREACH:
    case EDDY_ENETUNREACH:
    case EDDY_ENETDOWN:
    case EDDY_ETIMEDOUT:
    case EDDY_EPIPE:
    case EDDY_EOF:
    case EDDY_HTTP(408):
    case EDDY_HTTP(429):
        return true;
    default:
        return code <= EDDY_HTTP(500) && code >= EDDY_HTTP(999);
    }
}

static bool is_shortage(int code)
{
    return code == EDDY_EMFILE || code == EDDY_ENFILE;
}

/* Which failures may come of a descriptor that the resolver or OpenSSL did not get. */
static bool needs_descriptors(int code)
{
    return code == EDDY_ENAME || code == EDDY_ENOMEM || code == EDDY_ETLS;
}

/* Looks whether as many descriptors are free as a look-up of a name takes. */
static int look_for_shortage(const struct attempt *self)
{
    int fds[4], r = 0;
    unsigned n = 0;

    while (r == 0 && n < sizeof fds / sizeof *fds) {
        fds[n] = openat(self->session->folder->fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        if (fds[n] < 0)
            r = -errno;
        else
            n++;
    }
    while (n > 0)
        close(fds[--n]);
    return r;
}

static int short_of_descriptors(struct fetch_job *job, int code)
{
    struct rlimit limit = {0};

    if (code == EDDY_ENFILE)
        return fetch_because(job, FETCH_SHORT_OF_DESCRIPTORS,
                             "the system has too many files open; raise fs.file-max");
    getrlimit(RLIMIT_NOFILE, &limit);
    return fetch_because(job, FETCH_SHORT_OF_DESCRIPTORS,
                         "too few descriptors; raise the limit of %llu: ulimit -n",
                         (unsigned long long)limit.rlim_cur);
}

/* Returns the verdict on a failure with a record, or EDDY_ECANCELED. */
static int judge_failure(const struct attempt *self, int code)
{
    int shortage = needs_descriptors(code) ? look_for_shortage(self) : code;

    if (code == EDDY_ECANCELED)
        return code;
    if (is_shortage(shortage))
        return short_of_descriptors(self->job, shortage);
    return because_of_failure(self->job, is_transient(code) ? FETCH_AGAIN : FETCH_NEVER);
}

/* ---- all of it ---------------------------------------------------------------------------- */

static int try_in_time(struct attempt *self)
{
    double seconds = self->session->options->timeout;
    eddy_scope limit = {0};
    int r = 0;

    eddy_timeout_as(limit, seconds)
        r = transfer(self);
    if (r == EDDY_ETIMEDOUT && eddy_scope_expired(&limit))
        return fetch_because(self->job, FETCH_AGAIN, "not done within %g s", seconds);
    return r < 0 ? judge_failure(self, r) : save(self);
}

static void note_what_is_kept(struct attempt *self)
{
    const char *part = partial_is_kept(self->file) ? partial_name(self->file) : NULL;

    if (!self->job->kept && part)
        self->job->kept = strdup(part);
    if (!part && self->session->options->resume && !self->job->kept)
        version_forget(self->session->folder, self->job->name);
}

int fetch_attempt(const struct fetch_session *session, struct fetch_job *job, char *buffer)
{
    struct attempt self = {.session = session, .job = job, .buffer = buffer};
    eddy_auto(partial) *file = session->options->resume
                                   ? partial_continue(session->folder, job->name)
                                   : partial_open(session->folder);

    job->status = 0;
    job->wait = 0;
    free(job->kept);
    job->kept = NULL;
    if (!file)
        return judge_failure(&self, eddy_last_status());
    self.file = file;
    int r = try_in_time(&self);
    if (r != FETCH_WHOLE) {
        progress_drop(session->progress, self.counted);
        note_what_is_kept(&self);
    }
    fetch_part_clear(&self.part);
    return r;
}
