/* serve.c - eddy serve: a server in each loop, the line that shows what they do, and the end. */
#define _GNU_SOURCE
#include "command.h"
#include "serve_counters.h"
#include "serve_options.h"
#include "serve_site.h"
#include "terminal.h"
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

struct serve {
    struct serve_options options;
    struct serve_site site;
    eddy_router *router;
    struct serve_counters *counters; /* of each loop */
    int port;
    int status; /* of the command */
};

enum { DRAIN_SECONDS = 10 };

/* ---- a server ---- */

/* The log of one loop; NULL: none is wanted, or a record tells why there is none. */
static eddy_stream *open_log(const struct serve_options *options)
{
    if (!options->log)
        return NULL;
    if (strcmp(options->log, "-") != 0)
        return eddy_file_open(options->log, "a");
    int fd = dup(STDOUT_FILENO); /* loops have one stream each */
    eddy_stream *log = fd < 0 ? NULL : eddy_stream_of_fd(fd, NULL);
    if (fd >= 0 && !log)
        close(fd);
    if (fd < 0)
        eddy_ignore(eddy_raise(-errno, "cannot write to standard output"));
    return log;
}

static eddy_http_server *open_server(struct serve *self, eddy_stream *log, bool shared)
{
    const struct serve_options *o = &self->options;

    return eddy_http_server_open(
        self->router, .host = o->host, .port = self->port, .cert = o->cert, .key = o->key,
        .reuse_port = shared, .drain = DRAIN_SECONDS, .stop_on_signal = true, .log = log,
        .log_format = o->log_json ? EDDY_HTTP_LOG_JSON : EDDY_HTTP_LOG_COMMON);
}

EDDY_CORO(serve_counters_follow, struct serve_counters *, eddy_http_server *)

/* Until a signal has ended it. */
static int wait_for_end(struct serve *self, eddy_http_server *server)
{
    struct serve_counters *counters = &self->counters[eddy_loop_index()];
    eddy_auto(eddy_task) *follower = eddy_try(
        eddy_create_task(serve_counters_follow_coro(counters, server), .name = "counters"));
    int r = eddy_http_server_wait(server);

    serve_counters_take(counters, server);
    return r;
}

static int serve_one(struct serve *self)
{
    eddy_auto(eddy_stream) *log = open_log(&self->options);
    if (self->options.log && !log)
        return eddy_last_status();
    eddy_auto(eddy_http_server) *server = eddy_try(open_server(self, log, true));

    return wait_for_end(self, server);
}
EDDY_CORO(serve_one, struct serve *)

static int serve_in(unsigned index, struct serve *self)
{
    return eddy_to_loop(eddy_loop_at(index), serve_one_coro(self));
}
EDDY_CORO(serve_in, unsigned, struct serve *)

/* ---- the first loop ---- */

EDDY_CORO(serve_counters_show, const struct serve_counters *, int)

/* What ends the servers is heard here, too, and told of. */
static int tell_of_end(eddy_http_server *server)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGINT, SIGTERM));

    eddy_try(eddy_signal_next(signals));
    unsigned open = eddy_http_server_connections(server);
    if (terminal_can_show())
        terminal_clear();
    if (open)
        fprintf(stderr,
                "eddy serve: ending; requests under way have %d seconds, Ctrl-C again ends "
                "them at once\n",
                DRAIN_SECONDS);
    return 0;
}
EDDY_CORO(tell_of_end, eddy_http_server *)

/* A terminal that is closed ends the servers in good order, too; nohup has it ignored. */
static int end_on_hangup(void)
{
    struct sigaction action;

    if (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler == SIG_IGN)
        return 0;
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGHUP));
    eddy_try(eddy_signal_next(signals));
    return kill(getpid(), SIGTERM);
}
EDDY_CORO(end_on_hangup)

static void announce(const struct serve *self, const eddy_http_server *server)
{
    const struct serve_options *o = &self->options;
    bool everywhere = o->host && strcmp(o->host, "*") == 0;
    bool outside = o->host && strncmp(o->host, "127.", 4) != 0 && strcmp(o->host, "::1") != 0 &&
                   strcmp(o->host, "localhost") != 0;
    char *index;

    printf("serving %s on %s/%s\n", o->folder, eddy_http_server_url(server),
           everywhere ? ", and on the other addresses of this computer" : "");
    fflush(stdout);
    if (o->user && !o->cert && outside)
        fputs("note: without --tls the password goes over the network for all to read\n", stderr);
    if (o->upload && !o->user && outside)
        fputs("note: everybody who can reach this server can upload; see --auth\n", stderr);
    if (!o->listing && asprintf(&index, "%s/index.html", o->folder) >= 0) {
        if (access(index, F_OK) < 0)
            fputs("note: there is no index.html; --listing shows what is in folders\n", stderr);
        free(index);
    }
}

