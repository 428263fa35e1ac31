/* test_to_loop.c - M4, M5: waiting for a coroutine that runs in another loop. */
#include "reports.h"

#include "base/alloc.h"
#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { LOOPS = 4 };

/* The other loop of a pair, from loop 0; the others' mains return at once. */
static eddy_loop *other(void)
{
    return eddy_loop_at(1);
}

/* Runs the body in loop 0 of two. */
typedef int body(void);

static int pair_main(body *fn)
{
    return eddy_loop_index() == 0 ? fn() : 0;
}
EDDY_CORO(pair_main, body *)

static int run_pair(body *fn)
{
    return eddy_run(pair_main_coro(fn), .loops = 2);
}

/* ---- M4: results and failures ---- */

static int adds(eddy_loop *where, int a, int *b)
{
    CHECK_PTR(eddy_loop_running(), where);
    eddy_try(eddy_sleep(0.001));
    *b += a; /* the caller's: it waits */
    return a;
}
EDDY_CORO(adds, eddy_loop *, int, int *)

static int gets_results(void)
{
    int sum = 0;

    CHECK_INT(eddy_to_loop(other(), adds_coro(other(), 3, &sum)), 3);
    CHECK_INT(sum, 3);
    eddy_loop *own = eddy_loop_running();
    CHECK_INT(eddy_to_loop(own, adds_coro(own, 4, &sum)), 4);
    CHECK_INT(sum, 7);
    return 0;
}

TEST_PLAIN(M4_result_comes_back)
{
    CHECK_INT(run_pair(gets_results), 0);
}

static int spoils(void)
{
    eddy_try(eddy_sleep(0.001));
    return eddy_raise(EDDY_EUSER - 2, "spoilt %s", "milk");
}
EDDY_CORO(spoils)

static int awaits_spoils(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(spoils_coro(), .name = "inner"));

    return eddy_await(task);
}
EDDY_CORO(awaits_spoils)

static int gets_failure(void)
{
    eddy_task_set_name(eddy_current_task(), "caller");
    CHECK_INT(eddy_to_loop(other(), awaits_spoils_coro()), EDDY_EUSER - 2);
    CHECK_STR(last_message(), "spoilt milk");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "spoils");
    CHECK_CONTAINS(last_text(), " in task inner\n");
    CHECK_CONTAINS(last_text(), "(awaits_spoils)\n");
    CHECK_CONTAINS(last_text(), "  awaited by task caller\n");
    return 0;
}

TEST_PLAIN(M4_failure_comes_with_its_record)
{
    CHECK_INT(run_pair(gets_failure), 0);
}

static int gets_several_failures(void)
{
    CHECK_INT(eddy_to_loop(other(), returns_coro(EDDY_ENOSPC)), EDDY_ENOSPC);
    CHECK_STR(last_message(), eddy_status_message(EDDY_ENOSPC));
    CHECK_INT(eddy_to_loop(NULL, returns_coro(0)), EDDY_EINVAL);
    return eddy_gather(spoils_coro(), spoils_coro());
}
EDDY_CORO(gets_several_failures)

static int gathers_there(void)
{
    CHECK_INT(eddy_to_loop(other(), gets_several_failures_coro()), EDDY_EUSER - 2);
    CHECK_INT(failures(eddy_last_error()), 2);
    return 0;
}

TEST_PLAIN(M4_C3_all_failures_come_along)
{
    CHECK_INT(run_pair(gathers_there), 0);
}

static int calls_outside(void *arg)
{
    CHECK_INT(eddy_to_loop(arg, returns_coro(0)), EDDY_ENOTASK);
    return 0;
}

TEST(X8_to_loop_outside_a_task)
{
    eddy_loop_call_soon(eddy_loop_running(), calls_outside, eddy_loop_running());
    CHECK_OK(eddy_sleep(1));
}

/* ---- M5: cancellation ---- */

static atomic_int begun, ended;

/* Cancelled before that, the coroutine would not run (A1). */
static int wait_until_begun(int n)
{
    while (atomic_load(&begun) < n)
        eddy_try(eddy_sleep(0.001));
    return 0;
}

static int takes_its_time(int status)
{
    atomic_fetch_add(&begun, 1);
    int r = eddy_sleep(1000);

    CHECK_INT(r, EDDY_ECANCELED);
    eddy_shield(INFINITY)
        CHECK_OK(eddy_sleep(0.02));
    atomic_fetch_add(&ended, 1);
    return status ? status : r;
}
EDDY_CORO(takes_its_time, int)

static int calls(eddy_loop *loop, int status)
{
    return eddy_to_loop(loop, takes_its_time_coro(status));
}
EDDY_CORO(calls, eddy_loop *, int)

static int cancels_caller(void)
{
    for (int i = 0; i < 3; i++) {
        static const int statuses[] = {0, 5, EDDY_EUSER};
        eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(calls_coro(other(), statuses[i])));

        eddy_try(wait_until_begun(i + 1));
        eddy_cancel(task, .reason = "enough");
        int r = eddy_await(task);
        CHECK_INT(ended, i + 1);
        CHECK_INT(r, i == 0 ? EDDY_ECANCELED : statuses[i]); /* D1, as with eddy_await */
    }
    return 0;
}

