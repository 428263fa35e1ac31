/* fetch_job.c - attempts, what their failures mean, and the pauses between them. */
#define _GNU_SOURCE
#include "fetch_job.h"
#include "partial.h"
#include <eddy/error.h>
#include <eddy/scope.h>
#include <eddy/task.h>
#include <fcntl.h>
#include <math.h>
#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

/* One attempt; libcurl's callbacks get it. */
struct attempt {
    const struct fetch_session *session;
    struct fetch_job *job;
    CURL *easy;
    partial *file;
    uint64_t received;
    int write_status; /* why libcurl was told to stop; 0: it was not */
    int shortage;     /* -EMFILE or -ENFILE when a socket was refused so; 0: none was */
    char message[CURL_ERROR_SIZE]; /* libcurl's, more exact than its code */
};

enum verdict { SAVED, TRY_AGAIN, GIVE_UP, NO_DESCRIPTOR };

static int __attribute__((format(printf, 3, 4)))
because(struct fetch_job *job, enum verdict verdict, const char *format, ...)
{
    va_list args;

    free(job->reason);
    va_start(args, format);
    if (vasprintf(&job->reason, format, args) < 0)
        job->reason = NULL;
    va_end(args);
    return (int)verdict;
}

/* ---- one attempt -------------------------------------------------------------------------- */

static void note_size(const struct attempt *self)
{
    curl_off_t size = -1;

    if (self->job->sized)
        return;
    curl_easy_getinfo(self->easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &size);
    if (size < 0)
        return;
    self->job->sized = true;
    progress_expect(self->session->progress, (uint64_t)size);
}

/* Writing to the page cache takes microseconds, less than a detour to a thread would. */
static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    struct attempt *self = arg;

    (void)one;
    note_size(self);
    self->write_status = partial_write(self->file, data, size);
    if (self->write_status < 0)
        return CURL_WRITEFUNC_ERROR;
    self->received += size;
    progress_receive(self->session->progress, size);
    return size;
}

static bool is_shortage(int status)
{
    return status == -EMFILE || status == -ENFILE;
}

/* libcurl's own opens the same but keeps the reason of a failure to itself. */
static curl_socket_t on_socket(void *arg, curlsocktype purpose, struct curl_sockaddr *address)
{
    struct attempt *self = arg;
    int fd = socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);

    (void)purpose;
    if (fd < 0 && is_shortage(-errno))
        self->shortage = -errno;
    return fd < 0 ? CURL_SOCKET_BAD : fd;
}

static void configure(struct attempt *self)
{
    CURL *easy = self->easy;

    curl_easy_setopt(easy, CURLOPT_URL, self->job->url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_REDIR_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 1L);
    curl_easy_setopt(easy, CURLOPT_MAXREDIRS, 10L);
    curl_easy_setopt(easy, CURLOPT_FAILONERROR, 1L);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_BUFFERSIZE, 65536L);
    curl_easy_setopt(easy, CURLOPT_USERAGENT, "eddy/" EDDY_VERSION);
    curl_easy_setopt(easy, CURLOPT_ERRORBUFFER, self->message);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, self);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETFUNCTION, on_socket);
    curl_easy_setopt(easy, CURLOPT_OPENSOCKETDATA, self);
}

static bool transient_code(CURLcode code)
{
    switch (code) {
    case CURLE_COULDNT_RESOLVE_PROXY:
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_OPERATION_TIMEDOUT:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_PARTIAL_FILE:
    case CURLE_HTTP2:
    case CURLE_HTTP2_STREAM:
        return true;
    default:
        return false;
    }
}

/* Which failures may come of a descriptor that libcurl, or the resolver, did not get. */
static bool needs_descriptors(CURLcode code)
{
    return code == CURLE_COULDNT_RESOLVE_PROXY || code == CURLE_COULDNT_RESOLVE_HOST ||
           code == CURLE_OUT_OF_MEMORY || code == CURLE_FAILED_INIT ||
           code == CURLE_SSL_CONNECT_ERROR || code == CURLE_SSL_CACERT_BADFILE;
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
    return is_shortage(r) ? r : 0;
}

static int short_of_descriptors(struct fetch_job *job, int status)
{
    if (status == -ENFILE)
        return because(job, NO_DESCRIPTOR, "the system has too many files open; raise fs.file-max");
    struct rlimit limit = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    return because(job, NO_DESCRIPTOR, "too few descriptors; raise the limit of %llu: ulimit -n",
                   (unsigned long long)limit.rlim_cur);
}

