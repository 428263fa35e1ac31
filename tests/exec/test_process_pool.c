/* test_process_pool.c - T1 to T3: pools of processes. */
#include "task/reports.h"

#include "exec/exec.h"
#include <eddy/gather.h>
#include <eddy/pool.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>

static int sums(long from, long to, long *sum)
{
    *sum = 0;
    for (long i = from; i < to; i++)
        *sum += i * i;
    return (int)getpid();
}
EDDY_CORO(sums, long, long, long *)

static int sums_in(eddy_pool *pool, long from, long to, long *sum)
{
    return eddy_pool_run(pool, sums_coro(from, to, sum), .data = sum, .size = sizeof *sum);
}
EDDY_CORO(sums_in, eddy_pool *, long, long, long *)

TEST(process_pool_runs_a_job_elsewhere)
{
    long sum = 7;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 2);

    CHECK(pool);
    int pid = CHECK_OK(sums_in(pool, 0, 4, &sum));
    CHECK(pid != getpid());
    CHECK_INT(sum, 14);
    CHECK_INT(sums_in(pool, 0, 3, &sum), pid); /* an idle worker goes first */
    CHECK_INT(sum, 5);
}

TEST(process_pool_uses_as_many_workers_as_there_are_jobs)
{
    enum { JOBS = 8 };
    long results[JOBS] = {0}; /* Valgrind does not see what a worker writes */
    eddy_coro coros[JOBS];
    int pids[JOBS], different = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 3);

    for (int i = 0; i < JOBS; i++)
        coros[i] = sums_in_coro(pool, i, i + 1, &results[i]);
    CHECK_OK(eddy_gather_n(coros, JOBS, .statuses = pids));
    for (int i = 0; i < JOBS; i++) {
        bool seen = false;

        CHECK_INT(results[i], i * i);
        for (int k = 0; k < i; k++)
            seen |= pids[k] == pids[i];
        different += !seen;
    }
    CHECK_INT(different, 3);
    CHECK_INT(pool->permits, 3);
}

struct text {
    char s[1000];
};

static int shouts(struct text *text)
{
    for (char *p = text->s; *p; p++)
        *p = (char)(*p >= 'a' && *p <= 'z' ? *p - 32 : *p);
    return (int)strlen(text->s);
}
EDDY_CORO(shouts, struct text *)

TEST(process_pool_data_goes_there_and_back)
{
    struct text text = {"what is said"};
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1, .data_max = sizeof text);
    eddy_auto(eddy_pool) *small = eddy_process_pool_open(.workers = 1, .data_max = 999);

    CHECK_INT(eddy_pool_run(pool, shouts_coro(&text), .data = &text, .size = sizeof text), 12);
    CHECK_STR(text.s, "WHAT IS SAID");
    CHECK_INT(eddy_pool_run(small, shouts_coro(&text), .data = &text, .size = sizeof text),
              EDDY_EMSGSIZE);
    CHECK_INT(eddy_pool_run(pool, shouts_coro(&text), .data = &small, .size = 8), EDDY_EINVAL);
}

static int breaks(int code)
{
    return eddy_raise(code, "the disk is %s", "full");
}
EDDY_CORO(breaks, int)

TEST(process_pool_failure_comes_along_with_its_record)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    CHECK_INT(eddy_pool_run(pool, breaks_coro(EDDY_EUSER - 4)), EDDY_EUSER - 4);
    CHECK_STR(last_message(), "the disk is full");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "breaks");
    CHECK_INT(eddy_pool_run(pool, returns_coro(EDDY_ENOSPC)), EDDY_ENOSPC);
    CHECK_STR(last_message(), eddy_status_message(EDDY_ENOSPC));
}

static int nothing(void)
{
    return 6;
}
EDDY_CORO(nothing)

static int looks_around(int fd)
{
    CHECK_INT(fcntl(fd, F_GETFD), -1);
    CHECK_PTR(eddy_loop_running(), NULL);
    CHECK_INT(eddy_sleep(1), EDDY_ENOTASK);
    return eddy_run(nothing_coro(), .clock = EDDY_CLOCK_VIRTUAL);
}
EDDY_CORO(looks_around, int)

TEST(process_pool_job_has_no_loop_and_no_descriptors_but_may_run_its_own)
{
    int fd = open("/dev/null", O_RDONLY | O_CLOEXEC);
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    CHECK_INT(eddy_pool_run(pool, looks_around_coro(fd)), 6);
    close(fd);
}

