/* bench.h - what the benchmark programs in C share: clocks, arguments, output.
 *
 * Every program prints lines "name value unit" on stdout; README.md lists the names. */
#ifndef EDDY_BENCH_H
#define EDDY_BENCH_H

#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
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

/* Bytes resident, page tables included. */
static inline double bench_memory(void)
{
    char line[256];
    double kib = 0, value;
    FILE *f = fopen("/proc/self/status", "r");

    while (f && fgets(line, sizeof line, f))
        if (sscanf(line, "VmRSS: %lf", &value) == 1 || sscanf(line, "VmPTE: %lf", &value) == 1)
            kib += value;
    if (f)
        fclose(f);
    return kib * 1024;
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

/* Keep the calling thread on one CPU. */
static inline void bench_pin(unsigned cpu)
{
    cpu_set_t set;

    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
}

#endif