static int serve_nobody(eddy_stream *peer)
{
    (void)peer;
    return 0;
}

/* Servers that share a port do not see that somebody else has it: only one that does not share. */
static int check_port(struct serve *self)
{
    eddy_auto(eddy_server) *probe =
        eddy_server_open(serve_nobody, .host = self->options.host, .port = self->port);

    return probe ? 0 : eddy_last_status();
}

static int lead(struct serve *self)
{
    const struct serve_options *o = &self->options;
    double begun = eddy_time();

    eddy_auto(eddy_stream) *log = open_log(o);
    if (o->log && !log)
        return eddy_last_status();
    if (o->loops > 1 && self->port)
        eddy_try(check_port(self));
    eddy_auto(eddy_http_server) *server = eddy_try(open_server(self, log, o->loops > 1));
    self->port = eddy_http_server_port(server);
    eddy_auto(eddy_group) *others = eddy_try(eddy_group_open());

    for (unsigned i = 1; i < eddy_loop_count(); i++)
        eddy_try(eddy_group_start(others, serve_in_coro(i, self)));
    announce(self, server);
    bool lines = o->log && strcmp(o->log, "-") == 0 && isatty(STDOUT_FILENO);
    eddy_auto(eddy_task) *ending = eddy_try(eddy_create_task(tell_of_end_coro(server)));
    eddy_auto(eddy_task) *hangup = eddy_try(eddy_create_task(end_on_hangup_coro()));
    eddy_auto(eddy_task) *line =
        lines ? NULL
              : eddy_try(eddy_create_task(serve_counters_show_coro(self->counters, o->loops)));
    eddy_try(wait_for_end(self, server));
    eddy_try(eddy_group_join(others));
    eddy_task_close(eddy_take(line));
    serve_counters_report(self->counters, o->loops, eddy_time() - begun);
    return 0;
}

/* Failures are words here and no traceback: they are about the options. */
static int lead_or_tell(struct serve *self)
{
    int r = lead(self);

    if (r == EDDY_EADDRINUSE)
        refuse("serve", "port %d is in use; --port 0 takes one that is free", self->options.port);
    else if (r == EDDY_EACCES && self->options.port > 0 && self->options.port < 1024)
        refuse("serve", "port %d is for root; take one from 1024 on", self->options.port);
    else if (r < 0 && r != EDDY_ECANCELED)
        refuse("serve", "%s", eddy_error_message(eddy_last_error()));
    if (r < 0)
        self->status = STATUS_FAILED;
    return 0;
}

/* Each loop's main task. The others end at once: their loops go on as long as the first one's. */
static int serve_main(struct serve *self)
{
    return eddy_loop_index() == 0 ? lead_or_tell(self) : 0;
}
EDDY_CORO(serve_main, struct serve *)

/* ---- the command ---- */

static int prepare(struct serve *self)
{
    const struct serve_options *o = &self->options;

    self->port = o->port;
    self->site.options = o;
    if (o->user && password_get(o->user, o->password_file, self->site.password) < 0)
        return STATUS_USAGE;
    self->counters = calloc((size_t)o->loops, sizeof *self->counters);
    self->router = eddy_router_open();
    if (!self->counters || !self->router || serve_site_route(&self->site, self->router) < 0) {
        refuse("serve", "%s",
               self->counters ? eddy_error_message(eddy_last_error()) : "out of memory");
        return STATUS_FAILED;
    }
    return STATUS_OK;
}

/* A connection is a descriptor, and a file may be another one. */
static void allow_many_descriptors(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= limit.rlim_max)
        return;
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static int run_serve(int argc, char **argv)
{
    struct serve self = {.status = STATUS_OK};

    if (serve_options_parse(&self.options, argc, argv) < 0)
        return STATUS_USAGE;
    if (self.options.help) {
        fputs(serve_help, stdout);
        return STATUS_OK;
    }
    self.status = prepare(&self);
    if (self.status == STATUS_OK) {
        signal(SIGXFSZ, SIG_IGN); /* an upload past the limit of file sizes is a failed write */
        allow_many_descriptors();
        if (eddy_run(serve_main_coro(&self), .loops = self.options.loops) < 0)
            self.status = STATUS_FAILED;
    }
    eddy_router_close(self.router);
    free(self.counters);
    explicit_bzero(self.site.password, sizeof self.site.password);
    return self.status;
}

const struct command serve_command = {
    .name = "serve",
    .summary = "serves the files of a folder over HTTP",
    .help = serve_help,
    .run = run_serve,
};
