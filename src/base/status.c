/* status.c - names and sentences of status codes. */
#include "base/base.h"

static const struct status {
    int code;
    const char *name;
    const char *message; /* NULL: the system's */
} statuses[] = {
    {EDDY_ECLOSED, "EDDY_ECLOSED", "closed"},
    {EDDY_ECHILDCANCELED, "EDDY_ECHILDCANCELED", "the awaited task was cancelled"},
    {EDDY_EDEADLOCK, "EDDY_EDEADLOCK", "deadlock"},
    {EDDY_ENOTASK, "EDDY_ENOTASK", "a suspending call outside a task"},
    {EDDY_ENOTREADY, "EDDY_ENOTREADY", "Result is not set."},
    {EDDY_EALREADYDONE, "EDDY_EALREADYDONE", "resolved already"},
    {EDDY_EOF, "EDDY_EOF", "end of stream"},
    {EDDY_ELIMIT, "EDDY_ELIMIT", "over the limit"},
    {EDDY_EBROKEN, "EDDY_EBROKEN", "the barrier is broken"},
    {EDDY_EFULL, "EDDY_EFULL", "the queue is full"},
    {EDDY_EEMPTY, "EDDY_EEMPTY", "the queue is empty"},
    {EDDY_ENAME, "EDDY_ENAME", "the name cannot be resolved"},
    {EDDY_ELOOP, "EDDY_ELOOP", "the loop is in the wrong state"},
    {EDDY_EOWNER, "EDDY_EOWNER", "not held by this task"},
    {EDDY_ETLS, "EDDY_ETLS", "TLS failure"},
    {EDDY_EUSER, "EDDY_EUSER", "failed"},
    {EDDY_ECANCELED, "EDDY_ECANCELED", "cancelled"},
    {EDDY_ETIMEDOUT, "EDDY_ETIMEDOUT", "timed out"},
    {EDDY_ENOMEM, "EDDY_ENOMEM", "out of memory"},
    {EDDY_EPERM, "EDDY_EPERM", NULL},
    {EDDY_ENOENT, "EDDY_ENOENT", NULL},
    {EDDY_EINTR, "EDDY_EINTR", NULL},
    {EDDY_EIO, "EDDY_EIO", NULL},
    {EDDY_EBADF, "EDDY_EBADF", NULL},
    {EDDY_EAGAIN, "EDDY_EAGAIN", NULL},
    {EDDY_EACCES, "EDDY_EACCES", NULL},
    {EDDY_EBUSY, "EDDY_EBUSY", NULL},
    {EDDY_EEXIST, "EDDY_EEXIST", NULL},
    {EDDY_ENOTDIR, "EDDY_ENOTDIR", NULL},
    {EDDY_EISDIR, "EDDY_EISDIR", NULL},
    {EDDY_EINVAL, "EDDY_EINVAL", NULL},
    {EDDY_EMFILE, "EDDY_EMFILE", NULL},
    {EDDY_ENOSPC, "EDDY_ENOSPC", NULL},
    {EDDY_EPIPE, "EDDY_EPIPE", NULL},
    {EDDY_ERANGE, "EDDY_ERANGE", NULL},
    {EDDY_ENAMETOOLONG, "EDDY_ENAMETOOLONG", NULL},
    {EDDY_ENOSYS, "EDDY_ENOSYS", NULL},
    {EDDY_EMSGSIZE, "EDDY_EMSGSIZE", NULL},
    {EDDY_ENOTSUP, "EDDY_ENOTSUP", NULL},
    {EDDY_EADDRINUSE, "EDDY_EADDRINUSE", NULL},
    {EDDY_EADDRNOTAVAIL, "EDDY_EADDRNOTAVAIL", NULL},
    {EDDY_ENETUNREACH, "EDDY_ENETUNREACH", NULL},
    {EDDY_ECONNABORTED, "EDDY_ECONNABORTED", NULL},
    {EDDY_ECONNRESET, "EDDY_ECONNRESET", NULL},
    {EDDY_ENOTCONN, "EDDY_ENOTCONN", NULL},
    {EDDY_ECONNREFUSED, "EDDY_ECONNREFUSED", NULL},
    {EDDY_EHOSTUNREACH, "EDDY_EHOSTUNREACH", NULL},
    {EDDY_EALREADY, "EDDY_EALREADY", NULL},
    {EDDY_E2BIG, "EDDY_E2BIG", NULL},
    {EDDY_EAFNOSUPPORT, "EDDY_EAFNOSUPPORT", NULL},
    {EDDY_ECHILD, "EDDY_ECHILD", NULL},
    {EDDY_EDESTADDRREQ, "EDDY_EDESTADDRREQ", NULL},
    {EDDY_EDQUOT, "EDDY_EDQUOT", NULL},
    {EDDY_EFBIG, "EDDY_EFBIG", NULL},
    {EDDY_EISCONN, "EDDY_EISCONN", NULL},
    {EDDY_ENETDOWN, "EDDY_ENETDOWN", NULL},
    {EDDY_ENFILE, "EDDY_ENFILE", NULL},
    {EDDY_ENOBUFS, "EDDY_ENOBUFS", NULL},
    {EDDY_ENODEV, "EDDY_ENODEV", NULL},
    {EDDY_ENOEXEC, "EDDY_ENOEXEC", NULL},
    {EDDY_ENOTEMPTY, "EDDY_ENOTEMPTY", NULL},
    {EDDY_ENOTSOCK, "EDDY_ENOTSOCK", NULL},
    {EDDY_ENOTTY, "EDDY_ENOTTY", NULL},
    {EDDY_ENXIO, "EDDY_ENXIO", NULL},
    {EDDY_EPROTO, "EDDY_EPROTO", NULL},
    {EDDY_EROFS, "EDDY_EROFS", NULL},
    {EDDY_ESPIPE, "EDDY_ESPIPE", NULL},
    {EDDY_ESRCH, "EDDY_ESRCH", NULL},
    {EDDY_ETXTBSY, "EDDY_ETXTBSY", NULL},
    {EDDY_EXDEV, "EDDY_EXDEV", NULL},
};

static const struct status *find(int code)
{
    for (size_t i = 0; i < count_of(statuses); i++)
        if (statuses[i].code == code)
            return &statuses[i];
    return NULL;
}

const char *eddy_status_name(int code)
{
    const struct status *status = find(code);

    if (status)
        return status->name;
    return code <= EDDY_EUSER ? "EDDY_EUSER" : "EDDY_E?";
}

const char *eddy_status_message(int code)
{
    const struct status *status = find(code);

    if (status && status->message)
        return status->message;
    if (code <= -4096)
        return "failed";
    return code < 0 ? strerror(-code) : "no error";
}
