/* reverse_proxy.c - a server of HTTP in front of others: reverse_proxy [OPTIONS] URL...
 *
 * Bodies go both ways as streams, none is ever held as a whole. A request goes to the server that
 * has the fewest under way, of those that have answered their last health check; one that has not
 * is asked again after longer and longer pauses. WebSockets are passed through as bytes, other
 * upgrades not asked for: HTTP/2 within one would pass by all that is looked at here. A client that
 * leaves takes its request along. Ctrl-C or SIGTERM ends it, once requests
 * under way have been answered, or after ten seconds. */
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { UPSTREAMS = 32, FIELDS = 120, URL_SIZE = 10 << 10, TUNNEL_SECONDS = 600 };
static const double LONGEST_PAUSE = 60;

struct upstream {
    char *origin; /* "http://127.0.0.1:9000", without a slash at its end */
    struct proxy *proxy;
    unsigned busy; /* requests under way */
    bool down;
    eddy_event failed; /* a request could not be passed on: time for a check */
};

struct proxy {
    struct upstream upstreams[UPSTREAMS];
    unsigned count, next;
    eddy_http *http;
    const char *check_path;
    double interval, timeout;
    const char *host, *cert, *key;
    int port;
};

/* ---- the health of servers ---- */

static void tell_of(const struct upstream *u, const char *words)
{
    fprintf(stderr, "%s %s\n", u->origin, words);
}

static void set_down(struct upstream *u, const char *reason)
{
    if (!u->down)
        fprintf(stderr, "%s is down: %s\n", u->origin, reason);
    u->down = true;
}

/* Any answer that is no failure of the server's own is a sign of health. */
static int check_health(struct upstream *u)
{
    char url[URL_SIZE];

    snprintf(url, sizeof url, "%s%s", u->origin, u->proxy->check_path);
    eddy_auto(eddy_response) *response = eddy_try(
        eddy_http_get(u->proxy->http, url, .timeout = u->proxy->interval, .max_redirects = -1));
    int status = eddy_response_status(response);
    return status < 500 ? 0 : eddy_raise(EDDY_HTTP(status), "its health check gives %d", status);
}

static int watch_health(struct upstream *u)
{
    double pause = u->proxy->interval;

    for (;;) {
        int status = check_health(u);

        if (status == EDDY_ECANCELED)
            return status;
        if (status < 0)
            set_down(u, eddy_error_message(eddy_last_error()));
        else if (u->down)
            tell_of(u, "is up again");
        u->down = status < 0;
        pause = u->down ? fmin(2 * pause, LONGEST_PAUSE) : u->proxy->interval;
        eddy_event_clear(&u->failed);
        eddy_timeout(pause)
            status = eddy_event_wait(&u->failed);
        if (status == EDDY_ECANCELED)
            return status;
    }
}
EDDY_CORO(watch_health, struct upstream *)

/* The one with the fewest requests, in turn where several have as many; NULL: all are down. */
static struct upstream *choose(struct proxy *proxy)
{
    struct upstream *best = NULL;

    for (unsigned i = 0; i < proxy->count; i++) {
        struct upstream *u = &proxy->upstreams[(proxy->next + i) % proxy->count];

        if (!u->down && (!best || u->busy < best->busy))
            best = u;
    }
    proxy->next = (proxy->next + 1) % proxy->count;
    return best;
}

/* ---- header fields ---- */

struct fields {
    eddy_pair list[FIELDS + 1];
    unsigned count;
};

static int add_field(struct fields *fields, const char *name, const char *value)
{
    if (fields->count == FIELDS)
        return eddy_raise(EDDY_HTTP(502), "a message with more than %d header fields", FIELDS);
    fields->list[fields->count++] = (eddy_pair){name, value};
    return 0;
}

static bool has_token(const char *list, const char *token)
{
    size_t size = strlen(token);

    for (; *list; list += *list == ',') {
        list += strspn(list, " \t");
        size_t length = strcspn(list, ", \t");
        if (length == size && strncasecmp(list, token, size) == 0)
            return true;
        list += strcspn(list, ",");
    }
    return false;
}

static bool connection_names(const eddy_pair *fields, const char *name)
{
    for (; fields->name; fields++)
        if (strcasecmp(fields->name, "Connection") == 0 && has_token(fields->value, name))
            return true;
    return false;
}

/* Whether a field concerns one connection only, or is said anew by whoever sends the message on.
 * Date is that of the answer's way through here; what a client says of proxies before this one can
 * be anything. */
static bool stays_here(const eddy_pair *field)
{
    static const char *const names[] = {
        "Connection",
        "Content-Length",
        "Date",
        "Expect",
        "Forwarded",
        "Host",
        "Keep-Alive",
        "Proxy-Connection",
        "TE",
        "Trailer",
        "Transfer-Encoding",
        "Proxy-Authenticate",
        "Proxy-Authorization",
        "Upgrade",
    };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (strcasecmp(field->name, names[i]) == 0)
            return true;
    return strncasecmp(field->name, "X-Forwarded-", 12) == 0;
}

