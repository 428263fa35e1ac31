/* future.h - a value that somebody sets and others wait for. */
#ifndef EDDY_FUTURE_H
#define EDDY_FUTURE_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_future eddy_future;

/* A future for a result of so many bytes (0: only the event counts). The caller closes it; tasks
 * that still wait then get EDDY_ECLOSED. NULL with a record: EDDY_ENOMEM. */
EDDY_API eddy_future *eddy_future_open(size_t size);
EDDY_API void eddy_future_close(eddy_future *future);
EDDY_AUTOCLOSE(eddy_future, eddy_future_close)

/* Three ways to resolve a future: with a result, of which size bytes are copied (NULL leaves
 * zeros); with a failure, a code and a message (copied); by a cancellation, and who waits gets
 * EDDY_ECHILDCANCELED, with the .reason. (set_error with EDDY_ECANCELED cancels as well, and the
 * message is the reason.) 0, or EDDY_EALREADYDONE, without effect, when it is resolved already. To
 * be called in the thread of the future's loop. */
EDDY_API int eddy_future_set_result(eddy_future *future, const void *result);
EDDY_API int eddy_future_set_error(eddy_future *future, int code, const char *message);
EDDY_API int eddy_future_cancel_with(eddy_future *future, const eddy_cancel_opts *opts);
#define eddy_future_cancel(future, ...)                                                            \
    eddy_future_cancel_with((future), &(eddy_cancel_opts){__VA_ARGS__})

/* Waits until it is resolved; copies the result (NULL: not wanted). Returns 0 or its failure. */
EDDY_API EDDY_SUSPENDS int eddy_future_await(eddy_future *future, void *result);
/* The same without waiting: EDDY_ENOTREADY while it is not resolved. */
EDDY_API int eddy_future_result(eddy_future *future, void *result);

/* Whether it is resolved, and whether by eddy_future_cancel. */
EDDY_API bool eddy_future_done(const eddy_future *future);
EDDY_API bool eddy_future_cancelled(const eddy_future *future);

/* Calls fn(future, arg) in the turn after it was resolved, in order of registration. The future
 * must not be closed before. A failure that fn returns goes to the loop's exception handler. 0 or
 * EDDY_ENOMEM. */
typedef int eddy_future_callback(eddy_future *future, void *arg);
EDDY_API int eddy_future_add_done_callback(eddy_future *future, eddy_future_callback *fn,
                                           void *arg);

EDDY_END_DECLS

#endif
