/* test_loops.c - M1 to M3: one eddy_run with several loops. */
#include "reports.h"

#include "base/alloc.h"
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LOOPS = 4 };

/* ---- M1: a main task in each ---- */

static atomic_uint seen; /* a bit for each index */

static int looks_around(void)
{
    unsigned index = eddy_loop_index();

    CHECK_INT(eddy_loop_count(), LOOPS);
    CHECK_PTR(eddy_loop_at(index), eddy_loop_running());
    CHECK_PTR(eddy_loop_at(LOOPS), NULL);
    for (unsigned i = 0; i < LOOPS; i++)
        CHECK(eddy_loop_at(i) && (i == index || eddy_loop_at(i) != eddy_loop_running()));
    CHECK_INT(atomic_fetch_or(&seen, 1u << index) & (1u << index), 0);
    eddy_try(eddy_sleep(0.001 * index));
    return (int)index + 40;
}
EDDY_CORO(looks_around)

TEST_PLAIN(M1_each_loop_runs_main_and_knows_the_others)
{
    CHECK_INT(eddy_run(looks_around_coro(), .loops = LOOPS), 40);
    CHECK_INT(seen, (1u << LOOPS) - 1);
    CHECK_INT(eddy_loop_count(), 0);
    CHECK_INT(eddy_loop_index(), 0);
    CHECK_PTR(eddy_loop_at(0), NULL);
}

static int is_alone(void)
{
    CHECK_INT(eddy_loop_count(), 1);
    CHECK_INT(eddy_loop_index(), 0);
    CHECK_PTR(eddy_loop_at(0), eddy_loop_running());
    CHECK_PTR(eddy_loop_at(1), NULL);
    return 7;
}
EDDY_CORO(is_alone)

TEST_PLAIN(M1_single_loop_is_the_only_one)
{
    CHECK_INT(eddy_run(is_alone_coro()), 7);
    CHECK_INT(eddy_run(is_alone_coro(), .loops = 1), 7);
}

TEST_PLAIN(M1_number_of_loops_is_checked)
{
    CHECK_INT(eddy_run(is_alone_coro(), .loops = -2), EDDY_EINVAL);
    CHECK_STR(last_message(), ".loops is -2: 1 to 1024, or EDDY_LOOP_PER_CPU");
    CHECK_INT(eddy_run(is_alone_coro(), .loops = 1025), EDDY_EINVAL);
    eddy_error_clear();
}

static atomic_uint mains;

static int counts(void)
{
    atomic_fetch_add(&mains, 1);
    return 0;
}
EDDY_CORO(counts)

TEST_PLAIN(M1_loop_for_each_cpu)
{
    cpu_set_t set;

    CHECK_INT(sched_getaffinity(0, sizeof set, &set), 0);
    CHECK_INT(eddy_run(counts_coro(), .loops = EDDY_LOOP_PER_CPU), 0);
    CHECK_INT(mains, CPU_COUNT(&set));
}

TEST_PLAIN(M1_virtual_clock_is_for_one_loop)
{
    CHECK_INT(eddy_run(counts_coro(), .loops = 2, .clock = EDDY_CLOCK_VIRTUAL), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "2 loops cannot have a virtual clock");
    CHECK_INT(mains, 0);
    CHECK_INT(eddy_run(counts_coro(), .loops = 2, .backend = 77), EDDY_EINVAL);
    CHECK_INT(mains, 0);
    eddy_error_clear();
}

/* A loop whose main has ended still serves the others. */
static atomic_bool first_is_done;

static int asks_the_first(void)
{
    if (eddy_loop_index() == 0)
        return 0;
    eddy_try(eddy_sleep(0.02));
    eddy_try(eddy_to_loop(eddy_loop_at(0), counts_coro()));
    return 0;
}
EDDY_CORO(asks_the_first)

TEST_PLAIN(M1_loops_go_on_until_all_mains_have_ended)
{
    CHECK_INT(eddy_run(asks_the_first_coro(), .loops = LOOPS), 0);
    CHECK_INT(mains, LOOPS - 1);
}

static int is_left(void)
{
    int r = eddy_sleep(1000);

    CHECK_INT(r, EDDY_ECANCELED);
    CHECK(atomic_load(&first_is_done));
    atomic_fetch_add(&mains, 1);
    return r;
}
EDDY_CORO(is_left)

