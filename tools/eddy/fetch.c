/* fetch.c - eddy fetch: workers that share a list of downloads, and the summary. */
#define _GNU_SOURCE
#include "command.h"
#include "fetch_job.h"
#include "fetch_options.h"
#include "masked.h"
#include "partial.h"
#include "stop_signal.h"
#include "units.h"
#include "url.h"
#include <eddy.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct fetch {
    struct fetch_options options;
    struct folder folder;
    struct names names;
    struct fetch_job *jobs;
    size_t count;
    size_t next;                /* the first job that no worker has taken */
    struct fetch_job *returned; /* those that were put back, last first */
    eddy_group *group;          /* of the workers … */
    unsigned workers;           /* … that have not ended */
    struct progress progress;
    double seconds;
    int signal; /* that ended it early; 0: none */
};

/* Large enough for what libcurl and a TLS library do when a transfer is added or broken off. */
enum { WORKER_STACK = 256 * 1024 };

/* ---- the downloads ------------------------------------------------------------------------ */

static void easy_close(CURL *easy)
{
    curl_easy_cleanup(easy);
}
EDDY_AUTOCLOSE(CURL, easy_close)

static struct fetch_job *take(struct fetch *self)
{
    struct fetch_job *job = self->returned;

    if (job)
        self->returned = job->below;
    else if (self->next < self->count)
        job = &self->jobs[self->next++];
    return job;
}

static int work(struct fetch *self, const struct fetch_session *session);
EDDY_CORO(work, struct fetch *, const struct fetch_session *)

static void add_worker(struct fetch *self, const struct fetch_session *session)
{
    self->workers++;
    eddy_group_start(self->group, work_coro(self, session), .stack_size = WORKER_STACK);
}

/* When descriptors run out a worker leaves its download to the others and ends: fewer go on, and
 * one more after each file that is saved, as long as there are such downloads. The last worker has
 * all descriptors to itself, but for those of idle connections, and gives up when it still lacks
 * some without these. */
static int work(struct fetch *self, const struct fetch_session *session)
{
    eddy_auto(CURL) *easy = curl_easy_init();
    struct fetch_job *job;

    if (!easy)
        return eddy_raise(EDDY_ENOMEM, "no memory for a transfer");
    while ((job = take(self))) {
        int r = eddy_try(fetch_job_run(session, job, easy));
        if (r == FETCH_NO_DESCRIPTOR && self->workers > 1) {
            job->below = self->returned;
            self->returned = job;
            break;
        }
        if (r == FETCH_NO_DESCRIPTOR) {
            eddy_try(curl_loop_disconnect(session->curl));
            r = eddy_try(fetch_job_run(session, job, easy));
        }
        if (r == FETCH_NO_DESCRIPTOR)
            fetch_job_give_up(session, job);
        if (job->state == FETCH_SAVED && self->returned && self->workers < self->options.at_once)
            add_worker(self, session);
    }
    self->workers--;
    return 0;
}
EDDY_CORO(progress_show, struct progress *)

static int download(struct fetch *self)
{
    eddy_auto(curl_loop) *curl = eddy_try(curl_loop_open());
    const struct fetch_session session = {
        .curl = curl,
        .folder = &self->folder,
        .names = &self->names,
        .progress = &self->progress,
        .timeout = self->options.timeout,
        .retries = self->options.retries,
    };
    eddy_auto(eddy_task) *line =
        eddy_try(eddy_create_task(progress_show_coro(&self->progress), .name = "progress"));
    eddy_auto(eddy_group) *workers = eddy_try(eddy_group_open());

    (void)line;
    self->group = workers;
    for (unsigned i = 0; i < self->options.at_once && i < self->count; i++)
        add_worker(self, &session);
    return eddy_group_join(workers);
}

/* Only a signal cancels the main task; the summary then tells what was done until then. */
static int fetch_all(struct fetch *self)
{
    eddy_auto(stop_signal) *stop = eddy_try(stop_signal_open(eddy_current_task(), &self->signal));

    (void)stop;
    progress_start(&self->progress, self->count);
    int r = download(self);
    self->seconds = progress_elapsed(&self->progress);
    if (r != EDDY_ECANCELED)
        return r;
    if (!self->signal)
        self->signal = SIGINT;
    return 0;
}
EDDY_CORO(fetch_all, struct fetch *)

