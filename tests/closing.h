/* closing.h - calls on an object that another task closes in the first yield of the call (D6). */
#ifndef CLOSING_H
#define CLOSING_H

#include "test.h"

#include "task/task.h"

typedef void closing_fn(void *object);

static inline int closing_closes(closing_fn *close, void *object)
{
    close(object);
    return 0;
}
EDDY_CORO(closing_closes, closing_fn *, void *)

/* The value of call, in which every checkpoint yields, to a task that calls close(object). */
#define CLOSED_IN_THE_CALL(close, object, call)                                                    \
    __extension__({                                                                                \
        eddy_task *closing_task_ =                                                                 \
            eddy_create_task(closing_closes_coro((closing_fn *)(close), (object)));                \
                                                                                                   \
        eddy__yield_everywhere(true);                                                              \
        eddy__thread.budget = eddy__budget;                                                        \
        __auto_type closing_value_ = (call);                                                       \
        eddy__yield_everywhere(false);                                                             \
        eddy_ignore(eddy_await(closing_task_));                                                    \
        eddy_task_close(closing_task_);                                                            \
        closing_value_;                                                                            \
    })

#endif
