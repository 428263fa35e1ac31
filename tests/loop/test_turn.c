/* G6, G7: turns, stopping, the virtual clock, seeds, the poll hook, slow steps. */
#include "task/reports.h"

#include <unistd.h>

static eddy_loop *the_loop;
static struct notes notes;

static eddy_loop *open_virtual(void)
{
    the_loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    CHECK(the_loop);
    return the_loop;
}

static void *as_arg(int n)
{
    return (void *)(intptr_t)n;
}

static int digit(void *arg)
{
    note(&notes, (int)(intptr_t)arg);
    return 0;
}

/* ---- G6: running and stopping ---- */

static int stop_and_ask(void *arg)
{
    eddy_loop_stop(the_loop);
    eddy_loop_call_soon(the_loop, digit, as_arg(4));
    return digit(arg);
}

TEST_PLAIN(turn_G6_stop_finishes_the_batch)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_soon(loop, digit, as_arg(1));
    eddy_loop_call_soon(loop, stop_and_ask, as_arg(2));
    eddy_loop_call_soon(loop, digit, as_arg(3));
    CHECK_OK(eddy_loop_run_forever(loop));
    CHECK_INT(noted(&notes), 123);
    CHECK(!eddy_loop_is_running(loop));
    eddy_loop_call_soon(loop, stop_and_ask, as_arg(5));
    CHECK_OK(eddy_loop_run_forever(loop));
    CHECK_INT(noted(&notes), 12345);
}

/* As in asyncio: a loop that was stopped before it runs makes one turn. */
TEST_PLAIN(turn_G6_stopped_before_it_runs)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_soon(loop, digit, as_arg(1));
    eddy_loop_stop(loop);
    CHECK_OK(eddy_loop_run_forever(loop));
    CHECK_INT(noted(&notes), 1);
    eddy_loop_stop(loop);
    CHECK_OK(eddy_loop_run_once(loop, 1000)); /* takes the stop with it, does not wait */
    CHECK_NEAR(eddy_loop_time(loop), 0, 0);
}

static int run_inside(void *arg)
{
    eddy_auto(eddy_loop) *other = eddy_loop_open();

    (void)arg;
    CHECK(eddy_loop_is_running(the_loop) && eddy_loop_running() == the_loop);
    CHECK_INT(eddy_loop_run_forever(the_loop), EDDY_ELOOP);
    CHECK_INT(eddy_loop_run_once(the_loop, 0), EDDY_ELOOP);
    CHECK_INT(eddy_loop_run_forever(other), EDDY_ELOOP);
    CHECK_STR(last_message(), "a loop is already running in this thread");
    return digit(as_arg(1));
}

TEST_PLAIN(turn_G6_one_loop_runs_in_a_thread)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_soon(loop, run_inside, NULL);
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(noted(&notes), 1);
    CHECK_PTR(eddy_loop_running(), NULL);
    CHECK(!eddy_loop_is_running(NULL));
}

TEST_PLAIN(turn_G6_closed_loop_does_not_run)
{
    CHECK_INT(eddy_loop_run_forever(NULL), EDDY_ECLOSED);
    CHECK_INT(eddy_loop_run_once(NULL, 0), EDDY_ECLOSED);
    CHECK_STR(last_message(), "Event loop is closed");
    eddy_error_clear();
}

TEST_PLAIN(turn_B7_once_with_odd_times)
{
    static const double none[] = {0, -0.0, -1, -INFINITY};
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_later(loop, 5, digit, as_arg(2));
    for (unsigned i = 0; i < count_of(none); i++)
        CHECK_OK(eddy_loop_run_once(loop, none[i]));
    CHECK_NEAR(eddy_loop_time(loop), 0, 0);
    CHECK_INT(eddy_loop_run_once(loop, NAN), EDDY_EINVAL);
    eddy_error_clear();
    CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK_NEAR(eddy_loop_time(loop), 5, 0);
}