TEST_PLAIN(process_pool_needs_a_task)
{
    CHECK_PTR(eddy_process_pool_open(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    eddy_error_clear();
}

/* ---- T3: workers that die ---- */

static int dies(int signal_number, int status)
{
    if (signal_number)
        kill(getpid(), signal_number);
    _exit(status);
}
EDDY_CORO(dies, int, int)

TEST(T3_dead_worker_fails_only_its_own_job)
{
    enum { JOBS = 6 };
    long results[JOBS] = {0}; /* Valgrind does not see what a worker writes */
    int statuses[JOBS + 1];
    eddy_coro coros[JOBS + 1];
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 2);

    CHECK_INT(eddy_pool_run(pool, dies_coro(SIGKILL, 0)), EDDY_EBROKEN);
    CHECK_STR(last_message(), "the worker was killed by signal 9 (Killed)");
    for (int i = 0; i < JOBS; i++)
        coros[i] = sums_in_coro(pool, i, i + 1, &results[i]);
    coros[JOBS] = coros[2];
    coros[2] = dies_coro(0, 3);
    CHECK_OK(eddy_gather_n(coros, 2, .statuses = statuses));
    CHECK_OK(eddy_gather_n(coros + 3, JOBS - 2, .statuses = statuses));
    for (int i = 0; i < JOBS; i++)
        CHECK_INT(results[i], i * i);
}

TEST(T3_exit_status_is_in_the_error)
{
    int how = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 5; i++) {
        CHECK_INT(eddy_pool_run(pool, dies_coro(0, 3 + i), .wait_status = &how), EDDY_EBROKEN);
        CHECK(WIFEXITED(how));
        CHECK_INT(WEXITSTATUS(how), 3 + i);
        CHECK_CONTAINS(last_message(), "the worker exited with status ");
        CHECK_INT(eddy_pool_run(pool, nothing_coro(), .wait_status = &how), 6);
        CHECK_INT(how, 0);
    }
}

/* Killed from outside while it had nothing to do: nobody's job fails. */
TEST(T3_idle_worker_that_dies_is_replaced)
{
    long sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 6; i++) {
        pid_t pid = CHECK_OK(sums_in(pool, 0, 4, &sum));
        kill(pid, SIGKILL);
        for (int k = 0; k < i; k++)
            CHECK_OK(eddy_sleep(0));
        while (kill(pid, 0) == 0 && i > 2)
            CHECK_OK(eddy_sleep(0.0001));
        int r = sums_in(pool, 0, 4, &sum); /* it may have begun before the signal came */
        CHECK(r == EDDY_EBROKEN || r >= 0);
        CHECK(i <= 2 || r >= 0);
    }
}

TEST(process_pool_worker_is_replaced_after_so_many_jobs)
{
    int pids[6];
    long sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1, .jobs_per_worker = 2);

    for (int i = 0; i < 6; i++)
        pids[i] = CHECK_OK(sums_in(pool, 0, 4, &sum));
    CHECK_INT(pids[0], pids[1]);
    CHECK(pids[1] != pids[2]);
    CHECK_INT(pids[2], pids[3]);
    CHECK(pids[3] != pids[4]);
}

/* ---- T1: cancelling ---- */

static int stays(void)
{
    while (pause() < 0)
        continue;
    return 0;
}
EDDY_CORO(stays)

static int stays_in(eddy_pool *pool)
{
    return eddy_pool_run(pool, stays_coro());
}
EDDY_CORO(stays_in, eddy_pool *)

TEST(T1_cancelled_job_is_killed_and_its_worker_replaced)
{
    long sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 3; i++) {
        eddy_timeout(0.001 * i)
            CHECK_INT(stays_in(pool), EDDY_ETIMEDOUT);
        CHECK_OK(sums_in(pool, 0, 4, &sum));
        CHECK_INT(sum, 14);
    }
    CHECK_INT(pool->permits, 1);
}

struct scrawl {
    unsigned char bytes[4096];
};

static int scrawls(struct scrawl *scrawl)
{
    while (scrawl)
        memset(scrawl->bytes, 0xee, sizeof scrawl->bytes);
    return 0;
}
EDDY_CORO(scrawls, struct scrawl *)

