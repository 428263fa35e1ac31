/* load_http.h - what the load generators of HTTP share: requests, and answers that have a
 * Content-Length. */
#ifndef EDDY_BENCH_LOAD_HTTP_H
#define EDDY_BENCH_LOAD_HTTP_H

#include "load.h"

#include <strings.h>

/* A request for the greeting (size 0), or for a file of so many bytes. */
static inline const char *load_http_request(size_t size)
{
    return size == 0 ? "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"
                     : "GET /file HTTP/1.1\r\nHost: localhost\r\n\r\n";
}

static inline void load_http_die(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

/* The length of an answer, head and body, whose first bytes stand at answer with a zero byte behind
 * them. The body has to have size bytes, any number but 0 for the greeting. 0: the head has not
 * come yet. */
static inline size_t load_http_length(const char *answer, size_t size)
{
    const char *end = strstr(answer, "\r\n\r\n");
    size_t body = 0;

    if (!end)
        return 0;
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        load_http_die("an answer other than HTTP/1.1 200");
    for (const char *line = answer; line < end; line = strstr(line, "\r\n") + 2)
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    if (body == 0 || (size != 0 && body != size))
        load_http_die("an answer of another length");
    return (size_t)(end + 4 - answer) + body;
}

/* Waits up to two seconds for a server that cannot say when it listens. */
static inline void load_http_await(void)
{
    struct sockaddr_in to = bench_address(load.port);
    double until = bench_now() + 2;

    for (;;) {
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        int connected = connect(fd, (struct sockaddr *)&to, sizeof to);

        close(fd);
        if (connected == 0)
            return;
        if (bench_now() > until)
            bench_die("connect");
        usleep(10000);
    }
}

#endif
