/* test_connection_h2.c - the server's side of HTTP/2, asked by a bare connection of it through
 * memory: what a session of the client cannot do. The rest is in tests/http/client/test_conn.c. */
#include "talk.h"

#include "http/h2/h2.h"
#include <eddy.h>
#include <eddy/http/websocket.h>
#include <stdlib.h>

struct asker {
    eddy_stream *stream;
    struct eddy__h2 *h2;
    eddy_task *task;
};

static int run_asker(struct asker *a)
{
    return eddy__h2_run(a->h2);
}
EDDY_CORO(run_asker, struct asker *)

static void asker_begin(struct asker *a, eddy_stream *stream)
{
    a->stream = stream;
    CHECK(stream != NULL);
    a->h2 = eddy__h2_open(a->stream, &(struct eddy__h2_opts){0});
    CHECK(a->h2 != NULL);
    a->task = eddy_create_task(run_asker_coro(a));
    CHECK(a->task != NULL);
}

static void asker_open(struct asker *a, eddy_http_server *server)
{
    asker_begin(a, eddy_http_server_connect(server));
}

static void asker_close(struct asker *a)
{
    eddy_task_close(a->task);
    eddy__h2_close(a->h2);
    eddy_stream_close(a->stream);
}

static struct eddy__h2_stream *ask(struct asker *a, const char *method, const char *target,
                                   const eddy_pair *fields, int64_t length)
{
    struct eddy__h2_stream *s = eddy__h2_open_stream(a->h2, NULL);

    CHECK(s != NULL);
    CHECK_INT(eddy__exchange_send(&s->exchange, &(struct eddy__head_out){.method = method,
                                                                         .scheme = "http",
                                                                         .authority = "a",
                                                                         .target = target,
                                                                         .fields = fields,
                                                                         .length = length,
                                                                         .no_body = length == 0}),
              0);
    return s;
}

/* "200 text" */
static const char *answer_of(struct eddy__h2_stream *s)
{
    static char text[4096];
    struct eddy__head head = {0};
    int status = eddy__exchange_receive(&s->exchange, &head);
    size_t size = (size_t)snprintf(text, sizeof text, "%d ", status < 0 ? status : head.status);
    ssize_t n;

    while (status > 0 && (n = eddy__exchange_read(&s->exchange, text + size, 4095 - size)) > 0)
        size += (size_t)n;
    text[size] = '\0';
    return text;
}

static const char *answer_to_ask(struct asker *a, const char *method, const char *target,
                                 const eddy_pair *fields)
{
    struct eddy__h2_stream *s = ask(a, method, target, fields, 0);
    const char *text = answer_of(s);

    eddy__h2_close_stream(s);
    return text;
}

/* ---- handlers ---- */

static int tells(eddy_request *r)
{
    const char *cookie = eddy_request_header(r, "Cookie");

    return eddy_respond_text(r, 200, "%s %s %s %s", eddy_request_method(r), eddy_request_path(r),
                             eddy_request_host(r), cookie ? cookie : "-");
}

static int naps(eddy_request *r)
{
    eddy_try(eddy_sleep(5));
    return eddy_respond_text(r, 200, "rested");
}

static int cancels(eddy_request *r)
{
    int *cancelled = eddy_request_arg(r);

    eddy_try(eddy_request_cancel_on_disconnect(r));
    *cancelled = eddy_sleep(1000) == EDDY_ECANCELED;
    return EDDY_ECANCELED;
}

static int accepts_websocket(eddy_request *r)
{
    return eddy_websocket_accept(r) ? 0 : eddy_last_status();
}

static int pours(eddy_request *r)
{
    static char block[8192];
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    for (int i = 0; i < 1000; i++)
        eddy_try(eddy_write(out, block, sizeof block));
    return 0;
}

static int reads_all(eddy_request *r)
{
    const char *text = eddy_try(eddy_request_text(r));
    const eddy_pair *trailers = eddy_request_trailers(r);

    return eddy_respond_text(r, 200, "%s %s: %s%s", text, trailers ? trailers->name : "-",
                             trailers ? trailers->value : "-",
                             trailers && trailers[1].name ? " and more" : "");
}

