/* process.c - what the programs share that run tests in processes of their own. */
#include "process.h"
#include "hung.h"
#include "test.h"

#include <fcntl.h>
#include <linux/io_uring.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum { SHOWN_OUTPUT = 64 * 1024 };

/* The C library keeps the stacks of ended threads and an arena for each thread: both would look
 * like mappings left behind. It takes such wishes only at the start of a program. */
static void start_again_without_caches(char **argv)
{
    if (getenv("GLIBC_TUNABLES") || test_is_watched())
        return;
    setenv("GLIBC_TUNABLES", "glibc.pthread.stack_cache_size=0:glibc.malloc.arena_max=1", 1);
    execv("/proc/self/exe", argv);
}

/* Whoever starts the tests in the background, or by nohup, has signals ignored or blocked, or
 * standard descriptors closed: tests begin as programs do that a shell starts. */
static void begin_as_from_a_shell(void)
{
    sigset_t none;
    int fd;

    do
        fd = open("/dev/null", O_RDWR);
    while (fd >= 0 && fd <= STDERR_FILENO);
    close(fd);
    for (int number = 1; number < NSIG; number++)
        signal(number, SIG_DFL);
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
}

void process_begin(char **argv)
{
    begin_as_from_a_shell();
    start_again_without_caches(argv);
}

void process_enter(int output, const sigset_t *mask)
{
    struct rlimit no_core = {0, 0};
    int null = open("/dev/null", O_RDONLY);

    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    hung_allow();
    setrlimit(RLIMIT_CORE, &no_core);
    sigprocmask(SIG_SETMASK, mask, NULL);
    dup2(null, 0);
    dup2(output, 1);
    dup2(output, 2);
    close(null);
    close(output);
}

void process_show_output(int fd)
{
    struct stat st;
    char buf[4096];
    off_t at = 0;

    if (fstat(fd, &st) == 0 && st.st_size > SHOWN_OUTPUT) {
        at = st.st_size - SHOWN_OUTPUT;
        printf("    (%lld bytes before this)\n", (long long)at);
    }
    bool line_start = true;
    for (ssize_t n; (n = pread(fd, buf, sizeof buf, at)) > 0; at += n)
        for (ssize_t i = 0; i < n; i++) {
            if (line_start)
                fputs("    ", stdout);
            putchar(buf[i]);
            line_start = buf[i] == '\n';
        }
    if (!line_start)
        putchar('\n');
}

bool process_uring_is_refused(void)
{
    struct io_uring_params params;

    memset(&params, 0, sizeof params);
    long fd = syscall(__NR_io_uring_setup, 4, &params);
    if (fd < 0)
        return true;
    close((int)fd);
    return false;
}

double process_now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

double process_time_factor(void)
{
    const char *factor = getenv("TEST_TIME_FACTOR");
    double f = factor ? strtod(factor, NULL) : 1;

    return f > 0 ? f : 1;
}

bool test_is_watched(void)
{
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    return true;
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
    return true;
#endif
#endif
    const char *preload = getenv("LD_PRELOAD");
    return getenv("TEST_EMULATED") || (preload && strstr(preload, "vgpreload"));
}