TEST_PLAIN(turn_G6_once_runs_polls_and_fires)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_call_later(loop, 5, digit, as_arg(2));
    eddy_loop_call_soon(loop, digit, as_arg(1));
    CHECK_OK(eddy_loop_run_once(loop, 2));
    CHECK_INT(noted(&notes), 1);
    CHECK_NEAR(eddy_loop_time(loop), 2, 0);
    CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK_NEAR(eddy_loop_time(loop), 5, 0);
    CHECK_INT(noted(&notes), 1); /* it has fired, and is ready */
    CHECK_OK(eddy_loop_run_once(loop, -1));
    CHECK_INT(noted(&notes), 12);
    CHECK_INT(eddy_loop_run_once(loop, NAN), EDDY_EINVAL);
    eddy_error_clear();
}

/* ---- G7: the virtual clock ---- */

static int hours(struct notes *order, int id, double seconds)
{
    for (int i = 0; i < 3; i++) {
        eddy_try(eddy_sleep(seconds));
        note(order, id);
    }
    return 0;
}
EDDY_CORO(hours, struct notes *, int, double)

static int sleep_for_hours(struct notes *order)
{
    eddy_auto(eddy_task) *a = eddy_try(eddy_create_task(hours_coro(order, 1, 3600)));
    eddy_auto(eddy_task) *b = eddy_try(eddy_create_task(hours_coro(order, 2, 1800)));
    eddy_auto(eddy_task) *c = eddy_try(eddy_create_task(hours_coro(order, 3, 3600)));

    eddy_try(eddy_await(a));
    eddy_try(eddy_await(b));
    eddy_try(eddy_await(c));
    CHECK_NEAR(eddy_time(), 3 * 3600, 1e-9);
    return 0;
}
EDDY_CORO(sleep_for_hours, struct notes *)

TEST_PLAIN(turn_G7_hours_take_milliseconds_and_the_order_is_the_same)
{
    int64_t began = eddy__clock_now();

    for (int i = 0; i < 5; i++) {
        struct notes order = {0};

        unsetenv("EDDY_SEED");
        CHECK_OK(eddy_run(sleep_for_hours_coro(&order), .clock = EDDY_CLOCK_VIRTUAL));
        CHECK_INT(noted(&order), 213221313);
    }
    CHECK(eddy__clock_now() - began < 2 * NS_PER_SECOND);
}

TEST_PLAIN(turn_G7_environment_chooses_the_clock)
{
    struct notes order = {0};

    setenv("EDDY_CLOCK", "virtual", 1);
    CHECK_OK(eddy_run(sleep_for_hours_coro(&order)));
    CHECK_INT(order.n, 9);
}

TEST(turn_G7_time_stands_while_something_is_ready)
{
    double began = eddy_time();

    for (int i = 0; i < 1000; i++)
        CHECK_OK(eddy_sleep(0));
    CHECK_NEAR(eddy_time(), began, 0);
    CHECK_OK(eddy_sleep(1.5));
    CHECK_NEAR(eddy_time(), began + 1.5, 1e-9);
}

/* ---- G7: seeds ---- */

enum { MANY = 9 };

static int ids(struct notes *order, int id)
{
    note(order, id);
    eddy_try(eddy_sleep(0));
    note(order, id);
    return 0;
}
EDDY_CORO(ids, struct notes *, int)