static int naps_shortly(eddy_request *r)
{
    eddy_try(eddy_sleep(0.1));
    return eddy_respond_text(r, 200, "rested");
}

static int closes(eddy_http_server *server)
{
    eddy_http_server_close(server);
    return 0;
}
EDDY_CORO(closes, eddy_http_server *)

static int reads_on(eddy_stream *body, int *left)
{
    char buf[10];

    *left = (int)eddy_read(body, buf, sizeof buf);
    return 0;
}
EDDY_CORO(reads_on, eddy_stream *, int *)

static int leaves_reader(eddy_request *r)
{
    eddy_task *reader =
        eddy_try(eddy_create_task(reads_on_coro(eddy_request_body(r), eddy_request_arg(r))));

    eddy_detach(reader);
    eddy_try(eddy_sleep(0.1));
    return eddy_respond_text(r, 200, "done");
}

/* ---- tests ---- */

TEST(HS19_each_stream_of_HTTP_2_is_a_request)
{
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    CHECK_STR(answer_to_ask(&a, "GET", "/x%20y?q", NULL), "200 GET /x y a -");
    CHECK_STR(answer_to_ask(&a, "HEAD", "/", NULL), "200 ");
    CHECK_STR(answer_to_ask(&a, "GET", "/", eddy_pairs({"cookie", "a=1"}, {"cookie", "b=2"})),
              "200 GET / a a=1; b=2");
    CHECK_STR(answer_to_ask(&a, "GET", "/../x", NULL),
              "400 the path has a segment \".\" or \"..\"\n");
    asker_close(&a);
}

/* What comes between the announcement and its ping is served. */
TEST(HS11_a_server_that_ends_tells_clients_of_HTTP_2_so)
{
    eddy_auto(eddy_router) *router = router_of(naps);
    eddy_http_server *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "GET", "/", NULL, 0);
    CHECK_OK(eddy_sleep(1));
    double begun = eddy_time();
    eddy_http_server_close(server);
    CHECK_NEAR(eddy_time() - begun, 4, 0.1);
    CHECK(eddy__h2_open_stream(a.h2, NULL) == NULL);
    CHECK_STR(answer_of(s), "200 rested");
    eddy__h2_close_stream(s);
    CHECK_OK(eddy_await(a.task));
    asker_close(&a);
}

TEST(HS11_connections_of_HTTP_2_without_a_request_end_at_once)
{
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_http_server *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), "200 GET / a -");
    double begun = eddy_time();
    eddy_http_server_close(server);
    CHECK_NEAR(eddy_time() - begun, 0, 0.1);
    CHECK_OK(eddy_await(a.task));
    asker_close(&a);
}

TEST(HS12_a_stream_that_is_reset_cancels_the_handler_who_wants_that)
{
    int cancelled = 0;
    eddy_auto(eddy_router) *router = router_of(cancels);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = &cancelled);
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "GET", "/", NULL, 0);
    CHECK_OK(eddy_sleep(1));
    CHECK(!cancelled);
    eddy__h2_close_stream(s);
    CHECK_OK(eddy_sleep(1));
    CHECK(cancelled);
    asker_close(&a);
}

TEST(HS19_there_is_no_upgrade_over_HTTP_2)
{
    eddy_auto(eddy_router) *router = router_of(accepts_websocket);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL),
              "400 a WebSocket is opened by GET and HTTP/1.1\n");
    asker_close(&a);
}