static int judge_failure(struct attempt *self, CURLcode code)
{
    struct fetch_job *job = self->job;
    long status = 0;

    if (code == CURLE_HTTP_RETURNED_ERROR) {
        curl_easy_getinfo(self->easy, CURLINFO_RESPONSE_CODE, &status);
        bool transient = status == 408 || status == 429 || status >= 500;
        return because(job, transient ? TRY_AGAIN : GIVE_UP, "the server answered %ld", status);
    }
    if (self->write_status < 0)
        return because(job, GIVE_UP, "cannot write: %s", strerror(-self->write_status));
    if (self->shortage == 0 && needs_descriptors(code))
        self->shortage = look_for_shortage(self);
    if (self->shortage < 0)
        return short_of_descriptors(job, self->shortage);
    return because(job, transient_code(code) ? TRY_AGAIN : GIVE_UP, "%s",
                   self->message[0] ? self->message : curl_easy_strerror(code));
}

static void note_wait(struct attempt *self)
{
    curl_off_t seconds = 0;

    curl_easy_getinfo(self->easy, CURLINFO_RETRY_AFTER, &seconds);
    self->job->wait = (double)seconds;
}

/* The name may have been taken, by somebody else, since it was chosen. */
static int publish(struct attempt *self)
{
    struct fetch_job *job = self->job;
    int r;

    while ((r = partial_publish(self->file, job->name)) == EDDY_EEXIST) {
        char *other = names_claim(self->session->names, job->name);
        if (!other)
            return because(job, GIVE_UP, "out of memory");
        free(job->name);
        job->name = other;
    }
    if (r < 0)
        return because(job, GIVE_UP, "%s", eddy_error_message(eddy_last_error()));
    if (!job->sized)
        progress_expect(self->session->progress, self->received);
    job->sized = true;
    progress_save(self->session->progress, job->name, self->received);
    return SAVED;
}

static int judge(struct attempt *self, int r)
{
    if (r == 0)
        return publish(self);
    if (r > 0)
        return judge_failure(self, (CURLcode)r);
    if (r == EDDY_ETIMEDOUT)
        return because(self->job, TRY_AGAIN, "not done within %g s", self->session->timeout);
    if (r == EDDY_ECANCELED)
        return r;
    return because(self->job, GIVE_UP, "%s", eddy_error_message(eddy_last_error()));
}

/* Returns the verdict, or EDDY_ECANCELED. */
static int attempt(const struct fetch_session *session, struct fetch_job *job, CURL *easy)
{
    struct attempt self = {.session = session, .job = job, .easy = easy};
    eddy_auto(partial) *file = partial_open(session->folder);
    int r = 0;

    if (!file && is_shortage(eddy_error_code(eddy_last_error())))
        return short_of_descriptors(job, eddy_error_code(eddy_last_error()));
    if (!file)
        return because(job, GIVE_UP, "%s", eddy_error_message(eddy_last_error()));
    self.file = file;
    configure(&self);
    eddy_timeout(session->timeout)
        r = curl_loop_perform(session->curl, easy);
    r = judge(&self, r);
    if (r != SAVED)
        progress_drop(session->progress, self.received);
    note_wait(&self);
    /* It outlives this attempt and must not point into it. */
    curl_easy_reset(easy);
    return r;
}

/* ---- all of them -------------------------------------------------------------------------- */

/* Doubles from half a second to 10 s, then a random part of it, so that those who failed together
 * do not come back together; a server that names a time is obeyed up to a minute. */
static double pause_before_next(const struct fetch_job *job)
{
    unsigned doublings = job->attempts < 6 ? job->attempts - 1 : 5;
    double pause = fmin(10, ldexp(0.5, (int)doublings)) * (0.5 + drand48() / 2);

    return fmax(pause, fmin(job->wait, 60));
}

void fetch_job_give_up(const struct fetch_session *session, struct fetch_job *job)
{
    job->state = FETCH_FAILED;
    progress_fail(session->progress, job->label, job->reason ? job->reason : "out of memory");
}

int fetch_job_run(const struct fetch_session *session, struct fetch_job *job, CURL *easy)
{
    for (;;) {
        job->attempts++;
        int verdict = eddy_try(attempt(session, job, easy));
        if (verdict == SAVED) {
            job->state = FETCH_SAVED;
            return 0;
        }
        if (verdict == NO_DESCRIPTOR) {
            job->attempts--;
            return FETCH_NO_DESCRIPTOR;
        }
        if (verdict == GIVE_UP || job->attempts > session->retries) {
            fetch_job_give_up(session, job);
            return 0;
        }
        eddy_try(eddy_sleep(pause_before_next(job)));
    }
}