static int pass_fields(struct fields *to, const eddy_pair *from)
{
    for (const eddy_pair *field = from; field->name; field++)
        if (!stays_here(field) && !connection_names(from, field->name))
            eddy_try(add_field(to, field->name, field->value));
    return 0;
}

/* ---- a request on its way ---- */

struct passage {
    eddy_request *request;
    struct fields fields;
    char client[64]; /* its address, without a port */
    char url[URL_SIZE];
    const char *upgrade; /* the protocol that the client asks for; NULL: none */
    bool begun;          /* some of the body has been taken from the client */
};

/* What the server is asked for: the target as it came, without the origin that a client may put
 * before it. */
static int make_url(struct passage *p, const struct upstream *u)
{
    const char *target = eddy_request_target(p->request), *scheme = strstr(target, "://");
    const char *slash = "";

    if (*target != '/' && scheme) {
        target = scheme + 3 + strcspn(scheme + 3, "/?");
        slash = *target == '/' ? "" : "/";
    } else if (*target != '/') {
        return eddy_raise(EDDY_HTTP(400), "a target that begins with no slash");
    }
    snprintf(p->url, sizeof p->url, "%s%s%s", u->origin, slash, target);
    return 0;
}

static int make_fields(struct passage *p)
{
    eddy_request *request = p->request;
    const eddy_pair *headers = eddy_request_headers(request);
    const char *peer = eddy_request_peer(request), *colon = strrchr(peer, ':');
    bool secure = eddy_stream_tls_version(eddy_request_connection(request)) != NULL;

    const char *upgrade = eddy_request_header(request, "Upgrade");

    if (upgrade && strcasecmp(upgrade, "websocket") == 0 && connection_names(headers, "upgrade"))
        p->upgrade = upgrade;
    snprintf(p->client, sizeof p->client, "%.*s", (int)(colon ? colon - peer : 60), peer);
    eddy_try(pass_fields(&p->fields, headers));
    eddy_try(add_field(&p->fields, "X-Forwarded-For", p->client));
    eddy_try(add_field(&p->fields, "X-Forwarded-Proto", secure ? "https" : "http"));
    return add_field(&p->fields, "X-Forwarded-Host", eddy_request_host(request));
}

/* Once all of the body has gone out, only the end can still come from the client. */
static int send_body(eddy_stream *upstream, void *arg)
{
    struct passage *p = arg;

    p->begun = true;
    eddy_try(eddy_copy(upstream, eddy_request_body(p->request)));
    return eddy_request_cancel_on_disconnect(p->request);
}

/* Bytes of the request's body; -1: not known; 0: none. */
static int64_t body_length(eddy_request *request)
{
    const char *length = eddy_request_header(request, "Content-Length");

    if (length)
        return strtoll(length, NULL, 10);
    if (eddy_request_header(request, "Transfer-Encoding"))
        return -1;
    bool may_have = eddy_request_version(request) == EDDY_HTTP_2 &&
                    strcmp(eddy_request_method(request), "GET") != 0 &&
                    strcmp(eddy_request_method(request), "HEAD") != 0;
    return may_have ? -1 : 0;
}

static eddy_response *send_request(struct passage *p, struct proxy *proxy)
{
    const char *expect = eddy_request_header(p->request, "Expect");
    int64_t length = body_length(p->request);

    return eddy_http_request(proxy->http, eddy_request_method(p->request), p->url,
                             .headers = p->fields.list, .write = length ? send_body : NULL,
                             .length = length > 0 ? length : 0, .arg = p, .upgrade = p->upgrade,
                             .no_retry = length != 0, .max_redirects = -1,
                             .expect_continue = length && expect && *expect);
}

/* ---- its answer ---- */

/* A connection that goes on with another protocol, both ways. */
struct tunnel {
    int64_t bytes[2];
    int open; /* ways on which more may come */
    eddy_event ended;
};

static int pass_on(struct tunnel *t, eddy_stream *to, eddy_stream *from, int way)
{
    eddy_try(eddy_copy(to, from, .copied = &t->bytes[way]));
    eddy_try(eddy_write_eof(to));
    if (--t->open == 0)
        eddy_event_set(&t->ended);
    return 0;
}
EDDY_CORO(pass_on, struct tunnel *, eddy_stream *, eddy_stream *, int)