TEST_PLAIN(M5_cancelled_caller_returns_after_the_end)
{
    CHECK_INT(run_pair(cancels_caller), 0);
}

static int calls_until(eddy_scope *limit)
{
    int r = 0;

    eddy_timeout_as(*limit, INFINITY)
        r = eddy_to_loop(other(), takes_its_time_coro(0));
    return r;
}
EDDY_CORO(calls_until, eddy_scope *)

static int is_late(void)
{
    eddy_scope limit;
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(calls_until_coro(&limit)));

    eddy_try(wait_until_begun(1));
    CHECK_INT(eddy_scope_reschedule(&limit, 0.001), 0);
    CHECK_INT(eddy_await(task), EDDY_ETIMEDOUT);
    CHECK_INT(ended, 1);
    return 0;
}

TEST_PLAIN(M5_deadline_cancels_what_is_awaited)
{
    CHECK_INT(run_pair(is_late), 0);
}

static int never_runs(void)
{
    CHECK(!"was cancelled before its first step");
    return 0;
}
EDDY_CORO(never_runs)

static atomic_bool blocked, may_go;

static int blocks(void)
{
    atomic_store(&blocked, true);
    while (!atomic_load(&may_go))
        usleep(100);
    return 0;
}
EDDY_CORO(blocks)

static int calls_never_runs(void)
{
    return eddy_to_loop(other(), never_runs_coro());
}
EDDY_CORO(calls_never_runs)

static int cancels_at_once(void)
{
    eddy_auto(eddy_remote) *blocker = eddy_run_threadsafe(other(), blocks_coro());
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(calls_never_runs_coro()));

    while (!atomic_load(&blocked))
        usleep(100);
    eddy_try(eddy_sleep(0)); /* it calls */
    eddy_cancel(task);
    atomic_store(&may_go, true);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    return 0;
}

TEST_PLAIN(M5_A1_cancelled_before_it_began)
{
    CHECK_INT(run_pair(cancels_at_once), 0);
}

/* It takes back one request, and is cancelled again with its caller. */
static int takes_one_back(void)
{
    atomic_fetch_add(&begun, 1);
    CHECK_INT(eddy_sleep(1000), EDDY_ECANCELED);
    CHECK_INT(eddy_uncancel(), 0);
    atomic_fetch_add(&ended, 1);
    return eddy_sleep(1000);
}
EDDY_CORO(takes_one_back)

static int calls_one_who_takes_back(void)
{
    return eddy_to_loop(other(), takes_one_back_coro());
}
EDDY_CORO(calls_one_who_takes_back)

static int cancels_again(void)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(calls_one_who_takes_back_coro()));

    eddy_try(wait_until_begun(1));
    for (int i = 0; i < 3; i++)
        eddy_cancel(task);
    while (!atomic_load(&ended))
        eddy_try(eddy_sleep(0.001));
    CHECK(!eddy_task_done(task));
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), EDDY_ECANCELED);
    return 0;
}

TEST_PLAIN(M5_cancelled_again_after_it_took_one_back)
{
    CHECK_INT(run_pair(cancels_again), 0);
}

static int cancels_itself(void)
{
    eddy_cancel(eddy_current_task());
    return eddy_sleep(1);
}
EDDY_CORO(cancels_itself)

static int awaits_one_who_ends(void)
{
    CHECK_INT(eddy_to_loop(other(), cancels_itself_coro()), EDDY_ECHILDCANCELED);
    return 0;
}

TEST_PLAIN(M5_A7_cancelled_by_somebody_else)
{
    CHECK_INT(run_pair(awaits_one_who_ends), 0);
}

/* ---- M4: loops that are alone, that close ---- */

struct lone {
    eddy_loop *loop;
    pthread_t thread;
    atomic_bool open;
};

static void *lone_main(void *arg)
{
    struct lone *lone = arg;

    lone->loop = eddy_loop_open();
    CHECK(lone->loop);
    eddy_loop_hold(lone->loop);
    atomic_store(&lone->open, true);
    CHECK_OK(eddy_loop_run_forever(lone->loop));
    eddy_loop_close(lone->loop);
    return NULL;
}

static void lone_open(struct lone *lone)
{
    *lone = (struct lone){0};
    CHECK_OK(-pthread_create(&lone->thread, NULL, lone_main, lone));
    while (!atomic_load(&lone->open))
        usleep(100);
}

static int stop(void *loop)
{
    eddy_loop_stop(loop);
    return 0;
}

static void lone_close(struct lone *lone)
{
    eddy_ignore(eddy_loop_call_soon_threadsafe(lone->loop, stop, lone->loop));
    pthread_join(lone->thread, NULL);
    eddy_loop_release(lone->loop);
}

/* Virtual time does not jump, and it is no deadlock, while the other one works. */
TEST(M4_G7_loop_of_another_thread)
{
    struct lone lone;
    int sum = 0;

    lone_open(&lone);
    eddy_timeout(1000)
        CHECK_INT(eddy_to_loop(lone.loop, adds_coro(lone.loop, 3, &sum)), 3);
    CHECK_INT(sum, 3);
    lone_close(&lone);
}

