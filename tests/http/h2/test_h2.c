/* test_h2.c - HTTP/2: both sides of it against each other over a pair in memory. */
#include "test.h"

#include "http/h2/h2.h"
#include <eddy.h>

/* ---- a server that echoes ---- */

struct site {
    eddy_group *group;
    int (*handler)(struct eddy__h2_stream *s);
    int status; /* of the last handler */
    int accepted;
};

static int echo(struct eddy__h2_stream *s)
{
    struct eddy__exchange *e = &s->exchange;
    struct eddy__head head;
    char buf[5000];
    ssize_t n;

    eddy_try(eddy__exchange_receive(e, &head));
    struct eddy__head_out out = {
        .status = 200,
        .length = head.length > 0 ? head.length : -1,
        .fields =
            eddy_pairs({"X-Path", head.target}, {"X-Host", head.host}, {"Connection", "never"})};
    eddy_try(eddy__exchange_send(e, &out));
    while ((n = eddy_try(eddy__exchange_read(e, buf, sizeof buf))) > 0)
        eddy_try(eddy__exchange_write(e, buf, (size_t)n));
    return eddy__exchange_end(e, eddy_pairs({"X-Trailer", "z"}));
}

static int serve_stream(struct eddy__h2_stream *s, struct site *site)
{
    site->status = site->handler(s);
    eddy__h2_close_stream(s);
    return 0;
}
EDDY_CORO(serve_stream, struct eddy__h2_stream *, struct site *)

static int accepts(struct eddy__h2_stream *s, void *arg)
{
    struct site *site = arg;

    site->accepted++;
    return eddy_group_start(site->group, serve_stream_coro(s, site));
}

static int serve_until_end(eddy_stream *stream, struct site *site, unsigned max_streams)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    site->group = group;
    struct eddy__h2 *h2 = eddy_try(eddy__h2_open(
        stream,
        &(struct eddy__h2_opts){.accept = accepts, .arg = site, .max_streams = max_streams}));
    int status = eddy__h2_run(h2);
    eddy_group_close(eddy_take(group));
    eddy__h2_close(h2);
    return status;
}

/* As a server does: the connection ends with its task. */
static int serve(eddy_stream *stream, struct site *site, unsigned max_streams)
{
    int status = serve_until_end(stream, site, max_streams);

    if (status < 0)
        eddy_stream_abort(stream);
    return status;
}
EDDY_CORO(serve, eddy_stream *, struct site *, unsigned)

static int run_h2(struct eddy__h2 *h2)
{
    int status = eddy__h2_run(h2);

    if (status < 0)
        eddy_stream_abort(h2->stream);
    return status;
}
EDDY_CORO(run_h2, struct eddy__h2 *)

/* ---- a client ---- */

struct pairing {
    eddy_stream *ends[2];
    struct site site;
    struct eddy__h2 *h2;
    eddy_task *server, *client;
};

static int pairing_open(struct pairing *p, int (*handler)(struct eddy__h2_stream *s),
                        unsigned max_streams)
{
    p->site.handler = handler;
    eddy_try(eddy_stream_pair(p->ends));
    p->h2 = eddy_try(eddy__h2_open(p->ends[0], &(struct eddy__h2_opts){0}));
    p->server = eddy_try(eddy_create_task(serve_coro(p->ends[1], &p->site, max_streams)));
    p->client = eddy_try(eddy_create_task(run_h2_coro(p->h2)));
    return 0;
}

static void pairing_close(struct pairing *p)
{
    eddy_task_close(p->client);
    eddy_task_close(p->server);
    eddy__h2_close(p->h2);
    eddy_stream_close(p->ends[0]);
    eddy_stream_close(p->ends[1]);
}

/* The client says goodbye, and both sides come to their ends. */
static int pairing_end(struct pairing *p)
{
    eddy__h2_go_away(p->h2);
    eddy_try(eddy_await(p->client));
    eddy_try(eddy_write_eof(p->ends[0]));
    return eddy_await(p->server);
}