/* Until both ends have ended, or nothing has come of either for long. */
static int tunnel(eddy_stream *client, eddy_stream *server)
{
    struct tunnel t = {.open = 2};
    int64_t before;
    int status;
    eddy_auto(eddy_group) *both = eddy_try(eddy_group_open());

    eddy_try(eddy_group_start(both, pass_on_coro(&t, server, client, 0)));
    eddy_try(eddy_group_start(both, pass_on_coro(&t, client, server, 1)));
    do {
        before = t.bytes[0] + t.bytes[1];
        status = 0;
        eddy_timeout(TUNNEL_SECONDS)
            status = eddy_event_wait(&t.ended);
    } while (status == EDDY_ETIMEDOUT && t.bytes[0] + t.bytes[1] > before);
    if (status == EDDY_ETIMEDOUT)
        status = eddy_raise(EDDY_ECONNABORTED, "a tunnel in which nothing moves");
    return eddy_group_join(both, .body = status);
}

static int answer(struct passage *p, eddy_response *response)
{
    int status = eddy_response_status(response);
    int64_t length = eddy_response_length(response);
    struct fields fields = {.count = 0};

    eddy_try(pass_fields(&fields, eddy_response_headers(response)));
    if (status == 101) {
        const char *protocol = eddy_response_header(response, "Upgrade");
        eddy_stream *client = eddy_try(
            eddy_respond_upgrade(p->request, protocol ? protocol : p->upgrade, fields.list));
        return tunnel(client, eddy_try(eddy_response_body(response)));
    }
    if (length == 0 || status == 204 || status == 304)
        return eddy_respond_bytes(p->request, status, NULL, 0, .type = "", .headers = fields.list);
    eddy_auto(eddy_stream) *client =
        eddy_try(eddy_respond_stream(p->request, status, .type = "", .headers = fields.list,
                                     .length = length > 0 ? (uint64_t)length : 0));
    if (strcmp(eddy_request_method(p->request), "HEAD") == 0)
        return 0;
    eddy_stream *body = eddy_try(eddy_response_body(response));
    eddy_try(eddy_copy(client, body));
    return 0;
}

/* ---- requests ---- */

static bool is_unreachable(int code)
{
    return code == EDDY_ECONNREFUSED || code == EDDY_ENAME || code == EDDY_EHOSTUNREACH ||
           code == EDDY_ENETUNREACH;
}

/* The answer to a request that was not answered; what is the client's own fault is said already. */
static int refuse(struct passage *p, struct upstream *u, int code)
{
    if (code == EDDY_ECANCELED || (code <= EDDY_HTTP(400) && code > EDDY_HTTP(500)))
        return code;
    fprintf(stderr, "%s: %s %.200s: %s\n", u->origin, eddy_request_method(p->request),
            eddy_request_target(p->request), eddy_error_message(eddy_last_error()));
    if (code == EDDY_ETIMEDOUT)
        return eddy_raise(EDDY_HTTP(504), "the server has not answered in time");
    return eddy_raise(EDDY_HTTP(502), "the server has given no answer");
}

static int pass_to(struct passage *p, struct upstream *u)
{
    eddy_try(make_url(p, u));
    eddy_auto(eddy_response) *response = send_request(p, u->proxy);
    if (!response && eddy_last_status() == EDDY_EINVAL)
        return eddy_raise(EDDY_HTTP(400), "a request that cannot be passed on");
    return response ? answer(p, response) : eddy_last_status();
}

static int handle(eddy_request *request)
{
    struct proxy *proxy = eddy_request_arg(request);
    struct passage p = {.request = request};
    struct upstream *u;

    eddy_try(make_fields(&p));
    while ((u = choose(proxy))) {
        u->busy++;
        int status = pass_to(&p, u);
        u->busy--;
        if (status >= 0 || eddy_respond_status(request))
            return status;
        if (!is_unreachable(status) || p.begun)
            return refuse(&p, u, status);
        set_down(u, eddy_error_message(eddy_last_error()));
        eddy_event_set(&u->failed);
    }
    eddy_try(eddy_respond_header(request, "Retry-After", "5"));
    return eddy_raise(EDDY_HTTP(503), "no server is there to answer this");
}

/* One line is enough of an answer that was cut off. */
static void report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)arg;
    fprintf(stderr, "%s: %s\n", report->message,
            report->error ? eddy_error_message(report->error) : "");
}

static int serve(struct proxy *proxy)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_auto(eddy_http) *http = eddy_try(
        eddy_http_open(.user_agent = "", .no_decode = true, .timeout = INFINITY, .limit = 10000,
                       .timeout_connect = proxy->timeout, .timeout_read = proxy->timeout));
    eddy_auto(eddy_group) *checks = eddy_try(eddy_group_open());

    proxy->http = http;
    eddy_loop_set_exception_handler(eddy_loop_running(), report, NULL);
    eddy_try(eddy_route(router, "/", handle, .body_limit = INT64_MAX));
    eddy_auto(eddy_http_server) *server = eddy_try(eddy_http_server_open(
        router, .arg = proxy, .host = proxy->host, .port = proxy->port, .cert = proxy->cert,
        .key = proxy->key, .cancel_on_disconnect = true, .stop_on_signal = true));
    for (unsigned i = 0; i < proxy->count; i++)
        eddy_try(eddy_group_start(checks, watch_health_coro(&proxy->upstreams[i])));
    printf("%s for", eddy_http_server_url(server));
    for (unsigned i = 0; i < proxy->count; i++)
        printf(" %s", proxy->upstreams[i].origin);
    printf("\n");
    fflush(stdout);
    return eddy_http_server_wait(server);
}
EDDY_CORO(serve, struct proxy *)

