/* test_sigint.c - G4: the first SIGINT cancels main, the second ends the process. */
#include "reports.h"

#include <eddy/thread.h>
#include <signal.h>
#include <unistd.h>

static bool is_default(void)
{
    struct sigaction action;

    CHECK_INT(sigaction(SIGINT, NULL, &action), 0);
    return action.sa_handler == SIG_DFL;
}

static int sends_one(void)
{
    CHECK(!is_default());
    raise(SIGINT);
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    return eddy_sleep(1000);
}
EDDY_CORO(sends_one)

static int run_sends_one(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(sends_one_coro()), EDDY_ECANCELED);
    CHECK(is_default());
    CHECK_INT(eddy_run(sends_one_coro()), EDDY_ECANCELED); /* the next run has its own first */
    return 0;
}

TEST_PLAIN(G4_first_sigint_cancels_main_and_is_no_failure)
{
    char output[1000];

    CHECK_INT(test_child(run_sends_one, NULL, output, sizeof output), 0);
    CHECK_STR(output, "");
}

/* From outside, while the loop sleeps in the kernel. */
static int interrupted_while_asleep(void)
{
    pid_t parent = getpid(), child = fork();

    if (child == 0) {
        usleep(20000);
        _exit(kill(parent, SIGINT) < 0);
    }
    int r = eddy_sleep(1000);
    waitpid(child, NULL, 0);
    return r;
}
EDDY_CORO(interrupted_while_asleep)

TEST_PLAIN(G4_sigint_wakes_a_sleeping_loop)
{
    CHECK_INT(eddy_run(interrupted_while_asleep_coro(), .spin = -1), EDDY_ECANCELED);
}

static int cleans_up(struct notes *notes)
{
    raise(SIGINT);
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    note(notes, 1);
    eddy_shield(INFINITY)
        CHECK_OK(eddy_sleep(1));
    note(notes, 2);
    return 0; /* A3: done, not cancelled */
}
EDDY_CORO(cleans_up, struct notes *)

TEST_PLAIN(G4_main_may_clean_up_and_return_as_it_likes)
{
    struct notes notes = {0};

    CHECK_INT(eddy_run(cleans_up_coro(&notes), .clock = EDDY_CLOCK_VIRTUAL), 0);
    CHECK_INT(noted(&notes), 12);
}

static int fails_in_clean_up(void)
{
    raise(SIGINT);
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    return eddy_raise(EDDY_EIO, "could not save");
}
EDDY_CORO(fails_in_clean_up)

static int run_fails_in_clean_up(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(fails_in_clean_up_coro()), EDDY_EIO);
    return 0;
}

TEST_PLAIN(G4_failure_after_sigint_is_printed)
{
    char output[1000];

    CHECK_INT(test_child(run_fails_in_clean_up, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "EDDY_EIO: could not save\n");
}

static int ignores_the_first(void)
{
    raise(SIGINT);
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    printf("still here\n");
    fflush(stdout);
    raise(SIGINT);
    printf("not here\n");
    return 0;
}
EDDY_CORO(ignores_the_first)

static int run_ignores(void *arg)
{
    (void)arg;
    return eddy_run(ignores_the_first_coro());
}

TEST_PLAIN(G4_second_sigint_ends_the_process)
{
    char output[1000];
    int status = test_child(run_ignores, NULL, output, sizeof output);

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    CHECK_STR(output, "still here\n");
}

/* A step that never suspends hears of nothing: the second one is the way out. */
static int never_suspends(void)
{
    raise(SIGINT);
    raise(SIGINT);
    return 0;
}
EDDY_CORO(never_suspends)

static int run_never_suspends(void *arg)
{
    (void)arg;
    return eddy_run(never_suspends_coro());
}

TEST_PLAIN(G4_second_sigint_ends_a_step_that_does_not)
{
    int status = test_child(run_never_suspends, NULL, NULL, 0);

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

/* ---- whose signal it is ---- */

static int heard;

static void hear(int number)
{
    (void)number;
    heard++;
}

static int sends_to_the_program(void)
{
    raise(SIGINT);
    return eddy_sleep(0.001);
}
EDDY_CORO(sends_to_the_program)

TEST_PLAIN(G4_handler_of_the_program_is_left_alone)
{
    signal(SIGINT, hear);
    CHECK_INT(eddy_run(sends_to_the_program_coro()), 0);
    CHECK_INT(heard, 1);
    CHECK(!is_default());
    signal(SIGINT, SIG_IGN);
    CHECK_INT(eddy_run(sends_to_the_program_coro()), 0);
    CHECK(signal(SIGINT, SIG_DFL) == SIG_IGN);
}

static int takes_over(void)
{
    signal(SIGINT, hear);
    raise(SIGINT);
    return eddy_sleep(0.001);
}
EDDY_CORO(takes_over)

TEST_PLAIN(G4_handler_that_main_has_set_stays)
{
    CHECK_INT(eddy_run(takes_over_coro()), 0);
    CHECK_INT(heard, 1);
    CHECK(!is_default());
    signal(SIGINT, SIG_DFL);
}

/* A second loop, in another thread, does not hear. */
static int runs_another_loop(void)
{
    return eddy_run(returns_coro(5));
}
EDDY_CORO(runs_another_loop)

static int interrupted_beside_another_loop(void)
{
    CHECK_INT(eddy_to_thread(runs_another_loop_coro()), 5);
    CHECK(!is_default());
    raise(SIGINT);
    return eddy_sleep(1000);
}
EDDY_CORO(interrupted_beside_another_loop)

TEST_PLAIN(G4_loop_of_another_thread_does_not_take_it)
{
    CHECK_INT(eddy_run(interrupted_beside_another_loop_coro()), EDDY_ECANCELED);
}

/* ---- U6: the child of a fork ---- */

static int in_child(void *arg)
{
    (void)arg;
    CHECK(is_default());
    CHECK_INT(eddy_run(sends_one_coro()), EDDY_ECANCELED);
    CHECK(is_default());
    raise(SIGINT);
    return 0;
}

static int forks(void)
{
    int status = test_child(in_child, NULL, NULL, 0);

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
    CHECK(!is_default());
    raise(SIGINT);
    return eddy_sleep(1000);
}
EDDY_CORO(forks)

TEST_PLAIN(U6_child_of_a_fork_has_its_own_sigint)
{
    CHECK_INT(eddy_run(forks_coro()), EDDY_ECANCELED);
}
