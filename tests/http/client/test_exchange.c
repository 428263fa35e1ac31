/* Answers before the answer, answers before the end of a body, and no answer. */
#include "http/client/script.h"

#include <eddy/file.h>

static void note_interim(int status, const eddy_pair *headers, void *arg)
{
    char *notes = arg;
    size_t at = strlen(notes);
    const char *link = eddy_pairs_header(headers, "Link");

    snprintf(notes + at, 64 - at, "%d%s ", status, link ? link : "");
}

TEST(http_report_19_interim_answers_are_passed_over)
{
    SCRIPT(server, {.answer = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\n"
                              "HTTP/1.1 100 Continue\r\n\r\n" OK_TEXT(4, "last")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char notes[64] = "";
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .on_interim = note_interim, .arg = notes);

    CHECK(response != NULL);
    CHECK_STR(eddy_response_text(response), "last");
    CHECK_STR(notes, "100 103x 100 ");
    CHECK_GET(http, "/", "200 last");
    CHECK_INT(server->connections, 1);
}

TEST(http_HC8_row_26_interim_answers_without_end)
{
    char many[2048] = "";
    SCRIPT(server, {.answer = NULL});
    size_t at = 0;

    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(many + at, sizeof many - at, "HTTP/1.1 100 C\r\n\r\n");
    struct step steps[] = {{.answer = many}};
    script_begin(server, steps, 1);
    eddy_auto(eddy_http) *http = SESSION(server);
    CHECK_GET_FAILS(http, "/", EDDY_EPROTO);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
}

/* Sixteen are passed over, the next one is too many. */
TEST(http_HC8_row_26_as_many_interim_answers_as_there_may_be)
{
    for (int count = 16; count <= 17; count++) {
        char many[1024] = "";
        SCRIPT(server, {.answer = NULL});
        size_t at = 0;

        for (int i = 0; i < count; i++)
            at += (size_t)snprintf(many + at, sizeof many - at, "HTTP/1.1 102 P\r\n\r\n");
        snprintf(many + at, sizeof many - at, "%s", OK_TEXT(1, "a"));
        struct step steps[] = {{.answer = many}};
        script_begin(server, steps, 1);
        eddy_auto(eddy_http) *http = SESSION(server);
        if (count == 16)
            CHECK_GET(http, "/", "200 a");
        else
            CHECK_GET_FAILS(http, "/", EDDY_EPROTO);
    }
}

TEST(http_row_26_a_101_that_nobody_asked_for)
{
    SCRIPT(server, {.answer = "HTTP/1.1 101 Up\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"});
    eddy_auto(eddy_http) *http = SESSION(server);

    CHECK_GET_FAILS(http, "/", EDDY_EPROTO);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
}

/* A head of so many fields, of so many bytes each. */
static char *head_of(int count, int size)
{
    size_t room = (size_t)count * ((size_t)size + 20) + 100;
    char *head = eddy_alloc(room);
    size_t at = (size_t)snprintf(head, room, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n");

    for (int i = 0; i < count; i++)
        at += (size_t)snprintf(head + at, room - at, "X: %0*d\r\n", size, 1);
    snprintf(head + at, room - at, "\r\n");
    return head;
}

/* 256 KiB and 1,000 fields. */
TEST(http_row_27_headers_without_end)
{
    char url[64];
    static const struct {
        int count, size;
        const char *why;
    } heads[] = {{250, 1000, NULL},
                 {999, 3, NULL},
                 {270, 1000, "the head is too large"},
                 {1000, 3, "too many fields"}};

    for (int i = 0; i < 4; i++) {
        SCRIPT(script, {.answer = NULL});
        char *head = head_of(heads[i].count, heads[i].size);
        struct step steps[] = {{.answer = head}};
        script_begin(script, steps, 1);
        eddy_auto(eddy_server) *server =
            eddy_server_open(script_handler, .arg = script, .host = "127.0.0.1");
        eddy_auto(eddy_http) *http = eddy_http_open();
        snprintf(url, sizeof url, "http://127.0.0.1:%d/", eddy_server_port(server));
        if (heads[i].why) {
            CHECK_GET_FAILS(http, url, EDDY_EPROTO);
            CHECK(strstr(eddy_error_message(eddy_last_error()), heads[i].why) != NULL);
        } else {
            CHECK_GET(http, url, "200 ");
        }
        CHECK_INT(eddy_http_get_stats(http).idle, heads[i].why ? 0 : 1);
        eddy_http_close(eddy_take(http));
        eddy_server_close(eddy_take(server));
        eddy_free(head);
    }
}

TEST(http_rows_1_to_6_bad_answers_end_the_connection)
{
    static const char *const answers[] = {
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\na",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
        "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
        "HTTP/1.1 200 OK\nContent-Length: 0\n\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: +1\r\n\r\na",
        "HTTP/2.0 200 OK\r\n\r\n",
        "nonsense\r\n\r\n",
    };

    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        SCRIPT(server, {.answer = NULL});
        struct step steps[] = {{.answer = answers[i]}};
        script_begin(server, steps, 1);
        eddy_auto(eddy_http) *http = SESSION(server);
        CHECK_GET_FAILS(http, "/", EDDY_EPROTO);
        CHECK_INT(eddy_http_get_stats(http).idle, 0);
        CHECK_INT(eddy_http_get_stats(http).busy, 0);
    }
}

/* ---- 100-continue ---- */

TEST(http_HC10_report_7_a_final_answer_instead_of_100)
{
    SCRIPT(server, {.answer = "HTTP/1.1 401 No\r\nContent-Length: 2\r\n\r\nno", .deaf = true},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .text = "secret body", .expect_continue = true);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 401);
    CHECK_STR(eddy_response_text(response), "no");
    CHECK(strstr(server->heard[0], "\r\nExpect: 100-continue\r\n") != NULL);
    CHECK_PTR(strstr(server->heard[0], "secret"), NULL);
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 2);
}

