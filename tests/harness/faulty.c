/* faulty.c - tests that must fail, each in its own way; run by tests/harness/run. */
#include "test.h"

#include "base/alloc.h"

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

    kept = eddy__alloc(100);
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
