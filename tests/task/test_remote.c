/* test_remote.c - G5: coroutines that other threads run in a loop. */
#include "reports.h"

#include "base/alloc.h"
#include "task/errand.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

static eddy_loop *the_loop;
static pthread_t loop_thread;

/* Runs fn in a thread that holds the loop, and waits for it while the loop goes on. */
struct outside {
    void (*fn)(void);
    atomic_bool done;
};

static void *outside_main(void *arg)
{
    struct outside *outside = arg;

    outside->fn();
    eddy_error_clear();
    atomic_store(&outside->done, true);
    eddy_loop_release(the_loop);
    return NULL;
}

static void run_outside(void (*fn)(void))
{
    struct outside outside = {fn, false};
    pthread_t thread;

    the_loop = eddy_loop_running();
    loop_thread = pthread_self();
    eddy_loop_hold(the_loop);
    CHECK_OK(-pthread_create(&thread, NULL, outside_main, &outside));
    while (!atomic_load(&outside.done))
        CHECK_OK(eddy_sleep(0.001));
    pthread_join(thread, NULL);
}

static int adds(int a, int b)
{
    CHECK(pthread_equal(pthread_self(), loop_thread));
    CHECK(eddy_current_task() != NULL);
    eddy_try(eddy_sleep(0.001));
    return a + b;
}
EDDY_CORO(adds, int, int)

/* ---- results ---- */

static void get_result(void)
{
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(the_loop, adds_coro(3, 4));

    CHECK(remote);
    CHECK_INT(eddy_remote_wait(remote, INFINITY), 7);
    CHECK_INT(eddy_remote_wait(remote, 0), 7); /* as often as one likes */
    CHECK_INT(eddy_remote_cancel(remote), 0);  /* too late, and harmless */
    CHECK_INT(eddy_remote_wait(remote, INFINITY), 7);
    CHECK_INT(eddy_remote_wait(remote, NAN), EDDY_EINVAL);
    eddy_remote_close(NULL);
}

TEST(G5_run_threadsafe_gives_the_result)
{
    run_outside(get_result);
}

static int spoils(void)
{
    eddy_try(eddy_sleep(0.001));
    return eddy_raise(EDDY_EUSER - 2, "spoilt %s", "milk");
}
EDDY_CORO(spoils)

static void get_failure(void)
{
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(the_loop, spoils_coro());

    CHECK_INT(eddy_remote_wait(remote, INFINITY), EDDY_EUSER - 2);
    CHECK_STR(last_message(), "spoilt milk");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "spoils");
    eddy_remote *bare = eddy_run_threadsafe(the_loop, returns_coro(EDDY_ENOSPC));
    CHECK_INT(eddy_remote_wait(bare, INFINITY), EDDY_ENOSPC);
    CHECK_STR(last_message(), eddy_status_message(EDDY_ENOSPC));
    eddy_remote_close(bare);
}

static struct reports reports;

TEST(G5_run_threadsafe_gives_the_failure_with_its_words)
{
    reports_listen(&reports);
    eddy_loop_set_debug(eddy_loop_running(), false); /* which complains of a bare code */
    run_outside(get_failure);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(reports.count, 0);
}

/* ---- time limits, cancellation ---- */

static atomic_bool may_end;

static int waits_for_leave(void)
{
    while (!atomic_load(&may_end))
        eddy_try(eddy_sleep(0.001));
    return 8;
}
EDDY_CORO(waits_for_leave)

static void wait_too_short(void)
{
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(the_loop, waits_for_leave_coro());

    CHECK_INT(eddy_remote_wait(remote, 0), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_remote_wait(remote, -1), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_remote_wait(remote, 0.005), EDDY_ETIMEDOUT);
    atomic_store(&may_end, true);
    CHECK_INT(eddy_remote_wait(remote, INFINITY), 8); /* the task ran on */
}

TEST(G5_B7_wait_has_a_time_limit)
{
    run_outside(wait_too_short);
}

static atomic_bool has_begun;
static int noted_cancel;

static int notes_its_cancellation(void)
{
    atomic_store(&has_begun, true);
    int r = eddy_sleep(1000);

    noted_cancel = r;
    return r;
}
EDDY_CORO(notes_its_cancellation)

static void cancel_it(void)
{
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(the_loop, notes_its_cancellation_coro());

    while (!atomic_load(&has_begun))
        usleep(100);
    CHECK_INT(eddy_remote_cancel(remote), 0);
    CHECK_INT(eddy_remote_cancel(remote), 0);
    CHECK_INT(eddy_remote_wait(remote, INFINITY), EDDY_ECANCELED);
    CHECK_INT(noted_cancel, EDDY_ECANCELED);
}

