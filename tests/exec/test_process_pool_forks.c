/* test_process_pool_forks.c - T3: workers that have forked. Their copies keep the sockets open. */
#include "test.h"

#include "exec/exec.h"
#include <eddy/pool.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>

static int nothing(void)
{
    return 6;
}
EDDY_CORO(nothing)

static int tells_pid(int *pid)
{
    return *pid = (int)getpid();
}
EDDY_CORO(tells_pid, int *)

/* As /proc says: 'T' stopped, 'S' asleep, … */
static char state_of(pid_t pid)
{
    char path[64], state = '?';

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *f = fopen(path, "r");
    if (!f)
        return state;
    CHECK_INT(fscanf(f, "%*d %*s %c", &state), 1);
    fclose(f);
    return state;
}

struct helper {
    pid_t worker, pid;
};

static int leaves_helper(struct helper *helper)
{
    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    *helper = (struct helper){getpid(), pid};
    return 0;
}
EDDY_CORO(leaves_helper, struct helper *)

static struct helper leave_helper(eddy_pool *pool)
{
    struct helper helper = {0, 0};

    CHECK_OK(
        eddy_pool_run(pool, leaves_helper_coro(&helper), .data = &helper, .size = sizeof helper));
    CHECK(helper.pid > 0);
    return helper;
}

/* begun: shared with the worker. A job that has not begun would be another worker's. */
static int stays(atomic_bool *begun)
{
    atomic_store(begun, true);
    while (pause() < 0)
        continue;
    return 0;
}
EDDY_CORO(stays, atomic_bool *)

static int stays_in(eddy_pool *pool, atomic_bool *begun)
{
    return eddy_pool_run(pool, stays_coro(begun));
}
EDDY_CORO(stays_in, eddy_pool *, atomic_bool *)

TEST(T3_worker_that_dies_with_a_fork_left_fails_its_job)
{
    atomic_bool *begun =
        mmap(NULL, sizeof *begun, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    CHECK(begun != MAP_FAILED);
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 3; i++) {
        struct helper helper = leave_helper(pool);

        atomic_store(begun, false);
        eddy_auto(eddy_task) *task = eddy_create_task(stays_in_coro(pool, begun));

        CHECK_OK(eddy_sleep(0));
        while (i > 0 && !atomic_load(begun))
            CHECK_OK(eddy_sleep(0.001));
        if (i > 0)
            kill(helper.worker, SIGKILL);
        else
            eddy_cancel(task);
        CHECK_INT(eddy_await(task), i > 0 ? EDDY_EBROKEN : EDDY_ECANCELED);
        CHECK_INT(eddy_pool_run(pool, nothing_coro()), 6);
        kill(helper.pid, SIGKILL);
    }
    munmap(begun, sizeof *begun);
}

/* The byte that tells it of its job is never read, for somebody else has the socket. */
TEST(T3_idle_worker_that_dies_with_a_fork_left_is_replaced)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 2);

    for (int i = 0; i < 4; i++) {
        struct helper helper = leave_helper(pool);

        kill(helper.worker, SIGSTOP); /* or it might begin before it is killed */
        while (state_of(helper.worker) != 'T')
            usleep(100);
        kill(helper.worker, SIGKILL);
        for (int k = 0; k < i; k++)
            CHECK_OK(eddy_sleep(0));
        CHECK_INT(eddy_pool_run(pool, nothing_coro()), 6);
        kill(helper.pid, SIGKILL);
    }
}

/* D1: it has told of its end before. */
static int ends_behind_its_job(struct helper *helper)
{
    pid_t worker = getpid(), pid = fork();

    if (pid == 0) { /* kills it when it waits for the next job */
        while (state_of(worker) != 'S')
            usleep(100);
        kill(worker, SIGKILL);
        for (;;)
            pause();
    }
    *helper = (struct helper){worker, pid};
    return 7;
}
EDDY_CORO(ends_behind_its_job, struct helper *)

static int blocks(void *arg)
{
    (void)arg;
    usleep(20000);
    return 0;
}

TEST(D1_job_is_done_whose_worker_dies_behind_it)
{
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    for (int i = 0; i < 5; i++) {
        struct helper helper = {0, 0};

        eddy_loop_call_soon(eddy_loop_running(), blocks, NULL); /* both are seen in one turn */
        CHECK_INT(eddy_pool_run(pool, ends_behind_its_job_coro(&helper), .data = &helper,
                                .size = sizeof helper),
                  7);
        kill(helper.pid, SIGKILL);
    }
    CHECK_INT(pool->permits, 1);
}

/* Its copy comes out of the job, too: it neither tells of an end nor takes jobs. */
static int forks(int *pids)
{
    int at = fork() == 0;

    pids[at] = getpid();
    if (at)
        usleep(20000);
    return 8 + at;
}
EDDY_CORO(forks, int *)

TEST(process_pool_fork_of_a_worker_is_no_second_one)
{
    int pids[2] = {0, 0};
    eddy_auto(eddy_pool) *pool = eddy_process_pool_open(.workers = 1);

    CHECK_INT(eddy_pool_run(pool, forks_coro(pids), .data = pids, .size = sizeof pids), 8);
    for (int i = 0; i < 20; i++) {
        int pid = 0;

        usleep(2000);
        CHECK_INT(eddy_pool_run(pool, tells_pid_coro(&pid), .data = &pid, .size = sizeof pid),
                  pids[0]);
    }
}