static int leaves_one(void)
{
    eddy_detach(eddy_try(eddy_create_task(is_left_coro())));
    eddy_try(eddy_sleep(0)); /* it has begun */
    if (eddy_loop_index() == 0) {
        eddy_try(eddy_sleep(0.02));
        atomic_store(&first_is_done, true);
    }
    return 0;
}
EDDY_CORO(leaves_one)

TEST_PLAIN(M1_what_is_left_is_cancelled_when_all_mains_have_ended)
{
    CHECK_INT(eddy_run(leaves_one_coro(), .loops = LOOPS), 0);
    CHECK_INT(mains, LOOPS);
}

/* ---- M2: failures, SIGINT ---- */

static atomic_uint here;

/* A main that is cancelled before its first step never runs (A1): who causes that waits for all. */
static int await_all(unsigned n)
{
    while (atomic_load(&here) < n)
        eddy_try(eddy_sleep(0.001));
    return 0;
}

static int fails_in_one(unsigned index)
{
    atomic_fetch_add(&here, 1);
    if (eddy_loop_index() == index) {
        eddy_try(await_all(LOOPS));
        return fails_after(0.01, EDDY_EUSER - 3);
    }
    int r = eddy_sleep(1000);
    CHECK_INT(r, EDDY_ECANCELED);
    atomic_fetch_add(&mains, 1);
    return r;
}
EDDY_CORO(fails_in_one, unsigned)

static int run_fails_in_one(void *arg)
{
    CHECK_INT(eddy_run(fails_in_one_coro(*(unsigned *)arg), .loops = LOOPS), EDDY_EUSER - 3);
    CHECK_INT(mains, LOOPS - 1);
    return 0;
}

TEST_PLAIN(M2_failure_of_one_main_cancels_the_others)
{
    char output[2000];

    for (unsigned i = 0; i < LOOPS; i++) {
        char title[100];

        CHECK_INT(test_child(run_fails_in_one, &i, output, sizeof output), 0);
        snprintf(title, sizeof title, "eddy: unhandled failure of the main task of loop %u\n", i);
        CHECK_CONTAINS(output, title);
        CHECK_CONTAINS(output, "failed after 0.01 s\n");
        CHECK_PTR(strstr(strstr(output, "unhandled") + 1, "unhandled"), NULL);
    }
}

/* Each failure is told, and the first is the status. */
static int fails_in_clean_up(void)
{
    atomic_fetch_add(&here, 1);
    if (eddy_loop_index() == 1) {
        eddy_try(await_all(3));
        return eddy_raise(EDDY_EUSER - 1, "the first");
    }
    eddy_ignore(eddy_sleep(1000));
    return eddy_raise(EDDY_EUSER - 2, "in the clean-up of %u", eddy_loop_index());
}
EDDY_CORO(fails_in_clean_up)

static int run_fails_in_clean_up(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(fails_in_clean_up_coro(), .loops = 3), EDDY_EUSER - 1);
    return 0;
}

TEST_PLAIN(M2_later_failures_are_reported)
{
    char output[3000];

    CHECK_INT(test_child(run_fails_in_clean_up, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "the first\n");
    CHECK_CONTAINS(output, "in the clean-up of 0\n");
    CHECK_CONTAINS(output, "in the clean-up of 2\n");
}

static int is_interrupted(unsigned index)
{
    atomic_fetch_add(&here, 1);
    if (eddy_loop_index() == index) {
        eddy_try(await_all(LOOPS));
        kill(getpid(), SIGINT);
    }
    int r = eddy_sleep(1000);
    CHECK_INT(r, EDDY_ECANCELED);
    atomic_fetch_add(&mains, 1);
    return r;
}
EDDY_CORO(is_interrupted, unsigned)

static int run_is_interrupted(void *arg)
{
    CHECK_INT(eddy_run(is_interrupted_coro(*(unsigned *)arg), .loops = LOOPS), EDDY_ECANCELED);
    CHECK_INT(mains, LOOPS);
    return 0;
}

TEST_PLAIN(M2_G4_sigint_cancels_all_mains)
{
    char output[1000];

    for (unsigned i = 0; i < LOOPS; i++) {
        CHECK_INT(test_child(run_is_interrupted, &i, output, sizeof output), 0);
        CHECK_STR(output, "");
    }
}

static int ignores_the_first(void)
{
    if (eddy_loop_index() == 1) {
        kill(getpid(), SIGINT);
        CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
        kill(getpid(), SIGINT);
    }
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(1000));
    return 0;
}
EDDY_CORO(ignores_the_first)

