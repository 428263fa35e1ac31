/* thread.h - what the running thread is doing: the only mutable state that is not in an object. */
#ifndef EDDY_BASE_THREAD_H
#define EDDY_BASE_THREAD_H

#include <stddef.h>

struct eddy_loop;
struct eddy__fiber;
struct eddy_error;

/* What the base knows of a fiber: its first members. A coroutine never moves to another
 * thread, so the address of this may be kept across a switch. */
struct eddy__fiber_head {
    void *stack_top; /* NULL before it has begun */
    struct eddy_error *error;
};

struct eddy__thread {
    struct eddy_loop *loop;      /* the loop that runs in this thread, NULL outside */
    struct eddy__fiber *fiber;   /* the task that runs, NULL in callbacks and outside */
    int budget;                  /* calls that did not suspend until a yield is due */
    struct eddy_error *error;    /* the record of what runs outside tasks */
    struct eddy__locals *locals; /* task-local values outside tasks */
    /* set while a loop runs: the running task's name, and who hears of bugs */
    void (*task_name)(char *buf, size_t size);
    void (*bug)(const char *message);
    /* set while a loop with packed stacks runs: see eddy__aside */
    void (*aside)(void (*fn)(void *arg), void *arg, void *frame);
    void *aside_from; /* the frame that waits for what runs aside, NULL: nothing does */
};

extern _Thread_local struct eddy__thread eddy__thread;

/* No loop runs in this thread any more: nothing of one is left here. */
void eddy__thread_leave_loop(void);

/* Calls in a row that need not wait, of which the last yields (rule D4); tests may make it 1. */
enum { EDDY__BUDGET = 64 };
#ifdef EDDY_TESTING
extern int eddy__budget;
#else
enum { eddy__budget = EDDY__BUDGET };
#endif

/* Calls fn(arg), which needs more stack than a packed one has: on another one, if need be, on which
 * it cannot suspend. */
static inline __attribute__((always_inline)) void eddy__aside(void (*fn)(void *arg), void *arg)
{
    if (__builtin_expect(eddy__thread.aside != NULL, 0))
        eddy__thread.aside(fn, arg, __builtin_frame_address(0));
    else
        fn(arg);
}

#endif
