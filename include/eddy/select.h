/* select.h - waiting for whichever of several queue operations and futures comes first. */
#ifndef EDDY_SELECT_H
#define EDDY_SELECT_H

#include <eddy/future.h>
#include <eddy/queue.h>

EDDY_BEGIN_DECLS

enum { EDDY_SELECT_GET = 1, EDDY_SELECT_PUT, EDDY_SELECT_FUTURE };

typedef struct eddy_select_case {
    int kind;
    void *object;
    void *item;
    int status; /* set in the case that happened: 0 or its failure, such as EDDY_ECLOSED */
} eddy_select_case;

#define EDDY_CASE_GET(queue, item)                                                                 \
    {                                                                                              \
        EDDY_SELECT_GET, (queue), (item), 0                                                        \
    }
#define EDDY_CASE_PUT(queue, item)                                                                 \
    {                                                                                              \
        EDDY_SELECT_PUT, (queue), (void *)(item), 0                                                \
    }
#define EDDY_CASE_FUTURE(future, result)                                                           \
    {                                                                                              \
        EDDY_SELECT_FUTURE, (future), (result), 0                                                  \
    }

/* Waits until one of n cases can happen, and does exactly that one; when several can, the first in
 * the array. Returns its index, and its .status tells how it went. */
EDDY_API EDDY_SUSPENDS int eddy_select(eddy_select_case *cases, size_t n);
/* EDDY_EAGAIN instead of waiting. */
EDDY_API int eddy_select_nowait(eddy_select_case *cases, size_t n);

EDDY_END_DECLS

#endif
