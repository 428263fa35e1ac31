/* Signals: iterators, handlers, what is restored. */
#include "closing.h"
#include "process/children.h"

#include <pthread.h>
#include <stdatomic.h>

static bool is_blocked(int number)
{
    sigset_t mask;

    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    return sigismember(&mask, number) > 0;
}

static void (*disposition(int number))(int)
{
    struct sigaction action;

    sigaction(number, NULL, &action);
    return action.sa_handler;
}

static void send_self(int number)
{
    CHECK_INT(kill(getpid(), number), 0);
}

static int signals_after(double seconds, int number)
{
    eddy_try(eddy_sleep(seconds));
    send_self(number);
    return 0;
}
EDDY_CORO(signals_after, double, int)

/* ---- iterators ---- */

TEST(P2_signals_come_as_numbers)
{
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1, SIGUSR2, SIGTERM);

    CHECK(signals != NULL);
    send_self(SIGUSR2);
    CHECK_INT(eddy_signal_next(signals), SIGUSR2);
    eddy_auto(eddy_task) *task = eddy_create_task(signals_after_coro(0.01, SIGTERM));
    CHECK_INT(eddy_signal_next(signals), SIGTERM);
    int r = 0;
    eddy_timeout(0.01)
        r = eddy_signal_next(signals);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    raise(SIGUSR1); /* of this thread alone */
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
}

TEST(P2_equal_signals_coalesce)
{
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1, SIGUSR2, SIGRTMIN);

    for (int i = 0; i < 3; i++) {
        send_self(SIGUSR1);
        send_self(SIGRTMIN);
        CHECK_INT(eddy_sleep(0.001), 0);
    }
    send_self(SIGUSR2);
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
    CHECK_INT(eddy_signal_next(signals), SIGRTMIN);
    CHECK_INT(eddy_signal_next(signals), SIGUSR2);
    int r = 0;
    eddy_timeout(0.001)
        r = eddy_signal_next(signals);
    CHECK_INT(r, EDDY_ETIMEDOUT);
}

static int takes(eddy_signal *signals, int *number)
{
    *number = eddy_signal_next(signals);
    return 0;
}
EDDY_CORO(takes, eddy_signal *, int *)

TEST(signal_reaches_all_who_ask_in_the_loop)
{
    int numbers[3] = {0};
    eddy_auto(eddy_signal) *a = eddy_signal_open(SIGUSR1);
    eddy_auto(eddy_signal) *b = eddy_signal_open(SIGUSR1, SIGUSR2);

    eddy_auto(eddy_task) *first = eddy_create_task(takes_coro(a, &numbers[0]));
    eddy_auto(eddy_task) *second = eddy_create_task(takes_coro(a, &numbers[1]));
    eddy_auto(eddy_task) *other = eddy_create_task(takes_coro(b, &numbers[2]));
    CHECK_INT(eddy_sleep(0.001), 0);
    send_self(SIGUSR1);
    CHECK_INT(eddy_await(first), 0);
    CHECK_INT(eddy_await(other), 0);
    CHECK_INT(numbers[0], SIGUSR1);
    CHECK_INT(numbers[1], 0);
    CHECK_INT(numbers[2], SIGUSR1);
    send_self(SIGUSR1);
    CHECK_INT(eddy_await(second), 0);
    CHECK_INT(numbers[1], SIGUSR1);
}

TEST(signal_closed_under_its_waiter)
{
    int number = 0;
    eddy_signal *signals = eddy_signal_open(SIGUSR1);

    eddy_auto(eddy_task) *task = eddy_create_task(takes_coro(signals, &number));
    CHECK_INT(eddy_sleep(0.001), 0);
    eddy_signal_close(signals);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(number, EDDY_ECLOSED);
    eddy_signal_close(NULL);
}

/* ---- P2: what was before comes back ---- */

static volatile sig_atomic_t seen;

static void note_signal(int number)
{
    seen = number;
}

TEST(P2_disposition_and_mask_are_restored)
{
    signal(SIGUSR1, note_signal);
    signal(SIGUSR2, SIG_IGN);
    sigset_t held;
    sigemptyset(&held);
    sigaddset(&held, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &held, NULL);

    eddy_signal *a = eddy_signal_open(SIGUSR1, SIGUSR2, SIGHUP);
    eddy_signal *b = eddy_signal_open(SIGUSR1, SIGHUP);
    CHECK(is_blocked(SIGUSR1) && is_blocked(SIGUSR2) && is_blocked(SIGHUP));
    send_self(SIGUSR2); /* ignored before, seen now */
    CHECK_INT(eddy_signal_next(a), SIGUSR2);
    eddy_signal_close(a);
    CHECK(is_blocked(SIGUSR1) && is_blocked(SIGHUP));
    send_self(SIGUSR1);
    CHECK_INT(eddy_signal_next(b), SIGUSR1);
    CHECK_INT(seen, 0);
    eddy_signal_close(b);
    CHECK(!is_blocked(SIGUSR1) && is_blocked(SIGUSR2) && !is_blocked(SIGHUP));
    CHECK(disposition(SIGUSR1) == note_signal);
    CHECK(disposition(SIGUSR2) == SIG_IGN);
    CHECK(disposition(SIGHUP) == SIG_DFL);
    send_self(SIGUSR1);
    CHECK_INT(seen, SIGUSR1);
}

