/* runner.c - runs every registered test in a process of its own, several side by side.
 *
 *     tests [-l] [-v] [-j N] [-b uring|epoll] [--torture] [--here] [PART-OF-NAME ...]
 *
 * Output is kept and shown for failures only. The last line says "N passed, N failed, N skipped";
 * the exit status is 1 when a test failed.
 */
#include "hung.h"
#include "repeat.h"
#include "test.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>

enum {
    SECONDS = 10,
    WAITING = 6, /* times as long may pass: the machine may be busy with other things */
    MAX_SLOTS = 256,
    REPEATED_SECONDS = 1800,
    SHOWN_OUTPUT = 64 * 1024,
};

/* A test that is running. */
struct slot {
    const struct test *test;
    pid_t pid; /* 0: free */
    int output;
    double start, deadline;
    bool late;
};

static struct test *tests;

static struct {
    bool list, verbose, torture, here;
    int jobs;
    const char *backend;
    char **parts;
    int part_count;
} options;

static struct {
    int passed, failed, skipped;
} count;

static struct slot slots[MAX_SLOTS];

void test_register(struct test *test)
{
    test->next = tests;
    tests = test;
}

static unsigned cpu_seconds(void)
{
    const char *factor = getenv("TEST_TIME_FACTOR");
    double f = factor ? strtod(factor, NULL) : 1;

    return (unsigned)(SECONDS * (f > 0 ? f : 1));
}

unsigned test_seconds(void)
{
    return WAITING * cpu_seconds();
}

void test_limit_cpu(void)
{
    struct rlimit limit = {cpu_seconds(), RLIM_INFINITY};

    setrlimit(RLIMIT_CPU, &limit);
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

static double now(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int order(const struct test *a, const struct test *b)
{
    int r = strcmp(a->file, b->file);

    return r ? r : a->line - b->line;
}

/* By file and line, so that runs are alike whatever order the linker chose. */
static struct test *sorted(struct test *list)
{
    struct test *out = NULL;

    while (list) {
        struct test *t = list, **at = &out;
        list = t->next;
        while (*at && order(*at, t) <= 0)
            at = &(*at)->next;
        t->next = *at;
        *at = t;
    }
    return out;
}

static bool is_selected(const struct test *t)
{
    char full[512];

    if (options.torture && t->kind != TEST_TORTURE)
        return false;
    snprintf(full, sizeof full, "%s:%s", t->file, t->name);
    for (int i = 0; i < options.part_count; i++)
        if (strstr(full, options.parts[i]))
            return true;
    return options.part_count == 0;
}

static const struct test *next_selected(const struct test *t)
{
    while (t && !is_selected(t))
        t = t->next;
    return t;
}

/* ---- in the test's process ----------------------------------------------------------------- */

static bool run_here(const struct test *t)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    if (options.backend)
        setenv("EDDY_BACKEND", options.backend, 1);
    if (options.torture)
        return test_run_torture(t);
    if (t->kind == TEST_SWEEP)
        return test_run_sweep(t);
    if (!options.here)
        test_limit_cpu();
    return test_run_once(t);
}

static _Noreturn void run_child(const struct test *t, int output, const sigset_t *mask)
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
    for (int i = 0; i < options.jobs; i++)
        if (slots[i].pid)
            close(slots[i].output);
    bool good = run_here(t);
    fflush(NULL);
    if (!good)
        _exit(1);
    exit(0); /* through atexit: the leak sanitizer looks now */
}

/* ---- in the runner ------------------------------------------------------------------------- */

static void start(struct slot *s, const struct test *t, const sigset_t *mask)
{
    bool repeats = options.torture || t->kind == TEST_SWEEP;

    fflush(NULL);
    *s = (struct slot){.test = t, .start = now(), .output = memfd_create(t->name, MFD_CLOEXEC)};
    s->deadline = s->start + (repeats ? REPEATED_SECONDS : test_seconds());
    pid_t pid = s->output < 0 ? -1 : fork();
    if (pid < 0) {
        perror("tests: cannot start a process");
        exit(2);
    }
    if (pid == 0)
        run_child(t, s->output, mask);
    setpgid(pid, pid);
    s->pid = pid;
}

static void show_output(int fd)
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

