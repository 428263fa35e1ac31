/* Heads of HTTP/1. Whatever a test gives is looked through in one piece, byte by byte, and in two
 * pieces at every place, which must all come to the same. "row" is one of the checklist of hostile
 * input in docs/design/http-parser.md. */
#include "http/message/head.h"

#include "http/message/token.h"
#include "test.h"

static struct eddy__arena arena;
static struct eddy__head head;
static struct eddy__fields trailers;
static struct eddy__refusal refusal;
static struct eddy__head_limits limits;

enum kind { REQUEST, RESPONSE, TRAILERS };

/* ---- judging ---- */

static void check_same(const char *text, size_t at, ssize_t got, ssize_t want,
                       const struct eddy__refusal *other)
{
    if (got != want || (want < 0 && (other->status != refusal.status || other->why != refusal.why)))
        test_fail(__FILE__, __LINE__, "in pieces, at %zu: %zd (%s), else %zd (%s): %s", at, got,
                  other->why, want, refusal.why, text);
}

/* Byte by byte; what was seen is destroyed, so that nobody sees it again: all but the first bytes,
 * which say what kind of head it is, and the last few, which may be the end of a line. */
static void find_bytewise(const char *text, size_t size, ssize_t length)
{
    struct eddy__refusal other = {0};
    size_t seen = 0, given = 0;
    ssize_t found = 0;
    char *data = malloc(size + 1);

    while (found == 0 && given < size) {
        data[given] = text[given];
        given++;
        found = eddy__head_find(data, given, &seen, &limits, &other);
        for (size_t i = 5; !limits.target && size < 4096 && i + 4 < seen; i++)
            data[i] = '\0';
    }
    check_same(text, given, found, length, &other);
    free(data);
}

static void find_in_two(const char *text, size_t size, size_t first, ssize_t length)
{
    struct eddy__refusal other = {0};
    char *data = memcpy(malloc(size + 1), text, size);
    size_t seen = 0;
    ssize_t found = eddy__head_find(data, first, &seen, &limits, &other);

    if (found == 0)
        found = eddy__head_find(data, size, &seen, &limits, &other);
    check_same(text, first, found, length, &other);
    free(data);
}

static ssize_t find(const char *text, size_t size)
{
    char *data = memcpy(malloc(size ? size : 1), text, size);
    size_t seen = 0;

    refusal = (struct eddy__refusal){0};
    ssize_t length = eddy__head_find(data, size, &seen, &limits, &refusal);
    free(data);
    find_bytewise(text, size, length);
    for (size_t i = 0; i < size && size < 4096; i++)
        find_in_two(text, size, i, length);
    return length;
}

static int parse(enum kind kind, char *text, size_t size)
{
    if (kind == REQUEST)
        return eddy__head_parse_request(text, size, &arena, &limits, &head, &refusal);
    if (kind == RESPONSE)
        return eddy__head_parse_response(text, size, &arena, &limits, &head, &refusal);
    return eddy__head_parse_trailers(text, size, &arena, &limits, &trailers, &refusal);
}

/* 0: good, and `head` or `trailers` is what it says; -1: not whole; else the status. */
static int judge_bytes(enum kind kind, const char *text, size_t size)
{
    ssize_t length = find(text, size);

    if (length <= 0)
        return length < 0 ? refusal.status : -1;
    int status = parse(kind, eddy__arena_copy(&arena, text, (size_t)length), (size_t)length);
    CHECK(status == 0 || (status == EDDY_EPROTO && refusal.status && refusal.why));
    return status ? refusal.status : 0;
}

static int judge(enum kind kind, const char *text)
{
    return judge_bytes(kind, text, strlen(text));
}

static int request(const char *text)
{
    return judge(REQUEST, text);
}

static int response(const char *text)
{
    return judge(RESPONSE, text);
}

#define ALL_REFUSED(kind, status, ...)                                                             \
    all_are(kind, status, (const char *const[]){__VA_ARGS__, NULL})
