/* runner.c - runs every registered test in a process of its own, several side by side.
 *
 *     tests [-l] [-v] [-j N] [-b uring|epoll] [--torture] [--here] [PART-OF-NAME ...]
 *
 * Output is kept and shown for failures only. The last line says "N passed, N failed, N skipped";
 * the exit status is 1 when a test failed.
 */
#include "hung.h"
#include "process.h"
#include "repeat.h"
#include "test.h"

#include <errno.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <time.h>

enum {
    SECONDS = 10,
    WAITING = 6, /* times as long may pass: the machine may be busy with other things */
    MAX_SLOTS = 256,
    REPEATED_SECONDS = 1800,
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
    return (unsigned)(SECONDS * process_time_factor());
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
    process_enter(output, mask);
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
    *s = (struct slot){
        .test = t, .start = process_now(), .output = memfd_create(t->name, MFD_CLOEXEC)};
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

static void report(struct slot *s, int status)
{
    const struct test *t = s->test;
    double seconds = process_now() - s->start;
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
            process_show_output(s->output);
        return;
    }
    printf("FAIL %s (%s:%d, %.2f s): ", t->name, t->file, t->line, seconds);
    if (s->late)
        printf("no end after %.0f s\n", s->deadline - s->start);
    else if (WIFSIGNALED(status))
        printf("killed by signal %d, %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        printf("exit status %d\n", WEXITSTATUS(status));
    process_show_output(s->output);
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
            if (process_now() > s->deadline && !s->late)
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

int main(int argc, char **argv)
{
    process_begin(argv);
    parse_options(argc, argv);
    tests = sorted(tests);
    if (options.list) {
        for (const struct test *t = next_selected(tests); t; t = next_selected(t->next))
            printf("%s:%s\n", t->file, t->name);
        return 0;
    }
    if (options.backend && strcmp(options.backend, "uring") == 0 && process_uring_is_refused()) {
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