static int answers_100(eddy_stream *peer, double after)
{
    char *data, body[5] = "";

    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    double begin = eddy_time();
    if (after > 0) {
        eddy_try(eddy_sleep(after));
        eddy_try(eddy_printf(peer, "HTTP/1.1 100 Continue\r\n\r\n"));
    }
    eddy_try(eddy_read_exactly(peer, body, 4));
    eddy_try(eddy_printf(peer, "HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\n%s %.1f", body,
                         eddy_time() - begin));
    return 0;
}
EDDY_CORO(answers_100, eddy_stream *, double)

static eddy_stream *given_stream(const char *host, int port, void *arg)
{
    (void)host;
    (void)port;
    return eddy_take(*(eddy_stream **)arg);
}

TEST(http_HC10_report_7_the_body_follows_100_or_a_second)
{
    for (int i = 0; i < 2; i++) {
        eddy_stream *pair[2];
        CHECK_OK(eddy_stream_pair(pair));
        eddy_auto(eddy_http) *http = eddy_http_open(.connect = given_stream, .connect_arg = pair);
        eddy_auto(eddy_task) *server = eddy_create_task(answers_100_coro(pair[1], i ? 0 : 0.5));
        eddy_auto(eddy_response) *response =
            eddy_http_post(http, "http://test/", .text = "body", .expect_continue = true);

        CHECK(response != NULL);
        CHECK_STR(eddy_response_text(response), i ? "body 1.0" : "body 0.5");
        CHECK_OK(eddy_await(server));
        eddy_stream_close(pair[1]);
    }
}

/* ---- answers while the body is sent ---- */

enum { HUGE_BODY = 20 << 20 };

