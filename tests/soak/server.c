/* server.c - the server of the soak: server CONNECTIONS [CERTIFICATE]
 *
 * Prints its port, serves until SIGTERM, and prints what it has counted. */
#include "plans.h"

static const double DRAIN_SECONDS = 30, LORIS_SECONDS = 1;

static struct {
    unsigned long accepted;
    unsigned long ended;
    unsigned long silent; /* left before they had said anything */
    unsigned long reports;
    unsigned long timeouts; /* of impatient reads */
    unsigned peak;
} counts;

static eddy_server *server;

/* ---- the plans ---- */

/* The first bytes of what comes next: a count, 0 at the end. */
static ssize_t begin(eddy_stream *peer, const struct hello *hello, void *data, size_t size)
{
    ssize_t n = EDDY_ETIMEDOUT;

    if (hello->plan != PLAN_impatient)
        return eddy_read(peer, data, size);
    for (double seconds = 0.02; n == EDDY_ETIMEDOUT && seconds < 1000; seconds *= 1.5) {
        eddy_timeout(seconds)
            n = eddy_read(peer, data, size);
        counts.timeouts += n == EDDY_ETIMEDOUT;
    }
    return n;
}

/* Reads all of it, however often it is interrupted. */
static int take(eddy_stream *peer, const struct hello *hello, void *data, size_t size)
{
    struct tally *t = &tallies[hello->plan];

    for (size_t got = 0; got < size;) {
        ssize_t n = eddy_try(begin(peer, hello, (char *)data + got, size - got));

        if (n == 0)
            return eddy_raise(EDDY_EOF, "the end after %zu of %zu bytes", got, size);
        got += (size_t)n;
        t->received += (size_t)n;
    }
    return 0;
}

static int echo_body(eddy_stream *peer, const struct hello *hello, struct head head)
{
    char data[PIECE];

    for (size_t done = 0; done < head.size; done += piece(head.size - done)) {
        size_t size = piece(head.size - done);

        eddy_try(take(peer, hello, data, size));
        if (memcmp(data, bytes_at(head.seed, done), size) != 0)
            return wrong_bytes(done);
        eddy_try(put(peer, &tallies[hello->plan], data, size));
    }
    return 0;
}

static int echo(eddy_stream *peer, const struct hello *hello)
{
    struct tally *t = &tallies[hello->plan];
    struct head head;

    for (;;) {
        size_t got = (size_t)eddy_try(begin(peer, hello, &head, sizeof head));

        if (got == 0)
            return 0;
        t->received += got;
        eddy_try(take(peer, hello, (char *)&head + got, sizeof head - got));
        eddy_try(put(peer, t, &head, sizeof head));
        eddy_try(echo_body(peer, hello, head));
    }
}

/* Reads to the end. */
static int take_upload(eddy_stream *peer, const struct hello *hello, struct sum *sum)
{
    char data[PIECE];
    ssize_t n;

    while ((n = eddy_try(eddy_read(peer, data, sizeof data))) > 0) {
        if (memcmp(data, bytes_at(hello->seed, sum->size), (size_t)n) != 0)
            return wrong_bytes(sum->size);
        tallies[hello->plan].received += (size_t)n;
        sum->size += (size_t)n;
        sum->hash = hash_of(sum->hash, data, (size_t)n);
    }
    return 0;
}

static int upload(eddy_stream *peer, const struct hello *hello)
{
    struct sum sum = {0};

    eddy_try(take_upload(peer, hello, &sum));
    return put(peer, &tallies[hello->plan], &sum, sizeof sum);
}

static int download(eddy_stream *peer, const struct hello *hello)
{
    for (size_t done = 0; done < hello->size; done += piece(hello->size - done))
        eddy_try(put(peer, &tallies[hello->plan], bytes_at(hello->seed, done),
                     piece(hello->size - done)));
    return 0;
}

static int loris(eddy_stream *peer, const struct hello *hello)
{
    struct head head;
    int status = 0;

    eddy_timeout(LORIS_SECONDS)
        status = take(peer, hello, &head, sizeof head);
    if (status == EDDY_ETIMEDOUT)
        return 0;
    return eddy_raise(EDDY_EUSER, "no timeout but %d", status);
}

static int doomed(eddy_stream *peer)
{
    char byte;

    eddy_cancel(eddy_current_task());
    ssize_t n = eddy_read(peer, &byte, 1);
    return n == EDDY_ECANCELED ? 0 : eddy_raise(EDDY_EUSER, "no cancellation but %zd", n);
}

static int follow(eddy_stream *peer, const struct hello *hello)
{
    struct sum ignored = {0};

    switch (hello->plan) {
    case PLAN_upload:
        return upload(peer, hello);
    case PLAN_download:
        return download(peer, hello);
    case PLAN_deaf:
        return take_upload(peer, hello, &ignored);
    case PLAN_loris:
        return loris(peer, hello);
    case PLAN_doomed:
        return doomed(peer);
    case PLAN_fails:
        eddy_stream_abort(peer);
        return 0;
    default:
        return echo(peer, hello);
    }
}

/* ---- serving ---- */

static int talk(eddy_stream *peer)
{
    struct hello hello;
    ssize_t n = eddy_read_exactly(peer, &hello, sizeof hello);

    if (n < 0 || hello.magic != MAGIC || hello.plan >= PLAN_COUNT) {
        counts.silent++;
        return 0;
    }
    struct tally *t = &tallies[hello.plan];
    t->begun++;
    t->received += sizeof hello;
    int status = follow(peer, &hello);
    t->done += status == 0;
    t->cut += status < 0;
    if (status == 0 && hello.plan == PLAN_fails)
        return eddy_raise(EDDY_EUSER, "as planned");
    return status < 0 && status > EDDY_EUSER ? 0 : status;
}

static int serve_one(eddy_stream *peer)
{
    counts.accepted++;
    if (eddy_server_connections(server) > counts.peak)
        counts.peak = eddy_server_connections(server);
    int status = talk(peer);
    counts.ended++;
    return status;
}

static void count_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)arg;
    counts.reports++;
    if (!report->error || strcmp(eddy_error_message(report->error), "as planned") != 0)
        eddy_loop_default_exception_handler(loop, report);
}

static int serve(unsigned connections, const char *certificate)
{
    size_t tasks = eddy_all_tasks(NULL, 0);

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, NULL);
    server = eddy_try(eddy_server_open(serve_one, .host = "127.0.0.1", .backlog = 4096,
                                       .max_connections = connections, .cert = certificate,
                                       .drain = DRAIN_SECONDS, .stop_on_signal = true));
    printf("port %d\n", eddy_server_port(server));
    fflush(stdout);
    int status = eddy_server_wait(server);
    eddy_server_close(server);
    printf("left.tasks %d\n", (int)(eddy_all_tasks(NULL, 0) - tasks));
    return status;
}
EDDY_CORO(serve, unsigned, const char *)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int status = run_counted(serve_coro((unsigned)strtoul(argv[1], NULL, 10), argv[2]));

    printf("accepted %lu\nended %lu\nsilent %lu\nreports %lu\ntimeouts %lu\npeak %u\n",
           counts.accepted, counts.ended, counts.silent, counts.reports, counts.timeouts,
           counts.peak);
    return status < 0;
}
