/* test_switch.c - going from one stack to another, without the pool. */
#include "context/switch.h"
#include "test.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <signal.h>

#define SIZE (256 * 1024)

static _Alignas(64) char stacks[2][SIZE];
static struct eddy__context loop, fibers[2];

/* The one place from which a coroutine is suspended. */
static __attribute__((noinline)) void park(struct eddy__context *self)
{
    eddy__context_switch(self, &loop);
}

static __attribute__((noinline)) void resume(struct eddy__context *fiber)
{
    eddy__context_switch(&loop, fiber);
}

static void start(int i, eddy__entry *entry, void *arg)
{
    eddy__context_make(&fibers[i], stacks[i], stacks[i] + SIZE, entry, arg);
}

struct counter {
    int rounds, seen;
    struct eddy__context *self;
};

static void count(void *arg)
{
    struct counter *c = arg;

    for (int i = 0; i < c->rounds; i++) {
        c->seen++;
        park(c->self);
    }
    c->seen = -c->seen;
    eddy__context_leave(c->self, &loop);
}

TEST_PLAIN(switch_runs_entry_with_its_argument_and_comes_back)
{
    struct counter a = {3, 0, &fibers[0]}, b = {3, 0, &fibers[1]};

    eddy__context_adopt(&loop);
    start(0, count, &a);
    start(1, count, &b);
    for (int i = 1; i <= 3; i++) {
        resume(&fibers[0]);
        CHECK_INT(a.seen, i);
        CHECK_INT(b.seen, i - 1);
        resume(&fibers[1]);
        CHECK_INT(b.seen, i);
    }
    resume(&fibers[0]);
    resume(&fibers[1]);
    CHECK_INT(a.seen, -3);
    CHECK_INT(b.seen, -3);
    eddy__context_drop(&fibers[0]);
    eddy__context_drop(&fibers[1]);
}

TEST_PLAIN(switch_stack_is_used_again_after_leave)
{
    eddy__context_adopt(&loop);
    for (int i = 0; i < 1000; i++) {
        struct counter a = {1, 0, &fibers[0]};
        start(0, count, &a);
        resume(&fibers[0]);
        resume(&fibers[0]);
        CHECK_INT(a.seen, -1);
        eddy__context_drop(&fibers[0]);
    }
}

/* ---- X6: what a switch keeps ----------------------------------------------------------------- */

/* More values alive across the suspension than there are registers, of both kinds. */
static __attribute__((noinline)) long keep(struct eddy__context *self, volatile long *seed)
{
    long i0 = *seed, i1 = i0 + *seed, i2 = i1 ^ *seed, i3 = i2 + 3 * *seed, i4 = i3 - *seed,
         i5 = i4 + 5 * *seed, i6 = i5 ^ 6, i7 = i6 + 7 * *seed;
    double d0 = (double)*seed, d1 = d0 * 1.5, d2 = d1 * (double)*seed, d3 = d2 + 3, d4 = d3 * 2;
    long double l0 = (long double)*seed / 2;

    for (int i = 0; i < 10; i++) {
        i0 += i1 ^ i7;
        i1 += i2 + i;
        park(self);
        i2 += i3 ^ i0;
        i3 += i4;
        i4 ^= i5 + i;
        d0 += d1 * 0.5;
        park(self);
        d1 += d2 - d3;
        l0 += (long double)d4;
        i5 += i6;
        i6 += i7;
        i7 ^= i0;
    }
    return i0 ^ i1 ^ i2 ^ i3 ^ i4 ^ i5 ^ i6 ^ i7 ^ (long)(d0 + d1 + d2 + d3 + d4) ^ (long)l0;
}

struct keeper {
    long seed, result;
    struct eddy__context *self;
    bool done;
};

static void keep_on_fiber(void *arg)
{
    struct keeper *k = arg;

    k->result = keep(k->self, &k->seed);
    k->done = true;
    eddy__context_leave(k->self, &loop);
}

static long keep_alone(long seed)
{
    struct keeper k = {seed, 0, &fibers[0], false};

    start(0, keep_on_fiber, &k);
    while (!k.done)
        resume(&fibers[0]);
    eddy__context_drop(&fibers[0]);
    return k.result;
}

TEST_PLAIN(X6_switch_keeps_what_a_call_keeps)
{
    struct keeper a = {12345, 0, &fibers[0], false}, b = {-777, 0, &fibers[1], false};
    long one, two;

    eddy__context_adopt(&loop);
    one = keep_alone(12345);
    two = keep_alone(-777);
    start(0, keep_on_fiber, &a);
    start(1, keep_on_fiber, &b);
    while (!a.done || !b.done) {
        if (!a.done)
            resume(&fibers[0]);
        if (!b.done)
            resume(&fibers[1]);
    }
    CHECK_INT(a.result, one);
    CHECK_INT(b.result, two);
    eddy__context_drop(&fibers[0]);
    eddy__context_drop(&fibers[1]);
}

/* A leaf whose locals lie in the red zone, which the inlined switch must step over. */
static __attribute__((noinline)) long red_zone(volatile long *in, struct eddy__context *self)
{
    long v[12];

    for (int i = 0; i < 12; i++)
        v[i] = in[i];
    __asm__ volatile("" : : "r"(v) : "memory");
    eddy__context_switch(self, &loop);
    __asm__ volatile("" : : "r"(v) : "memory");
    return v[0] + v[1] * 2 + v[5] * 3 + v[11] * 4;
}

static void red_zone_on_fiber(void *arg)
{
    volatile long in[12];

    for (int i = 0; i < 12; i++)
        in[i] = i + 1;
    *(long *)arg = red_zone(in, &fibers[0]);
    eddy__context_leave(&fibers[0], &loop);
}

TEST_PLAIN(switch_steps_over_the_red_zone)
{
    long sum = 0;

    eddy__context_adopt(&loop);
    start(0, red_zone_on_fiber, &sum);
    resume(&fibers[0]);
    resume(&fibers[0]);
    CHECK_INT(sum, 1 + 4 + 18 + 48);
    eddy__context_drop(&fibers[0]);
}

static void change_thread_state(void *arg)
{
    sigset_t mask;

    (void)arg;
    errno = ENOTTY;
#ifdef FE_UPWARD
    fesetround(FE_UPWARD);
#endif
    sigemptyset(&mask);
    sigaddset(&mask, SIGUSR2);
    pthread_sigmask(SIG_BLOCK, &mask, NULL);
    eddy__context_leave(&fibers[0], &loop);
}

/* errno and the signal mask are the thread's; the rounding mode would cost every switch 2.5 ns. */
TEST_PLAIN(X6_switch_does_not_keep_errno_rounding_and_signal_mask)
{
    sigset_t mask;

    eddy__context_adopt(&loop);
    start(0, change_thread_state, NULL);
    errno = 0;
    resume(&fibers[0]);
    CHECK_INT(errno, ENOTTY);
#ifdef EDDY_CONTEXT_UCONTEXT
    SKIP("the C library's switch keeps rounding mode and signal mask");
#endif
#ifdef FE_UPWARD
    CHECK_INT(fegetround(), FE_UPWARD);
    fesetround(FE_TONEAREST);
#endif
    pthread_sigmask(SIG_BLOCK, NULL, &mask);
    CHECK_INT(sigismember(&mask, SIGUSR2), 1);
    eddy__context_drop(&fibers[0]);
}