static int counts_zeros(struct scrawl *scrawl)
{
    int n = 0;

    for (size_t i = 0; i < sizeof scrawl->bytes; i++)
        n += scrawl->bytes[i] == 0;
    return n;
}
EDDY_CORO(counts_zeros, struct scrawl *)

/* The next one's data lies in the same place. */
TEST(T1_job_that_is_being_killed_does_not_write_to_the_next)
{
    static struct scrawl scrawl;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 50; i++) {
        eddy_timeout(0.001)
            CHECK_INT(
                eddy_pool_run(pool, scrawls_coro(&scrawl), .data = &scrawl, .size = sizeof scrawl),
                EDDY_ETIMEDOUT);
        CHECK_INT(
            eddy_pool_run(pool, counts_zeros_coro(&scrawl), .data = &scrawl, .size = sizeof scrawl),
            sizeof scrawl);
    }
}

TEST(T1_process_job_cancelled_while_it_waits_never_runs)
{
    NEEDS_ORDER();
    long first = 0, second = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);
    eddy_auto(eddy_task) *one = eddy_create_task(sums_in_coro(pool, 0, 4, &first));
    eddy_auto(eddy_task) *two = eddy_create_task(sums_in_coro(pool, 0, 4, &second));

    CHECK_OK(eddy_sleep(0));
    eddy_cancel(two);
    CHECK_INT(eddy_await(two), EDDY_ECANCELED);
    CHECK_OK(eddy_await(one));
    CHECK_INT(first, 14);
    CHECK_INT(second, 0);
    CHECK_INT(pool->permits, 1);
}

/* ---- T2: the end ---- */

TEST(T2_close_kills_what_runs_and_drops_what_waits)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);
    eddy_auto(eddy_task) *running = eddy_create_task(stays_in_coro(pool));
    eddy_auto(eddy_task) *waiting = eddy_create_task(stays_in_coro(pool));

    CHECK_OK(eddy_sleep(0.001));
    eddy_pool_close(eddy_take(pool));
    CHECK_INT(eddy_await(running), EDDY_ECLOSED);
    CHECK_INT(eddy_await(waiting), EDDY_ECLOSED);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1); /* no child is left */
}

static int close_it(void *pool)
{
    eddy_pool_close(pool);
    return 0;
}

TEST(T2_close_of_processes_in_a_callback)
{
    eddy_pool *pool = eddy_process_pool_open(.workers = 1);
    eddy_auto(eddy_task) *running = eddy_create_task(stays_in_coro(pool));

    CHECK_OK(eddy_sleep(0.001));
    eddy_loop_call_soon(eddy_loop_running(), close_it, pool);
    CHECK_INT(eddy_await(running), EDDY_ECLOSED);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

static pid_t parent_of(pid_t pid)
{
    char path[64];
    int parent = 0;

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    CHECK_INT(fscanf(f, "%*d %*s %*c %d", &parent), 1);
    fclose(f);
    CHECK(parent != getpid());
    return parent;
}

static struct reports reports;
static eddy_pool *kept;

static int opens_and_stops_it(double grace)
{
    long sum = 0;

    kept = eddy_try(eddy_process_pool_open(.workers = 1));
    eddy_try(eddy_pool_set_grace(kept, grace));
    pid_t worker = eddy_try(sums_in(kept, 0, 4, &sum));
    kill(parent_of(worker), SIGSTOP);
    return 0;
}
EDDY_CORO(opens_and_stops_it, double)

/* Whatever keeps the workers: the close is bounded in a task, in a callback, after the loop. */
TEST_REAL(T2_close_of_processes_is_bounded)
{
    static const char words[] = "a process pool was closed while its workers did not end";

    reports_listen(&reports);
    CHECK_OK(opens_and_stops_it(0.02));
    double start = eddy_time();
    eddy_pool_close(kept);
    CHECK_STR(reports.message, words);
    CHECK_OK(opens_and_stops_it(0.02));
    eddy_loop_call_soon(eddy_loop_running(), close_it, kept);
    while (reports.count < 2)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_STR(reports.message, words);
    CHECK(eddy_time() - start > 0.04 - 1e-6);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
}

static int close_after_the_loop(void *arg)
{
    (void)arg;
    CHECK_OK(eddy_run(opens_and_stops_it_coro(-1)));
    eddy_pool_close(kept);
    return 0;
}

TEST_PLAIN(T2_close_of_processes_after_the_loop)
{
    char output[1000];

    CHECK_INT(test_child(close_after_the_loop, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "a process pool was closed while its workers did not end");
}

/* The process that forks was killed: running jobs end, others fail, closing does not hang. */
TEST(T3_forker_that_dies_breaks_the_pool)
{
    long sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 2);
    pid_t parent = parent_of(CHECK_OK(sums_in(pool, 0, 4, &sum)));

    kill(parent, SIGKILL);
    while (kill(parent, 0) == 0 && sums_in(pool, 0, 4, &sum) >= 0)
        CHECK_INT(eddy_pool_run(pool, dies_coro(SIGKILL, 0)), EDDY_EBROKEN);
    CHECK_INT(eddy_pool_run(pool, dies_coro(SIGKILL, 0)), EDDY_EBROKEN);
    CHECK_INT(eddy_pool_run(pool, nothing_coro()), EDDY_EBROKEN);
    CHECK_STR(last_message(), "the process that forks the workers has ended");
}

/* Jobs that run, too: nobody could say how their workers end. A descriptor that was a worker's, or
 * none yet, is somebody else's by now. */
TEST(T3_forker_that_dies_fails_what_runs_and_closes_nothing_else)
{
    long sum = 0;
    int fds[8];
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 2);
    pid_t worker = CHECK_OK(sums_in(pool, 0, 4, &sum));
    eddy_auto(eddy_task) *running = eddy_create_task(stays_in_coro(pool));

    CHECK_OK(eddy_sleep(0.001));
    kill(parent_of(worker), SIGKILL);
    CHECK_INT(eddy_await(running), EDDY_EBROKEN);
    for (int i = 0; i < 8; i++)
        fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);
    for (int i = 0; i < 4; i++)
        CHECK_INT(eddy_pool_run(pool, nothing_coro()), EDDY_EBROKEN);
    CHECK(fcntl(0, F_GETFD) >= 0);
    for (int i = 0; i < 8; i++)
        CHECK_INT(close(fds[i]), 0);
    CHECK_INT(pool->permits, 2);
}