static void report(struct slot *s, int status)
{
    const struct test *t = s->test;
    double seconds = now() - s->start;
    bool skipped = WIFEXITED(status) && WEXITSTATUS(status) == 77;

    if (status == 0)
        count.passed++;
    else if (skipped)
        count.skipped++;
    else
        count.failed++;
    if (status == 0 || skipped) {
        if (options.verbose || skipped)
            printf("%s %s (%.2f s)\n", skipped ? "SKIP" : "ok  ", t->name, seconds);
        if (options.verbose || skipped)
            show_output(s->output);
        return;
    }
    printf("FAIL %s (%s:%d, %.2f s): ", t->name, t->file, t->line, seconds);
    if (s->late)
        printf("no end after %.0f s\n", s->deadline - s->start);
    else if (WIFSIGNALED(status))
        printf("killed by signal %d, %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        printf("exit status %d\n", WEXITSTATUS(status));
    show_output(s->output);
}

static void give_up(struct slot *s)
{
    s->late = true;
    hung_show(s->pid, s->output);
    kill(-s->pid, SIGKILL);
}

/* -> how many tests ended. Those that ended while another was looked at are not late. */
static int reap(void)
{
    int ended = 0, status;

    for (int i = 0; i < options.jobs; i++) {
        struct slot *s = &slots[i];
        if (!s->pid)
            continue;
        if (waitpid(s->pid, &status, WNOHANG) != s->pid) {
            if (now() > s->deadline && !s->late)
                give_up(s);
            continue;
        }
        kill(-s->pid, SIGKILL); /* what it started and did not wait for */
        report(s, status);
        close(s->output);
        s->pid = 0;
        ended++;
    }
    return ended;
}

static void run_all(void)
{
    sigset_t child, mask;
    int running = 0;

    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigprocmask(SIG_BLOCK, &child, &mask);
    for (const struct test *t = next_selected(tests); t || running;) {
        for (int i = 0; t && i < options.jobs; i++) {
            if (slots[i].pid)
                continue;
            start(&slots[i], t, &mask);
            running++;
            t = next_selected(t->next);
        }
        struct timespec tick = {0, 100 * 1000 * 1000};
        sigtimedwait(&child, NULL, &tick);
        running -= reap();
    }
    sigprocmask(SIG_SETMASK, &mask, NULL);
}

/* Without forking, for a debugger; stops at the first failure. */
static void run_all_here(void)
{
    for (const struct test *t = next_selected(tests); t; t = next_selected(t->next)) {
        printf("%s\n", t->name);
        if (!run_here(t)) {
            printf("FAIL %s\n", t->name);
            exit(1);
        }
        count.passed++;
    }
}

static bool uring_is_refused(void)
{
    struct io_uring_params params;

    memset(&params, 0, sizeof params);
    long fd = syscall(__NR_io_uring_setup, 4, &params);
    if (fd < 0)
        return true;
    close((int)fd);
    return false;
}

static void parse_options(int argc, char **argv)
{
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    int i = 1;

    options.jobs = (int)(cores > 0 ? 2 * cores : 2);
    for (; i < argc && argv[i][0] == '-'; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        if (strcmp(argv[i], "-l") == 0)
            options.list = true;
        else if (strcmp(argv[i], "-v") == 0)
            options.verbose = true;
        else if (strcmp(argv[i], "--torture") == 0)
            options.torture = true;
        else if (strcmp(argv[i], "--here") == 0)
            options.here = true;
        else if (strcmp(argv[i], "-j") == 0 && value && i++)
            options.jobs = (int)strtol(value, NULL, 10);
        else if (strcmp(argv[i], "-b") == 0 && value && i++)
            options.backend = value;
        else {
            fprintf(stderr,
                    "usage: %s [-l] [-v] [-j N] [-b uring|epoll] [--torture] [--here] "
                    "[PART-OF-NAME ...]\n",
                    argv[0]);
            exit(2);
        }
    }
    options.parts = argv + i;
    options.part_count = argc - i;
    if (options.jobs < 1 || options.jobs > MAX_SLOTS)
        options.jobs = MAX_SLOTS;
}

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

int main(int argc, char **argv)
{
    begin_as_from_a_shell();
    start_again_without_caches(argv);
    parse_options(argc, argv);
    tests = sorted(tests);
    if (options.list) {
        for (const struct test *t = next_selected(tests); t; t = next_selected(t->next))
            printf("%s:%s\n", t->file, t->name);
        return 0;
    }
    if (options.backend && strcmp(options.backend, "uring") == 0 && uring_is_refused()) {
        for (const struct test *t = next_selected(tests); t; t = next_selected(t->next))
            count.skipped++;
        printf("io_uring is refused here: %s\n", strerror(errno));
    } else if (options.here) {
        run_all_here();
    } else {
        run_all();
    }
    printf("%d passed, %d failed, %d skipped\n", count.passed, count.failed, count.skipped);
    return count.failed ? 1 : 0;
}
