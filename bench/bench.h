/* bench.h - what the benchmark programs in C share: clocks, arguments, output.
 *
 * Every program prints lines "name value unit" on stdout; README.md lists the names. */
#ifndef EDDY_BENCH_H
#define EDDY_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <errno.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>

static inline double bench_clock(clockid_t clock)
{
    struct timespec t;

    clock_gettime(clock, &t);
    return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

/* CPU seconds of this process: what another process takes does not count. */
static inline double bench_cpu(void)
{
    return bench_clock(CLOCK_PROCESS_CPUTIME_ID);
}

static inline double bench_now(void)
{
    return bench_clock(CLOCK_MONOTONIC);
}

/* The index-th argument as a number, or a default. */
static inline long bench_arg(int argc, char **argv, int index, long otherwise)
{
    return argc > index ? strtol(argv[index], NULL, 10) : otherwise;
}

static inline void bench_report(const char *name, double value, const char *unit)
{
    printf("%s %.6g %s\n", name, value, unit);
    fflush(stdout);
}

/* Bytes resident of a process, page tables included. */
static inline double bench_memory_of(const char *process)
{
    char line[256];
    double kib = 0, value;

    snprintf(line, sizeof line, "/proc/%s/status", process);
    FILE *f = fopen(line, "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %lf", &value) == 1 || sscanf(line, "VmPTE: %lf", &value) == 1)
            kib += value;
    if (f)
        fclose(f);
    return kib * 1024;
}

static inline double bench_memory(void)
{
    return bench_memory_of("self");
}

/* Delay of the i-th timer in milliseconds: 1 to 10, in no order. */
static inline unsigned bench_delay(unsigned i)
{
    return 1 + (i * 2654435761u >> 16) % 10;
}

enum { BENCH_FILE_SIZE = 4096 };

/* The path of the i-th file of the files question. */
static inline void bench_file(char *path, size_t size, const char *folder, long i)
{
    snprintf(path, size, "%s/%05ld", folder, i);
}

static inline void bench_report_files(long reads, double seconds, double cpu)
{
    bench_report("files", (double)reads / seconds / 1e3, "k/s");
    bench_report("files_cpu", cpu / (double)reads * 1e6, "us");
}

/* The GETs of http_client. */
static inline void bench_report_gets(const char *name, long gets, double seconds, double cpu)
{
    char rate[64];

    snprintf(rate, sizeof rate, "%s_rate", name);
    bench_report(name, cpu / (double)gets * 1e6, "us");
    bench_report(rate, (double)gets / seconds, "req/s");
}

/* So many steps of work that no compiler leaves out. */
static inline unsigned long bench_compute(unsigned long x, long steps)
{
    for (long i = 0; i < steps; i++)
        x = x * 6364136223846793005u + 1442695040888963407u;
    return x;
}

static inline void bench_die(const char *what)
{
    perror(what);
    exit(1);
}

static inline struct sockaddr_in bench_address(long port)
{
    return (struct sockaddr_in){.sin_family = AF_INET,
                                .sin_port = htons((unsigned short)port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

/* What bench/run waits for before it loads a server. */
static inline void bench_ready(long port)
{
    printf("ready %ld\n", port);
    fflush(stdout);
}

/* A socket that listens on the port of 127.0.0.1. */
static inline int bench_listen(long port)
{
    struct sockaddr_in at = bench_address(port);
    int one = 1, listener = socket(AF_INET, SOCK_STREAM, 0);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(listener, (struct sockaddr *)&at, sizeof at) < 0 || listen(listener, 1024) < 0)
        bench_die("listen");
    return listener;
}

/* Has epoll give the pointer when the descriptor is readable. */
static inline void bench_watch(int epoll, int fd, void *pointer)
{
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = pointer};

    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

/* Keep the calling thread on one CPU. */
static inline void bench_pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

#endif