static int takes_long(void)
{
    usleep(30000);
    return 0;
}
EDDY_CORO(takes_long)

static int takes_long_in(eddy_pool *pool)
{
    return eddy_pool_run(pool, takes_long_coro());
}
EDDY_CORO(takes_long_in, eddy_pool *)

/* A socket that is found empty, whatever was said of it. */
TEST(process_pool_ringing_that_was_none)
{
    char byte;
    int fd, type;
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);
    eddy_auto(eddy_task) *task = eddy_create_task(takes_long_in_coro(pool));

    CHECK_OK(eddy_sleep(0.005)); /* the loop has looked at it */
    for (fd = 100; fd > 2; fd--)
        if (getsockopt(fd, SOL_SOCKET, SO_TYPE, &type, &(socklen_t){sizeof type}) == 0 &&
            type == SOCK_STREAM)
            break;
    CHECK_INT(recv(fd, &byte, 1, 0), 1);
    int r = 0;
    eddy_timeout(0.02)
        r = eddy_await(task);
    CHECK_INT(r, EDDY_ETIMEDOUT); /* and not as one whose worker has died */
}

/* G8: an idle pool holds no loop, and virtual time passes. */
TEST(process_pool_that_is_idle_does_not_hold_the_clock)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    CHECK_INT(eddy_pool_run(pool, nothing_coro()), 6);
    CHECK_OK(eddy_sleep(3600));
    CHECK_INT(eddy_loop_running()->io_waits, 0);
}

/* ---- all at once, with one thing going wrong ---- */

static int scenario(void)
{
    long sum = 0;
    eddy_auto(eddy_pool) *pool = eddy_try(eddy_process_pool_open(.workers = 1));
    eddy_coro jobs[] = {sums_in_coro(pool, 0, 4, &sum), sums_in_coro(pool, 0, 4, &sum)};

    eddy_try(eddy_gather_n(jobs, count_of(jobs)));
    eddy_ignore(eddy_pool_run(pool, dies_coro(0, 3)));
    eddy_timeout(0.0005)
        eddy_ignore(stays_in(pool));
    return eddy_pool_run(pool, nothing_coro());
}

SWEEP(process_pool_jobs_cancelled_anywhere)
{
    return scenario();
}

TORTURE(process_pool_jobs_without_memory)
{
    return scenario();
}