TEST(HS19_a_server_may_have_HTTP_1_alone)
{
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .no_http2 = true);

    CHECK_INT(status_of(server, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"), 505);
}

/* A connection that is idle for a minute and a quarter has ended; so has one whose head of a
 * request does not come. */
TEST(HS6_times_of_connections_of_HTTP_2)
{
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    static const char preface[] = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0";
    static const char half[] = "\0\0\x20\1\5\0\0\0\1\x82";
    struct asker a;
    char scrap[256];

    asker_open(&a, server);
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), "200 GET / a -");
    double begun = eddy_time();
    CHECK_OK(eddy_await(a.task));
    CHECK_NEAR(eddy_time() - begun, 75, 0.1);
    asker_close(&a);

    eddy_auto(eddy_stream) *slow = eddy_http_server_connect(server);
    CHECK_OK(eddy_write(slow, preface, sizeof preface - 1));
    CHECK_OK(eddy_write(slow, half, sizeof half - 1));
    begun = eddy_time();
    while (eddy_read(slow, scrap, sizeof scrap) > 0)
        ;
    CHECK_NEAR(eddy_time() - begun, 10, 0.1);
}

/* Row 31: what is asked for again and again and brings nothing ends the connection. */
TEST(HS20_floods_of_frames)
{
    static const unsigned char frames[][17] = {
        {0, 0, 8, 6, 0, 0, 0, 0, 0},    /* PING */
        {0, 0, 0, 4, 0, 0, 0, 0, 0},    /* SETTINGS */
        {0, 0, 5, 2, 0, 0, 0, 0, 3},    /* PRIORITY */
        {0, 0, 0, 0xbb, 0, 0, 0, 0, 1}, /* unknown */
    };
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );

    for (unsigned i = 0; i < count_of(frames); i++) {
        eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
        unsigned char last[17] = {0}, scrap[512];
        ssize_t n = 0;

        send_bytes(peer, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n");
        CHECK_OK(eddy_write(peer, "\0\0\0\4\0\0\0\0\0", 9));
        for (int k = 0; k < 1001 && n >= 0; k++)
            n = eddy_write(peer, frames[i], 9u + frames[i][2]);
        while ((n = eddy_read(peer, scrap, sizeof scrap)) > 0)
            if (n >= 17)
                memcpy(last, scrap + n - 17, 17);
        CHECK_INT(last[3], 7);   /* GOAWAY */
        CHECK_INT(last[16], 11); /* ENHANCE_YOUR_CALM */
    }
}

/* A client that does not open its windows has 30 s for each piece; others go on. */
TEST(HS6_an_answer_over_HTTP_2_that_nobody_takes)
{
    eddy_auto(eddy_router) *router = router_of(pours);
    CHECK_OK(eddy_route(router, "/tell", tells));
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct eddy__head head;
    struct asker a;
    char scrap[1024];
    ssize_t n;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "GET", "/", NULL, 0);
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), 1);
    CHECK_OK(eddy_sleep(29));
    CHECK(!s->closed);
    CHECK_OK(eddy_sleep(2));
    CHECK(s->closed);
    while ((n = eddy__exchange_read(&s->exchange, scrap, sizeof scrap)) > 0)
        ;
    CHECK_INT(n, EDDY_ECONNRESET);
    eddy__h2_close_stream(s);
    CHECK_STR(answer_to_ask(&a, "GET", "/tell", NULL), "200 GET /tell a -");
    asker_close(&a);
}

TEST(HS6_a_body_over_HTTP_2_that_does_not_come)
{
    eddy_auto(eddy_router) *router = router_of(reads_all);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "POST", "/", NULL, 100);
    CHECK_STR(answer_of(s), "408 the body comes too slowly\n");
    CHECK_NEAR(eddy_time(), 10, 0.5);
    eddy__h2_close_stream(s);
    asker_close(&a);
}

TEST(HS19_trailers_of_a_request)
{
    eddy_auto(eddy_router) *router = router_of(reads_all);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "POST", "/", NULL, -1);
    CHECK_OK(eddy__exchange_write(&s->exchange, "abc", 3));
    CHECK_OK(eddy__exchange_end(&s->exchange, eddy_pairs({"X-Sum", "6"}, {"Host", "b"})));
    CHECK_STR(answer_of(s), "200 abc x-sum: 6");
    eddy__h2_close_stream(s);
    asker_close(&a);
}