/* The server says no after the head, reads no more, and lingers. */
TEST(http_HC6_report_14_an_answer_while_the_body_is_sent)
{
    SCRIPT(server,
           {.answer = "HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nlarge",
            .deaf = true,
            .after = THEN_HANG},
           {.answer = OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    char *data = eddy_alloc_zero(HUGE_BODY);
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .data = data, .size = HUGE_BODY);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 413);
    CHECK_STR(eddy_response_text(response), "large");
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_GET(http, "/", "200 a");
    CHECK_INT(server->connections, 2);
    eddy_free(data);
}

TEST(http_report_14_an_answer_wins_over_a_broken_pipe)
{
    SCRIPT(server, {.answer = "HTTP/1.1 413 Too large\r\nContent-Length: 5\r\n\r\nlarge",
                    .deaf = true,
                    .after = THEN_CLOSE});
    eddy_auto(eddy_http) *http = SESSION(server);
    char *data = eddy_alloc_zero(HUGE_BODY);

    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_response) *response =
            eddy_http_post(http, "/", .data = data, .size = i ? HUGE_BODY : 40000);
        CHECK(response != NULL);
        CHECK_INT(eddy_response_status(response), 413);
        CHECK_STR(eddy_response_text(response), "large");
    }
    eddy_free(data);
}