static int ask(struct eddy__h2_stream *s, const char *method, const char *target, int64_t length)
{
    return eddy__exchange_send(&s->exchange, &(struct eddy__head_out){.method = method,
                                                                      .scheme = "http",
                                                                      .authority = "h",
                                                                      .target = target,
                                                                      .length = length,
                                                                      .no_body = length == 0});
}

static int read_all(struct eddy__h2_stream *s, char *buf, size_t size)
{
    size_t got = 0;
    ssize_t n;

    while ((n = eddy_try(eddy__exchange_read(&s->exchange, buf + got, size - got))) > 0)
        got += (size_t)n;
    return (int)got;
}

static void stream_close(struct eddy__h2_stream **s)
{
    eddy__h2_close_stream(*s);
}
#define CLOSED __attribute__((cleanup(stream_close)))

static int get(struct eddy__h2 *h2)
{
    CLOSED struct eddy__h2_stream *s = eddy_try(eddy__h2_open_stream(h2, NULL));
    struct eddy__head head;
    char buf[16];

    eddy_try(ask(s, "GET", "/a?b", 0));
    CHECK_INT(eddy_try(eddy__exchange_receive(&s->exchange, &head)), 1);
    CHECK_INT(head.status, 200);
    CHECK_STR(eddy__fields_get(&head.fields, "x-path"), "/a?b");
    CHECK_STR(eddy__fields_get(&head.fields, "x-host"), "h");
    CHECK(!eddy__fields_get(&head.fields, "connection"));
    CHECK_INT(eddy_try(read_all(s, buf, sizeof buf)), 0);
    CHECK_STR(eddy__fields_get(&s->exchange.trailers, "x-trailer"), "z");
    return 0;
}
EDDY_CORO(get, struct eddy__h2 *)

TEST(h2_requests_and_answers)
{
    struct pairing p = {0};

    CHECK_INT(pairing_open(&p, echo, 0), 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(get(p.h2), 0);
    CHECK_INT(eddy_gather(get_coro(p.h2), get_coro(p.h2), get_coro(p.h2)), 0);
    CHECK_INT(p.site.accepted, 6);
    CHECK_INT(p.h2->count, 0);
    CHECK_INT(pairing_end(&p), 0);
    CHECK(eddy__h2_open_stream(p.h2, NULL) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    pairing_close(&p);
}

/* A body of many windows, in both directions at once. */
static int upload(struct eddy__h2_stream *s, size_t size)
{
    static char block[10000];

    for (size_t sent = 0; sent < size; sent += sizeof block)
        eddy_try(eddy__exchange_write(&s->exchange, block, sizeof block));
    return eddy__exchange_end(&s->exchange, NULL);
}
EDDY_CORO(upload, struct eddy__h2_stream *, size_t)

static int post(struct eddy__h2 *h2, size_t size, bool counted)
{
    CLOSED struct eddy__h2_stream *s = eddy_try(eddy__h2_open_stream(h2, NULL));
    struct eddy__head head;
    char buf[7000];
    size_t got = 0;
    ssize_t n;

    eddy_try(ask(s, "POST", "/", counted ? (int64_t)size : -1));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(upload_coro(s, size)));
    CHECK_INT(eddy_try(eddy__exchange_receive(&s->exchange, &head)), 1);
    CHECK_INT(head.length, counted ? (int64_t)size : -1);
    while ((n = eddy_try(eddy__exchange_read(&s->exchange, buf, sizeof buf))) > 0)
        got += (size_t)n;
    CHECK_INT(got, size);
    return eddy_await(task);
}
EDDY_CORO(post, struct eddy__h2 *, size_t, bool)

TEST(h2_bodies_of_many_windows)
{
    struct pairing p = {0};

    CHECK_INT(pairing_open(&p, echo, 0), 0);
    CHECK_INT(post(p.h2, 3000000, false), 0);
    CHECK_INT(post(p.h2, 3000000, true), 0);
    CHECK_INT(eddy_gather(post_coro(p.h2, 1000000, true), post_coro(p.h2, 1000000, false),
                          get_coro(p.h2)),
              0);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

/* ---- who leaves early ---- */

static int sleeps(struct eddy__h2_stream *s)
{
    (void)s;
    return eddy_sleep(1000);
}

static int leaves(struct eddy__h2_stream *s)
{
    (void)s;
    return 0;
}

TEST(h2_a_client_that_leaves_early_resets_its_stream)
{
    struct pairing p = {0};
    struct eddy__head head;

    CHECK_INT(pairing_open(&p, echo, 0), 0);
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "POST", "/", -1), 0);
    CHECK_INT(eddy__exchange_write(&s->exchange, "abc", 3), 0);
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), 1);
    eddy__h2_close_stream(s);
    CHECK_INT(get(p.h2), 0);
    CHECK_INT(p.site.accepted, 2);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

