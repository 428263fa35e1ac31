/* talk.h - for tests of the HTTP server: routers in a line, and the bytes of both sides through
 * memory, where time is virtual: an idle connection is at its end without a wait. */
#ifndef TESTS_HTTP_TALK_H
#define TESTS_HTTP_TALK_H

#include "test.h"
#include <eddy/http/respond.h>
#include <eddy/http/server.h>

/* A router with one handler for everything. */
static inline eddy_router *router_of(eddy_http_handler *handler)
{
    eddy_router *router = eddy_router_open();

    CHECK(router != NULL);
    CHECK_OK(eddy_route(router, "/", handler));
    return router;
}

#define TALK_MEMORY(router, ...) eddy_http_server_open((router), .in_memory = true, __VA_ARGS__)

static inline void send_bytes(eddy_stream *peer, const char *bytes)
{
    CHECK_OK(eddy_write(peer, bytes, strlen(bytes)));
}

/* All that comes until the connection ends, without the lines of Date. It is the caller's until the
 * next call. A reset ends it with "(reset)". */
static inline const char *rest_of(eddy_stream *peer)
{
    static char all[128 * 1024];
    size_t size = 0;
    ssize_t n;
    char *date;

    while ((n = eddy_read(peer, all + size, sizeof all - size - 16)) > 0)
        size += (size_t)n;
    snprintf(all + size, 16, "%s", n < 0 ? "(reset)" : "");
    while ((date = strstr(all, "Date: ")) != NULL) {
        char *next = strstr(date, "\r\n") + 2;
        memmove(date, next, strlen(next) + 1);
    }
    return all;
}

/* What a server answers to these bytes on a connection of their own. */
static inline const char *answer_to(eddy_http_server *server, const char *bytes)
{
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    CHECK(peer != NULL);
    send_bytes(peer, bytes);
    return rest_of(peer);
}

/* The status of the first answer to these bytes; 0: there is none. */
static inline int status_of(eddy_http_server *server, const char *bytes)
{
    const char *answer = answer_to(server, bytes);

    return strncmp(answer, "HTTP/1.1 ", 9) == 0 ? (int)strtol(answer + 9, NULL, 10) : 0;
}

static inline int count_of_text(const char *all, const char *part)
{
    int count = 0;

    for (const char *p = all; (p = strstr(p, part)) != NULL; p += strlen(part))
        count++;
    return count;
}

/* Counts what is reported, instead of printing it. */
static inline void count_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)report;
    ++*(int *)arg;
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"
#define GET_LAST(path) "GET " path " HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"

#endif
