/* test.h - how a test is written.
 *
 *     TEST(queue_get_waits_until_put)
 *     {
 *         int item = 0;
 *         ...
 *         CHECK_INT(eddy_queue_get(queue, &item), 0);
 *     }
 *
 * A test registers itself and runs in a process of its own. After it nothing may be left: no
 * allocation, descriptor, thread, mapping. Every tests/.../test_*.c is found by the build.
 */
#ifndef TEST_H
#define TEST_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

/* ---- kinds of tests ------------------------------------------------------------------------ */

/* The body is a task on the virtual clock: time jumps to the next timer when nothing can run. */
#define TEST(name) TEST_DEFINE_(name, TEST_VIRTUAL)

/* The body is a task on the real clock. */
#define TEST_REAL(name) TEST_DEFINE_(name, TEST_REAL_TIME)

/* The body is a plain function; no loop runs. */
#define TEST_PLAIN(name) TEST_DEFINE_(name, TEST_WITHOUT_LOOP)

/* A scenario: a task body on the virtual clock that returns a status. Runs once as a test; under
 * `make torture` again with the n-th allocation failing, for every n, with that and all later ones
 * failing, then with the n-th system call failing. Each run must end without crash or leak;
 * whatever its status, a failure has its record. What may fail is therefore left by eddy_try, not
 * by CHECK. */
#define TORTURE(name) TEST_SCENARIO_(name, TEST_TORTURE)

/* A scenario that is run again with its task cancelled at the n-th suspension, for every n. */
#define SWEEP(name) TEST_SCENARIO_(name, TEST_SWEEP)

/* ---- checks: print both sides with their place and end the test ----------------------------- */

#define CHECK(condition)                                                                           \
    ((condition) ? (void)0 : test_fail(__FILE__, __LINE__, "CHECK(%s)", #condition))

/* Integers of any kind, actual value first. */
#define CHECK_INT(actual, expected)                                                                \
    test_check_int(__FILE__, __LINE__, #actual ", " #expected, (long long)(actual),                \
                   (long long)(expected))

/* Strings; NULL equals NULL only. */
#define CHECK_STR(actual, expected)                                                                \
    test_check_str(__FILE__, __LINE__, #actual ", " #expected, (actual), (expected))

#define CHECK_PTR(actual, expected)                                                                \
    test_check_ptr(__FILE__, __LINE__, #actual ", " #expected, (actual), (expected))

/* Bytes: `size` of them on either side. */
#define CHECK_MEM(actual, expected, size)                                                          \
    test_check_mem(__FILE__, __LINE__, #actual ", " #expected, (actual), (expected), (size))

/* Numbers at most epsilon apart. */
#define CHECK_NEAR(actual, expected, epsilon)                                                      \
    test_check_near(__FILE__, __LINE__, #actual ", " #expected, (actual), (expected), (epsilon))

/* Status or count of a call that must not fail; is its value. */
#define CHECK_OK(status)                                                                           \
    __extension__({                                                                                \
        __auto_type test_value_ = (status);                                                        \
        if (test_value_ < 0)                                                                       \
            test_fail(__FILE__, __LINE__, "CHECK_OK(%s): got %lld", #status,                       \
                      (long long)test_value_);                                                     \
        test_value_;                                                                               \
    })

/* Ends the test as skipped: what it needs is not here. */
#define SKIP(why) test_skip(why)

/* ---- helpers ------------------------------------------------------------------------------- */

/* Runs fn(arg) in a forked process, whose exit status is its value, and returns the wait status.
 * What it wrote to standard output and error is put into output (NULL: nobody wants it), cut to
 * size - 1 bytes. For tests of what aborts or overflows. */
int test_child(int (*fn)(void *arg), void *arg, char *output, size_t size);

/* Zeroed room for bulk data, until the process ends. A large static array would be in every test's
 * process, and the leak checkers look through all of it at each end. */
void *test_room(size_t size);

/* True under a sanitizer, Valgrind or an emulator: for figures that they change. */
bool test_is_watched(void);

#if !defined(TEST_NO_LOOP) && __has_include(<eddy.h>)
#include <eddy.h>
#define TEST_HAS_LOOP 1

/* SWEEP for a scenario with arguments; to be called from a TEST_PLAIN. The coroutine is started
 * anew for each run. */
void sweep_cancellation(eddy_coro coro);
#else
#define TEST_HAS_LOOP 0
#endif

/* ---- behind the macros --------------------------------------------------------------------- */

enum test_kind { TEST_WITHOUT_LOOP, TEST_VIRTUAL, TEST_REAL_TIME, TEST_TORTURE, TEST_SWEEP };

struct test {
    const char *name, *file;
    int line;
    enum test_kind kind;
    void (*body)(void);
    int (*scenario)(void); /* TEST_TORTURE, TEST_SWEEP */
    struct test *next;
};

#define TEST_DEFINE_(name, kind)                                                                   \
    static void test_body_##name(void);                                                            \
    TEST_REGISTER_(name, kind, test_body_##name, NULL)                                             \
    static void test_body_##name(void)

#define TEST_SCENARIO_(name, kind)                                                                 \
    static int test_body_##name(void);                                                             \
    TEST_REGISTER_(name, kind, NULL, test_body_##name)                                             \
    static int test_body_##name(void)

#define TEST_REGISTER_(name, kind, body, scenario)                                                 \
    __attribute__((constructor)) static void test_register_##name(void)                            \
    {                                                                                              \
        static struct test test = {#name, __FILE__, __LINE__, kind, body, scenario, NULL};         \
        test_register(&test);                                                                      \
    }

void test_register(struct test *test);
__attribute__((noreturn, format(printf, 3, 4))) void test_fail(const char *file, int line,
                                                               const char *format, ...);
__attribute__((noreturn)) void test_skip(const char *why);
void test_check_int(const char *file, int line, const char *what, long long actual,
                    long long expected);
void test_check_str(const char *file, int line, const char *what, const char *actual,
                    const char *expected);
void test_check_ptr(const char *file, int line, const char *what, const void *actual,
                    const void *expected);
void test_check_mem(const char *file, int line, const char *what, const void *actual,
                    const void *expected, size_t size);
void test_check_near(const char *file, int line, const char *what, double actual, double expected,
                     double epsilon);

#endif
