/* Making a loop: options, the environment, and what they refuse with a clear message. */
#include "task/reports.h"

#include "base/alloc.h"
#include <signal.h>
#include <unistd.h>

static const char *const variables[] = {"EDDY_BACKEND",     "EDDY_CLOCK", "EDDY_SPIN",
                                        "EDDY_SEED",        "EDDY_DEBUG", "EDDY_THREADS",
                                        "EDDY_STACK_REPORT"};

static void clear_environment(void)
{
    for (size_t i = 0; i < count_of(variables); i++)
        unsetenv(variables[i]);
}

static void check_refused(const eddy_loop_opts *opts, const char *message)
{
    eddy_error_clear();
    CHECK_PTR(eddy_loop_open_with(opts), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_STR(last_message(), message);
    eddy_error_clear();
}

static const struct {
    const char *variable, *value, *message;
} nonsense[] = {
    {"EDDY_BACKEND", "foo", "EDDY_BACKEND is \"foo\": uring or epoll is expected"},
    {"EDDY_CLOCK", "foo", "EDDY_CLOCK is \"foo\": real or virtual is expected"},
    {"EDDY_SPIN", "x", "EDDY_SPIN is \"x\": a number from 0 is expected"},
    {"EDDY_SPIN", "-1", "EDDY_SPIN is \"-1\": a number from 0 is expected"},
    {"EDDY_SPIN", "nan", "EDDY_SPIN is \"nan\": a number from 0 is expected"},
    {"EDDY_SPIN", "inf", "EDDY_SPIN is \"inf\": a number from 0 is expected"},
    {"EDDY_SPIN", "5x", "EDDY_SPIN is \"5x\": a number from 0 is expected"},
    {"EDDY_SEED", "-1", "EDDY_SEED is \"-1\": a whole number from 0 is expected"},
    {"EDDY_SEED", " 1", "EDDY_SEED is \" 1\": a whole number from 0 is expected"},
    {"EDDY_SEED", "1.5", "EDDY_SEED is \"1.5\": a whole number from 0 is expected"},
    {"EDDY_SEED", "99999999999999999999",
     "EDDY_SEED is \"99999999999999999999\": a whole number from 0 is expected"},
    {"EDDY_DEBUG", "yes", "EDDY_DEBUG is \"yes\": a number from 0 is expected"},
    {"EDDY_THREADS", "x", "EDDY_THREADS is \"x\": a whole number from 0 is expected"},
    {"EDDY_THREADS", "-2", "EDDY_THREADS is \"-2\": a whole number from 0 is expected"},
    {"EDDY_THREADS", "4 ", "EDDY_THREADS is \"4 \": a whole number from 0 is expected"},
    {"EDDY_STACK_REPORT", "yes", "EDDY_STACK_REPORT is \"yes\": 0 or 1 is expected"},
};

TEST_PLAIN(loop_nonsense_in_the_environment_is_named)
{
    for (size_t i = 0; i < count_of(nonsense); i++) {
        clear_environment();
        setenv(nonsense[i].variable, nonsense[i].value, 1);
        check_refused(&(eddy_loop_opts){0}, nonsense[i].message);
    }
}

TEST_PLAIN(loop_nonsense_in_the_options_is_named)
{
    clear_environment();
    check_refused(&(eddy_loop_opts){.clock = 7},
                  ".clock is 7: EDDY_CLOCK_REAL or EDDY_CLOCK_VIRTUAL");
    check_refused(&(eddy_loop_opts){.clock = -3},
                  ".clock is -3: EDDY_CLOCK_REAL or EDDY_CLOCK_VIRTUAL");
    check_refused(&(eddy_loop_opts){.backend = 7}, ".backend is 7: EDDY_BACKEND_URING or _EPOLL");
    check_refused(&(eddy_loop_opts){.backend = 99}, ".backend is 99: EDDY_BACKEND_URING or _EPOLL");
    check_refused(&(eddy_loop_opts){.backend = -3}, ".backend is -3: EDDY_BACKEND_URING or _EPOLL");
    check_refused(&(eddy_loop_opts){.spin = NAN}, ".spin is NaN: seconds are expected");
}

static int run_nonsense(void *arg)
{
    (void)arg;
    return eddy_run(returns_coro(0)) == EDDY_EINVAL ? 0 : 1;
}

/* What cannot be run is said, not only returned. */
TEST_PLAIN(loop_eddy_run_prints_what_it_refuses)
{
    char output[500];

    setenv("EDDY_BACKEND", "foo", 1);
    CHECK_INT(test_child(run_nonsense, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "EDDY_EINVAL: EDDY_BACKEND is \"foo\": uring or epoll is expected\n");
}

/* An option is stronger than the environment, and an empty variable is none. */
TEST_PLAIN(loop_options_overrule_the_environment)
{
    setenv("EDDY_CLOCK", "foo", 1);
    setenv("EDDY_SEED", "foo", 1);
    setenv("EDDY_DEBUG", "1", 1);
    setenv("EDDY_BACKEND", "foo", 1);
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL, .seed = 3, .debug = -1,
                                     .backend = EDDY_BACKEND_EPOLL);
    CHECK(loop);
    CHECK(loop->virtual_clock);
    CHECK_INT(loop->random, 3);
    CHECK(!eddy_loop_debug(loop));
    CHECK_STR(eddy_loop_backend(loop), "epoll");
    eddy_loop_close(loop);
    for (size_t i = 0; i < count_of(variables); i++)
        setenv(variables[i], "", 1);
    loop = eddy_loop_open();
    CHECK(loop && !loop->virtual_clock && !loop->random && !loop->debug);
    CHECK_INT(loop->spin_ns, 50000);
    eddy_loop_close(loop);
}

TEST_PLAIN(loop_environment_is_heard)
{
    clear_environment();
    setenv("EDDY_CLOCK", "virtual", 1);
    setenv("EDDY_SEED", "12", 1);
    setenv("EDDY_DEBUG", "1", 1);
    setenv("EDDY_SPIN", "20", 1); /* microseconds */
    eddy_loop *loop = eddy_loop_open_with(NULL);
    CHECK(loop && loop->virtual_clock && loop->random == 12 && loop->debug);
    CHECK_INT(loop->spin_ns, 20000);
    eddy_loop_close(loop);
    loop = eddy_loop_open(.clock = EDDY_CLOCK_REAL, .spin = -1);
    CHECK(loop && !loop->virtual_clock && !loop->spin_ns);
    eddy_loop_close(loop);
}

/* ---- the clock ---- */

TEST_PLAIN(loop_time_of_the_virtual_clock)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK_NEAR(eddy_loop_time(loop), 0, 0);
    CHECK_OK(eddy_loop_run_once(loop, 2.5));
    CHECK_NEAR(eddy_loop_time(loop), 2.5, 0);
    CHECK_INT(eddy_loop_time_ns(loop), 2500000000);
    CHECK(eddy_time() != eddy_loop_time(loop)); /* no loop runs: the system's */
}

