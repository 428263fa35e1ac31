/* http_server.c - the server of the soak of HTTP: http_server CONNECTIONS [CERTIFICATE]
 *
 * Prints its port, serves until SIGTERM, and prints what it has counted. */
/* pkg-config: eddy-http */
#include "http_plans.h"

static const double DRAIN_SECONDS = 30, HEAD_SECONDS = 1;
enum { SMALL = 1000 };

static struct {
    unsigned long reports;
    unsigned peak;
} counts;

static eddy_http_server *server;

struct order {
    enum plan plan;
    struct tally *tally;
    uint32_t size, seed;
};

/* ---- bodies ---- */

/* So many bytes of the order's. */
static int give(eddy_request *request, const struct order *o, size_t size, uint64_t length)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200, .length = length));

    for (size_t done = 0; done < size; done += piece(size - done))
        eddy_try(put(out, o->tally, bytes_at(o->seed, done), piece(size - done)));
    return 0;
}

/* Reads all of the body, and sends it back where there is an out. */
static int take(eddy_request *request, const struct order *o, struct sum *sum, eddy_stream *out)
{
    eddy_stream *body = eddy_try(eddy_request_body(request));
    char data[PIECE];
    ssize_t n;

    while ((n = eddy_try(eddy_read(body, data, sizeof data))) > 0) {
        o->tally->received += (size_t)n;
        if (memcmp(data, bytes_at(o->seed, sum->size), (size_t)n) != 0)
            return wrong_bytes(sum->size);
        sum->size += (size_t)n;
        sum->hash = hash_of(sum->hash, data, (size_t)n);
        if (out)
            eddy_try(put(out, o->tally, data, (size_t)n));
    }
    return 0;
}

/* ---- the plans ---- */

static int sum_up(eddy_request *request, const struct order *o)
{
    struct sum sum = {0};

    eddy_try(take(request, o, &sum, NULL));
    o->tally->sent += sizeof sum;
    return eddy_respond_bytes(request, 200, &sum, sizeof sum);
}

static int send_back(eddy_request *request, const struct order *o)
{
    struct sum sum = {0};
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(request, 200));

    return take(request, o, &sum, out);
}

static int refuse(eddy_request *request, const struct order *o)
{
    eddy_request_set_max_body(request, SMALL);
    return sum_up(request, o);
}

static int fail(eddy_request *request, const struct order *o)
{
    if (o->plan == PLAN_breaks)
        eddy_try(give(request, o, o->size / 2, 0));
    return eddy_raise(EDDY_EUSER, "as planned");
}

static int linger(eddy_request *request, const struct order *o)
{
    if (o->plan == PLAN_waits)
        eddy_try(eddy_request_cancel_on_disconnect(request));
    eddy_try(eddy_sleep(o->plan == PLAN_waits ? 1000 : o->size / 1000.0));
    return eddy_respond_text(request, 200, "late\n");
}

static int follow(eddy_request *request, const struct order *o)
{
    switch (o->plan) {
    case PLAN_post:
    case PLAN_asks:
    case PLAN_broken:
        return sum_up(request, o);
    case PLAN_chunks:
        return send_back(request, o);
    case PLAN_refused:
        return refuse(request, o);
    case PLAN_fails:
    case PLAN_breaks:
        return fail(request, o);
    case PLAN_impatient:
    case PLAN_waits:
        return linger(request, o);
    case PLAN_slow:
    case PLAN_half:
        return give(request, o, o->size, 0);
    default:
        return give(request, o, o->size, o->size);
    }
}

/* The status with which a handler ends that goes as planned. */
static int planned(enum plan plan)
{
    return plan == PLAN_refused                        ? EDDY_HTTP(413)
           : plan == PLAN_fails || plan == PLAN_breaks ? EDDY_EUSER
           : plan == PLAN_waits                        ? EDDY_ECANCELED
                                                       : 0;
}

/* ---- serving ---- */

static int take_order(eddy_request *request, struct order *o)
{
    const char *name = eddy_request_param(request, "plan");

    while (o->plan < PLAN_COUNT && strcmp(plan_names[o->plan], name) != 0)
        o->plan++;
    if (o->plan == PLAN_COUNT)
        return eddy_raise(EDDY_HTTP(404), "no plan %s", name);
    o->tally = &tallies[o->plan];
    o->size = (uint32_t)strtoul(eddy_request_param(request, "size"), NULL, 10);
    o->seed = (uint32_t)strtoul(eddy_request_param(request, "seed"), NULL, 10);
    return 0;
}

static int serve_one(eddy_request *request)
{
    struct order o = {0};

    if (eddy_http_server_connections(server) > counts.peak)
        counts.peak = eddy_http_server_connections(server);
    eddy_try(take_order(request, &o));
    o.tally->begun++;
    int status = follow(request, &o);
    o.tally->done += status == planned(o.plan);
    o.tally->cut += status != planned(o.plan);
    return status;
}

static void count_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)arg;
    counts.reports++;
    if (!report->error || !strstr(eddy_error_message(report->error), "as planned"))
        eddy_loop_default_exception_handler(loop, report);
}

static int serve(unsigned connections, const char *certificate)
{
    size_t tasks = eddy_all_tasks(NULL, 0);
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_route(router, "/{plan}/{size}/{seed}", serve_one));
    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, NULL);
    server = eddy_try(eddy_http_server_open(router, .host = "127.0.0.1", .backlog = 4096,
                                            .max_connections = 2 * connections, .cert = certificate,
                                            .timeout_header = HEAD_SECONDS, .min_rate = 1,
                                            .drain = DRAIN_SECONDS, .stop_on_signal = true));
    printf("port %d\n", eddy_http_server_port(server));
    fflush(stdout);
    int status = eddy_http_server_wait(server);
    eddy_http_server_stats stats = eddy_http_server_get_stats(server);
    eddy_http_server_close(server);
    printf("accepted %lu\nrequests %lu\nrefused %lu\n", (unsigned long)stats.connections,
           (unsigned long)stats.requests, (unsigned long)stats.refused);
    printf("left.tasks %d\n", (int)(eddy_all_tasks(NULL, 0) - tasks));
    return status;
}
EDDY_CORO(serve, unsigned, const char *)

int main(int argc, char **argv)
{
    if (argc < 2)
        return 2;
    int status = run_counted(serve_coro((unsigned)strtoul(argv[1], NULL, 10), argv[2]));

    printf("reports %lu\npeak %u\n", counts.reports, counts.peak);
    return status < 0;
}
