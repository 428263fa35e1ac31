/* load_echo.c - the load generator of the echo question, the same for every server.
 *
 * load_echo PORT CONNECTIONS BYTES SECONDS PID
 *
 * Closed loop: each connection has one request on the way. After a warm-up of a quarter of SECONDS
 * it counts requests, their times, and the CPU time that process PID spends meanwhile. */
#include "bench.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SLOWEST 1000000 /* microseconds; slower ones count as this */

struct connection {
    int fd;
    size_t got;
    double sent_at;
};

static char message[1 << 20], answer[1 << 20];
static unsigned histogram[SLOWEST + 1];
static size_t size;

static void die(const char *what)
{
    perror(what);
    exit(1);
}

static void send_request(struct connection *c)
{
    c->got = 0;
    c->sent_at = bench_now();
    for (size_t done = 0; done < size;) {
        ssize_t n = send(c->fd, message + done, size - done, MSG_NOSIGNAL);
        if (n < 0)
            die("send");
        done += (size_t)n;
    }
}

static void open_connection(struct connection *c, int port, int epoll)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)port)};
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = c};
    int one = 1;

    inet_pton(AF_INET, "127.0.0.1", &to.sin_addr);
    c->fd = socket(AF_INET, SOCK_STREAM, 0);
    if (connect(c->fd, (struct sockaddr *)&to, sizeof to) < 0)
        die("connect");
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    epoll_ctl(epoll, EPOLL_CTL_ADD, c->fd, &event);
}

/* Read what has come; when the answer is complete, note its time and send the next request. */
static long receive(struct connection *c)
{
    ssize_t n = recv(c->fd, answer, size - c->got, 0);

    if (n <= 0)
        die("recv");
    c->got += (size_t)n;
    if (c->got < size)
        return 0;
    double us = (bench_now() - c->sent_at) * 1e6;
    histogram[us < SLOWEST ? (int)us : SLOWEST]++;
    send_request(c);
    return 1;
}

static long run_until(double end, int epoll)
{
    struct epoll_event events[64];
    long requests = 0;

    while (bench_now() < end) {
        int n = epoll_wait(epoll, events, 64, 100);
        for (int i = 0; i < n; i++)
            requests += receive(events[i].data.ptr);
    }
    return requests;
}

static int percentile(double part, long requests)
{
    double seen = 0;

    for (int us = 0; us <= SLOWEST; us++)
        if ((seen += histogram[us]) >= part * (double)requests)
            return us;
    return SLOWEST;
}

int main(int argc, char **argv)
{
    if (argc != 6)
        return fprintf(stderr, "usage: load_echo PORT CONNECTIONS BYTES SECONDS PID\n"), 2;
    int epoll = epoll_create1(0), port = (int)bench_arg(argc, argv, 1, 0);
    long count = bench_arg(argc, argv, 2, 0);
    double seconds = strtod(argv[4], NULL);
    pid_t pid = (pid_t)bench_arg(argc, argv, 5, 0);
    struct connection *connections = calloc((size_t)count, sizeof *connections);
    clockid_t server;

    size = (size_t)bench_arg(argc, argv, 3, 0);
    if (clock_getcpuclockid(pid, &server) != 0 || size > sizeof message)
        return fprintf(stderr, "load_echo: no such process, or too many bytes\n"), 1;
    for (long i = 0; i < count; i++)
        open_connection(&connections[i], port, epoll);
    for (long i = 0; i < count; i++)
        send_request(&connections[i]);
    run_until(bench_now() + seconds / 4, epoll);
    memset(histogram, 0, sizeof histogram);

    double start = bench_now(), cpu = bench_clock(server);
    long requests = run_until(start + seconds, epoll);
    cpu = bench_clock(server) - cpu;
    bench_report("rate", (double)requests / (bench_now() - start), "req/s");
    bench_report("p50", percentile(0.50, requests), "us");
    bench_report("p99", percentile(0.99, requests), "us");
    bench_report("cpu", cpu / (double)requests * 1e6, "us");
    return 0;
}