TEST_PLAIN(loop_time_of_the_real_clock_goes_on)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_REAL);
    double before = eddy_loop_time(loop);

    usleep(2000);
    CHECK(eddy_loop_time(loop) - before >= 0.002);
    CHECK_NEAR(eddy_time(), eddy_loop_time(loop), 1);
}

TEST(loop_time_of_the_running_loop)
{
    CHECK_OK(eddy_sleep(7));
    CHECK_NEAR(eddy_time(), eddy_loop_time(eddy_loop_running()), 0);
    CHECK_NEAR(eddy_time(), 7, 1e-9);
}

TEST_PLAIN(loop_slow_callback_duration_of_any_kind)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open();

    CHECK_INT(loop->slow_ns, 100000000);
    eddy_loop_set_slow_callback_duration(loop, NAN);
    CHECK_INT(loop->slow_ns, NS_NEVER);
    eddy_loop_set_slow_callback_duration(loop, -1);
    CHECK_INT(loop->slow_ns, 0);
}

static int never_called(void *arg)
{
    (void)arg;
    CHECK(false);
    return 0;
}

/* A hold keeps the memory of a loop, not the loop. */
TEST_PLAIN(G5_closed_loop_that_is_held_refuses)
{
    eddy_loop *loop = eddy_loop_open();

    eddy_loop_hold(loop);
    eddy_loop_close(loop);
    CHECK_INT(eddy_loop_run_once(loop, 0), EDDY_ECLOSED);
    CHECK_INT(eddy_loop_run_forever(loop), EDDY_ECLOSED);
    CHECK(!eddy_loop_call_soon(loop, never_called, NULL).call);
    CHECK(!eddy_loop_call_later(loop, 0, never_called, NULL).call);
    CHECK_INT(eddy_loop_call_soon_threadsafe(loop, never_called, NULL), EDDY_ECLOSED);
    eddy_error_clear();
    eddy_loop_release(loop);
}

/* ---- guests ---- */

static struct eddy__guest first, second;
static int closed;

static void close_first(struct eddy__guest *guest)
{
    CHECK_PTR(guest, &first);
    CHECK_INT(closed++, 0);
}

static void close_second(struct eddy__guest *guest)
{
    CHECK_PTR(guest, &second);
    CHECK_INT(closed++, 1);
}

TEST_PLAIN(loop_guests_are_known_by_their_kind_and_closed_with_it)
{
    eddy_loop *loop = eddy_loop_open();

    first.close = close_first;
    second.close = close_second;
    eddy__guest_add(loop, &first);
    CHECK_PTR(eddy__guest_find(loop, close_second), NULL);
    eddy__guest_add(loop, &second);
    CHECK_PTR(eddy__guest_find(loop, close_first), &first);
    CHECK_PTR(eddy__guest_find(loop, close_second), &second);
    eddy_loop_close(loop);
    CHECK_INT(closed, 2);
}

/* ---- without memory ---- */

