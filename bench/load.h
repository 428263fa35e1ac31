/* load.h - what the load generators share.
 *
 * load_X PORT CONNECTIONS BYTES SECONDS PID
 *
 * Closed loop: each connection has one request on the way. After a warm-up of a quarter of SECONDS
 * answers are counted, with their times and the CPU time that process PID spends meanwhile. */
#ifndef EDDY_BENCH_LOAD_H
#define EDDY_BENCH_LOAD_H

#include "bench.h"

#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define LOAD_SLOWEST 1000000 /* microseconds; slower ones count as this */

struct load {
    int port;
    long connections;
    size_t size;
    double seconds;
    clockid_t server;
    int epoll;
    long answers;
    unsigned histogram[LOAD_SLOWEST + 1];
};

static struct load load;
static char load_message[1 << 20];
static char load_answer[1 << 20] __attribute__((unused));

static inline void load_begin(int argc, char **argv)
{
    if (argc != 6) {
        fprintf(stderr, "usage: %s PORT CONNECTIONS BYTES SECONDS PID\n", argv[0]);
        exit(2);
    }
    load.port = (int)bench_arg(argc, argv, 1, 0);
    load.connections = bench_arg(argc, argv, 2, 0);
    load.size = (size_t)bench_arg(argc, argv, 3, 0);
    load.seconds = strtod(argv[4], NULL);
    load.epoll = epoll_create1(0);
    if (clock_getcpuclockid((pid_t)bench_arg(argc, argv, 5, 0), &load.server) != 0 ||
        load.size > sizeof load_message) {
        fprintf(stderr, "%s: no such process, or too many bytes\n", argv[0]);
        exit(1);
    }
}

/* A socket that is connected, or on its way with SOCK_NONBLOCK in type. */
static inline int load_connect(int type)
{
    struct sockaddr_in to = bench_address(load.port);
    int one = 1, fd = socket(AF_INET, type, 0);

    if (connect(fd, (struct sockaddr *)&to, sizeof to) < 0 && errno != EINPROGRESS)
        bench_die("connect");
    if (type & SOCK_STREAM)
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    return fd;
}

static inline void load_answered(double sent_at)
{
    double us = (bench_now() - sent_at) * 1e6;

    load.histogram[us < LOAD_SLOWEST ? (int)us : LOAD_SLOWEST]++;
    load.answers++;
}

/* Calls on_event(pointer that epoll has, events) until then. */
static inline void load_until(double end, void (*on_event)(void *connection))
{
    struct epoll_event events[64];

    while (bench_now() < end) {
        int n = epoll_wait(load.epoll, events, 64, 100);
        for (int i = 0; i < n; i++)
            on_event(events[i].data.ptr);
    }
}

static inline int load_percentile(double part)
{
    double seen = 0;

    for (int us = 0; us <= LOAD_SLOWEST; us++)
        if ((seen += load.histogram[us]) >= part * (double)load.answers)
            return us;
    return LOAD_SLOWEST;
}

/* Warms up, measures, reports. */
static inline int load_run(void (*on_event)(void *connection))
{
    load_until(bench_now() + load.seconds / 4, on_event);
    memset(load.histogram, 0, sizeof load.histogram);
    load.answers = 0;

    double start = bench_now(), cpu = bench_clock(load.server);
    load_until(start + load.seconds, on_event);
    cpu = bench_clock(load.server) - cpu;
    if (load.answers == 0)
        return fprintf(stderr, "no answer\n"), 1;
    bench_report("rate", (double)load.answers / (bench_now() - start), "req/s");
    bench_report("p50", load_percentile(0.50), "us");
    bench_report("p99", load_percentile(0.99), "us");
    bench_report("cpu", cpu / (double)load.answers * 1e6, "us");
    return 0;
}

#endif