TEST(P2_pending_signal_does_what_it_did_before)
{
    signal(SIGUSR1, note_signal);
    eddy_signal *signals = eddy_signal_open(SIGUSR1);

    send_self(SIGUSR1);
    CHECK_INT(seen, 0);
    eddy_signal_close(signals);
    CHECK_INT(seen, SIGUSR1);
}

TEST(P2_handler_set_meanwhile_stays)
{
    eddy_signal *signals = eddy_signal_open(SIGUSR1);

    signal(SIGUSR1, note_signal);
    eddy_signal_close(signals);
    CHECK(disposition(SIGUSR1) == note_signal);
}

TEST(P2_some_are_refused)
{
    const int refused[] = {SIGKILL, SIGSTOP, SIGSEGV, SIGBUS, 0, -1, 32, 65, 1000};

    for (size_t i = 0; i < sizeof refused / sizeof refused[0]; i++) {
        CHECK_PTR(eddy_signal_open(SIGUSR1, refused[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_PTR(eddy_signal_open(SIGKILL), NULL);
    CHECK_STR(last_message(), "SIGKILL cannot be caught: no program ever sees it");
    CHECK_PTR(eddy_signal_open_n(NULL, 0), NULL);
    CHECK_INT(eddy_loop_add_signal_handler(eddy_loop_running(), SIGSTOP, (eddy_callback *)1, NULL),
              EDDY_EINVAL);
    CHECK_STR(last_message(), "SIGSTOP cannot be caught: no program ever sees it");
    CHECK_INT(eddy_signal_next(NULL), EDDY_EINVAL);
    CHECK(!is_blocked(SIGUSR1));
}

TEST_PLAIN(signal_outside_a_loop)
{
    CHECK_PTR(eddy_signal_open(SIGUSR1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    eddy_error_clear();
}

/* ---- threads that were there before ---- */

static void *raises_when_told(void *arg)
{
    char byte;

    if (read(*(int *)arg, &byte, 1) == 1)
        raise(SIGUSR1);
    return NULL;
}

TEST(P2_other_threads_pass_it_on)
{
    int fds[2];
    pthread_t thread;

    CHECK_INT(pipe(fds), 0);
    CHECK_INT(pthread_create(&thread, NULL, raises_when_told, &fds[0]), 0);
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1);
    CHECK_INT(write(fds[1], "x", 1), 1);
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
    pthread_join(thread, NULL);
    close(fds[0]);
    close(fds[1]);
}

struct hearer {
    pthread_t thread;
    atomic_int opened;
    int numbers[2];
};

static int hears_two(struct hearer *h)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1, SIGUSR2));

    atomic_store(&h->opened, 1);
    for (int i = 0; i < 2; i++)
        h->numbers[i] = eddy_try(eddy_signal_next(signals));
    return 0;
}
EDDY_CORO(hears_two, struct hearer *)

static void *runs_hearer(void *h)
{
    CHECK_INT(eddy_run(hears_two_coro(h)), 0);
    return NULL;
}

TEST_REAL(P2_loops_of_all_threads_get_it)
{
    struct hearer hearers[3] = {0};
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1, SIGUSR2);

    for (int i = 0; i < 3; i++) {
        CHECK_INT(pthread_create(&hearers[i].thread, NULL, runs_hearer, &hearers[i]), 0);
        while (!atomic_load(&hearers[i].opened))
            CHECK_INT(eddy_sleep(0.001), 0);
    }
    send_self(SIGUSR1);
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
    CHECK_INT(pthread_kill(hearers[1].thread, SIGUSR2), 0);
    CHECK_INT(eddy_signal_next(signals), SIGUSR2);
    for (int i = 0; i < 3; i++) {
        pthread_join(hearers[i].thread, NULL);
        CHECK_INT(hearers[i].numbers[0], SIGUSR1);
        CHECK_INT(hearers[i].numbers[1], SIGUSR2);
    }
    int r = 0;
    eddy_timeout(0.05)
        r = eddy_signal_next(signals); /* nothing goes round in circles */
    CHECK_INT(r, EDDY_ETIMEDOUT);
}

static int is_busy_and_closes(atomic_int *step)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));

    atomic_store(step, 1);
    while (atomic_load(step) < 2) /* the loop takes nothing meanwhile */
        usleep(1000);
    return 0;
}
EDDY_CORO(is_busy_and_closes, atomic_int *)