TEST(G5_cancel_from_a_thread)
{
    reports_listen(&reports);
    run_outside(cancel_it);
    CHECK_INT(reports.count, 0);
}

static bool blocked;

static int block_the_loop(void *arg)
{
    (void)arg;
    blocked = true;
    usleep(20000);
    return 0;
}

static int never_runs(void)
{
    CHECK(!"was cancelled before its first step");
    return 0;
}
EDDY_CORO(never_runs)

static void cancel_at_once(void)
{
    CHECK_OK(eddy_loop_call_soon_threadsafe(the_loop, block_the_loop, NULL));
    usleep(5000); /* start and cancel arrive together */
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(the_loop, never_runs_coro());
    CHECK_INT(eddy_remote_cancel(remote), 0);
    CHECK_INT(eddy_remote_wait(remote, INFINITY), EDDY_ECANCELED);
}

TEST(A1_cancelled_before_it_began)
{
    run_outside(cancel_at_once);
    CHECK(blocked);
}

TEST(G5_loops_own_thread_does_not_wait_for_itself)
{
    eddy_auto(eddy_remote) *remote = eddy_run_threadsafe(eddy_loop_running(), returns_coro(5));

    CHECK(remote);
    CHECK_INT(eddy_remote_wait(remote, INFINITY), EDDY_EDEADLOCK);
    CHECK_OK(eddy_sleep(1));
    CHECK_INT(eddy_remote_wait(remote, INFINITY), EDDY_EDEADLOCK);
}

/* ---- detaching ---- */

static atomic_int ran;

static int counts(void)
{
    eddy_try(eddy_sleep(0.002));
    atomic_fetch_add(&ran, 1);
    return 0;
}
EDDY_CORO(counts)

static void detach(void)
{
    for (int i = 0; i < 10; i++)
        eddy_remote_close(eddy_run_threadsafe(the_loop, counts_coro()));
}

TEST(G5_closed_remote_runs_on)
{
    run_outside(detach);
    CHECK_OK(eddy_sleep(0.1));
    CHECK_INT(ran, 10);
}

static void detach_failing(void)
{
    eddy_remote_close(eddy_run_threadsafe(the_loop, spoils_coro()));
    usleep(20000);
}

static void fail_unseen(void)
{
    eddy_remote *remote = eddy_run_threadsafe(the_loop, spoils_coro());

    usleep(20000); /* it has failed */
    eddy_remote_close(remote);
}

static void succeed_unseen(void)
{
    eddy_remote *remote = eddy_run_threadsafe(the_loop, counts_coro());

    usleep(20000); /* it has ended */
    eddy_remote_close(remote);
}

/* What did not fail is no news. */
TEST(D5_success_of_a_remote_closed_unseen_is_not_reported)
{
    reports_listen(&reports);
    run_outside(succeed_unseen);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(ran, 1);
    CHECK_INT(reports.count, 0);
}

TEST(D5_failure_that_no_thread_waits_for_is_reported)
{
    reports_listen(&reports);
    run_outside(detach_failing);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER - 2);
    CHECK_CONTAINS(reports.task, "(spoils)");
}

TEST(D5_failure_of_a_remote_closed_unseen_is_reported)
{
    reports_listen(&reports);
    run_outside(fail_unseen);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EUSER - 2);
}

/* ---- loops that are closing, or have closed ---- */

