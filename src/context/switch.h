/* switch.h - from one stack to another, within one thread.
 *
 * What a switch keeps (X6): the stack, the program counter and every register that a function
 * call keeps. What it does not keep, because it would cost 2.5 ns for what hardly anybody
 * changes: the floating-point control words (mxcsr and the x87 word, fpcr, fcsr). What belongs to
 * the thread stays with the thread: errno, the signal mask, thread-local variables. A coroutine
 * that changes one of these and then suspends hands the change to whoever runs next.
 */
#ifndef EDDY_CONTEXT_SWITCH_H
#define EDDY_CONTEXT_SWITCH_H

#include "base/sanitize.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Runs on its own stack; never returns: ends with eddy__context_leave. */
typedef void eddy__entry(void *arg);

/* A place to come back to. While it is suspended, sp points to what the switch put on its stack:
 * on x86-64 the words rip, rbx, rbp (rsp after the resumption is sp + 24 + 128); on aarch64 pc,
 * x29, x19 (sp + 32); on riscv64 pc, s0, s1 (sp + 32). Elsewhere to a ucontext_t. */
struct eddy__context {
    void *sp;
#if EDDY__ASAN
    void *fake_stack;
    const void *bottom; /* of the adopted stack: known after the first switch away from it */
    size_t size;
    eddy__entry *entry;
    void *arg;
#endif
#if EDDY__TSAN
    void *fiber;
    bool made; /* not adopted: the fiber is ours to destroy */
#endif
};

#if defined(EDDY_CONTEXT_UCONTEXT)
#include "context/switch_ucontext.h"
#elif defined(__x86_64__) && defined(__LP64__)
#include "context/switch_x86_64.h"
#elif defined(__aarch64__)
#include "context/switch_aarch64.h"
#elif defined(__riscv) && __riscv_xlen == 64
#include "context/switch_riscv64.h"
#else
#define EDDY_CONTEXT_UCONTEXT 1
#include "context/switch_ucontext.h"
#endif

/* Prepares c so that the first switch to it calls entry(arg) on the stack [low, high). */
void eddy__context_make(struct eddy__context *c, void *low, void *high, eddy__entry *entry,
                        void *arg);

/* The calling thread's own stack, to switch away from and back to. */
void eddy__context_adopt(struct eddy__context *c);

/* After the last switch from or to c. */
void eddy__context_drop(struct eddy__context *c);

#if EDDY__ASAN
void eddy__context_depart(struct eddy__context *from, struct eddy__context *to);
void eddy__context_arrive(struct eddy__context *self);
#endif

/* What the checkers must hear around a switch. `from` is NULL when there is no way back to it.
 * Inlined, since ThreadSanitizer counts calls and returns for each fiber. */
static inline __attribute__((always_inline)) void eddy__context_before(struct eddy__context *from,
                                                                       struct eddy__context *to)
{
    (void)from;
    (void)to;
#if EDDY__ASAN
    eddy__context_depart(from, to);
#endif
#if EDDY__TSAN
    __tsan_switch_to_fiber(to->fiber, 0);
#endif
}

static inline __attribute__((always_inline)) void eddy__context_after(struct eddy__context *self)
{
    (void)self;
#if EDDY__ASAN
    eddy__context_arrive(self);
#endif
}

/* Suspends the caller as `from` and resumes `to`; returns when somebody switches to `from`.
 *
 * For the return predictor's sake it is expanded at one place only on the tasks' side, in a
 * function that is not inlined, and at one place in the loop. */
static inline __attribute__((always_inline)) void eddy__context_switch(struct eddy__context *from,
                                                                       struct eddy__context *to)
{
    eddy__context_before(from, to);
    eddy__switch_to(&from->sp, to->sp);
    eddy__context_after(from);
}

/* The last switch away from `from`, whose stack may be given away as soon as `to` runs. */
__attribute__((noreturn)) static inline __attribute__((always_inline)) void eddy__context_leave(
    struct eddy__context *from, struct eddy__context *to)
{
    (void)from;
    eddy__context_before(NULL, to);
    eddy__switch_last(to->sp);
}

#endif