/* Its task is cancelled with the others. */
TEST_REAL(M4_call_into_a_loop_that_closes)
{
    struct lone lone;

    lone_open(&lone);
    CHECK_INT(eddy_loop_call_soon_threadsafe(lone.loop, stop, lone.loop), 0);
    int r = eddy_to_loop(lone.loop, sleeps_coro(1000));
    CHECK(r == EDDY_ECHILDCANCELED || r == EDDY_ECLOSED);
    pthread_join(lone.thread, NULL);
    CHECK_INT(eddy_to_loop(lone.loop, never_runs_coro()), EDDY_ECLOSED);
    CHECK_STR(last_message(), "Event loop is closed");
    eddy_loop_release(lone.loop);
}

/* ---- storms ---- */

static int deep(unsigned n);
EDDY_CORO(deep, unsigned)

static int deep(unsigned n)
{
    if (n == 0)
        return eddy_sleep(0);
    return eddy_to_loop(eddy_loop_at((eddy_loop_index() + n) % LOOPS), deep_coro(n - 1));
}

static int goes_deep(void)
{
    return deep(40);
}
EDDY_CORO(goes_deep)

TEST_PLAIN(M4_calls_that_call_back)
{
    CHECK_INT(eddy_run(goes_deep_coro(), .loops = LOOPS), 0);
}

static int works(unsigned n)
{
    atomic_fetch_add(&begun, 1);
    int r = eddy_sleep(1e-5 * (n % 7));
    if (r >= 0 && n % 5 == 0)
        r = eddy_to_loop(eddy_loop_at(n / 5 % LOOPS), sleeps_coro(1e-5 * (n % 3)));
    if (r >= 0 && n % 3 == 0)
        r = eddy_raise(EDDY_EUSER, "number %u", n);
    atomic_fetch_add(&ended, 1);
    return r;
}
EDDY_CORO(works, unsigned)

static int calls_often(unsigned seed)
{
    for (unsigned n = seed; n < seed + 20; n++) {
        int r = 0;

        if (n % 4)
            r = eddy_to_loop(eddy_loop_at(n % LOOPS), works_coro(n));
        else
            eddy_timeout(1e-5 * (n % 11))
                r = eddy_to_loop(eddy_loop_at(n % LOOPS), works_coro(n));
        CHECK(r == 0 || r == EDDY_EUSER || r == EDDY_ETIMEDOUT || r == EDDY_ECANCELED);
        if (r == EDDY_ECANCELED)
            return r;
    }
    return 0;
}
EDDY_CORO(calls_often, unsigned)

static int storms(void)
{
    enum { TASKS = 24 };
    eddy_task *tasks[TASKS];

    for (unsigned i = 0; i < TASKS; i++)
        tasks[i] = eddy_try(eddy_create_task(calls_often_coro(100 * eddy_loop_index() + 7 * i)));
    eddy_try(eddy_sleep(0.002));
    for (unsigned i = 0; i < TASKS; i += 3)
        eddy_cancel(tasks[i]);
    for (unsigned i = 0; i < TASKS; i++) {
        if (i % 3)
            eddy_ignore(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    return 0;
}
EDDY_CORO(storms)

TEST_PLAIN(M4_X4_storm_of_calls_and_cancellations)
{
    CHECK_INT(eddy_run(storms_coro(), .loops = LOOPS), 0);
    CHECK_INT(ended, begun);
}

/* All ends while calls are under way, in all directions. */
static int calls_until_cancelled(void)
{
    int r;

    do
        r = eddy_to_loop(eddy_loop_at((eddy_loop_index() + 1) % LOOPS), works_coro(1));
    while (r >= 0);
    return r;
}
EDDY_CORO(calls_until_cancelled)

static int leaves_callers(void)
{
    for (int i = 0; i < 20; i++)
        eddy_detach(eddy_try(eddy_create_task(calls_until_cancelled_coro())));
    return eddy_sleep(0.005 + 0.001 * eddy_loop_index());
}
EDDY_CORO(leaves_callers)

static int run_leaves_callers(void *arg)
{
    (void)arg;
    for (int i = 0; i < 5; i++)
        CHECK_INT(eddy_run(leaves_callers_coro(), .loops = LOOPS), 0);
    CHECK_INT(ended, begun);
    return 0;
}

TEST_PLAIN(M5_all_ends_while_calls_are_under_way)
{
    CHECK_INT(test_child(run_leaves_callers, NULL, NULL, 0), 0);
}

/* ---- each suspension, each failure ---- */

static int calls_itself(void)
{
    int sum = 0;
    eddy_loop *own = eddy_loop_running();
    int r = eddy_to_loop(own, adds_coro(own, 3, &sum));

    if (r >= 0)
        CHECK_INT(sum, 3);
    return r;
}

SWEEP(M5_sweep_of_a_call)
{
    eddy_try(calls_itself());
    return calls_itself();
}

TORTURE(to_loop_without_memory)
{
    return calls_itself();
}
