/* error.h - a failure is a negative code and a record: message, place, return addresses and the
 * tasks that awaited it. Only eddy_raise makes one; the current task keeps the last. */
#ifndef EDDY_ERROR_H
#define EDDY_ERROR_H

#include <eddy/base.h>
#include <errno.h>

/* System errors are -errno. */
enum {
    EDDY_EPERM = -EPERM,
    EDDY_ENOENT = -ENOENT,
    EDDY_EINTR = -EINTR,
    EDDY_EIO = -EIO,
    EDDY_EBADF = -EBADF,
    EDDY_EAGAIN = -EAGAIN,
    EDDY_ENOMEM = -ENOMEM,
    EDDY_EACCES = -EACCES,
    EDDY_EBUSY = -EBUSY,
    EDDY_EEXIST = -EEXIST,
    EDDY_ENOTDIR = -ENOTDIR,
    EDDY_EISDIR = -EISDIR,
    EDDY_EINVAL = -EINVAL,
    EDDY_EMFILE = -EMFILE,
    EDDY_ENOSPC = -ENOSPC,
    EDDY_EPIPE = -EPIPE,
    EDDY_ERANGE = -ERANGE,
    EDDY_ENAMETOOLONG = -ENAMETOOLONG,
    EDDY_ENOSYS = -ENOSYS,
    EDDY_EMSGSIZE = -EMSGSIZE,
    EDDY_ENOTSUP = -ENOTSUP,
    EDDY_EADDRINUSE = -EADDRINUSE,
    EDDY_EADDRNOTAVAIL = -EADDRNOTAVAIL,
    EDDY_ENETUNREACH = -ENETUNREACH,
    EDDY_ECONNABORTED = -ECONNABORTED,
    EDDY_ECONNRESET = -ECONNRESET,
    EDDY_ENOTCONN = -ENOTCONN,
    EDDY_ETIMEDOUT = -ETIMEDOUT, /* a deadline passed */
    EDDY_ECONNREFUSED = -ECONNREFUSED,
    EDDY_EHOSTUNREACH = -EHOSTUNREACH,
    EDDY_EALREADY = -EALREADY,
    EDDY_ECANCELED = -ECANCELED, /* this task was cancelled */
    EDDY_E2BIG = -E2BIG,
    EDDY_EAFNOSUPPORT = -EAFNOSUPPORT,
    EDDY_ECHILD = -ECHILD,
    EDDY_EDESTADDRREQ = -EDESTADDRREQ,
    EDDY_EDQUOT = -EDQUOT,
    EDDY_EFBIG = -EFBIG,
    EDDY_EISCONN = -EISCONN,
    EDDY_ENETDOWN = -ENETDOWN,
    EDDY_ENFILE = -ENFILE,
    EDDY_ENOBUFS = -ENOBUFS,
    EDDY_ENODEV = -ENODEV,
    EDDY_ENOEXEC = -ENOEXEC,
    EDDY_ENOTEMPTY = -ENOTEMPTY,
    EDDY_ENOTSOCK = -ENOTSOCK,
    EDDY_ENOTTY = -ENOTTY,
    EDDY_ENXIO = -ENXIO,
    EDDY_EPROTO = -EPROTO,
    EDDY_EROFS = -EROFS,
    EDDY_ESPIPE = -ESPIPE,
    EDDY_ESRCH = -ESRCH,
    EDDY_ETXTBSY = -ETXTBSY,
    EDDY_EXDEV = -EXDEV,
};

/* The library's own. */
enum {
    EDDY_ECLOSED = -5000,        /* the queue, stream, loop or generator is closed or shut down */
    EDDY_ECHILDCANCELED = -5001, /* the awaited task was cancelled, by somebody else */
    EDDY_EDEADLOCK = -5002,      /* no task can ever run again, or a task awaits itself */
    EDDY_ENOTASK = -5003,        /* a suspending call outside a task */
    EDDY_ENOTREADY = -5004,      /* the result is not set yet */
    EDDY_EALREADYDONE = -5005,   /* the future or task is resolved already */
    EDDY_EOF = -5006,            /* the stream ended before the bytes asked for */
    EDDY_ELIMIT = -5007,         /* a line, buffer or queue is over its maximum */
    EDDY_EBROKEN = -5008,        /* the barrier is broken, or the worker process has died */
    EDDY_EFULL = -5009,          /* _nowait: the queue is full */
    EDDY_EEMPTY = -5010,         /* _nowait: the queue is empty */
    EDDY_ENAME = -5011,          /* the host name cannot be resolved */
    EDDY_ELOOP = -5012,          /* the loop is running, stopped early, or not this thread's */
    EDDY_EOWNER = -5013,         /* released or waited on by a task that does not hold it */
    EDDY_ETLS = -5014,           /* TLS: a certificate is refused, or the peer breaks the rules */
    EDDY_EUSER = -10000,         /* yours: EDDY_EUSER, EDDY_EUSER - 1, … */
};

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

/* The parts of a record. All accept NULL (0, "" and NULL). The strings live as long as it does. */
EDDY_API int eddy_error_code(const eddy_error *error);
EDDY_API const char *eddy_error_message(const eddy_error *error);
EDDY_API const eddy_place *eddy_error_place(const eddy_error *error);
EDDY_API const char *eddy_error_task(const eddy_error *error);

/* Why the task or future was cancelled, as eddy_cancel and eddy_future_cancel were told; NULL when
 * no reason was given, and for other failures. */
EDDY_API const char *eddy_cancel_reason(const eddy_error *error);

/* The next failure of the same gather or group, in order of completion; NULL after the last. */
EDDY_API const eddy_error *eddy_error_next(const eddy_error *error);

/* Writes the async traceback (where it failed, who awaited it, the code, the message) into buf,
 * at most size bytes with the final zero. Returns the length it would have. */
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