static void *runs_busy_one(void *step)
{
    CHECK_INT(eddy_run(is_busy_and_closes_coro(step)), 0);
    return NULL;
}

/* What was sent on to a loop that asks no more does not come back as another signal. */
TEST_REAL(P2_loop_that_leaves_without_taking_it)
{
    atomic_int step = 0;
    pthread_t thread;
    int r = 0;

    signal(SIGUSR1, note_signal);
    CHECK_INT(pthread_create(&thread, NULL, runs_busy_one, &step), 0);
    while (!atomic_load(&step))
        CHECK_INT(eddy_sleep(0.001), 0);
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1);
    send_self(SIGUSR1);
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
    atomic_store(&step, 2);
    pthread_join(thread, NULL);
    eddy_timeout(0.05)
        r = eddy_signal_next(signals);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_INT(seen, 0);
}

static int is_busy_and_hears(atomic_int *step)
{
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));

    atomic_store(step, 1);
    while (atomic_load(step) < 2)
        usleep(1000);
    return eddy_signal_next(signals);
}
EDDY_CORO(is_busy_and_hears, atomic_int *)

static void *hears_busily(void *step)
{
    CHECK_INT(eddy_run(is_busy_and_hears_coro(step)), SIGUSR1);
    return NULL;
}

/* In a thread that has not yet taken what another loop has sent on to it, one that was passed to it
 * is merged with that; the other loop hears of it all the same. */
static void hears_what_was_merged(void *(*busy_thread)(void *))
{
    atomic_int step = 0;
    int fds[2], r = 0;
    pthread_t bystander, busy;

    CHECK_INT(pipe(fds), 0);
    CHECK_INT(pthread_create(&bystander, NULL, raises_when_told, &fds[0]), 0);
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGUSR1);
    CHECK_INT(pthread_create(&busy, NULL, busy_thread, &step), 0);
    while (!atomic_load(&step))
        CHECK_INT(eddy_sleep(0.001), 0);
    raise(SIGUSR1);
    CHECK_INT(eddy_signal_next(signals), SIGUSR1);
    CHECK_INT(write(fds[1], "x", 1), 1);
    pthread_join(bystander, NULL);
    atomic_store(&step, 2);
    eddy_timeout(10)
        r = eddy_signal_next(signals);
    CHECK_INT(r, SIGUSR1);
    pthread_join(busy, NULL);
    close(fds[0]);
    close(fds[1]);
}

TEST_REAL(P2_merged_signal_reaches_all_loops)
{
    hears_what_was_merged(hears_busily);
}

TEST_REAL(P2_merged_signal_of_a_loop_that_leaves)
{
    hears_what_was_merged(runs_busy_one);
}

/* The child of a fork is killed by what its parent has made an event. */
TEST(P2_fork_restores)
{
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGTERM);
    int status;
    pid_t pid = fork();

    if (pid == 0) {
        raise(SIGTERM);
        _exit(0);
    }
    CHECK_INT(waitpid(pid, &status, 0), pid);
    CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGTERM);
    send_self(SIGTERM);
    CHECK_INT(eddy_signal_next(signals), SIGTERM);
}

TEST(P2_child_process_has_no_signal_blocked)
{
    needs_pidfd();
    eddy_auto(eddy_signal) *signals = eddy_signal_open(SIGTERM);
    int status = 0;

    eddy_auto(eddy_process) *p = eddy_process_open(((const char *const[]){"sleep", "100", NULL}));
    CHECK_INT(eddy_process_terminate(p), 0);
    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, -SIGTERM);
}

/* ---- handlers ---- */

static int sets_event(void *event)
{
    eddy_event_set(event);
    return 0;
}

/* Waiting for what a handler does is no deadlock. */
TEST(P2_handler_is_called_in_the_loop)
{
    eddy_event stop = {0};
    eddy_loop *loop = eddy_loop_running();

    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGTERM, sets_event, &stop), 0);
    CHECK(is_blocked(SIGTERM));
    eddy_auto(eddy_task) *task = eddy_create_task(signals_after_coro(0.01, SIGTERM));
    CHECK_INT(eddy_event_wait(&stop), 0);
    CHECK(eddy_loop_remove_signal_handler(loop, SIGTERM));
    CHECK(!eddy_loop_remove_signal_handler(loop, SIGTERM));
    CHECK(!is_blocked(SIGTERM));
    CHECK(disposition(SIGTERM) == SIG_DFL);
}