/* A request that was on its way when the server began to end is served. */
TEST(HS11_requests_on_their_way_when_the_server_ends)
{
    eddy_auto(eddy_router) *router = router_of(naps);
    eddy_http_server *server = TALK_MEMORY(router, );
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *first = ask(&a, "GET", "/", NULL, 0);
    CHECK_OK(eddy_sleep(1));
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_coro(server));
    CHECK_OK(eddy_sleep(0)); /* the server has said so, and nobody has heard it */
    struct eddy__h2_stream *second = ask(&a, "GET", "/", NULL, 0);
    CHECK_STR(answer_of(first), "200 rested");
    CHECK_STR(answer_of(second), "200 rested");
    eddy__h2_close_stream(first);
    eddy__h2_close_stream(second);
    CHECK_OK(eddy_await(closer));
    asker_close(&a);
}

/* Real connections: those that are idle, and those with a request. */
TEST_REAL(HS11_servers_of_HTTP_2_over_TCP_end)
{
    eddy_auto(eddy_router) *router = router_of(naps_shortly);
    eddy_http_server *server = eddy_http_server_open(router);
    eddy_stream *streams[2];
    struct asker a[2];

    for (int i = 0; i < 2; i++) {
        streams[i] = eddy_connect("127.0.0.1", .port = eddy_http_server_port(server));
        CHECK(streams[i] != NULL);
        asker_begin(&a[i], streams[i]);
        CHECK_STR(answer_to_ask(&a[i], "GET", "/", NULL), "200 rested");
    }
    struct eddy__h2_stream *s = ask(&a[0], "GET", "/", NULL, 0);
    CHECK_OK(eddy_sleep(0.05));
    double begun = eddy_time();
    eddy_http_server_close(server);
    CHECK(eddy_time() - begun < 2);
    CHECK_STR(answer_of(s), "200 rested");
    eddy__h2_close_stream(s);
    for (int i = 0; i < 2; i++) {
        CHECK_OK(eddy_await(a[i].task));
        asker_close(&a[i]);
    }
}

TEST(HS12_the_end_of_a_connection_of_HTTP_2_cancels_who_wants_that)
{
    int cancelled = 0;
    eddy_auto(eddy_router) *router = router_of(cancels);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = &cancelled);
    struct asker a;

    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "GET", "/", NULL, 0);
    CHECK_OK(eddy_sleep(1));
    eddy_stream_abort(a.stream);
    CHECK_OK(eddy_sleep(1));
    CHECK(cancelled);
    eddy__h2_close_stream(s);
    asker_close(&a);
}

/* A task that is in the body when the handler returns has its stream cut off, and others go on. */
TEST(HS13_streams_of_a_request_over_HTTP_2)
{
    int left = 0;
    eddy_auto(eddy_router) *router = router_of(leaves_reader);
    CHECK_OK(eddy_route(router, "/tell", tells));
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .arg = &left);
    struct asker a;
    int reports = 0;

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    asker_open(&a, server);
    struct eddy__h2_stream *s = ask(&a, "POST", "/", NULL, 5);
    CHECK_INT(strtol(answer_of(s), NULL, 10), EDDY_ECONNRESET);
    eddy__h2_close_stream(s);
    CHECK_INT(left, EDDY_ECONNABORTED);
    CHECK_STR(answer_to_ask(&a, "GET", "/tell", NULL), "200 GET /tell a -");
    asker_close(&a);
}

TEST(HS19_the_access_log_says_HTTP_2)
{
    eddy_stream *log[2];
    eddy_auto(eddy_router) *router = router_of(tells);
    char *line = NULL;
    struct asker a;

    CHECK_OK(eddy_stream_pair(log));
    eddy_http_server *server = TALK_MEMORY(router, .log = log[0]);
    asker_open(&a, server);
    CHECK_STR(answer_to_ask(&a, "GET", "/x", NULL), "200 GET /x a -");
    CHECK(eddy_read_line(log[1], &line) > 0);
    CHECK(strstr(line, "\"GET /x HTTP/2.0\" 200 ") != NULL);
    asker_close(&a);
    eddy_http_server_close(server);
    eddy_stream_close(log[0]);
    eddy_stream_close(log[1]);
}

