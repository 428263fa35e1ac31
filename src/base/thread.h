/* thread.h - what the running thread is doing: the only mutable state that is not in an object. */
#ifndef EDDY_BASE_THREAD_H
#define EDDY_BASE_THREAD_H

struct eddy_loop;
struct eddy__fiber;
struct eddy_error;

struct eddy__thread {
    struct eddy_loop *loop;         /* the loop that runs in this thread, NULL outside */
    struct eddy__fiber *fiber;      /* the task that runs, NULL in callbacks and outside */
    struct eddy_error **error;      /* where eddy_raise keeps its record; NULL: own_error */
    struct eddy_error *own_error;   /* outside tasks */
    int budget;                     /* calls that did not suspend until a yield is due */
};

/* A coroutine never moves to another thread, so its address may be kept across a switch. */
extern _Thread_local struct eddy__thread eddy__thread;

#endif