TEST_PLAIN(loop_opens_or_leaves_nothing)
{
    long count = eddy__alloc_count();

    eddy_loop_close(eddy_loop_open());
    count = eddy__alloc_count() - count;
    CHECK(count > 1);
    for (long n = 1; n <= count; n++) {
        long before = eddy__alloc_live();

        eddy__alloc_fail_at(n);
        eddy_loop_close(eddy_loop_open()); /* without io_uring it may open after all */
        eddy__alloc_fail_at(0);
        eddy_error_clear();
        CHECK_INT(eddy__alloc_live(), before);
    }
}

/* ---- G10: NULL for the loop ---- */

static struct reports told;

static int nothing(void *arg)
{
    (void)arg;
    return 0;
}

static void op_done(eddy_op *op)
{
    (void)op;
}

static void check_told(const char *function)
{
    char message[200];

    snprintf(message, sizeof message,
             "%s: the loop is NULL; eddy_loop_running() gives the loop only while it runs",
             function);
    CHECK_STR(told.message, message);
    CHECK_INT(told.count, 1);
    CHECK_INT(told.status, EDDY_ELOOP);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    eddy_error_clear();
    told.count = 0;
}

TEST(loop_G10_NULL_is_told_by_what_fails)
{
    char byte;
    eddy_op op = {.code = EDDY_OP_READ, .buffer = &byte, .size = 1, .done = op_done};

    reports_listen(&told);
    CHECK_PTR(eddy_loop_call_soon(NULL, nothing, NULL).call, NULL);
    check_told("eddy_loop_call_soon");
    CHECK_PTR(eddy_loop_call_later(NULL, 1, nothing, NULL).call, NULL);
    check_told("eddy_loop_call_later");
    CHECK_PTR(eddy_loop_call_at(NULL, 1, nothing, NULL).call, NULL);
    check_told("eddy_loop_call_at");
    CHECK(!eddy_loop_cancel_call(NULL, (eddy_handle){NULL, 0}));
    check_told("eddy_loop_cancel_call");
    CHECK_INT(eddy_loop_call_soon_threadsafe(NULL, nothing, NULL), EDDY_ELOOP);
    check_told("eddy_loop_call_soon_threadsafe");
    CHECK_PTR(eddy_run_threadsafe(NULL, returns_coro(0)), NULL);
    check_told("eddy_run_threadsafe");
    CHECK_PTR(eddy_watch_open(NULL, 0, EDDY_READABLE, NULL, NULL), NULL);
    check_told("eddy_watch_open");
    CHECK_INT(eddy_loop_submit(NULL, &op), EDDY_ELOOP);
    check_told("eddy_loop_submit");
    CHECK_INT(eddy_loop_set_resolver(NULL, .cache = 1), EDDY_ELOOP);
    check_told("eddy_loop_set_resolver_with");
    CHECK_INT(eddy_loop_add_signal_handler(NULL, SIGUSR1, nothing, NULL), EDDY_ELOOP);
    check_told("eddy_loop_add_signal_handler");
    CHECK(!eddy_loop_remove_signal_handler(NULL, SIGUSR1));
    check_told("eddy_loop_remove_signal_handler");
}

TEST(loop_G10_NULL_is_told_by_what_cannot_fail)
{
    reports_listen(&told);
    eddy_loop_stop(NULL);
    check_told("eddy_loop_stop");
    eddy_loop_hold(NULL);
    check_told("eddy_loop_hold");
    eddy_loop_release(NULL);
    check_told("eddy_loop_release");
    eddy_loop_cancel_op(NULL, &(eddy_op){0});
    check_told("eddy_loop_cancel_op");
    eddy_loop_set_poll_hook(NULL, NULL, NULL);
    check_told("eddy_loop_set_poll_hook");
    eddy_loop_set_exception_handler(NULL, NULL, NULL);
    check_told("eddy_loop_set_exception_handler");
    eddy_loop_set_debug(NULL, true);
    check_told("eddy_loop_set_debug");
    CHECK(!eddy_loop_debug(NULL));
    check_told("eddy_loop_debug");
    eddy_loop_set_slow_callback_duration(NULL, 1);
    check_told("eddy_loop_set_slow_callback_duration");
    CHECK_PTR(eddy_loop_backend(NULL), NULL);
    check_told("eddy_loop_backend");
    CHECK(eddy_loop_time_ns(NULL) > 0);
    check_told("eddy_loop_time_ns");
    CHECK(eddy_loop_time(NULL) > 0);
    check_told("eddy_loop_time_ns");
}

/* Where a variable was closed by eddy_take, or never opened. */
TEST_PLAIN(loop_G10_NULL_is_closed)
{
    CHECK_INT(eddy_loop_run_forever(NULL), EDDY_ECLOSED);
    CHECK_INT(eddy_loop_run_once(NULL, 0), EDDY_ECLOSED);
    CHECK_INT(eddy_loop_run_until_complete(NULL, returns_coro(0)), EDDY_ECLOSED);
    CHECK_PTR(eddy_loop_create_task(NULL, returns_coro(0)), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECLOSED);
    CHECK(!eddy_loop_is_running(NULL));
    eddy_loop_close(NULL);
    eddy_error_clear();
}