static int boasts(eddy_request *r)
{
    static char large[70000];

    memset(large, 'x', sizeof large - 1);
    eddy_try(eddy_respond_header(r, "X", large));
    return eddy_respond_bytes(r, 200, NULL, 0);
}

static int goes_on(eddy_request *r)
{
    eddy_auto(eddy_stream) *out = eddy_try(eddy_respond_stream(r, 200));

    eddy_try(eddy_printf(out, "done"));
    eddy_try(eddy_write_eof(out));
    return eddy_sleep(5);
}

/* Who has its answer may ask again, before a task of ours has noticed; but not without end. */
TEST(HS19_a_place_is_free_when_the_answer_has_gone)
{
    eddy_auto(eddy_router) *router = router_of(goes_on);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_streams = 2);
    char refused[16];
    struct asker a;

    snprintf(refused, sizeof refused, "%d ", EDDY_ECONNABORTED);
    asker_open(&a, server);
    for (int i = 0; i < 4; i++)
        CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), "200 done");
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), refused);
    CHECK_OK(eddy_sleep(6));
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), "200 done");
    asker_close(&a);
}

/* Browsers send each cookie by itself: they are one field, and the size is what limits them. */
TEST(HS19_many_cookies_are_one_field)
{
    eddy_auto(eddy_router) *router = router_of(tells);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    eddy_pair fields[902] = {{NULL, NULL}}; /* over 32 KiB in all */
    struct asker a;

    asker_open(&a, server);
    for (int i = 0; i < 150; i++)
        fields[i] = (eddy_pair){"cookie", i ? "b=2" : "a=1"};
    const char *text = answer_to_ask(&a, "GET", "/", fields);
    CHECK_INT(strlen(text), strlen("200 GET / a ") + 150 * 5 - 2);
    CHECK(strncmp(text, "200 GET / a a=1; b=2; b=2", 25) == 0);
    for (int i = 150; i < 901; i++)
        fields[i] = (eddy_pair){"cookie", "b=2"};
    CHECK_STR(answer_to_ask(&a, "GET", "/", fields), "431 the head of the request is too large\n");
    asker_close(&a);
}

TEST(HS3_a_head_that_is_too_large_to_be_sent)
{
    int reports = 0;
    eddy_auto(eddy_router) *router = router_of(boasts);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, );
    struct asker a;
    char expected[16];

    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &reports);
    asker_open(&a, server);
    snprintf(expected, sizeof expected, "%d ", EDDY_ECONNRESET);
    CHECK_STR(answer_to_ask(&a, "GET", "/", NULL), expected);
    CHECK_INT(reports, 1);
    CHECK(eddy_time() < 1);
    asker_close(&a);
}

/* ---- wherever it is interrupted, whatever fails ---- */

static int ask_and_leave(void)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(router, "/", tells));
    eddy_auto(eddy_http_server) *server = eddy_try(TALK_MEMORY(router, ));
    eddy_auto(eddy_stream) *stream = eddy_try(eddy_http_server_connect(server));
    struct asker a = {.stream = stream};
    struct eddy__head head;

    a.h2 = eddy_try(eddy__h2_open(stream, &(struct eddy__h2_opts){0}));
    a.task = eddy_create_task(run_asker_coro(&a));
    struct eddy__h2_stream *s = a.task ? eddy__h2_open_stream(a.h2, NULL) : NULL;
    int status = s ? eddy__exchange_send(&s->exchange, &(struct eddy__head_out){.method = "GET",
                                                                                .scheme = "http",
                                                                                .authority = "a",
                                                                                .target = "/",
                                                                                .no_body = true})
                   : EDDY_ENOMEM;
    if (status >= 0)
        status = eddy__exchange_receive(&s->exchange, &head);
    eddy__h2_close_stream(s);
    eddy_task_close(a.task);
    eddy__h2_close(a.h2);
    return status;
}

SWEEP(HS19_a_client_that_leaves_anywhere)
{
    return ask_and_leave();
}

TORTURE(HS19_a_client_whose_server_fails_anywhere)
{
    return ask_and_leave();
}
