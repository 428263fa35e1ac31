/* fetch.c - eddy fetch: workers that share a list of downloads. */
#define _GNU_SOURCE
#include "command.h"
#include "fetch_queue.h"
#include "fetch_report.h"
#include "masked.h"
#include "partial.h"
#include "stop_signal.h"
#include "url.h"
#include <eddy.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

struct fetch {
    struct fetch_options options;
    struct fetch_body body;
    struct folder folder;
    struct names names;
    struct fetch_queue queue;
    struct fetch_session session;
    eddy_group *group; /* of the workers … */
    unsigned workers;  /* … that have not ended */
    struct progress progress;
    double seconds;
    int signal; /* that ended it early; 0: none */
    int status; /* the program's */
};

/* ---- the downloads ------------------------------------------------------------------------ */

static eddy_http *open_http(const struct fetch_options *options)
{
    return eddy_http_open(.headers = options->headers, .limit = options->at_once,
                          .limit_per_host = options->per_host, .no_decode = true,
                          .version = options->http2 ? EDDY_HTTP_2 : 0, .proxy = options->proxy,
                          .proxy_from_env = !options->proxy);
}

static int work(struct fetch *self);
EDDY_CORO(work, struct fetch *)

static void add_worker(struct fetch *self)
{
    self->workers++;
    eddy_group_start(self->group, work_coro(self));
}

/* For the last worker, which has all descriptors to itself then. */
static int run_without_idle_connections(struct fetch *self, struct fetch_job *job, char *buffer)
{
    eddy_http_close(self->session.http);
    self->session.http = eddy_try(open_http(&self->options));
    int r = eddy_try(fetch_job_run(&self->session, job, buffer));
    if (r == FETCH_NO_DESCRIPTOR)
        fetch_job_give_up(&self->session, job);
    return 0;
}

/* When descriptors run out a worker leaves its download to the others and ends: fewer go on, and
 * one more after each file that is saved, as long as there are such downloads. The last worker
 * gives up when it still lacks some. */
static int work_with(struct fetch *self, char *buffer)
{
    struct fetch_queue *queue = &self->queue;
    struct fetch_job *job;

    while ((job = fetch_queue_take(queue))) {
        int r = eddy_try(fetch_job_run(&self->session, job, buffer));
        if (r == FETCH_NO_DESCRIPTOR && self->workers > 1) {
            fetch_queue_put_back(queue, job);
            return 0;
        }
        if (r == FETCH_NO_DESCRIPTOR)
            eddy_try(run_without_idle_connections(self, job, buffer));
        fetch_queue_done(queue, job);
        if (job->state == FETCH_SAVED && queue->returned && self->workers < self->options.at_once)
            add_worker(self);
    }
    return 0;
}

static int work(struct fetch *self)
{
    char *buffer = malloc(FETCH_BUFFER);
    int r = buffer ? work_with(self, buffer) : eddy_raise(EDDY_ENOMEM, "no memory for a transfer");

    free(buffer);
    self->workers--;
    return r;
}
EDDY_CORO(progress_show, struct progress *)

static int download(struct fetch *self)
{
    eddy_auto(eddy_task) *line =
        eddy_try(eddy_create_task(progress_show_coro(&self->progress), .name = "progress"));
    eddy_auto(eddy_group) *workers = eddy_try(eddy_group_open());

    (void)line;
    self->group = workers;
    for (unsigned i = 0; i < self->options.at_once && i < self->queue.count; i++)
        add_worker(self);
    return eddy_group_join(workers);
}

/* Only a signal cancels the main task; what is told then is what was done until then. */
static int download_all(struct fetch *self)
{
    eddy_auto(stop_signal) *stop = eddy_try(stop_signal_open(eddy_current_task(), &self->signal));

    (void)stop;
    progress_start(&self->progress, self->queue.count);
    int r = download(self);
    self->seconds = progress_elapsed(&self->progress);
    if (r != EDDY_ECANCELED)
        return r;
    if (!self->signal)
        self->signal = SIGINT;
    return 0;
}

/* ---- before and after --------------------------------------------------------------------- */

static int make_job(struct fetch *self, const char *url)
{
    struct fetch_queue *queue = &self->queue;
    struct fetch_job *job = &queue->jobs[queue->count++];
    char name[URL_FILE_NAME_SIZE];

    job->url = url;
    url_file_name(job->url, name);
    job->name = names_claim(&self->names, name);
    job->label = masked_url(job->url);
    return job->name && job->label ? fetch_queue_add(queue, job) : -1;
}