/* An answer that begins early and goes on while the body is sent. */
static int echoes_body(eddy_stream *peer)
{
    char *data, piece[4096];
    int64_t left = HUGE_BODY;

    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    eddy_try(eddy_printf(peer, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", HUGE_BODY));
    while (left > 0) {
        ssize_t n = eddy_try(eddy_read(peer, piece, sizeof piece));
        eddy_try(eddy_write(peer, piece, (size_t)n));
        left -= n;
    }
    return 0;
}
EDDY_CORO(echoes_body, eddy_stream *)

TEST(http_exchange_in_both_directions_at_once)
{
    eddy_stream *pair[2];
    char *data = eddy_alloc_zero(HUGE_BODY);
    CHECK_OK(eddy_stream_pair(pair));
    eddy_auto(eddy_http) *http =
        eddy_http_open(.connect = given_stream, .connect_arg = pair, .max_body = HUGE_BODY);
    eddy_auto(eddy_task) *server = eddy_create_task(echoes_body_coro(pair[1]));
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "http://test/", .data = data, .size = HUGE_BODY);
    size_t size = 0;

    CHECK(response != NULL);
    CHECK(eddy_response_bytes(response, &size) != NULL);
    CHECK_INT(size, HUGE_BODY);
    CHECK_OK(eddy_await(server));
    eddy_stream_close(pair[1]);
    eddy_free(data);
}

TEST(http_HC8_interim_answers_without_end_before_a_body)
{
    char many[2048] = "";
    SCRIPT(server, {.answer = NULL});
    size_t at = 0;

    for (int i = 0; i < 60; i++)
        at += (size_t)snprintf(many + at, sizeof many - at, "HTTP/1.1 103 H\r\n\r\n");
    snprintf(many + at, sizeof many - at, OK_TEXT(1, "a"));
    struct step steps[] = {{.answer = many, .deaf = true}};
    script_begin(server, steps, 1);
    eddy_auto(eddy_http) *http = SESSION(server);
    CHECK_PTR(eddy_http_post(http, "/", .text = "body", .expect_continue = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EPROTO);
}

TEST(http_HC3_the_total_covers_the_wait_for_100)
{
    SCRIPT(server, {.answer = NULL, .deaf = true, .after = THEN_HANG});
    eddy_auto(eddy_http) *http = SESSION(server);
    double begin = eddy_time();

    CHECK_PTR(eddy_http_post(http, "/", .text = "body", .expect_continue = true, .timeout = 0.1),
              NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK(eddy_time() - begin < 0.8);
}

static void count_fields(int status, const eddy_pair *headers, void *arg)
{
    (void)status;
    for (const eddy_pair *h = headers; h->name; h++)
        ++*(int *)arg;
}

TEST(http_an_interim_answer_without_fields_has_an_empty_list)
{
    SCRIPT(server, {.answer = "HTTP/1.1 102 P\r\n\r\n" OK_TEXT(1, "a")});
    eddy_auto(eddy_http) *http = SESSION(server);
    int count = 0;
    eddy_auto(eddy_response) *response =
        eddy_http_get(http, "/", .on_interim = count_fields, .arg = &count);

    CHECK(response != NULL);
    CHECK_INT(count, 0);
}

static int answers_early(eddy_stream *peer, size_t *got)
{
    char *data, buf[4096];
    ssize_t n;

    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    eddy_try(eddy_printf(peer, "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"));
    while ((n = eddy_try(eddy_read(peer, buf, sizeof buf))) > 0) {
        *got += (size_t)n;
        eddy_try(eddy_sleep(0.001));
    }
    return 0;
}
EDDY_CORO(answers_early, eddy_stream *, size_t *)

static eddy_stream *other_end(const char *host, int port, void *arg)
{
    (void)host;
    (void)port;
    return eddy_take(*(eddy_stream **)arg);
}

/* Also when the answer has no body, or it has ended. */
static void check_early_answer(const eddy_http_request_opts *body, size_t size)
{
    eddy_stream *pair[2];
    size_t got = 0;

    CHECK_OK(eddy_stream_pair(pair));
    eddy_auto(eddy_http) *http = eddy_http_open(.connect = other_end, .connect_arg = pair);
    eddy_auto(eddy_task) *server = eddy_create_task(answers_early_coro(pair[1], &got));
    eddy_response *response = eddy_http_request_with(http, "POST", "http://test/", body);
    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 200);
    CHECK_STR(eddy_response_text(response), "");
    for (int i = 0; i < 200 && got < size; i++)
        CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(got, size);
    CHECK_INT(eddy_http_get_stats(http).idle, 1); /* the response has nothing to do with it */
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
    eddy_response_close(response);
    eddy_http_close(eddy_take(http));
    CHECK_OK(eddy_await(server));
    eddy_stream_close(pair[1]);
}

TEST(http_HC6_an_early_answer_leaves_the_body_going_out)
{
    enum { SIZE = 400000 };
    char *big = test_room(SIZE), *path;
    eddy_stream *file = eddy_temp_file(NULL, &path);

    check_early_answer(&(eddy_http_request_opts){.data = big, .size = SIZE}, SIZE);
    CHECK_OK(eddy_write(file, big, SIZE));
    eddy_stream_close(file);
    check_early_answer(&(eddy_http_request_opts){.file = path}, SIZE);
    unlink(path);
    eddy_free(path);
}

/* ---- a response that is closed at odd moments ---- */

struct closing {
    eddy_response *response;
    eddy_http_progress *progress;
    eddy_stream *server; /* reads the request */
    int64_t sent;
};

static void close_when_received(int64_t sent, int64_t received, void *arg)
{
    struct closing *c = arg;

    (void)sent;
    if (received)
        eddy_response_close(eddy_take(c->response));
}

static void close_when_sent(int64_t sent, int64_t received, void *arg)
{
    struct closing *c = arg;

    (void)received;
    c->sent = sent;
    eddy_response_close(eddy_take(c->response));
}

static int close_now(void *arg)
{
    struct closing *c = arg;

    eddy_response_close(eddy_take(c->response));
    return 0;
}

/* A request whose answer comes before most of its body was sent. */
static eddy_http *begin_closing(struct closing *c, eddy_http_progress *progress, const char *data,
                                size_t size)
{
    eddy_stream *pair[2];

    CHECK_OK(eddy_stream_pair(pair));
    c->server = pair[1];
    CHECK_OK(eddy_printf(c->server, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab"));
    eddy_http *http = eddy_http_open(.connect = other_end, .connect_arg = pair);
    c->response = eddy_http_post(http, "http://test/", .data = data, .size = size,
                                 .on_progress = progress, .arg = c);
    CHECK(c->response != NULL);
    return http;
}

static void end_closing(struct closing *c, eddy_http *http)
{
    CHECK_PTR(c->response, NULL);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(eddy_http_get_stats(http).idle, 0);
    CHECK_INT(eddy_http_get_stats(http).busy, 0);
    eddy_http_close(http);
    eddy_stream_close(c->server);
}

TEST(http_a_response_is_closed_while_its_progress_is_told_of_a_body_that_comes)
{
    static char big[400000];
    struct closing c = {NULL};
    char buf[8];

    for (int whole = 0; whole < 2; whole++) {
        eddy_http *http = begin_closing(&c, close_when_received, big, sizeof big);
        if (whole)
            CHECK_PTR(eddy_response_text(c.response), NULL);
        else
            CHECK_INT(eddy_read(eddy_response_body(c.response), buf, sizeof buf), EDDY_ECLOSED);
        end_closing(&c, http);
    }
}

TEST(http_a_response_is_closed_while_its_progress_is_told_of_a_body_that_goes)
{
    static char big[400000];
    struct closing c = {NULL};
    char buf[4096];

    eddy_http *http = begin_closing(&c, close_when_sent, big, sizeof big);
    for (int i = 0; i < 1000 && c.response; i++)
        CHECK(eddy_read(c.server, buf, sizeof buf) > 0);
    CHECK(c.sent < (int64_t)sizeof big);
    end_closing(&c, http);
}

TEST(http_a_response_is_closed_in_a_callback_while_its_request_goes_out)
{
    static char big[400000];
    struct closing c = {NULL};

    eddy_http *http = begin_closing(&c, NULL, big, sizeof big);
    eddy_loop_call_soon(eddy_loop_running(), close_now, &c);
    CHECK_OK(eddy_sleep(0.01));
    end_closing(&c, http);
}

/* ---- an answer that fails while the request goes out ---- */

static int cuts_off(eddy_stream *peer)
{
    char *data;

    eddy_try(eddy_read_until(peer, "\r\n\r\n", &data));
    eddy_try(eddy_printf(peer, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n"));
    eddy_try(eddy_sleep(0.1));
    eddy_stream_close(peer);
    return 0;
}
EDDY_CORO(cuts_off, eddy_stream *)

TEST(http_an_answer_that_fails_says_why_while_the_request_goes_out)
{
    static char big[400000];
    eddy_stream *pair[2];
    char buf[8];

    CHECK_OK(eddy_stream_pair(pair));
    eddy_auto(eddy_http) *http = eddy_http_open(.connect = other_end, .connect_arg = pair);
    eddy_auto(eddy_task) *server = eddy_create_task(cuts_off_coro(pair[1]));
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "http://test/", .data = big, .size = sizeof big);
    CHECK(response != NULL);
    CHECK_INT(eddy_read(eddy_response_body(response), buf, sizeof buf), 2);
    CHECK_INT(eddy_read(eddy_response_body(response), buf, sizeof buf), EDDY_EOF);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "in the middle of a chunked body"));
    CHECK_OK(eddy_await(server));
}

static int answered_early(void)
{
    SCRIPT(server, {.answer = OK_TEXT(2, "ab"), .deaf = true, .after = THEN_HANG});
    eddy_auto(eddy_http) *http = eddy_try(SESSION(server));
    char *data = eddy_alloc_zero(HUGE_BODY);
    eddy_response *response = eddy_http_post(http, "/", .data = data, .size = HUGE_BODY);
    int status = response ? 0 : eddy_last_status();

    if (response && !eddy_response_text(response))
        status = eddy_last_status();
    eddy_response_close(response);
    eddy_free(data);
    return status;
}

SWEEP(http_HC6_an_early_answer_sweep)
{
    return answered_early();
}

TORTURE(http_HC6_an_early_answer_torture)
{
    return answered_early();
}
