/* coro.c - coroutine objects made at run time. */
#include "task/task.h"

struct pointer_args {
    int (*fn)(void *);
    void *pointer;
};

static int run_pointer(const void *args)
{
    struct pointer_args a;

    memcpy(&a, args, sizeof a);
    return a.fn(a.pointer);
}

eddy_coro eddy_coro_of(int (*fn)(void *), void *pointer)
{
    struct pointer_args args = {fn, pointer};
    eddy_coro coro = {run_pointer, "coroutine", {0}};

    memcpy(coro.args, &args, sizeof args);
    return coro;
}