static int run_ignores_the_first(void *arg)
{
    (void)arg;
    return eddy_run(ignores_the_first_coro(), .loops = 2);
}

TEST_PLAIN(M2_G4_second_sigint_ends_the_process)
{
    int status = test_child(run_ignores_the_first, NULL, NULL, 0);

    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGINT);
}

/* A failure that comes of the clean-up after SIGINT counts more than the cancellation. */
static int fails_after_sigint(void)
{
    atomic_fetch_add(&here, 1);
    if (eddy_loop_index() == 0) {
        eddy_try(await_all(LOOPS));
        kill(getpid(), SIGINT);
    }
    int r = eddy_sleep(1000);
    CHECK_INT(r, EDDY_ECANCELED);
    if (eddy_loop_index() < LOOPS - 1)
        return r;
    eddy_shield(INFINITY)
        CHECK_OK(eddy_sleep(0.05));
    return eddy_raise(EDDY_EIO, "could not save");
}
EDDY_CORO(fails_after_sigint)

static int run_fails_after_sigint(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(fails_after_sigint_coro(), .loops = LOOPS), EDDY_EIO);
    return 0;
}

TEST_PLAIN(M2_failure_after_sigint_is_the_status)
{
    char output[2000];

    CHECK_INT(test_child(run_fails_after_sigint, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "EDDY_EIO: could not save\n");
}

static int cleans_up_after_others(void)
{
    eddy_shield(INFINITY) {
        CHECK_OK(eddy_sleep(0.05)); /* the first loop has ended */
        kill(getpid(), SIGINT);
        CHECK_OK(eddy_sleep(0.05));
    }
    printf("cleaned up\n");
    fflush(stdout);
    return 0;
}
EDDY_CORO(cleans_up_after_others)

static int leaves_one_to_clean_up(void)
{
    if (eddy_loop_index() == 1)
        eddy_detach(eddy_try(eddy_create_task(cleans_up_after_others_coro())));
    return eddy_sleep(0.01);
}
EDDY_CORO(leaves_one_to_clean_up)

static int run_leaves_one_to_clean_up(void *arg)
{
    (void)arg;
    return eddy_run(leaves_one_to_clean_up_coro(), .loops = 2);
}

TEST_PLAIN(M2_sigint_while_one_loop_still_cleans_up)
{
    char output[2000];

    CHECK_INT(test_child(run_leaves_one_to_clean_up, NULL, output, sizeof output), 0);
    CHECK_STR(output, "cleaned up\n");
}

static int stops_its_loop(void)
{
    if (eddy_loop_index() == 1)
        eddy_loop_stop(eddy_loop_running());
    return eddy_sleep(1000);
}
EDDY_CORO(stops_its_loop)

static int run_stops_its_loop(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(stops_its_loop_coro(), .loops = 3), EDDY_ELOOP);
    CHECK_STR(last_message(), "Event loop stopped before Future completed.");
    return 0;
}

TEST_PLAIN(M2_G6_loop_that_is_stopped_ends_all)
{
    CHECK_INT(test_child(run_stops_its_loop, NULL, NULL, 0), 0);
}

/* ---- M3: deadlock is a matter of all ---- */

static int waits_for_ever(void)
{
    eddy_event never = {0};

    return eddy_event_wait(&never);
}
EDDY_CORO(waits_for_ever)

static int waits_or_ends(unsigned those)
{
    if (those & 1u << eddy_loop_index())
        return waits_for_ever();
    return eddy_sleep(0.01);
}
EDDY_CORO(waits_or_ends, unsigned)

static int run_waits_or_ends(void *arg)
{
    CHECK_INT(eddy_run(waits_or_ends_coro(*(unsigned *)arg), .loops = LOOPS), EDDY_EDEADLOCK);
    CHECK_STR(last_message(), "deadlock: no task can ever run again");
    return 0;
}

TEST_PLAIN(M3_G8_loops_that_all_wait_for_ever_are_a_deadlock)
{
    char output[8000];

    for (unsigned those = 1; those < 1u << LOOPS; those += 3) {
        CHECK_INT(test_child(run_waits_or_ends, &those, output, sizeof output), 0);
        CHECK_CONTAINS(output, "deadlock: no task can ever run again\n");
        CHECK_CONTAINS(output, "an event");
    }
}