TEST(h2_a_handler_that_leaves_without_an_answer)
{
    struct pairing p = {0};
    struct eddy__head head;

    CHECK_INT(pairing_open(&p, leaves, 0), 0);
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "GET", "/", 0), 0);
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), EDDY_ECONNRESET);
    eddy__h2_close_stream(s);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

/* Row 29: a slot is free only when its handler has ended, whatever the client has reset. */
TEST(http_row_29_rapid_reset)
{
    struct pairing p = {0};
    struct eddy__head head;

    CHECK_INT(pairing_open(&p, sleeps, 3), 0);
    for (int i = 0; i < 3; i++) {
        struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
        CHECK_INT(ask(s, "GET", "/", 0), 0);
        CHECK_INT(eddy_sleep(0.001), 0);
        eddy__h2_close_stream(s);
    }
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "GET", "/", 0), 0);
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), EDDY_ECONNABORTED);
    CHECK(s->exchange.unprocessed);
    eddy__h2_close_stream(s);
    CHECK_INT(p.site.accepted, 3);
    pairing_close(&p);
}

TEST(http_row_29_resets_without_end_are_an_attack)
{
    struct pairing p = {0};
    int asked = 0;

    CHECK_INT(pairing_open(&p, sleeps, 1), 0);
    for (struct eddy__h2_stream *s; asked < 5000 && (s = eddy__h2_open_stream(p.h2, NULL));
         asked++) {
        p.h2->resets = 0; /* our own client would stop long before */
        p.h2->full_until = 0;
        if (ask(s, "GET", "/", 0) == 0)
            CHECK_INT(eddy_sleep(0), 0);
        eddy__h2_close_stream(s);
    }
    CHECK(asked > 500 && asked < 2500);
    CHECK_INT(p.site.accepted, 1);
    pairing_close(&p);
}

TEST(h2_the_connection_ends_under_its_streams)
{
    struct pairing p = {0};
    struct eddy__head head;

    CHECK_INT(pairing_open(&p, sleeps, 0), 0);
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "GET", "/", 0), 0);
    CHECK_INT(eddy_sleep(0.01), 0);
    CHECK(eddy_cancel(p.server));
    eddy_ignore(eddy_await(p.server));
    eddy_stream_close(p.ends[1]);
    p.ends[1] = NULL;
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), EDDY_ECONNRESET);
    CHECK_INT(eddy__exchange_write(&s->exchange, "x", 1), 0); /* its body had ended */
    eddy__h2_close_stream(s);
    pairing_close(&p);
}

static int never_answers(struct eddy__h2_stream *s)
{
    struct eddy__head head;

    eddy_try(eddy__exchange_receive(&s->exchange, &head));
    for (;;) {
        eddy_try(eddy__exchange_send(
            &s->exchange, &(struct eddy__head_out){.status = 103, .length = -1, .no_body = true}));
        eddy_try(eddy_sleep(0.001));
    }
}

