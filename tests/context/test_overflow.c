/* test_overflow.c - what an overflow says, and where backtraces end. */
#include "base/thread.h"
#include "context/context.h"
#include "test.h"

#include <errno.h>
#include <execinfo.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>

static struct eddy__stack_pool pool;
static struct eddy__context loop, fiber;
static struct eddy__stack *stack; /* its address serves as a fiber, which begins so */
static int ready[2];

static __attribute__((noinline)) void park(void)
{
    eddy__context_switch(&fiber, &loop);
}

static __attribute__((noinline)) void resume(void)
{
    eddy__thread.fiber = (struct eddy__fiber *)(void *)&stack;
    eddy__context_switch(&loop, &fiber);
    eddy__thread.fiber = NULL;
}

static void describe(const struct eddy__stack *whose, int fd)
{
    const char *text = whose == stack ? "overflow of the stack\n" : "overflow of another\n";

    (void)!write(fd, text, strlen(text));
}

static void open_all(void)
{
    CHECK_INT(eddy__stack_pool_open(&pool, 400), 0);
    eddy__context_adopt(&loop);
    stack = eddy__stack_get(&pool, 0, false);
    CHECK(stack != NULL);
}

static void close_all(void)
{
    eddy__context_drop(&fiber);
    eddy__stack_put(&pool, stack);
    eddy__stack_pool_close(&pool);
}

/* ---- X1 -------------------------------------------------------------------------------------- */

static volatile int never;

static int recurse(int n)
{
    volatile char frame[100];

    frame[0] = (char)n;
    if (never)
        return 0;
    return recurse(n + 1) + frame[0];
}

static void recurse_forever(void *arg)
{
    *(int *)arg = recurse(0);
    eddy__context_leave(&fiber, &loop);
}

static __attribute__((noinline)) int one_frame(void)
{
    volatile char frame[300 * 1024];

    for (int i = (int)sizeof frame - 1; i >= 0; i -= 1024)
        frame[i] = 1;
    return frame[0];
}

static void one_large_frame(void *arg)
{
    *(int *)arg = one_frame();
    eddy__context_leave(&fiber, &loop);
}

static volatile uintptr_t nowhere = 16;

static void wild_pointer(void *arg)
{
    (void)arg;
    *(volatile char *)nowhere = 1;
    eddy__context_leave(&fiber, &loop);
}

static struct eddy__stack *other;

static void neighbours_guard(void *arg)
{
    (void)arg;
    other->low[-1] = 1;
    eddy__context_leave(&fiber, &loop);
}

static int run_in_child(void *entry)
{
    int result;

    open_all();
    other = eddy__stack_get(&pool, 0, false);
    if (eddy__overflow_open(describe) < 0)
        return 9;
    eddy__context_make(&fiber, stack->low, stack, *(eddy__entry **)entry, &result);
    resume();
    return 0;
}