/* ---- before and after --------------------------------------------------------------------- */

static int make_jobs(struct fetch *self)
{
    char name[URL_FILE_NAME_SIZE];
    const struct url_list *urls = &self->options.urls;

    self->jobs = calloc(urls->count, sizeof *self->jobs);
    if (!self->jobs)
        return -1;
    for (; self->count < urls->count; self->count++) {
        struct fetch_job *job = &self->jobs[self->count];
        job->url = urls->urls[self->count];
        url_file_name(job->url, name);
        job->name = names_claim(&self->names, name);
        job->label = masked_url(job->url);
        if (!job->name || !job->label) {
            free(job->name);
            free(job->label);
            return -1;
        }
    }
    return 0;
}

static void clear(struct fetch *self)
{
    for (size_t i = 0; i < self->count; i++) {
        free(self->jobs[i].name);
        free(self->jobs[i].label);
        free(self->jobs[i].reason);
    }
    free(self->jobs);
    names_clear(&self->names);
    folder_close(&self->folder);
    url_list_clear(&self->options.urls);
}

static void report_failures(const struct fetch *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct fetch_job *job = &self->jobs[i];
        if (job->state == FETCH_FAILED)
            fprintf(stderr, "eddy fetch: %s: %s (%u attempt%s)\n", job->label,
                    job->reason ? job->reason : "out of memory", job->attempts,
                    job->attempts == 1 ? "" : "s");
    }
}

static void report(const struct fetch *self)
{
    const struct progress *p = &self->progress;
    char bytes[UNIT_TEXT_SIZE], rate[UNIT_TEXT_SIZE];

    report_failures(self);
    if (self->signal)
        fprintf(stderr, "eddy fetch: interrupted, %zu of %zu files not fetched\n",
                self->count - p->saved - p->failed, self->count);
    double per_second = self->seconds > 0 ? (double)p->bytes_saved / self->seconds : 0;
    fprintf(stderr, "%zu file%s, %s in %.2f s, %s/s", p->saved, p->saved == 1 ? "" : "s",
            format_bytes(bytes, (double)p->bytes_saved), self->seconds,
            format_bytes(rate, per_second));
    if (p->failed)
        fprintf(stderr, ", %zu failed", p->failed);
    fputc('\n', stderr);
}

/* A download has a file and a socket, while its name is looked up a pair of sockets more: the
 * usual soft limit of 1024 is not enough for many. */
static void raise_descriptor_limit(unsigned downloads)
{
    struct rlimit limit;
    rlim_t wanted = 4 * (rlim_t)downloads + 64;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
        return;
    limit.rlim_cur = wanted < limit.rlim_max ? wanted : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int fetch(struct fetch *self)
{
    if (folder_open(&self->folder, self->options.folder) < 0)
        return STATUS_USAGE;
    partial_probe(&self->folder);
    self->names.folder = &self->folder;
    if (make_jobs(self) < 0) {
        refuse("fetch", "out of memory");
        return STATUS_FAILED;
    }
    /* libcurl is told not to touch signals, so a connection that breaks while it writes could raise
     * this one. */
    signal(SIGPIPE, SIG_IGN);
    /* A file that grows past the limit of file sizes is then a failed write, of that file alone. */
    signal(SIGXFSZ, SIG_IGN);
    raise_descriptor_limit(self->options.at_once);
    srand48((long)time(NULL) ^ (long)getpid());
    if (eddy_run(fetch_all_coro(self)) < 0)
        return STATUS_FAILED;
    report(self);
    if (self->signal)
        return STATUS_SIGNAL + self->signal;
    return self->progress.failed ? STATUS_FAILED : STATUS_OK;
}

static int run(int argc, char **argv)
{
    struct fetch self = {.folder.fd = -1};
    int status = STATUS_USAGE;

    if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
        refuse("fetch", "libcurl cannot be set up");
        return STATUS_FAILED;
    }
    if (fetch_options_parse(&self.options, argc, argv) == 0) {
        if (self.options.help)
            fputs(fetch_help, stdout);
        status = self.options.help ? STATUS_OK : fetch(&self);
    }
    clear(&self);
    curl_global_cleanup();
    return status;
}

const struct command fetch_command = {
    .name = "fetch",
    .summary = "downloads files over http and https, many at a time",
    .help = fetch_help,
    .run = run,
};
