/* error.h - a failure is a negative code and a record: message, place, return addresses and the
 * tasks that awaited it. Only eddy_raise makes one; the current task keeps the last. */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/base.h>
#include <errno.h>

/* Every code with its value and what eddy_status_message says of it; NULL: the system's words. The
 * first are the system's, -errno. */
/* clang-format off */
#define EDDY_CODES_(code)                                                                         \
    code(EDDY_EPERM, -EPERM, NULL)                                                                \
    code(EDDY_ENOENT, -ENOENT, NULL)                                                              \
    code(EDDY_EINTR, -EINTR, NULL)                                                                \
    code(EDDY_EIO, -EIO, NULL)                                                                    \
    code(EDDY_EBADF, -EBADF, NULL)                                                                \
    code(EDDY_EAGAIN, -EAGAIN, NULL)                                                              \
    code(EDDY_ENOMEM, -ENOMEM, "out of memory")                                                   \
    code(EDDY_EACCES, -EACCES, NULL)                                                              \
    code(EDDY_EBUSY, -EBUSY, NULL)                                                                \
    code(EDDY_EEXIST, -EEXIST, NULL)                                                              \
    code(EDDY_ENOTDIR, -ENOTDIR, NULL)                                                            \
    code(EDDY_EISDIR, -EISDIR, NULL)                                                              \
    code(EDDY_EINVAL, -EINVAL, NULL)                                                              \
    code(EDDY_EMFILE, -EMFILE, NULL)                                                              \
    code(EDDY_ENOSPC, -ENOSPC, NULL)                                                              \
    code(EDDY_EPIPE, -EPIPE, NULL)                                                                \
    code(EDDY_ERANGE, -ERANGE, NULL)                                                              \
    code(EDDY_ENAMETOOLONG, -ENAMETOOLONG, NULL)                                                  \
    code(EDDY_ENOSYS, -ENOSYS, NULL)                                                              \
    code(EDDY_EMSGSIZE, -EMSGSIZE, NULL)                                                          \
    code(EDDY_ENOTSUP, -ENOTSUP, NULL)                                                            \
    code(EDDY_EADDRINUSE, -EADDRINUSE, NULL)                                                      \
    code(EDDY_EADDRNOTAVAIL, -EADDRNOTAVAIL, NULL)                                                \
    code(EDDY_ENETUNREACH, -ENETUNREACH, NULL)                                                    \
    code(EDDY_ECONNABORTED, -ECONNABORTED, NULL)                                                  \
    code(EDDY_ECONNRESET, -ECONNRESET, NULL)                                                      \
    code(EDDY_ENOTCONN, -ENOTCONN, NULL)                                                          \
    code(EDDY_ETIMEDOUT, -ETIMEDOUT, "timed out") /* a deadline passed */                         \
    code(EDDY_ECONNREFUSED, -ECONNREFUSED, NULL)                                                  \
    code(EDDY_EHOSTUNREACH, -EHOSTUNREACH, NULL)                                                  \
    code(EDDY_EALREADY, -EALREADY, NULL)                                                          \
    code(EDDY_ECANCELED, -ECANCELED, "cancelled") /* this task was cancelled */                   \
    code(EDDY_E2BIG, -E2BIG, NULL)                                                                \
    code(EDDY_EAFNOSUPPORT, -EAFNOSUPPORT, NULL)                                                  \
    code(EDDY_ECHILD, -ECHILD, NULL)                                                              \
    code(EDDY_EDESTADDRREQ, -EDESTADDRREQ, NULL)                                                  \
    code(EDDY_EDQUOT, -EDQUOT, NULL)                                                              \
    code(EDDY_EFBIG, -EFBIG, NULL)                                                                \
    code(EDDY_EISCONN, -EISCONN, NULL)                                                            \
    code(EDDY_ENETDOWN, -ENETDOWN, NULL)                                                          \
    code(EDDY_ENFILE, -ENFILE, NULL)                                                              \
    code(EDDY_ENOBUFS, -ENOBUFS, NULL)                                                            \
    code(EDDY_ENODEV, -ENODEV, NULL)                                                              \
    code(EDDY_ENOEXEC, -ENOEXEC, NULL)                                                            \
    code(EDDY_ENOTEMPTY, -ENOTEMPTY, NULL)                                                        \
    code(EDDY_ENOTSOCK, -ENOTSOCK, NULL)                                                          \
    code(EDDY_ENOTTY, -ENOTTY, NULL)                                                              \
    code(EDDY_ENXIO, -ENXIO, NULL)                                                                \
    code(EDDY_EPROTO, -EPROTO, NULL)                                                              \
    code(EDDY_EROFS, -EROFS, NULL)                                                                \
    code(EDDY_ESPIPE, -ESPIPE, NULL)                                                              \
    code(EDDY_ESRCH, -ESRCH, NULL)                                                                \
    code(EDDY_ETXTBSY, -ETXTBSY, NULL)                                                            \
    code(EDDY_EXDEV, -EXDEV, NULL)                                                                \
    /* the queue, stream, loop or generator is closed or shut down */                             \
    code(EDDY_ECLOSED, -5000, "closed")                                                           \
    /* the awaited task was cancelled, by somebody else */                                        \
    code(EDDY_ECHILDCANCELED, -5001, "the awaited task was cancelled")                            \
    /* no task can ever run again, or a task awaits itself */                                     \
    code(EDDY_EDEADLOCK, -5002, "deadlock")                                                       \
    /* a suspending call outside a task */                                                        \
    code(EDDY_ENOTASK, -5003, "a suspending call outside a task")                                 \
    code(EDDY_ENOTREADY, -5004, "Result is not set.") /* the result is not set yet */             \
    /* the future or task is resolved already */                                                  \
    code(EDDY_EALREADYDONE, -5005, "resolved already")                                            \
    code(EDDY_EOF, -5006, "end of stream") /* the stream ended before the bytes asked for */      \
    code(EDDY_ELIMIT, -5007, "over the limit") /* a line, buffer or queue is over its maximum */  \
    /* the barrier is broken, or the worker process has died */                                   \
    code(EDDY_EBROKEN, -5008, "the barrier is broken")                                            \
    code(EDDY_EFULL, -5009, "the queue is full") /* _nowait: the queue is full */                 \
    code(EDDY_EEMPTY, -5010, "the queue is empty") /* _nowait: the queue is empty */              \
    code(EDDY_ENAME, -5011, "the name cannot be resolved") /* the host name cannot be resolved */ \
    /* the loop is running, stopped early, or not this thread's */                                \
    code(EDDY_ELOOP, -5012, "the loop is in the wrong state")                                     \
    /* released or waited on by a task that does not hold it */                                   \
    code(EDDY_EOWNER, -5013, "not held by this task")                                             \
    /* TLS: a certificate is refused, or the peer breaks the rules */                             \
    code(EDDY_ETLS, -5014, "TLS failure")                                                         \
    code(EDDY_EUSER, -10000, "failed") /* yours: EDDY_EUSER, EDDY_EUSER - 1, … */