static int many(struct notes *order)
{
    eddy_task *tasks[MANY];

    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(ids_coro(order, i));
    for (int i = 0; i < MANY; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    return 0;
}
EDDY_CORO(many, struct notes *)

static void run_seeded(unsigned long seed, struct notes *order)
{
    *order = (struct notes){0};
    CHECK_OK(eddy_run(many_coro(order), .clock = EDDY_CLOCK_VIRTUAL, .seed = seed));
}

/* Everybody runs, once a turn, whatever the order. */
static void check_complete(const struct notes *order)
{
    int seen[MANY] = {0};

    CHECK_INT(order->n, 2 * MANY);
    for (int i = 0; i < order->n; i++)
        seen[order->list[i]]++;
    for (int i = 0; i < MANY; i++)
        CHECK_INT(seen[i], 2);
}

TEST_PLAIN(turn_G7_seed_shuffles_and_replays)
{
    struct notes order[4];

    unsetenv("EDDY_SEED");
    run_seeded(0, &order[0]);
    run_seeded(7, &order[1]);
    run_seeded(7, &order[2]);
    run_seeded(8, &order[3]);
    for (int i = 0; i < 2 * MANY; i++)
        CHECK_INT(order[0].list[i], i % MANY);
    for (int i = 0; i < 4; i++)
        check_complete(&order[i]);
    CHECK_MEM(order[2].list, order[1].list, sizeof order[1].list);
    CHECK(memcmp(order[0].list, order[1].list, sizeof order[0].list) != 0);
    CHECK(memcmp(order[3].list, order[1].list, sizeof order[0].list) != 0);
}

TEST_PLAIN(turn_G7_seed_of_the_environment_is_that_of_the_option)
{
    struct notes option, environment, overruled;

    setenv("EDDY_SEED", "18446744073709551557", 1); /* more than a double holds */
    run_seeded(0, &environment);
    run_seeded(7, &overruled);
    unsetenv("EDDY_SEED");
    run_seeded(18446744073709551557UL, &option);
    CHECK_MEM(environment.list, option.list, sizeof option.list);
    run_seeded(7, &option);
    CHECK_MEM(overruled.list, option.list, sizeof option.list);
}

/* The order of callbacks is promised (G1), so no seed touches it. */
TEST_PLAIN(turn_G7_seed_leaves_callbacks_in_order)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL, .seed = 5);

    for (int i = 1; i <= 9; i++)
        eddy_loop_call_soon(loop, digit, as_arg(i));
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(noted(&notes), 123456789);
}

/* ---- the poll hook ---- */

static double allowed = INFINITY;
static int hooked;

static double hook(eddy_loop *loop, void *arg)
{
    CHECK_PTR(arg, &hooked);
    CHECK_PTR(loop, the_loop);
    hooked++;
    return allowed;
}

TEST_PLAIN(turn_poll_hook_shortens_the_wait)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_set_poll_hook(loop, hook, &hooked);
    eddy_loop_call_later(loop, 10, digit, as_arg(1));
    allowed = 3;
    CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK_NEAR(eddy_loop_time(loop), 3, 0);
    allowed = INFINITY;
    CHECK_OK(eddy_loop_run_once(loop, INFINITY));
    CHECK_NEAR(eddy_loop_time(loop), 10, 0);
    allowed = -1;
    CHECK_OK(eddy_loop_run_once(loop, 5));
    CHECK_NEAR(eddy_loop_time(loop), 10, 0);
    allowed = NAN; /* nonsense does not make the loop wait */
    CHECK_OK(eddy_loop_run_once(loop, 5));
    CHECK_NEAR(eddy_loop_time(loop), 10, 0);
    CHECK_INT(hooked, 4);
    eddy_loop_set_poll_hook(loop, NULL, NULL);
    CHECK_OK(eddy_loop_run_once(loop, 5));
    CHECK_NEAR(eddy_loop_time(loop), 15, 0);
    CHECK_INT(hooked, 4);
}

static double ask_in_hook(eddy_loop *loop, void *arg)
{
    (void)arg;
    if (notes.n == 0)
        eddy_loop_call_soon(loop, digit, as_arg(1));
    return INFINITY;
}

/* What the hook asks for is not waited over. */
TEST_PLAIN(turn_poll_hook_may_ask_for_calls)
{
    eddy_auto(eddy_loop) *loop = open_virtual();

    eddy_loop_set_poll_hook(loop, ask_in_hook, NULL);
    CHECK_OK(eddy_loop_run_once(loop, 1000));
    CHECK_OK(eddy_loop_run_once(loop, 0));
    CHECK_INT(noted(&notes), 1);
    CHECK_NEAR(eddy_loop_time(loop), 0, 0);
}

/* ---- slow steps ---- */