/* ---- the command line ---- */

static const char usage[] =
    "usage: reverse_proxy [OPTIONS] URL...\n"
    "  URL                 a server that requests are passed on to: http://127.0.0.1:9000\n"
    "  --host ADDRESS      to listen on; 127.0.0.1\n"
    "  --port PORT         to listen on; 8080, 0: any that is free\n"
    "  --check PATH        what servers are asked for to see whether they are well; /\n"
    "  --interval SECONDS  between these questions, and for their answers; 5\n"
    "  --timeout SECONDS   for a server to say something; 60\n"
    "  --cert FILE, --key FILE  speaks TLS to clients\n";

static bool bad(const char *words, const char *what)
{
    fprintf(stderr, "reverse_proxy: %s: %s\n%s", what, words, usage);
    return false;
}

static bool parse_number(const char *text, double least, double most, double *number)
{
    char *end;

    *number = strtod(text, &end);
    return end != text && !*end && *number >= least && *number <= most;
}

static bool parse_upstream(struct proxy *proxy, const char *text)
{
    eddy_auto(eddy_url) *url = eddy_url_open(text);

    if (!url)
        return bad(eddy_error_message(eddy_last_error()), text);
    if (strncmp(eddy_url_scheme(url), "http", 4) != 0 || eddy_url_user(url) ||
        strcmp(eddy_url_target(url), "/") != 0)
        return bad("only http:// or https://, a host and a port can be given", text);
    if (proxy->count == UPSTREAMS)
        return bad("too many servers, 32 at most", text);
    struct upstream *u = &proxy->upstreams[proxy->count++];
    size_t length = strlen(text);
    u->proxy = proxy;
    u->origin = strndup(text, length - (text[length - 1] == '/'));
    return u->origin ? true : bad("no memory", text);
}

static bool parse_option(struct proxy *proxy, int option)
{
    double number = 0;

    switch (option) {
    case 'h':
        proxy->host = optarg;
        return true;
    case 'p':
        if (!parse_number(optarg, 0, 65535, &number) || number != floor(number))
            return bad("a port is a number from 0 to 65535", optarg);
        proxy->port = (int)number;
        return true;
    case 'c':
        proxy->check_path = optarg;
        return *optarg == '/' && strlen(optarg) < 1024
                   ? true
                   : bad("no path that begins with a slash", optarg);
    case 'i':
        return parse_number(optarg, 0.01, 3600, &proxy->interval)
                   ? true
                   : bad("an interval is 0.01 to 3600 seconds", optarg);
    case 't':
        return parse_number(optarg, 0.01, 86400, &proxy->timeout)
                   ? true
                   : bad("a timeout is 0.01 to 86400 seconds", optarg);
    case 'C':
        proxy->cert = optarg;
        return true;
    case 'K':
        proxy->key = optarg;
        return true;
    default:
        fputs(usage, stderr);
        return false;
    }
}

static bool parse(struct proxy *proxy, int argc, char **argv)
{
    static const struct option options[] = {
        {"host", required_argument, NULL, 'h'},    {"port", required_argument, NULL, 'p'},
        {"check", required_argument, NULL, 'c'},   {"interval", required_argument, NULL, 'i'},
        {"timeout", required_argument, NULL, 't'}, {"cert", required_argument, NULL, 'C'},
        {"key", required_argument, NULL, 'K'},     {NULL, 0, NULL, 0},
    };
    int option;

    while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
        if (!parse_option(proxy, option))
            return false;
    if (!proxy->cert != !proxy->key)
        return bad("both or neither have to be given", "--cert and --key");
    for (; optind < argc; optind++)
        if (!parse_upstream(proxy, argv[optind]))
            return false;
    return proxy->count ? true : bad("no server to pass requests on to", "URL");
}

int main(int argc, char **argv)
{
    static struct proxy proxy = {.check_path = "/", .interval = 5, .timeout = 60, .port = 8080};
    int status = 2;

    if (parse(&proxy, argc, argv))
        status = eddy_run(serve_coro(&proxy)) < 0;
    for (unsigned i = 0; i < proxy.count; i++)
        free(proxy.upstreams[i].origin);
    return status;
}