#define ALL_GOOD(kind, ...) ALL_REFUSED(kind, 0, __VA_ARGS__)

static void all_are(enum kind kind, int status, const char *const *texts)
{
    for (; *texts; texts++) {
        int got = judge(kind, *texts);
        if (got != status)
            test_fail(__FILE__, __LINE__, "%d (%s), not %d: %s", got, refusal.why, status, *texts);
    }
    eddy__arena_free(&arena);
}

/* A request or an answer with these fields. */
#define ASK(fields) "POST / HTTP/1.1\r\nHost: a\r\n" fields "\r\n"
#define ANSWER(fields) "HTTP/1.1 200 OK\r\n" fields "\r\n"
#define GET(target) "GET " target " HTTP/1.1\r\nHost: a\r\n\r\n"

/* ---- good heads ---- */

TEST_PLAIN(http_head_request)
{
    CHECK_INT(request("GET /a?b=%20c HTTP/1.1\r\nHost: example.com:80\r\nX-Empty:\r\n"
                      "accept:  text/html, */*;q=0.8\t \r\nX: a\tb\x80\xff\r\n\r\nGET /next"),
              0);
    CHECK_STR(head.method, "GET");
    CHECK_STR(head.target, "/a?b=%20c");
    CHECK_STR(head.host, "example.com:80");
    CHECK_INT(head.minor, 1);
    CHECK_INT(head.status, 0);
    CHECK_INT(head.length, -1);
    CHECK(head.keep_alive && !head.chunked && !head.upgrade && !head.expects_continue);
    CHECK_INT(head.fields.count, 4);
    CHECK_STR(head.fields.list[0].name, "Host");
    CHECK_STR(eddy_pairs_header(head.fields.list, "x-empty"), "");
    CHECK_STR(eddy_pairs_header(head.fields.list, "Accept"), "text/html, */*;q=0.8");
    CHECK_STR(eddy_pairs_header(head.fields.list, "x"), "a\tb\x80\xff");
    CHECK_PTR(head.fields.list[4].name, NULL);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_head_response)
{
    CHECK_INT(response("HTTP/1.0 404 Not  Found \xe9\r\nContent-Length: 007\r\n\r\nbody"), 0);
    CHECK_INT(head.status, 404);
    CHECK_STR(head.reason, "Not  Found \xe9");
    CHECK_INT(head.minor, 0);
    CHECK_INT(head.length, 7);
    CHECK_PTR(head.method, NULL);
    CHECK_PTR(head.host, NULL);
    CHECK(!head.keep_alive);
    CHECK_INT(response("HTTP/1.1 999 \r\n\r\n"), 0);
    CHECK_INT(head.status, 999);
    CHECK_STR(head.reason, "");
    CHECK_PTR(head.fields.list, NULL);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_head_says_whether_a_connection_persists)
{
    CHECK(!request(ASK("Connection: close\r\n")) && !head.keep_alive);
    CHECK(!request(ASK("Connection: Upgrade ,\tCLOSE\r\n")) && !head.keep_alive);
    CHECK(!request(ASK("Connection: a\r\nConnection: close\r\n")) && !head.keep_alive);
    CHECK(!request(ASK("Connection: closed, x-close, close2\r\n")) && head.keep_alive);
    CHECK(!request("GET / HTTP/1.0\r\n\r\n") && !head.keep_alive);
    CHECK(!request("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n") && head.keep_alive);
    CHECK(!request("GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n") && !head.keep_alive);
    CHECK(!response(ANSWER("Connection: close\r\n")) && !head.keep_alive);
    CHECK(!response("HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\n\r\n") && head.keep_alive);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_head_upgrade_and_expect)
{
    CHECK(!request(ASK("Connection: upgrade\r\nUpgrade: websocket\r\n")) && head.upgrade);
    CHECK(!request(ASK("Upgrade: websocket\r\n")) && !head.upgrade);
    CHECK(!request(ASK("Connection: upgrade\r\n")) && !head.upgrade);
    CHECK(!request("GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n") && !head.upgrade);
    CHECK(!request(ASK("Expect: 100-Continue\r\n")) && head.expects_continue);
    CHECK(!request(ASK("Expect: 200-ok\r\n")) && !head.expects_continue);
    CHECK(!request("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n") && !head.expects_continue);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_head_takes_two_empty_lines_before_a_request)
{
    ALL_GOOD(REQUEST, "\r\n" GET("/"), "\r\n\r\n" GET("/"));
    ALL_REFUSED(REQUEST, 400, "\r\n\r\n\r\n", "\r\n\r\n\r\n" GET("/"), "\n" GET("/"));
    ALL_REFUSED(RESPONSE, 400, "\r\n" ANSWER(""));
    CHECK_INT(request("\r\n\r\n"), -1);
}