/* The child's output; it must have died of SIGSEGV. */
static const char *death(eddy__entry *entry)
{
    static char output[4096];
    int status;

    if (EDDY__ASAN)
        SKIP("AddressSanitizer has its own report");
    status = test_child(run_in_child, &entry, output, sizeof output);
    if (!test_is_watched())
        CHECK(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
    CHECK(!(WIFEXITED(status) && WEXITSTATUS(status) == 0));
    return output;
}

TEST_PLAIN(X1_recursion_is_reported)
{
    CHECK(strstr(death(recurse_forever), "overflow of the stack\n"));
}

TEST_PLAIN(X1_one_large_frame_is_reported)
{
    CHECK(strstr(death(one_large_frame), "overflow of the stack\n"));
}

TEST_PLAIN(overflow_does_not_claim_other_faults)
{
    CHECK_PTR(strstr(death(wild_pointer), "overflow of"), NULL);
    CHECK_PTR(strstr(death(neighbours_guard), "overflow of"), NULL);
}

static void former_handler(int number)
{
    _exit(number == SIGSEGV ? 33 : 34);
}

static int fault_under_former_handler(void *arg)
{
    eddy__entry *entry = wild_pointer;

    (void)arg;
    signal(SIGSEGV, former_handler);
    return run_in_child(&entry);
}

TEST_PLAIN(overflow_passes_other_faults_on)
{
    int status;

    if (test_is_watched())
        SKIP("a checker counts the fault");
    status = test_child(fault_under_former_handler, NULL, NULL, 0);
    CHECK(WIFEXITED(status));
    CHECK_INT(WEXITSTATUS(status), 33);
}

static void *open_and_close(void *arg)
{
    stack_t before, now;

    sigaltstack(NULL, &before);
    CHECK_INT(eddy__overflow_open(describe), 0);
    CHECK_INT(eddy__overflow_open(describe), 0);
    eddy__overflow_close();
    eddy__overflow_close();
    sigaltstack(NULL, &now);
    CHECK_INT(now.ss_flags, before.ss_flags);
    return arg;
}

TEST_PLAIN(overflow_close_leaves_no_handler)
{
    struct sigaction before, now;
    pthread_t thread;

    sigaction(SIGSEGV, NULL, &before);
    CHECK_INT(eddy__overflow_open(describe), 0);
    CHECK_INT(pthread_create(&thread, NULL, open_and_close, NULL), 0);
    pthread_join(thread, NULL);
    open_and_close(NULL);
    eddy__overflow_close();
    sigaction(SIGSEGV, NULL, &now);
    CHECK(now.sa_handler == before.sa_handler);
}

static void *open_on_own_stack(void *arg)
{
    stack_t before, own = {.ss_sp = arg, .ss_size = 65536}, now;

    CHECK_INT(sigaltstack(&own, &before), 0);
    CHECK_INT(eddy__overflow_open(describe), 0);
    CHECK_INT(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, arg);
    eddy__overflow_close();
    CHECK_INT(sigaltstack(NULL, &now), 0);
    CHECK_PTR(now.ss_sp, arg);
    CHECK_INT(now.ss_flags, 0);
    CHECK_INT(sigaltstack(&before, NULL), 0);
    return NULL;
}

/* Who has a stack for signals keeps it, and the handler runs there. */
TEST_PLAIN(overflow_leaves_a_threads_own_signal_stack)
{
    static char area[65536];
    pthread_t thread;

    CHECK_INT(pthread_create(&thread, NULL, open_on_own_stack, area), 0);
    pthread_join(thread, NULL);
}

/* ---- X5 -------------------------------------------------------------------------------------- */

static int frames, pointers;

/* Frame by frame over the saved frame pointers, as profilers do. */
static __attribute__((noinline, unused)) int walk(void)
{
    void **frame = __builtin_frame_address(0);
    int n = 0;

    while (frame && n < 1000) {
        n++;
#ifdef __riscv
        frame = frame[-2];
#else
        frame = frame[0];
#endif
    }
    return n;
}

static __attribute__((noinline)) void inner(void)
{
    void *trace[64];

    frames = backtrace(trace, 64);
#ifndef EDDY_CONTEXT_UCONTEXT
    pointers = walk();
#endif
    park();
}

static __attribute__((noinline)) void outer(void)
{
    inner();
    never = 0;
}

static void take_traces(void *arg)
{
    (void)arg;
    outer();
    eddy__context_leave(&fiber, &loop);
}

TEST_PLAIN(X5_backtrace_and_frame_pointers_end_at_the_entry)
{
    open_all();
    eddy__context_make(&fiber, stack->low, stack, take_traces, NULL);
    resume();
    resume();
#ifdef EDDY_CONTEXT_UCONTEXT
    pointers = frames = 4; /* the C library's business */
#endif
    CHECK(frames >= 3);
    CHECK(frames <= 6); /* inner, outer, take_traces, perhaps start, and the entry */
    CHECK(pointers >= 3);
    CHECK(pointers <= 6);
    close_all();
}

static __attribute__((noinline)) void wait_for_debugger(void)
{
    (void)!write(ready[1], "r", 1);
    for (;;)
        pause();
}

static void show_to_debugger(void *arg)
{
    (void)arg;
    wait_for_debugger();
    eddy__context_leave(&fiber, &loop);
}

static int debugged(void *arg)
{
    (void)arg;
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
    open_all();
    eddy__context_make(&fiber, stack->low, stack, show_to_debugger, NULL);
    resume();
    return 0;
}

TEST_PLAIN(X5_gdb_backtrace_ends_cleanly)
{
    char command[256], output[16384], byte;
    size_t n;
    FILE *gdb;
    pid_t child;

    if (test_is_watched() || system("gdb --version >/dev/null 2>&1") != 0)
        SKIP("no gdb, or a checker's code in between");
    CHECK_INT(pipe2(ready, O_CLOEXEC), 0);
    child = fork();
    if (child == 0)
        _exit(debugged(NULL));
    CHECK_INT(read(ready[0], &byte, 1), 1);
    snprintf(command, sizeof command, "gdb -nx -batch -p %d -ex bt 2>&1", (int)child);
    gdb = popen(command, "r");
    CHECK(gdb != NULL);
    n = fread(output, 1, sizeof output - 1, gdb);
    output[n] = 0;
    pclose(gdb);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(ready[0]);
    close(ready[1]);
    if (!strstr(output, "wait_for_debugger"))
        SKIP("gdb may not attach");
    fputs(output, stderr);
    CHECK(strstr(output, "show_to_debugger"));
#ifndef EDDY_CONTEXT_UCONTEXT
    CHECK(strstr(output, "context_entry")); /* gdb may write eddy.context_entry */
#endif
    CHECK_PTR(strstr(output, "Backtrace stopped"), NULL);
    CHECK_PTR(strstr(output, "#12"), NULL);
}