static int make_jobs(struct fetch *self)
{
    const struct url_list *urls = &self->options.urls;

    self->queue.per_host = self->options.per_host;
    self->queue.jobs = calloc(urls->count, sizeof *self->queue.jobs);
    if (!self->queue.jobs)
        return -1;
    for (size_t i = 0; i < urls->count; i++)
        if (make_job(self, urls->urls[i]) < 0)
            return -1;
    return 0;
}

static void clear(struct fetch *self)
{
    for (size_t i = 0; i < self->queue.count; i++)
        fetch_job_clear(&self->queue.jobs[i]);
    free(self->queue.jobs);
    fetch_queue_clear(&self->queue);
    names_clear(&self->names);
    folder_close(&self->folder);
    fetch_body_clear(&self->body);
    fetch_options_clear(&self->options);
}

/* A download has a file and a socket, as many sockets may be idle, and a name is looked up: the
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

/* What the libraries find wrong with an option. */
static int refuse_option_of(const char *option)
{
    refuse("fetch", "%s: %s", option, eddy_error_message(eddy_last_error()));
    eddy_error_clear();
    return -1;
}

/* Of what a session is opened with, so that an error is known to be one of these. */
static int check_headers(const struct fetch_options *options)
{
    eddy_auto(eddy_http) *http = eddy_http_open(.headers = options->headers);

    return http || eddy_last_status() != EDDY_EINVAL ? 0 : -1;
}

/* Everything that is wrong is found before a folder is made. */
static int prepare(struct fetch *self)
{
    const struct fetch_options *options = &self->options;

    if (fetch_body_open(&self->body, options->data) < 0)
        return -1;
    if (options->resolvers &&
        eddy_loop_set_resolver(eddy_loop_running(), .servers = options->resolvers) < 0)
        return refuse_option_of("--resolvers");
    if (check_headers(options) < 0)
        return refuse_option_of("-H");
    self->session.http = open_http(options);
    if (!self->session.http)
        return refuse_option_of(eddy_last_status() == EDDY_EINVAL ? "--proxy" : "cannot begin");
    if (folder_open(&self->folder, options->folder) < 0)
        return -1;
    partial_probe(&self->folder);
    /* With -C a file that is there is the one that is meant. */
    self->names.folder = options->resume ? NULL : &self->folder;
    return 0;
}

static void report(const struct fetch *self)
{
    const struct fetch_outcome outcome = {
        .jobs = self->queue.jobs,
        .count = self->queue.count,
        .progress = &self->progress,
        .seconds = self->seconds,
        .signal = self->signal,
    };

    fetch_report(&outcome);
    if (self->options.json)
        fetch_report_json(&outcome);
}

static int fetch_in_loop(struct fetch *self)
{
    if (prepare(self) < 0)
        return 0;
    self->status = STATUS_FAILED;
    if (make_jobs(self) < 0) {
        refuse("fetch", "out of memory");
        return 0;
    }
    eddy_try(download_all(self));
    report(self);
    if (self->signal)
        self->status = STATUS_SIGNAL + self->signal;
    else if (!self->progress.failed)
        self->status = STATUS_OK;
    return 0;
}

static int fetch_main(struct fetch *self)
{
    self->session = (struct fetch_session){
        .options = &self->options,
        .folder = &self->folder,
        .names = &self->names,
        .progress = &self->progress,
        .body = &self->body,
    };
    int r = fetch_in_loop(self);
    eddy_http_close(self->session.http);
    return r;
}
EDDY_CORO(fetch_main, struct fetch *)

static int fetch(struct fetch *self)
{
    /* What reads the report may have gone. */
    signal(SIGPIPE, SIG_IGN);
    /* A file that grows past the limit of file sizes is then a failed write, of that file alone. */
    signal(SIGXFSZ, SIG_IGN);
    raise_descriptor_limit(self->options.at_once);
    srand48((long)time(NULL) ^ (long)getpid());
    self->status = STATUS_USAGE;
    return eddy_run(fetch_main_coro(self)) < 0 ? STATUS_FAILED : self->status;
}

static int run(int argc, char **argv)
{
    struct fetch self = {.folder.fd = -1};
    int status = STATUS_USAGE;

    if (fetch_options_parse(&self.options, argc, argv) == 0) {
        if (self.options.help)
            fputs(fetch_help, stdout);
        status = self.options.help ? STATUS_OK : fetch(&self);
    }
    clear(&self);
    return status;
}

const struct command fetch_command = {
    .name = "fetch",
    .summary = "downloads files over http and https, many at a time",
    .help = fetch_help,
    .run = run,
};