static int waits_beside_one_who_sleeps(void)
{
    if (eddy_loop_index() == 0)
        return eddy_sleep(0.05);
    return eddy_to_loop(eddy_loop_at(0), sleeps_coro(0.02));
}
EDDY_CORO(waits_beside_one_who_sleeps)

TEST_PLAIN(M3_loop_that_another_may_wake_is_not_in_a_deadlock)
{
    CHECK_INT(eddy_run(waits_beside_one_who_sleeps_coro(), .loops = LOOPS), 0);
}

/* Each asks the next, and nobody answers. */
static int asks_the_next(void)
{
    return eddy_to_loop(eddy_loop_at((eddy_loop_index() + 1) % LOOPS), waits_for_ever_coro());
}
EDDY_CORO(asks_the_next)

static int run_asks_the_next(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(asks_the_next_coro(), .loops = LOOPS), EDDY_EDEADLOCK);
    return 0;
}

TEST_PLAIN(M3_calls_that_nobody_answers_are_a_deadlock)
{
    char output[20000];

    CHECK_INT(test_child(run_asks_the_next, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "a coroutine in another loop");
}

/* A cycle through two loops, in which one was cancelled: no loop knows all of it. */
static eddy_task *in_the_cycle;
static atomic_bool cycle_is_closed;

static int awaits_the_first(bool shielded)
{
    atomic_store(&cycle_is_closed, true);
    return shielded ? eddy_await_shielded(in_the_cycle) : eddy_await(in_the_cycle);
}
EDDY_CORO(awaits_the_first, bool)

static int calls_back(bool shielded)
{
    return eddy_to_loop(eddy_loop_at(0), awaits_the_first_coro(shielded));
}
EDDY_CORO(calls_back, bool)

static int calls_in_a_cycle(bool shielded)
{
    return eddy_to_loop(eddy_loop_at(1), calls_back_coro(shielded));
}
EDDY_CORO(calls_in_a_cycle, bool)

static int cancels_a_cycle(bool shielded)
{
    if (eddy_loop_index() != 0)
        return 0;
    in_the_cycle = eddy_try(eddy_create_task(calls_in_a_cycle_coro(shielded)));
    while (!atomic_load(&cycle_is_closed))
        eddy_try(eddy_sleep(0.001));
    eddy_cancel(in_the_cycle);
    if (!shielded)
        return waits_for_ever(); /* a second one who awaits it would let the first leave */
    int r = eddy_await(in_the_cycle);
    eddy_task_close(in_the_cycle);
    return r;
}
EDDY_CORO(cancels_a_cycle, bool)

static int run_cancels_a_cycle(void *arg)
{
    (void)arg;
    CHECK_INT(eddy_run(cancels_a_cycle_coro(false), .loops = 2), EDDY_EDEADLOCK);
    return 0;
}

TEST_PLAIN(M10_A4_cycle_through_two_loops_is_a_deadlock)
{
    char output[20000];

    CHECK_INT(test_child(run_cancels_a_cycle, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "a coroutine in another loop");
}

TEST_PLAIN(M10_M5_A4_cycle_through_two_loops_ends_where_one_awaits_shielded)
{
    CHECK_INT(eddy_run(cancels_a_cycle_coro(true), .loops = 2), EDDY_ECANCELED);
}

/* ---- without memory, threads, descriptors: all run, or none ---- */

static atomic_bool run_is_over;
static atomic_int run_result;

static int comes_by(void)
{
    atomic_fetch_add(&mains, 1);
    return eddy_sleep(0);
}
EDDY_CORO(comes_by)

static void *runs_three(void *loop)
{
    atomic_store(&run_result, eddy_run(comes_by_coro(), .loops = 3));
    eddy_error_clear();
    atomic_store(&run_is_over, true);
    eddy_loop_release(loop);
    return NULL;
}

TORTURE(M1_loops_without_memory)
{
    pthread_t thread;

    atomic_store(&run_is_over, false);
    atomic_store(&mains, 0);
    eddy_loop_hold(eddy_loop_running());
    CHECK_OK(-pthread_create(&thread, NULL, runs_three, eddy_loop_running()));
    while (!atomic_load(&run_is_over))
        eddy_ignore(eddy_sleep(0.0001));
    pthread_join(thread, NULL);
    CHECK(run_result < 0 || mains == 3);
    return 0;
}