/* Their memory is that of the exchange. */
TEST(h2_interim_answers_without_end)
{
    struct pairing p = {0};
    struct eddy__head head;
    int status = 0;

    CHECK_INT(pairing_open(&p, never_answers, 0), 0);
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "GET", "/", 0), 0);
    for (int heads = 0; status >= 0; heads++) {
        CHECK(heads <= 16);
        eddy_timeout(10)
            status = eddy__exchange_receive(&s->exchange, &head);
        CHECK(status < 0 || head.status == 103);
    }
    CHECK_INT(status, EDDY_EPROTO);
    eddy__h2_close_stream(s);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

static int says_much(struct eddy__h2_stream *s)
{
    static char large[3000];
    struct eddy__head head;

    memset(large, 'x', sizeof large - 1);
    eddy_try(eddy__exchange_receive(&s->exchange, &head));
    struct eddy__head_out out = {
        .status = 103, .length = -1, .no_body = true, .fields = eddy_pairs({"X", large})};
    eddy_try(eddy__exchange_send(&s->exchange, &out));
    out.status = 200;
    out.fields = NULL;
    return eddy__exchange_send(&s->exchange, &out);
}

/* Also of a head before the head. */
TEST(h2_a_head_that_is_too_large_for_the_client)
{
    struct pairing p = {0};
    struct eddy__head head;

    CHECK_INT(pairing_open(&p, says_much, 0), 0);
    p.h2->opts.limits.size = 2000;
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(ask(s, "GET", "/", 0), 0);
    CHECK_INT(eddy__exchange_receive(&s->exchange, &head), EDDY_EPROTO);
    eddy__h2_close_stream(s);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

TEST(h2_bytes_that_are_no_HTTP_2)
{
    struct pairing p = {0};

    CHECK_INT(eddy_stream_pair(p.ends), 0);
    CHECK_INT(eddy_write(p.ends[0], "GET / HTTP/1.1\r\nHost: h\r\n\r\n", 27), 27);
    CHECK_INT(serve(p.ends[1], &p.site, 0), EDDY_EPROTO);
    eddy_stream_close(p.ends[0]);
    eddy_stream_close(p.ends[1]);
}

TEST(h2_what_a_program_does_wrong)
{
    struct pairing p = {0};

    CHECK_INT(pairing_open(&p, echo, 0), 0);
    struct eddy__h2_stream *s = eddy__h2_open_stream(p.h2, NULL);
    CHECK_INT(eddy__exchange_write(&s->exchange, "a", 1), EDDY_EINVAL);
    CHECK_INT(eddy__exchange_end(&s->exchange, NULL), EDDY_EINVAL);
    CHECK_INT(ask(s, "POST", "/", 3), 0);
    CHECK_INT(ask(s, "POST", "/", 3), EDDY_EALREADY);
    CHECK_INT(eddy__exchange_write(&s->exchange, "ab", 2), 0);
    CHECK_INT(eddy__exchange_write(&s->exchange, "cd", 2), EDDY_EINVAL);
    CHECK_INT(eddy__exchange_end(&s->exchange, NULL), EDDY_EINVAL);
    eddy__h2_close_stream(s);
    CHECK_INT(pairing_end(&p), 0);
    pairing_close(&p);
}

/* ---- wherever it is interrupted, whatever fails ---- */

static int talk(struct pairing *p)
{
    eddy_try(pairing_open(p, echo, 0));
    eddy_try(get(p->h2));
    eddy_try(post(p->h2, 20000, true));
    return pairing_end(p);
}

static int whole_talk(void)
{
    struct pairing p = {0};
    int status = talk(&p);

    pairing_close(&p);
    return status;
}

SWEEP(h2_interrupted_anywhere)
{
    return whole_talk();
}

TORTURE(h2_where_anything_fails)
{
    return whole_talk();
}
