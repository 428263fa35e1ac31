/* The process that forks workers, on every backend. */
#include "test.h"

#include "base/alloc.h"
#include "exec/forker.h"
#include <signal.h>
#include <sys/wait.h>

struct shared {
    int pid, jobs;
};

static void works(unsigned slot, void *arg)
{
    struct shared *shared = arg;

    shared[slot].pid = getpid();
    if (++shared[slot].jobs == 3)
        _exit(7);
}

/* 1, or what else came instead of a ringing. */
static int await_ringing(int fd)
{
    int r;

    while ((r = eddy__forker_ringing(fd)) == -EAGAIN)
        usleep(100);
    return r;
}

static struct eddy__forker_answer await_answer(struct eddy__forker *forker)
{
    struct eddy__forker_answer answer;
    int r;

    while ((r = eddy__forker_answer(forker, &answer)) == -EAGAIN)
        usleep(100);
    CHECK_INT(r, 1);
    return answer;
}

TEST_PLAIN(forker_starts_workers_and_knows_how_they_ended)
{
    struct shared *shared = eddy__alloc_pages_shared(4096);
    struct eddy__forker forker;

    CHECK_OK(eddy__forker_open(&forker, 2, works, shared));
    int fd = CHECK_OK(eddy__forker_start(&forker, 1));
    for (int i = 1; i <= 2; i++) {
        CHECK_INT(eddy__forker_ring(fd), 1);
        CHECK_INT(await_ringing(fd), 1);
        CHECK_INT(shared[1].jobs, i);
    }
    CHECK(shared[1].pid != getpid() && shared[1].pid != forker.pid);
    CHECK_INT(eddy__forker_ring(fd), 1);
    CHECK_INT(await_ringing(fd), 0);
    eddy__forker_hang_up(fd);
    struct eddy__forker_answer answer = await_answer(&forker);
    CHECK_OK(eddy__forker_end(&forker, 1)); /* it has: there is no second answer */
    CHECK_INT(answer.slot, 1);
    CHECK_INT(WEXITSTATUS(answer.wait_status), 7);
    fd = CHECK_OK(eddy__forker_start(&forker, 0)); /* one that is alive is killed */
    CHECK_OK(eddy__forker_end(&forker, 0));
    answer = await_answer(&forker);
    CHECK_INT(answer.slot, 0);
    CHECK_INT(WTERMSIG(answer.wait_status), SIGKILL);
    eddy__forker_hang_up(fd);
    eddy__forker_stop(&forker);
    eddy__forker_close(&forker, false);
    eddy__free_pages(shared, 4096);
}

static void forks_and_exits(unsigned slot, void *arg)
{
    struct shared *shared = arg;

    pid_t pid = fork();

    if (pid == 0)
        for (;;)
            pause();
    shared[slot].pid = pid;
    _exit(5);
}

/* A copy of it keeps its socket open. Every slot is looked at. */
TEST_PLAIN(forker_tells_of_the_end_of_a_worker_that_has_forked)
{
    struct shared *shared = eddy__alloc_pages_shared(4096);
    struct eddy__forker forker;
    int fds[3];

    CHECK_OK(eddy__forker_open(&forker, 3, forks_and_exits, shared));
    for (int i = 0; i < 3; i++)
        fds[i] = CHECK_OK(eddy__forker_start(&forker, (unsigned)i));
    for (int i = 2; i >= 0; i--) {
        CHECK_INT(eddy__forker_ring(fds[i]), 1);
        struct eddy__forker_answer answer = await_answer(&forker);
        CHECK_INT(answer.slot, i);
        CHECK_INT(answer.error, 0);
        CHECK_INT(WEXITSTATUS(answer.wait_status), 5);
        CHECK_INT(eddy__forker_ringing(fds[i]), -EAGAIN);
        kill(shared[i].pid, SIGKILL);
        eddy__forker_hang_up(fds[i]);
    }
    eddy__forker_stop(&forker);
    eddy__forker_close(&forker, false);
    eddy__free_pages(shared, 4096);
}

/* Killed, as by the kernel when memory is short. */
TEST_PLAIN(forker_that_is_killed_takes_its_workers_along)
{
    struct shared *shared = eddy__alloc_pages_shared(4096);
    struct eddy__forker forker;
    struct eddy__forker_answer answer;
    int fds[2], r;

    CHECK_OK(eddy__forker_open(&forker, 2, works, shared));
    for (int i = 0; i < 2; i++) {
        fds[i] = CHECK_OK(eddy__forker_start(&forker, (unsigned)i));
        CHECK_INT(eddy__forker_ring(fds[i]), 1);
        CHECK_INT(await_ringing(fds[i]), 1);
    }
    kill(forker.pid, SIGKILL);
    for (int i = 0; i < 2; i++) {
        CHECK_INT(await_ringing(fds[i]), 0);
        eddy__forker_hang_up(fds[i]);
    }
    while ((r = eddy__forker_answer(&forker, &answer)) == -EAGAIN)
        usleep(100);
    CHECK(r < 0);
    eddy__forker_close(&forker, false);
    eddy__free_pages(shared, 4096);
}

/* Who is stopped leaves no worker behind. */
TEST_PLAIN(forker_that_is_stopped_ends_its_workers)
{
    struct shared *shared = eddy__alloc_pages_shared(4096);
    struct eddy__forker forker;
    int fds[3];

    CHECK_OK(eddy__forker_open(&forker, 3, works, shared));
    for (int i = 0; i < 3; i++) {
        fds[i] = CHECK_OK(eddy__forker_start(&forker, (unsigned)i));
        CHECK_INT(eddy__forker_ring(fds[i]), 1);
        CHECK_INT(await_ringing(fds[i]), 1);
    }
    eddy__forker_stop(&forker);
    eddy__forker_close(&forker, false);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    for (int i = 0; i < 3; i++) { /* waited for: none is left, not even as a zombie */
        CHECK_INT(kill(shared[i].pid, 0), -1);
        CHECK_INT(eddy__forker_ringing(fds[i]), 0);
        eddy__forker_hang_up(fds[i]);
    }
    eddy__free_pages(shared, 4096);
}