TEST_PLAIN(http_head_parses_nothing_but_whole_heads)
{
    static const char *const texts[] = {"",  "\r\n", "\r\n\r\n", "G\r\n", "GET / HTTP/1.1\r\n",
                                        NULL};

    for (int i = 0; texts[i]; i++)
        for (int kind = REQUEST; kind <= RESPONSE; kind++) {
            char *text = eddy__arena_copy(&arena, texts[i], strlen(texts[i]));
            CHECK_INT(parse((enum kind)kind, text, strlen(texts[i])), EDDY_EPROTO);
        }
    eddy__arena_free(&arena);
}

/* ---- framing ---- */

TEST_PLAIN(http_row_1_length_beside_coding)
{
    ALL_REFUSED(REQUEST, 400, ASK("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                ASK("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
                ASK("transfer-encoding: identity\r\nX: y\r\ncontent-length: 0\r\n"),
                "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n",
                "POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n");
    ALL_REFUSED(RESPONSE, 400, ANSWER("Content-Length: 3\r\nTransfer-Encoding: chunked\r\n"),
                ANSWER("Transfer-Encoding: chunked\r\nContent-Length: 3\r\n"),
                "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    CHECK(!request(ASK("Transfer-Encoding: Chunked\r\n")) && head.chunked && head.length == -1);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_2_content_length)
{
    static const char *const bad[] = {"",
                                      "+3",
                                      "-0",
                                      "-1",
                                      "3, 3",
                                      "3,3",
                                      "3,",
                                      "0x3",
                                      "1_0",
                                      "3 3",
                                      "3.0",
                                      "3;",
                                      "1e3",
                                      "three",
                                      "\"3\"",
                                      "\xd9\xa3",
                                      "\xb3",
                                      "00000000000000000003",
                                      "9223372036854775808",
                                      "18446744073709551619",
                                      "99999999999999999999999",
                                      NULL};
    char text[200];

    for (int i = 0; bad[i]; i++)
        for (int kind = REQUEST; kind <= RESPONSE; kind++) {
            const char *line = kind == REQUEST ? "POST / HTTP/1.1\r\nHost: a" : "HTTP/1.1 200 OK";
            snprintf(text, sizeof text, "%s\r\nContent-Length: %s\r\n\r\n", line, bad[i]);
            CHECK_INT(judge((enum kind)kind, text), 400);
        }
    ALL_REFUSED(REQUEST, 400, ASK("Content-Length: 3\r\nContent-Length: 3\r\n"),
                ASK("Content-Length: 3\r\nX: y\r\ncONTENT-lENGTH: 4\r\n"));
    ALL_REFUSED(RESPONSE, 400, ANSWER("Content-Length: 3\r\nContent-Length: 3\r\n"));
    CHECK(!request(ASK("Content-Length:\t 9223372036854775807 \t\r\n")));
    CHECK(head.length == INT64_MAX);
    CHECK(!response(ANSWER("Content-Length: 0\r\nContent-Length-X: 1\r\n")) && head.length == 0);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_3_transfer_encoding)
{
    ALL_REFUSED(REQUEST, 501, ASK("Transfer-Encoding: xchunked\r\n"),
                ASK("Transfer-Encoding: chunked123\r\n"), ASK("Transfer-Encoding: identity\r\n"),
                ASK("Transfer-Encoding: gzip\r\n"));
    ALL_REFUSED(REQUEST, 400, ASK("Transfer-Encoding: chunked, chunked\r\n"),
                ASK("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"),
                ASK("Transfer-Encoding: chunked, identity\r\n"),
                ASK("Transfer-Encoding: gzip, chunked\r\n"), ASK("Transfer-Encoding: chunked,\r\n"),
                ASK("Transfer-Encoding: ,chunked\r\n"), ASK("Transfer-Encoding:\r\n"),
                ASK("Transfer-Encoding:\tchunked\r\n"), ASK("Transfer-Encoding: chunked\t\r\n"),
                ASK("Transfer-Encoding: \t chunked\r\n"), ASK("Transfer-Encoding: chunked \t\r\n"),
                ASK("Transfer-Encoding:\vchunked\r\n"), ASK("Transfer-Encoding: chunked\v\r\n"),
                ASK("Transfer-Encoding: \"chunked\"\r\n"), ASK("Transfer-Encoding: chunked;a\r\n"),
                ASK("Transfer-Encoding : chunked\r\n"),
                ASK("Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"));
    ALL_REFUSED(RESPONSE, 501, ANSWER("Transfer-Encoding: gzip\r\n"));
    ALL_REFUSED(RESPONSE, 400, ANSWER("Transfer-Encoding: chunked, chunked\r\n"),
                ANSWER("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"));
    ALL_GOOD(REQUEST, ASK("Transfer-Encoding:chunked\r\n"), ASK("Transfer-Encoding:  CHUNKED \r\n"),
             ASK("X-Transfer-Encoding:\tgzip\r\n"));
}

TEST_PLAIN(http_row_4_names_and_folding)
{
    ALL_REFUSED(REQUEST, 400, ASK("X : y\r\n"), ASK("X\t: y\r\n"), ASK(" X: y\r\n"),
                ASK("X: y\r\n z\r\n"), ASK("X: y\r\n\tz\r\n"), ASK("X: y\r\n \r\n"),
                ASK(" Content-Length: 3\r\n"), ASK(": y\r\n"), ASK("X\r\n"), ASK("X Y: z\r\n"),
                ASK("X(: y\r\n"), ASK("X/Y: z\r\n"), ASK("X[0]: y\r\n"), ASK("X@: y\r\n"),
                ASK("\xc3\xa9: y\r\n"), ASK("X\xe9: y\r\n"), ASK("\"X\": y\r\n"), ASK("X;: y\r\n"),
                "GET / HTTP/1.1\r\n Host: a\r\n\r\n", " " GET("/"), "\t" GET("/"));
    ALL_REFUSED(RESPONSE, 400, ANSWER("X : y\r\n"), ANSWER(" X: y\r\n"), ANSWER("X: y\r\n z\r\n"),
                ANSWER(": y\r\n"), ANSWER("X Y: z\r\n"));
    ALL_GOOD(REQUEST, ASK("!#$%&'*+-.^_`|~09azAZ: y\r\n"), ASK("X::\r\n"), ASK("X: (y)\r\n"));
}

/* Every byte, in every place where it matters. */
static void try_byte(const char *before, const char *behind, unsigned char byte, bool good)
{
    char text[200];
    int size = snprintf(text, sizeof text, "%s%c%s", before, byte, behind);
    int status = judge_bytes(REQUEST, text, (size_t)size);

    if ((status == 0) != good)
        test_fail(__FILE__, __LINE__, "byte %#x behind \"%s\": %d", byte, before, status);
}

TEST_PLAIN(http_row_5_every_byte_in_every_place)
{
    for (unsigned c = 0; c < 256; c++) {
        bool token = eddy__char_is((char)c, EDDY__CHAR_TOKEN);
        bool text = c >= ' ' && c != 0x7f;

        try_byte("GET / HTTP/1.1\r\nHost: a\r\nX: a", "b\r\n\r\n", (unsigned char)c,
                 text || c == '\t');
        try_byte("GET / HTTP/1.1\r\nHost: a\r\nX", "Y: b\r\n\r\n", (unsigned char)c,
                 token || c == ':');
        try_byte("GET /", "b HTTP/1.1\r\nHost: a\r\n\r\n", (unsigned char)c,
                 text && c != ' ' && c != '#');
        try_byte("GE", "T / HTTP/1.1\r\nHost: a\r\n\r\n", (unsigned char)c, token);
        try_byte("GET / HTTP/1.1", "\r\nHost: a\r\n\r\n", (unsigned char)c, false);
        try_byte("GET / HTTP/1.1\r", "Host: a\r\n\r\n", (unsigned char)c, c == '\n');
        try_byte("GET / HTTP/1.1\r\nHost: a\r\n\r", "X", (unsigned char)c, c == '\n');
        eddy__arena_free(&arena);
    }
}

TEST_PLAIN(http_row_5_line_ends)
{
    ALL_REFUSED(REQUEST, 400, "GET / HTTP/1.1\nHost: a\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\n\n", "GET / HTTP/1.1\r\nHost: a\n\n",
                "GET / HTTP/1.1\rHost: a\r\n\r\n", "GET / HTTP/1.1\r\r\nHost: a\r\n\r\n",
                ASK("X: \rxTransfer-Encoding: chunked\r\n"), "GET / HTTP/1.1\r\nHost: a\r\n\r\rX",
                "GET / HTTP/1.1\r\nHost: a\r\r\n\r\n");
    ALL_REFUSED(RESPONSE, 400, "HTTP/1.1 200 OK\nX: y\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\n\r\n",
                "HTTP/1.1 200 OK\r\nX: y\r\n\n", ANSWER("X: y\rz\r\n"), ANSWER("X: y\x01\r\n"),
                ANSWER("X: y\x7f\r\n"), "HTTP/1.1 200 O\rK\r\n\r\n");
    CHECK_INT(judge_bytes(REQUEST, "GET /\0 HTTP/1.1", 15), 400);
    CHECK_INT(judge_bytes(RESPONSE, "HTTP/1.1 200 OK\r\nX: \0", 21), 400);
}

TEST_PLAIN(http_row_5_is_refused_before_the_head_is_whole)
{
    ALL_REFUSED(REQUEST, 400, "\n", "G\n", "GET / HTTP/1.1\r\nX: \x01", "GET / HTTP/1.1\r\n X",
                "GET \x7f", "{\"a\": 1}", "\x16\x03\x01\x02", "\x80\x2e\x01");
    CHECK_INT(request("\x16\x03\x01\x02"), 400);
    CHECK(strstr(refusal.why, "TLS") != NULL);
    CHECK_INT(request("GET / HTTP/1.1\r\nX: y\r"), -1);
    CHECK_INT(request(""), -1);
}

TEST_PLAIN(http_row_8_trailers)
{
    ALL_GOOD(TRAILERS, "X: y\r\n\r\n", "X: y\r\nY: z\r\n\r\n");
    ALL_REFUSED(TRAILERS, 400, "X : y\r\n\r\n", " X: y\r\n\r\n", "X: y\n\r\n", "X: y\r\n z\r\n\r\n",
                "X\r\n\r\n", "X: \x01\r\n\r\n");
    CHECK_INT(judge(TRAILERS, "Transfer-Encoding: chunked\r\nX-Sum: 1\r\nCONTENT-LENGTH: 9\r\n"
                              "Authorization: Basic YTpi\r\nhost: evil\r\nCookie: a=b\r\n"
                              "X-Sum: 2\r\nSet-Cookie: c=d\r\nConnection: close\r\n\r\n"),
              0);
    CHECK_INT(trailers.count, 2);
    CHECK_STR(trailers.list[0].value, "1");
    CHECK_STR(trailers.list[1].value, "2");
    CHECK_PTR(trailers.list[2].name, NULL);
    char empty[] = "\r\n";
    CHECK_INT(parse(TRAILERS, empty, 2), 0);
    CHECK_INT(trailers.count, 0);
    limits = (struct eddy__head_limits){.size = 100, .fields = 2};
    ALL_REFUSED(TRAILERS, 431, "A: 1\r\nB: 2\r\nC: 3\r\n\r\n",
                "A: 1234567890123456789012345678901234567890123456789012345678901234567890\r\n"
                "B: 123456789012345678901234567890");
    ALL_GOOD(TRAILERS, "A: 1\r\nB: 2\r\n\r\n");
}

TEST_PLAIN(http_row_10_host)
{
    ALL_REFUSED(REQUEST, 400, "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHosts: a\r\n\r\n",
                "GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n",
                "GET / HTTP/1.0\r\nHost: a\r\nHost: b\r\n\r\n", "GET http://a/ HTTP/1.1\r\n\r\n",
                "GET http://a/ HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n");
    static const char *const bad[] = {"a b",  "a/b",   "a@b",    "a,b@c", "a:b",         "a:65536",
                                      "a:-1", "a:1:2", "::1",    "[::1",  "[::1]x",      "[::1]:x",
                                      "[]",   "[a]",   "[1::g]", "a%2",   "a%zz",        "a\\b",
                                      "a?b",  "a#b",   "a\xc3",  "<a>",   "[fe80::1%1]", NULL};
    static const char *const good[] = {"",          "a:",
                                       "a:0",       "example.com:65535",
                                       "[::1]:80",  "[::ffff:1.2.3.4]",
                                       "127.0.0.1", "a_b.c",
                                       "%41",       "a,b",
                                       NULL};
    char text[100];

    for (int i = 0; bad[i]; i++) {
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", bad[i]);
        ALL_REFUSED(REQUEST, 400, text);
    }
    for (int i = 0; good[i]; i++) {
        snprintf(text, sizeof text, "GET / HTTP/1.1\r\nHost: %s\r\n\r\n", good[i]);
        CHECK_INT(request(text), 0);
        CHECK_STR(head.host, good[i]);
    }
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_10_authority_of_the_target_wins)
{
    CHECK_INT(request("GET http://b:81/c?d HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    CHECK_STR(head.host, "b:81");
    CHECK_STR(head.target, "http://b:81/c?d");
    CHECK_INT(request("GET HTTPS://[::1]?d HTTP/1.1\r\nHost:\r\n\r\n"), 0);
    CHECK_STR(head.host, "[::1]");
    CHECK_INT(request("CONNECT b:443 HTTP/1.1\r\nHost: a\r\n\r\n"), 0);
    CHECK_STR(head.host, "b:443");
    CHECK_INT(request("GET http://b HTTP/1.0\r\n\r\n"), 0);
    CHECK_STR(head.host, "b");
    CHECK_INT(request("GET / HTTP/1.0\r\n\r\n"), 0);
    CHECK_PTR(head.host, NULL);
    CHECK_INT(response(ANSWER("Host: a\r\nHost: ?\r\n")), 0);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_11_request_line)
{
    ALL_REFUSED(REQUEST, 400, "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET /  HTTP/1.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.1 \r\nHost: a\r\n\r\n",
                "GET\t/ HTTP/1.1\r\nHost: a\r\n\r\n", "GET /\tHTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / a HTTP/1.1\r\nHost: a\r\n\r\n", "GE\rT / HTTP/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1\r.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.10\r\nHost: a\r\n\r\n",
                "GET / HTTP/01.1\r\nHost: a\r\n\r\n", "GET / HTTP/1.\r\nHost: a\r\n\r\n",
                "GET / HTTP/1\r\nHost: a\r\n\r\n", "GET / HTTP/.1\r\nHost: a\r\n\r\n",
                "GET / HTTP/1,1\r\nHost: a\r\n\r\n", "GET / http/1.1\r\nHost: a\r\n\r\n",
                "GET / HTTPS/1.1\r\nHost: a\r\n\r\n", "GET / HTTP 1.1\r\nHost: a\r\n\r\n",
                "GET / ICE/1.0\r\nHost: a\r\n\r\n", "GET / RTSP/1.1\r\nHost: a\r\n\r\n",
                "GET /\r\nHost: a\r\n\r\n", "GET\r\nHost: a\r\n\r\n", "GET /\r\n\r\n",
                "GET \r\n\r\n", "GET  HTTP/1.1\r\nHost: a\r\n\r\n",
                "G(T / HTTP/1.1\r\nHost: a\r\n\r\n", "HTTP/1.1 200 OK\r\n\r\n", "GET / \r\n\r\n");
    ALL_REFUSED(REQUEST, 505, "GET / HTTP/2.0\r\nHost: a\r\n\r\n", "GET / HTTP/0.9\r\n\r\n",
                "GET / HTTP/3.0\r\nHost: a\r\n\r\n", "PRI * HTTP/2.0\r\n\r\n");
    ALL_REFUSED(REQUEST, 501, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: a\r\n\r\n");
    ALL_GOOD(REQUEST, "ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEF / HTTP/1.1\r\nHost: a\r\n\r\n",
             "M-SEARCH / HTTP/1.1\r\nHost: a\r\n\r\n", "get / HTTP/1.1\r\nHost: a\r\n\r\n");
    CHECK_INT(request("GET / HTTP/1.2\r\nHost: a\r\n\r\n"), 0);
    CHECK_INT(head.minor, 1);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_11_target)
{
    ALL_REFUSED(
        REQUEST, 400, GET("*"), GET("a"), GET("a:80"), GET("example.com"), GET("/a#b"),
        GET("http:/a"), GET("http://"), GET("http:///a"), GET("http://:80/"), GET("http://u@b/"),
        GET("http://a:x/"), GET("http://a b/"), GET("://a/"), GET("ftp://a/"), GET("javascript:1"),
        GET("http://[::1/"), GET("?a"), GET("\\a"), "OPTIONS ** HTTP/1.1\r\nHost: a\r\n\r\n",
        "POST * HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT / HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT a: HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT :1 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT http://a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT u@a:1 HTTP/1.1\r\nHost: a\r\n\r\n", "CONNECT [::1] HTTP/1.1\r\nHost: a\r\n\r\n",
        "CONNECT a:99999 HTTP/1.1\r\nHost: a\r\n\r\n");
    ALL_GOOD(REQUEST, GET("//a/b"), GET("/\"<>[]^`{|}\\"), GET("/%"), GET("/\xc3\xa9"),
             GET("http://a"), GET("http://a?b"), GET("http://a:80/b"),
             "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n",
             "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n",
             "CONNECT [::1]:1 HTTP/1.1\r\nHost:\r\n\r\n");
}

TEST_PLAIN(http_head_status_line)
{
    ALL_REFUSED(RESPONSE, 400, "HTTP/1.1 2000\r\n\r\n", "HTTP/1.1  200 OK\r\n\r\n",
                "HTTP/1.1 20 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n", "HTTP/1.1 099 OK\r\n\r\n",
                "HTTP/1.1 2x0 OK\r\n\r\n", "HTTP/1.1\t200 OK\r\n\r\n", "HTTP/1.1 200\tOK\r\n\r\n",
                "HTTP/1.1 -20 OK\r\n\r\n", "HTTP/1.10 200 OK\r\n\r\n", "HTTP/11.1 200 OK\r\n\r\n",
                "HTTP/01.1 200 OK\r\n\r\n", "http/1.1 200 OK\r\n\r\n", "HTTPER/1.1 200 OK\r\n\r\n",
                "ICY 200 OK\r\n\r\n", "RTSP/1.1 200 OK\r\n\r\n", "HTP/1.1 200 OK\r\n\r\n",
                "HTTP/1.1\r\n\r\n", "HTTP/1.1 \r\n\r\n", "HTTP/1.1 2\r\n\r\n", GET("/"));
    ALL_REFUSED(RESPONSE, 505, "HTTP/2.0 200 OK\r\n\r\n", "HTTP/0.9 200 OK\r\n\r\n");
    ALL_GOOD(RESPONSE, "HTTP/1.1 200 \r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n",
             "HTTP/1.1 200 \tO\tK\r\n\r\n", "HTTP/1.1 200  OK\r\n\r\n");
}

/* ---- limits ---- */

/* A request of size bytes, whose target has so many. */
static char *large(size_t target, size_t size)
{
    static const char middle[] = " HTTP/1.1\r\nHost: a\r\nX: ";
    char *text = eddy__arena_alloc(&arena, size + 1);

    memset(text, 'x', size);
    memcpy(text, "GET /", 5);
    memcpy(text + 4 + target, middle, sizeof middle - 1);
    memcpy(text + size - 4, "\r\n\r\n", 5);
    return text;
}

TEST_PLAIN(http_row_16_size_of_a_head)
{
    CHECK_INT(request(large(10, 32 << 10)), 0);
    CHECK_INT(request(large(10, (32 << 10) + 1)), 431);
    char *text = large(10, 40 << 10);
    CHECK_INT(judge_bytes(REQUEST, text, (32 << 10) - 1), -1);
    CHECK_INT(judge_bytes(REQUEST, text, 32 << 10), 431);
    memcpy(text, "HTTP/1.1 200 OK", 15);
    CHECK_INT(judge_bytes(RESPONSE, text, (32 << 10) - 1), -1);
    CHECK_INT(judge_bytes(RESPONSE, text, 40 << 10), 431);
    limits.size = 60;
    CHECK_INT(request(large(10, 60)), 0);
    CHECK_INT(request(large(10, 61)), 431);
    CHECK_INT(judge_bytes(REQUEST, large(10, 100), 60), 431);
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_16_size_of_a_target)
{
    CHECK_INT(request(large(8 << 10, 9 << 10)), 0);
    CHECK_INT(request(large((8 << 10) + 1, 9 << 10)), 414);
    CHECK_INT(request(large(10 << 10, 11 << 10)), 414);
    CHECK_INT(judge_bytes(REQUEST, large(20 << 10, 21 << 10), 9000), 414);
    CHECK_INT(judge_bytes(REQUEST, large(20 << 10, 21 << 10), 8000), -1);
    CHECK_INT(request(eddy__arena_printf(&arena, "\r\n%s", large(20 << 10, 21 << 10))), 414);
    limits.target = 10;
    ALL_GOOD(REQUEST, GET("/234567890"));
    ALL_REFUSED(REQUEST, 414, GET("/2345678901"),
                "GET /23456789012345678901234567890123456789012345678901234567890");
    ALL_REFUSED(REQUEST, 400, "GET / HTTP/1.1\r\nX: 1234567890123456789012345678901234567890\n");
    ALL_GOOD(RESPONSE,
             "HTTP/1.1 200 a reason that is longer than a target and all around it\r\n\r\n");
    eddy__arena_free(&arena);
}

TEST_PLAIN(http_row_16_count_of_fields)
{
    char text[1000] = "GET / HTTP/1.1\r\nHost: a\r\n";
    size_t size = strlen(text);

    for (int i = 0; i < 99; i++, size += 4)
        memcpy(text + size, "A:\r\n", 4);
    memcpy(text + size, "\r\n", 3);
    CHECK_INT(request(text), 0);
    CHECK_INT(head.fields.count, 100);
    memcpy(text + size, "A:\r\n\r\n", 7);
    CHECK_INT(request(text), 431);
    limits.fields = 1;
    CHECK_INT(request(GET("/")), 0);
    CHECK_INT(request(ASK("X: y\r\n")), 431);
    eddy__arena_free(&arena);
}