static struct reports reports;

static int dawdle(int microseconds)
{
    usleep((useconds_t)microseconds);
    eddy_try(eddy_sleep(0));
    return 0;
}
EDDY_CORO(dawdle, int)

static int dawdling_call(void *arg)
{
    (void)arg;
    usleep(5000);
    return 0;
}

static void run_slowly(void)
{
    eddy_auto(eddy_task) *slow = eddy_create_task(dawdle_coro(5000), .name = "snail");
    eddy_auto(eddy_task) *quick = eddy_create_task(dawdle_coro(0), .name = "hare");

    CHECK_OK(eddy_await(slow));
    CHECK_OK(eddy_await(quick));
}

TEST(turn_slow_step_is_reported_in_debug_mode_with_its_task)
{
    eddy_loop *loop = eddy_loop_running();

    reports_listen(&reports);
    eddy_loop_set_debug(loop, false);
    eddy_loop_set_slow_callback_duration(loop, 0.004);
    run_slowly();
    CHECK_INT(reports.count, 0);
    eddy_loop_set_debug(loop, true);
    CHECK(eddy_loop_debug(loop));
    CHECK_OK(eddy_sleep(0));
    reports.count = 0;
    run_slowly();
    CHECK(reports.count >= 1); /* a busy machine may make others slow */
    if (!test_is_watched() && reports.count == 1) {
        CHECK_CONTAINS(reports.task, "'snail' (dawdle), started at test_turn.c:");
        CHECK_CONTAINS(reports.message, "a step took 0.0");
        CHECK_CONTAINS(reports.message, "longer than 0.004 s");
    }
    eddy_loop_set_slow_callback_duration(loop, 3600);
    reports.count = 0;
    run_slowly();
    CHECK_INT(reports.count, 0);
}

TEST(turn_slow_callback_is_reported)
{
    eddy_loop *loop = eddy_loop_running();

    eddy_loop_set_debug(loop, true);
    eddy_loop_set_slow_callback_duration(loop, 0.004);
    CHECK_OK(eddy_sleep(0));
    reports_listen(&reports);
    eddy_loop_call_soon(loop, dawdling_call, NULL);
    CHECK_OK(eddy_sleep(0));
    CHECK(reports.count >= 1);
}

/* A step whose beginning was not measured is not measured. */
TEST(turn_debug_mode_may_be_switched_within_a_step)
{
    eddy_loop *loop = eddy_loop_running();

    reports_listen(&reports);
    eddy_loop_set_slow_callback_duration(loop, 60);
    for (int i = 0; i < 3; i++) {
        eddy_loop_set_debug(loop, true);
        CHECK_OK(eddy_sleep(0));
        eddy_loop_set_debug(loop, false);
        CHECK_OK(eddy_sleep(0));
    }
    CHECK_INT(reports.count, 0);
}

static int handler_status;

static void suspend_in_handler(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)arg;
    if (strstr(report->message, "a step took"))
        handler_status = eddy_sleep(1);
}

/* X8: the task has stepped aside when its slowness is told, so nobody can suspend there. */
TEST(turn_X8_handler_of_a_slow_step_cannot_suspend)
{
    eddy_loop *loop = eddy_loop_running();

    eddy_loop_set_exception_handler(loop, suspend_in_handler, NULL);
    eddy_loop_set_debug(loop, true);
    eddy_loop_set_slow_callback_duration(loop, 0.002);
    CHECK_OK(eddy_sleep(0));
    run_slowly();
    CHECK_INT(handler_status, EDDY_ENOTASK);
}

TEST_PLAIN(turn_G7_the_virtual_clock_stands_at_its_end)
{
    eddy_auto(eddy_loop) *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);
    double before = 0;

    for (int i = 0; i < 5; i++) {
        CHECK_OK(eddy_loop_run_once(loop, 4e9));
        CHECK(eddy_loop_time(loop) >= before);
        before = eddy_loop_time(loop);
    }
    CHECK_NEAR(before, 9223372036.8, 1);
}
