/* Plain epoll: 100 connections, one request on the way for each. What a client costs when nothing
 * is between the program and the kernel but the search for the end of a head and its length.
 *
 * http_client PORT TLS_PORT [COUNT] */
#include "bench.h"

#include <string.h>
#include <strings.h>

enum { AT_ONCE = 100, ANSWER = 16384 };
static const char request[] = "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";

struct connection {
    int fd;
    size_t got;
    char answer[ANSWER];
};

static struct connection connections[AT_ONCE];
static long to_send, to_come;

static void send_request(struct connection *c)
{
    c->got = 0;
    if (to_send == 0)
        return;
    to_send--;
    if (send(c->fd, request, sizeof request - 1, MSG_NOSIGNAL) != sizeof request - 1)
        bench_die("send");
}

/* The length of the answer, 0 while its head has not come. */
static size_t length_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");
    size_t body = 0;

    if (!end)
        return 0;
    if (strncmp(answer, "HTTP/1.1 200 ", 13) != 0)
        exit((fprintf(stderr, "no answer 200\n"), 1));
    for (const char *line = answer; line < end; line = strstr(line, "\r\n") + 2)
        if (strncasecmp(line, "Content-Length:", 15) == 0)
            body = strtoul(line + 15, NULL, 10);
    return (size_t)(end + 4 - answer) + body;
}

static void receive(struct connection *c)
{
    ssize_t n = recv(c->fd, c->answer + c->got, ANSWER - 1 - c->got, 0);

    if (n <= 0)
        bench_die("recv");
    c->got += (size_t)n;
    c->answer[c->got] = '\0';
    size_t length = length_of(c->answer);
    if (length == 0 || c->got < length)
        return;
    to_come--;
    send_request(c);
}

static void open_connection(struct connection *c, int epoll, long port)
{
    struct sockaddr_in to = bench_address(port);

    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        bench_die("connect");
    bench_watch(epoll, c->fd, c);
    send_request(c);
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 3, 20000);
    double start = bench_now(), cpu = bench_cpu();
    struct epoll_event events[64];
    int epoll = epoll_create1(0);

    to_send = to_come = count;
    for (int i = 0; i < AT_ONCE; i++)
        open_connection(&connections[i], epoll, bench_arg(argc, argv, 1, 80));
    while (to_come > 0) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++)
            receive(events[i].data.ptr);
    }
    bench_report_gets("http_client", count, bench_now() - start, bench_cpu() - cpu);
    return 0;
}