/* clang-format on */

#define EDDY_CODE_(name, value, text) name = value,
enum { EDDY_CODES_(EDDY_CODE_) };
#undef EDDY_CODE_

EDDY_BEGIN_DECLS

typedef struct eddy_error eddy_error;

/* The function under eddy_raise: keeps a record of the failure in the current task (or, outside
 * tasks, in the thread) and returns code. A code that is not negative becomes EDDY_EINVAL. */
EDDY_API int eddy_raise_at(const eddy_place *place, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4), cold));

/* The current task's last record, NULL when there is none. It is valid until the next failure or
 * the end of the task; nobody but the task owns it. */
EDDY_API const eddy_error *eddy_last_error(void);

/* Forgets the current task's record, after a failure that was dealt with. */
EDDY_API void eddy_error_clear(void);

/* The parts of a record. All accept NULL (0, "" and NULL). The strings live as long as it does. The
 * place is that of eddy_raise. When a call of the library has failed it is that of the first
 * eddy_try or eddy_with through which the failure came, and NULL before that. */
EDDY_API int eddy_error_code(const eddy_error *error);
EDDY_API const char *eddy_error_message(const eddy_error *error);
EDDY_API const eddy_place *eddy_error_place(const eddy_error *error);
EDDY_API const char *eddy_error_task(const eddy_error *error);

/* Why the task or future was cancelled, as eddy_cancel and eddy_future_cancel were told; NULL when
 * no reason was given, and for other failures. */
EDDY_API const char *eddy_cancel_reason(const eddy_error *error);

/* The next failure of the same gather or group, in order of completion; NULL after the last. */
EDDY_API const eddy_error *eddy_error_next(const eddy_error *error);

/* Writes the async traceback (where it failed, who awaited it, the code, the message), and after it
 * those of the failures that eddy_error_next gives, into buf, at most size bytes with the final
 * zero. Control characters of messages are written as \x0a. Returns the length it would have. */
EDDY_API size_t eddy_error_format(const eddy_error *error, char *buf, size_t size);

/* The same, to stderr. */
EDDY_API void eddy_error_print(const eddy_error *error);

/* "EDDY_ETIMEDOUT"; "EDDY_E?" for an unknown code. */
EDDY_API const char *eddy_status_name(int code);

/* A sentence for people: "timed out". */
EDDY_API const char *eddy_status_message(int code);

static inline int eddy_raised_(int code)
{
    if (code >= 0)
        __builtin_unreachable();
    return code;
}

EDDY_END_DECLS

/* return eddy_raise(EDDY_EINVAL, "unlucky number %d", n); */
#define eddy_raise(code, ...) eddy_raised_(eddy_raise_at(EDDY_HERE, (code), __VA_ARGS__))

#endif
