/* The process that forks workers, on every backend. */
#include "test.h"

#include "base/alloc.h"
#include "loop/loop.h"
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
    CHECK_OK(eddy__forker_reap(&forker, 1));
    struct eddy__forker_answer answer = await_answer(&forker);
    CHECK_INT(answer.slot, 1);
    CHECK_INT(WEXITSTATUS(answer.wait_status), 7);
    fd = CHECK_OK(eddy__forker_start(&forker, 0)); /* one that is alive is killed */
    CHECK_OK(eddy__forker_reap(&forker, 0));
    answer = await_answer(&forker);
    CHECK_INT(answer.slot, 0);
    CHECK_INT(WTERMSIG(answer.wait_status), SIGKILL);
    eddy__forker_hang_up(fd);
    eddy__forker_stop(&forker);
    eddy__forker_close(&forker, false);
    eddy__free_pages(shared, 4096);
}

/* Who is stopped leaves no worker behind. */
TEST_PLAIN(forker_that_is_stopped_ends_its_workers)
{
    struct shared *shared = eddy__alloc_pages_shared(4096);
    struct eddy__forker forker;

    CHECK_OK(eddy__forker_open(&forker, 1, works, shared));
    int fd = CHECK_OK(eddy__forker_start(&forker, 0));
    CHECK_INT(eddy__forker_ring(fd), 1);
    CHECK_INT(await_ringing(fd), 1);
    eddy__forker_stop(&forker);
    eddy__forker_close(&forker, false);
    CHECK_INT(kill(shared->pid, 0), -1);
    CHECK_INT(waitpid(-1, NULL, WNOHANG), -1);
    CHECK_INT(eddy__forker_ringing(fd), 0);
    eddy__forker_hang_up(fd);
    eddy__free_pages(shared, 4096);
}
