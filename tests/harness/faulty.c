/* faulty.c - tests that must fail, each in its own way; run by tests/harness/run.
 *
 * Linked without the library: what the harness asks of the loop is mocked at the end.
 */
#include "test.h"

#include "base/alloc.h"
#include "base/fault.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

TEST_PLAIN(good)
{
    CHECK(true);
    CHECK_INT(-3, -3);
    CHECK_STR(NULL, NULL);
    CHECK_NEAR(1.0, 1.05, 0.1);
    CHECK_MEM("abc", "abd", 2);
    CHECK_INT(CHECK_OK(7), 7);
}

TEST_PLAIN(bad_condition)
{
    CHECK(1 > 2);
}

TEST_PLAIN(bad_int)
{
    CHECK_INT(1 + 1, 3);
}

TEST_PLAIN(bad_str)
{
    CHECK_STR("left", "right");
}

TEST_PLAIN(bad_near)
{
    CHECK_NEAR(1.0, 2.0, 0.5);
}

TEST_PLAIN(bad_mem)
{
    CHECK_MEM("abc", "abd", 3);
}

TEST_PLAIN(bad_ok)
{
    CHECK_OK(-22);
}

TEST_PLAIN(bad_crash)
{
    raise(SIGSEGV);
}

TEST_PLAIN(bad_exit)
{
    _exit(5);
}

TEST_PLAIN(bad_endless)
{
    for (;;)
        pause();
}

TEST_PLAIN(leaves_allocation)
{
    static void *kept;

    kept = eddy_alloc(100);
    CHECK(kept != NULL);
}

TEST_PLAIN(leaves_descriptor)
{
    CHECK(open("/dev/null", O_RDONLY | O_CLOEXEC) >= 0);
}

TEST_PLAIN(closes_foreign_descriptor)
{
    close(0);
}

static void *wait_for_ever(void *arg)
{
    pause();
    return arg;
}

TEST_PLAIN(leaves_thread)
{
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, wait_for_ever, NULL), 0);
}

/* Every other page may be written, so that the kernel cannot merge them. */
TEST_PLAIN(leaves_mappings)
{
    for (int i = 0; i < 40; i++) {
        int protection = i % 2 ? PROT_READ : PROT_READ | PROT_WRITE;
        CHECK(mmap(NULL, 4096, protection, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED);
    }
}

TEST_PLAIN(skipped)
{
    SKIP("no such thing here");
}

static int abort_with_word(void *arg)
{
    fputs(arg, stderr);
    abort();
}

TEST_PLAIN(good_child)
{
    char word[] = "last words", output[64];
    int status = test_child(abort_with_word, word, output, sizeof output);

    CHECK(WIFSIGNALED(status));
    CHECK_INT(WTERMSIG(status), SIGABRT);
    CHECK_STR(output, "last words");
    CHECK(WIFSIGNALED(test_child(abort_with_word, word, NULL, 0)));
}

/* ---- scenarios: two allocations, one system call, two suspensions -------------------------- */

static long suspensions, cancel_at;

long eddy__suspend_count(void);
void eddy__cancel_at(long n);

long eddy__suspend_count(void)
{
    return suspensions;
}

void eddy__cancel_at(long n)
{
    cancel_at = n > 0 ? suspensions + n : 0;
}

int eddy_run_with(eddy_coro coro, const eddy_run_opts *opts)
{
    (void)opts;
    return coro.run(coro.args);
}

static int suspend(void)
{
    return ++suspensions == cancel_at ? -ECANCELED : 0;
}

/* The forgetful one leaks when its second allocation, its system call or its second suspension
 * fails. */
static int scenario(bool forgetful)
{
    void *a = eddy_alloc(10);
    if (!a)
        return -ENOMEM;
    int r = suspend();
    if (r < 0) {
        eddy_free(a);
        return r;
    }
    void *b = eddy_alloc(10);
    r = !b ? -ENOMEM : eddy__fault() ? -EIO : suspend();
    if (r < 0 && forgetful)
        return r;
    eddy_free(a);
    eddy_free(b);
    return r;
}
EDDY_CORO(scenario, bool)

TEST(good_task)
{
    CHECK_INT(scenario(false), 0);
}

TORTURE(good_torture)
{
    return scenario(false);
}

TORTURE(bad_torture)
{
    return scenario(true);
}

TORTURE(bad_status)
{
    return -EINVAL;
}

SWEEP(good_sweep)
{
    return scenario(false);
}

SWEEP(bad_sweep)
{
    return scenario(true);
}

TEST_PLAIN(good_sweep_of_coro)
{
    sweep_cancellation(scenario_coro(false));
}

TEST_PLAIN(bad_sweep_of_coro)
{
    sweep_cancellation(scenario_coro(true));
}
