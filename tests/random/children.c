/* children.c - runs programs in processes of their own, several side by side, until one fails. */
#include "census.h"
#include "driver.h"
#include "hung.h"
#include "process.h"

#include <sys/mman.h>
#include <time.h>

enum { CHILDREN_MAX = 64, SKIPPED = 77 };

struct child {
    pid_t pid; /* 0: free */
    struct random_script script;
    int output;
    double start;
};

static struct child children[CHILDREN_MAX];

/* Weak, so that the driver links with as much of the library as there is. */
#if TEST_HAS_LOOP
#pragma weak eddy_error_clear
#endif

bool random_run_here(const struct random_script *script)
{
    static struct census before;

    setvbuf(stdout, NULL, _IOLBF, 0);
    census_take(&before);
    struct random r = random_begin(script);
    random_program(&r);
#if TEST_HAS_LOOP
    if (eddy_error_clear) /* the record of a failed run is the thread's until the next one */
        eddy_error_clear();
#endif
    return census_compare(&before);
}

static void start(struct child *c, const sigset_t *mask)
{
    fflush(NULL);
    c->start = process_now();
    c->output = memfd_create("program", MFD_CLOEXEC);
    c->pid = c->output < 0 ? -1 : fork();
    if (c->pid < 0) {
        perror("random: cannot start a process");
        exit(2);
    }
    if (c->pid > 0) {
        setpgid(c->pid, c->pid);
        return;
    }
    process_enter(c->output, mask);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (children[i].pid > 0)
            close(children[i].output);
    bool good = random_run_here(&c->script);
    fflush(NULL);
    if (!good)
        _exit(1);
    exit(0); /* through atexit: the leak sanitizer looks now */
}

/* The child is of no more interest; what it started and did not wait for ends with it. */
static void forget(struct child *c)
{
    random_folder_remove(c->pid);
    close(c->output);
    c->pid = 0;
}

static void end(struct child *c)
{
    kill(-c->pid, SIGKILL);
    waitpid(c->pid, NULL, 0);
    forget(c);
}

static void keep(struct child *c, int status, double late, struct random_failure *failure)
{
    *failure = (struct random_failure){c->script, status, late, dup(c->output)};
}

/* -> whether it has failed. One that goes on is looked at again. */
static bool look_at(struct child *c, const struct random_way *way, struct random_failure *failure)
{
    int status = 0;

    if (waitpid(c->pid, &status, WNOHANG) == c->pid) {
        kill(-c->pid, SIGKILL);
        bool failed = status && !(WIFEXITED(status) && WEXITSTATUS(status) == SKIPPED);
        if (failed)
            keep(c, status, 0, failure);
        forget(c);
        return failed;
    }
    if (process_now() - c->start < way->limit)
        return false;
    if (way->show_hung)
        hung_show(c->pid, c->output);
    keep(c, status, way->limit, failure);
    end(c);
    return true;
}

bool random_run(const struct random_way *way, random_source *source, void *arg,
                struct random_failure *failure)
{
    static const int signals[] = {SIGCHLD, SIGINT, SIGTERM, SIGHUP};
    sigset_t awaited, mask;
    bool more = true, failed = false;
    int running, signal = 0;

    sigemptyset(&awaited);
    for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
        sigaddset(&awaited, signals[i]);
    sigprocmask(SIG_BLOCK, &awaited, &mask);
    do {
        running = 0;
        for (int i = 0; i < way->jobs && i < CHILDREN_MAX; i++) {
            struct child *c = &children[i];

            if (!c->pid && more && (more = source(arg, &c->script)))
                start(c, &mask);
            running += c->pid != 0;
        }
        struct timespec tick = {0, 100 * 1000 * 1000};
        if (running)
            signal = sigtimedwait(&awaited, NULL, &tick);
        if (signal > 0 && signal != SIGCHLD)
            break;
        if (way->tick)
            way->tick();
        for (int i = 0; i < CHILDREN_MAX && !failed; i++)
            failed = children[i].pid && look_at(&children[i], way, failure);
    } while (running && !failed);
    for (int i = 0; i < CHILDREN_MAX; i++)
        if (children[i].pid)
            end(&children[i]);
    if (signal > 0 && signal != SIGCHLD)
        raise(signal); /* ends this process, all being tidied up */
    sigprocmask(SIG_SETMASK, &mask, NULL);
    return failed;
}