TEST_PLAIN(G5_closed_loop_refuses)
{
    eddy_loop *loop = eddy_loop_open();

    eddy_loop_hold(loop); /* keeps the memory */
    eddy_remote *early = eddy_run_threadsafe(loop, never_runs_coro());
    CHECK(early);
    eddy_loop_close(loop);
    CHECK_INT(eddy_remote_wait(early, INFINITY), EDDY_ECLOSED);
    CHECK_INT(eddy_remote_cancel(early), EDDY_ECLOSED);
    CHECK_PTR(eddy_run_threadsafe(loop, never_runs_coro()), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    eddy_remote_close(early);
    eddy_loop_release(loop);
    eddy_error_clear();
}

static void *run_until_refused(void *arg)
{
    eddy_loop *loop = arg;
    eddy_remote *remote;

    while ((remote = eddy_run_threadsafe(loop, sleeps_coro(0.0001)))) {
        int r = eddy_remote_wait(remote, 10);
        CHECK(r == 0 || r == EDDY_ECANCELED || r == EDDY_ECLOSED);
        eddy_remote_close(remote);
    }
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    eddy_loop_release(loop);
    return NULL;
}

/* Whatever the moment: each is run, cancelled or refused, nobody waits for ever, nothing leaks. */
TEST_PLAIN(G5_close_under_fire)
{
    for (int i = 0; i < 20; i++) {
        eddy_loop *loop = eddy_loop_open();
        pthread_t threads[2];

        for (int k = 0; k < 2; k++) {
            eddy_loop_hold(loop);
            CHECK_OK(-pthread_create(&threads[k], NULL, run_until_refused, loop));
        }
        for (int k = 0; k < 10; k++)
            CHECK_OK(eddy_loop_run_once(loop, 0.001));
        eddy_loop_close(loop);
        for (int k = 0; k < 2; k++)
            pthread_join(threads[k], NULL);
    }
}

static void *run_many(void *arg)
{
    enum { AT_ONCE = 8 };
    eddy_remote *remotes[AT_ONCE];

    for (int round = 0; round < 20; round++) {
        for (int i = 0; i < AT_ONCE; i++)
            CHECK((remotes[i] = eddy_run_threadsafe(the_loop, adds_coro(round, i))));
        for (int i = 0; i < AT_ONCE; i++) {
            if (i % 4 == 3)
                CHECK_INT(eddy_remote_cancel(remotes[i]), 0);
            int r = eddy_remote_wait(remotes[i], INFINITY);
            CHECK(r == round + i || (i % 4 == 3 && r == EDDY_ECANCELED));
            eddy_remote_close(remotes[i]);
        }
    }
    eddy_loop_release(the_loop);
    return arg;
}

TEST_REAL(G5_many_threads_at_once)
{
    enum { THREADS = 4 };
    pthread_t threads[THREADS];

    the_loop = eddy_loop_running();
    loop_thread = pthread_self();
    for (int i = 0; i < THREADS; i++) {
        eddy_loop_hold(the_loop);
        CHECK_OK(-pthread_create(&threads[i], NULL, run_many, NULL));
    }
    while (atomic_load(&the_loop->holds))
        CHECK_OK(eddy_sleep(0.001));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
}

/* ---- without memory ---- */

static void run_in_loop(void)
{
    eddy_remote *remote = eddy_run_threadsafe(the_loop, adds_coro(1, 2));

    if (remote)
        eddy_ignore(eddy_remote_wait(remote, INFINITY));
    eddy_remote_close(remote);
}

static int scenario(void)
{
    struct outside outside = {run_in_loop, false};
    pthread_t thread;

    the_loop = eddy_loop_running();
    loop_thread = pthread_self();
    eddy_loop_hold(the_loop);
    CHECK_OK(-pthread_create(&thread, NULL, outside_main, &outside));
    while (!atomic_load(&outside.done))
        eddy_ignore(eddy_sleep(0.0001));
    pthread_join(thread, NULL);
    return 0;
}

TORTURE(remote_without_memory)
{
    return scenario();
}

/* ---- closed while other threads wait ---- */

enum { BLOCKED = 3 };

static eddy_remote *shared;

static void *waits_for_shared(void *arg)
{
    *(int *)arg = eddy_remote_wait(shared, INFINITY);
    eddy_error_clear();
    return NULL;
}

/* One reference is the sender's, one the loop's; a third tells that a thread's wait has begun. */
static void close_over_waiters(useconds_t later)
{
    pthread_t threads[BLOCKED];
    int statuses[BLOCKED];

    shared = eddy_run_threadsafe(the_loop, waits_for_leave_coro());
    CHECK(shared);
    const atomic_uint *refs = &((struct eddy__errand *)(void *)shared)->refs;
    for (int i = 0; i < BLOCKED; i++)
        CHECK_OK(-pthread_create(&threads[i], NULL, waits_for_shared, &statuses[i]));
    while (atomic_load(refs) < 2 + BLOCKED)
        usleep(100);
    usleep(later);
    eddy_remote_close(shared);
    for (int i = 0; i < BLOCKED; i++) {
        pthread_join(threads[i], NULL);
        CHECK_INT(statuses[i], EDDY_ECLOSED);
    }
}

static void close_at_once_and_later(void)
{
    for (useconds_t later = 0; later < 5; later++)
        close_over_waiters(later * 1000);
    atomic_store(&may_end, true);
}

TEST(D6_remote_closed_while_other_threads_wait)
{
    run_outside(close_at_once_and_later);
    CHECK_OK(eddy_sleep(0.01)); /* what ran has ended */
}
