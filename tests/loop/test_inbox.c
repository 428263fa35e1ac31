/* Calls from other threads, on every backend. */
#include "test.h"

#include "loop/loop.h"
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

enum { THREADS = 4, CALLS = 2000 };

static eddy_loop *the_loop;
static int next_of[THREADS], total;
static pthread_t loop_thread;

static int arrived(void *arg)
{
    int n = (int)(intptr_t)arg, thread = n / CALLS;

    CHECK(pthread_equal(pthread_self(), loop_thread));
    CHECK_INT(n % CALLS, next_of[thread]++); /* those of one thread keep their order */
    if (++total == THREADS * CALLS)
        eddy_loop_stop(the_loop);
    return 0;
}

static void *call_often(void *arg)
{
    int first = (int)(intptr_t)arg * CALLS;

    for (int i = 0; i < CALLS; i++) {
        CHECK_OK(eddy_loop_call_soon_threadsafe(the_loop, arrived, (void *)(intptr_t)(first + i)));
        if (i % 100 == 0)
            usleep(500); /* the loop falls asleep now and then */
    }
    return NULL;
}

static void call_from_threads(double spin)
{
    pthread_t threads[THREADS];

    the_loop = eddy_loop_open(.spin = spin);
    CHECK(the_loop);
    loop_thread = pthread_self();
    for (int i = 0; i < THREADS; i++)
        CHECK_OK(-pthread_create(&threads[i], NULL, call_often, (void *)(intptr_t)i));
    CHECK_OK(eddy_loop_run_forever(the_loop));
    for (int i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    CHECK_INT(total, THREADS * CALLS);
    eddy_loop_close(the_loop);
}

TEST_PLAIN(inbox_G5_calls_from_many_threads_arrive_in_order)
{
    call_from_threads(-1);
}

TEST_PLAIN(inbox_G5_calls_from_many_threads_while_it_spins)
{
    call_from_threads(0.001);
}

static int stop(void *arg)
{
    eddy_loop_stop(arg);
    return 0;
}

static void *wake_late(void *arg)
{
    usleep(30000);
    CHECK_OK(eddy_loop_call_soon_threadsafe(arg, stop, arg));
    return NULL;
}

TEST_PLAIN(inbox_G5_sleeping_loop_is_woken)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);
    pthread_t thread;

    for (int i = 0; i < 3; i++) {
        CHECK_OK(-pthread_create(&thread, NULL, wake_late, loop));
        CHECK_OK(eddy_loop_run_forever(loop));
        pthread_join(thread, NULL);
    }
    eddy_loop_close(loop);
}

static int never(void *arg)
{
    (void)arg;
    CHECK_STR("called", "refused by a closed loop");
    return 0;
}

TEST_PLAIN(inbox_G5_closed_loop_refuses)
{
    eddy_loop *loop = eddy_loop_open();

    eddy_loop_hold(loop);                                        /* keeps the memory */
    CHECK_OK(eddy_loop_call_soon_threadsafe(loop, never, NULL)); /* dropped by close */
    eddy_loop_close(loop);
    CHECK_INT(eddy_loop_call_soon_threadsafe(loop, never, NULL), EDDY_ECLOSED);
    struct eddy__inbox_node node;
    CHECK_INT(eddy__inbox_push(loop, &node), EDDY_ECLOSED);
    eddy_error_clear();
    eddy_loop_release(loop);
}

/* Threads push as long as they may while the loop is closed under them: each call is either
 * refused, dropped or made, and nothing leaks. */
static atomic_int refused;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void *push_until_refused(void *arg)
{
    while (eddy_loop_call_soon_threadsafe(arg, nothing, NULL) >= 0)
        usleep(1); /* they would outrun the loop */
    eddy_error_clear();
    atomic_fetch_add(&refused, 1);
    eddy_loop_release(arg);
    return NULL;
}

TEST_PLAIN(inbox_G5_close_under_fire)
{
    for (int i = 0; i < 20; i++) {
        eddy_loop *loop = eddy_loop_open();
        pthread_t threads[2];

        for (int k = 0; k < 2; k++) {
            eddy_loop_hold(loop);
            CHECK_OK(-pthread_create(&threads[k], NULL, push_until_refused, loop));
        }
        for (int k = 0; k < 20; k++)
            CHECK_OK(eddy_loop_run_once(loop, 0));
        eddy_loop_close(loop);
        for (int k = 0; k < 2; k++)
            pthread_join(threads[k], NULL);
    }
    CHECK_INT(refused, 40);
}

static eddy_loop *interrupted_loop;

static void on_signal(int number)
{
    (void)number;
    eddy__loop_interrupt(interrupted_loop);
}

static void interrupted(eddy_loop *loop)
{
    eddy_loop_stop(loop);
}

TEST_PLAIN(inbox_interrupt_from_a_signal_handler)
{
    eddy_loop *loop = interrupted_loop = eddy_loop_open(.spin = -1);

    struct eddy__loop_client client = *loop->client;

    client.interrupt = interrupted;
    loop->client = &client;
    signal(SIGUSR1, on_signal);
    raise(SIGUSR1);
    CHECK_OK(eddy_loop_run_forever(loop));
    CHECK(!loop->interrupted);
    pid_t child = fork();
    if (child == 0) {
        usleep(20000);
        _exit(kill(getppid(), SIGUSR1) < 0);
    }
    CHECK_OK(eddy_loop_run_forever(loop));
    waitpid(child, NULL, 0);
    eddy_loop_close(loop);
}

static void *release_late(void *arg)
{
    usleep(20000);
    eddy_loop_release(arg);
    return NULL;
}

/* While somebody holds the loop its waiting is no deadlock; the release brings it to light. */
TEST_PLAIN(inbox_G8_release_wakes_the_loop)
{
    eddy_loop *loop = eddy_loop_open();
    pthread_t thread;

    loop->report_deadlock = true;
    eddy_loop_hold(loop);
    int64_t began = eddy__clock_now();
    CHECK_OK(-pthread_create(&thread, NULL, release_late, loop));
    CHECK_OK(eddy_loop_run_forever(loop));
    CHECK(loop->deadlocked);
    CHECK(eddy__clock_now() - began >= 20000000);
    pthread_join(thread, NULL);
    eddy_loop_close(loop);
}

static int note_call(void *arg)
{
    *(bool *)arg = true;
    return 0;
}

static void *call_and_release(void *arg)
{
    usleep(30000);
    CHECK_OK(eddy_loop_call_soon_threadsafe(the_loop, note_call, arg));
    eddy_loop_release(the_loop);
    return NULL;
}

/* Virtual time must not jump over what a thread is about to do. */
TEST(inbox_G7_virtual_time_waits_for_who_holds_the_loop)
{
    bool called = false;
    pthread_t thread;

    the_loop = eddy_loop_running();
    eddy_loop_hold(the_loop);
    CHECK_OK(-pthread_create(&thread, NULL, call_and_release, &called));
    CHECK_OK(eddy_sleep(3600));
    CHECK(called);
    pthread_join(thread, NULL);
}