static int counts(void *arg)
{
    ++*(int *)arg;
    return 0;
}

static int removes_itself(void *arg)
{
    ++*(int *)arg;
    CHECK(eddy_loop_remove_signal_handler(eddy_loop_running(), SIGUSR1));
    return eddy_raise(EDDY_EIO, "the disk is full");
}

TEST(handler_replaced_removed_and_failing)
{
    static struct reports reports;
    eddy_loop *loop = eddy_loop_running();
    int first = 0, second = 0;

    reports_listen(&reports);
    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGUSR1, counts, &first), 0);
    send_self(SIGUSR1);
    CHECK_INT(eddy_sleep(0.01), 0);
    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGUSR1, removes_itself, &second), 0);
    send_self(SIGUSR1);
    CHECK_INT(eddy_sleep(0.01), 0);
    CHECK_INT(first, 1);
    CHECK_INT(second, 1);
    CHECK_INT(reports.count, 1);
    CHECK_INT(reports.status, EDDY_EIO);
    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGUSR1, NULL, NULL), EDDY_EINVAL);
}

/* They go with the loop; the census would find what is left. */
TEST(P2_handlers_go_with_the_loop)
{
    static int count;

    CHECK_INT(eddy_loop_add_signal_handler(eddy_loop_running(), SIGUSR1, counts, &count), 0);
    CHECK_INT(eddy_sleep(0.001), 0);
    CHECK_INT(eddy_loop_add_signal_handler(eddy_loop_running(), SIGUSR2, counts, &count), 0);
}

TEST_PLAIN(P2_handlers_of_a_loop_that_never_ran)
{
    int count = 0;
    eddy_loop *loop = eddy_loop_open();

    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGUSR1, counts, &count), 0);
    CHECK(is_blocked(SIGUSR1));
    eddy_loop_close(loop);
    CHECK(!is_blocked(SIGUSR1));
    CHECK(disposition(SIGUSR1) == SIG_DFL);

    loop = eddy_loop_open();
    CHECK_INT(eddy_loop_add_signal_handler(loop, SIGUSR1, counts, &count), 0);
    send_self(SIGUSR1);
    for (int i = 0; i < 100 && !count; i++)
        CHECK_INT(eddy_loop_run_once(loop, 0.01), 0);
    CHECK_INT(count, 1);
    eddy_loop_close(loop);
}

/* Cancelling whatever there is does not take the handlers away. */
TEST(handler_survives_those_who_cancel_everything)
{
    int count = 0;
    eddy_task *all[8];

    CHECK_INT(eddy_loop_add_signal_handler(eddy_loop_running(), SIGUSR1, counts, &count), 0);
    CHECK_INT(eddy_sleep(0.001), 0);
    size_t n = eddy_all_tasks(all, 8);
    CHECK_INT(n, 2);
    for (size_t i = 0; i < n; i++)
        if (all[i] != eddy_current_task())
            eddy_cancel(all[i]);
    CHECK_INT(eddy_sleep(0.001), 0);
    send_self(SIGUSR1);
    CHECK_INT(eddy_sleep(0.01), 0);
    CHECK_INT(count, 1);
}

/* ---- with things going wrong ---- */

static int hears(void)
{
    eddy_event event = {0};
    eddy_loop *loop = eddy_loop_running();
    eddy_auto(eddy_signal) *signals = eddy_try(eddy_signal_open(SIGUSR1));

    eddy_try(eddy_loop_add_signal_handler(loop, SIGUSR2, sets_event, &event));
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(signals_after_coro(0.001, SIGUSR1)));
    int r = eddy_signal_next(signals);
    if (r >= 0)
        CHECK_INT(r, SIGUSR1);
    send_self(SIGUSR2);
    if (r >= 0)
        eddy_timeout(1)
            r = eddy_event_wait(&event);
    eddy_loop_remove_signal_handler(loop, SIGUSR2);
    return r;
}

SWEEP(P2_cancelled_anywhere)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    int r = hears();
    CHECK(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
    return r;
}

TORTURE(signal_with_failures)
{
    signal(SIGUSR1, SIG_IGN);
    signal(SIGUSR2, SIG_IGN);
    int r = hears();
    CHECK(!is_blocked(SIGUSR1) && !is_blocked(SIGUSR2));
    return r;
}

TEST_REAL(D6_signals_are_looked_at_before_a_yield)
{
    eddy_signal *signals = eddy_signal_open(SIGUSR1);

    raise(SIGUSR1);
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_signal_close, signals, eddy_signal_next(signals)), SIGUSR1);
    signals = eddy_signal_open(SIGUSR1);
    CHECK_INT(CLOSED_IN_THE_CALL(eddy_signal_close, signals, eddy_signal_next(signals)),
              EDDY_ECLOSED);
}
