/* census.c - what a test must not leave behind: allocations, descriptors, threads, mappings. */
#include "census.h"
#include "test.h"

#include "base/alloc.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>

#ifndef __has_feature
#define __has_feature(x) 0
#endif

/* The C library's own: stdio buffers, the resolver's and the dynamic loader's files. */
enum { MAPPINGS_ALLOWED = 12 };

#pragma weak __lsan_do_recoverable_leak_check
int __lsan_do_recoverable_leak_check(void);

/* -> how many numbered entries path has; their bits in set, as far as they fit. */
static int count_entries(const char *path, unsigned char *set, int set_size)
{
    DIR *dir = opendir(path);
    int count = 0;

    if (!dir)
        return -1;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        int n = (int)strtol(e->d_name, NULL, 10);
        if (e->d_name[0] == '.' || (set && n == dirfd(dir)))
            continue;
        count++;
        if (set && n < set_size)
            set[n] = 1;
    }
    closedir(dir);
    return count;
}

/* Read with system calls into a fixed place, since stdio would map a buffer of its own. */
static int read_maps(char *text, size_t size)
{
    int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC), lines = 0;
    size_t used = 0;

    if (fd >= 0) {
        for (ssize_t n; used + 1 < size && (n = read(fd, text + used, size - 1 - used)) > 0;)
            used += (size_t)n;
        close(fd);
    }
    text[used] = '\0';
    for (const char *p = text; (p = strchr(p, '\n')) != NULL; p++)
        lines++;
    return lines;
}

#if defined(__SANITIZE_THREAD__) || __has_feature(thread_sanitizer)
static void *nothing(void *arg)
{
    return arg;
}

/* ThreadSanitizer starts a thread of its own beside the first one of a process. */
static void start_sanitizer_thread(void)
{
    static bool started;
    pthread_t thread;

    if (!started && pthread_create(&thread, NULL, nothing, NULL) == 0)
        pthread_join(thread, NULL);
    started = true;
}
#else
static void start_sanitizer_thread(void)
{
}
#endif

int census_threads(void)
{
    return count_entries("/proc/self/task", NULL, 0);
}

void census_take(struct census *c)
{
    start_sanitizer_thread();
    memset(c->is_open, 0, sizeof c->is_open);
    c->descriptors = count_entries("/proc/self/fd", c->is_open, CENSUS_DESCRIPTORS);
    c->threads = census_threads();
    c->mappings = read_maps(c->maps, sizeof c->maps);
    c->allocations = eddy__alloc_live(); /* last: what a thread that has gone meanwhile gave back */
}

static int name_descriptors(const struct census *before, const struct census *after)
{
    char path[64], target[PATH_MAX];
    int left = 0;

    for (int fd = 0; fd < CENSUS_DESCRIPTORS; fd++) {
        if (before->is_open[fd] && !after->is_open[fd] && ++left)
            printf("closed by the test, but not its own: descriptor %d\n", fd);
        if (before->is_open[fd] || !after->is_open[fd])
            continue;
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        ssize_t n = readlink(path, target, sizeof target - 1);
        target[n < 0 ? 0 : n] = '\0';
        printf("left: descriptor %d, %s\n", fd, target);
        left++;
    }
    return left;
}

static void name_threads(void)
{
    DIR *dir = opendir("/proc/self/task");

    for (struct dirent *e; dir && (e = readdir(dir)) != NULL;) {
        char path[PATH_MAX], name[64] = "";
        if (e->d_name[0] == '.')
            continue;
        snprintf(path, sizeof path, "/proc/self/task/%s/comm", e->d_name);
        int fd = open(path, O_RDONLY | O_CLOEXEC);
        ssize_t n = fd < 0 ? 0 : read(fd, name, sizeof name - 1);
        name[n > 0 ? n - 1 : 0] = '\0';
        close(fd);
        printf("a thread: %s, %s\n", e->d_name, name);
    }
    if (dir)
        closedir(dir);
}

/* Mappings merge and split, so the count decides and the list of new ones is only a help. */
static void name_mappings(const char *before, char *after)
{
    for (char *line = strtok_r(after, "\n", &after); line; line = strtok_r(NULL, "\n", &after)) {
        char range[64];
        snprintf(range, sizeof range, "%.*s", (int)strcspn(line, " "), line);
        if (!strstr(before, range))
            printf("new mapping: %s\n", line);
    }
}

bool census_compare(const struct census *before)
{
    static struct census after;
    int left = 0;

    /* A thread that was joined and a ring that was closed disappear a moment later. */
    for (int i = 0; i < 100; i++) {
        census_take(&after);
        if (after.threads <= before->threads && after.descriptors <= before->descriptors)
            break;
        usleep(i < 10 ? 1000 : 10000);
    }
    if (after.allocations != before->allocations) {
        printf("left: %ld allocations (make asan names them)\n",
               after.allocations - before->allocations);
        left++;
        if (__lsan_do_recoverable_leak_check)
            __lsan_do_recoverable_leak_check();
    }
    left += name_descriptors(before, &after);
    if (after.threads > before->threads) {
        printf("left: %d threads\n", after.threads - before->threads);
        name_threads();
        left++;
    }
    if (!test_is_watched() && after.mappings > before->mappings + MAPPINGS_ALLOWED) {
        printf("left: %d mappings\n", after.mappings - before->mappings);
        name_mappings(before->maps, after.maps);
        left++;
    }
    fflush(stdout);
    return left == 0;
}
