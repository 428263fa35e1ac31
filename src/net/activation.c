/* activation.c - listening sockets that a service manager hands over, as sd_listen_fds(3) says:
 * LISTEN_FDS of them from descriptor 3 on, for process LISTEN_PID, named by LISTEN_FDNAMES. */
#include "net/activation.h"

#include <fcntl.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#ifdef EDDY_TESTING
int eddy__activation_first = 3; /* a test's loop has 3 */
#else
enum { eddy__activation_first = 3 };
#endif

/* What the environment said when it was first asked for. Servers get duplicates, so that several
 * loops, or one server after another, can have the same socket. */
static struct eddy__handed handed;

/* ---- what the environment says ---- */

static int activation_number_of(const char *text)
{
    char *end;

    if (!text || !*text)
        return -1;
    errno = 0;
    long n = strtol(text, &end, 10);
    return *end || errno || n < 0 || n > INT32_MAX ? -1 : (int)n;
}

void eddy__handed_parse(struct eddy__handed *h, const char *pid, const char *fds, const char *names)
{
    h->owner = activation_number_of(pid);
    h->count = activation_number_of(fds);
    snprintf(h->names, sizeof h->names, "%s", names ? names : "");
}

const char *eddy__handed_name(const struct eddy__handed *h, int place, char *buf, size_t size)
{
    const char *at = h->names;

    for (int i = 0; i < place && at; i++)
        at = (at = strchr(at, ':')) ? at + 1 : NULL;
    size_t length = at ? strcspn(at, ":") : 0;
    snprintf(buf, size, "%.*s", length ? (int)length : 7, length ? at : "unknown");
    return buf;
}

/* They are not for programs that this one starts. */
static void read_environment(void)
{
    eddy__handed_parse(&handed, getenv("LISTEN_PID"), getenv("LISTEN_FDS"),
                       getenv("LISTEN_FDNAMES"));
    if (handed.owner != getpid())
        return;
    for (int i = 0; i < handed.count; i++)
        if (fcntl(eddy__activation_first + i, F_SETFD, FD_CLOEXEC) < 0)
            handed.count = -1; /* so many are not open */
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
}

/* ---- one socket ---- */

static int activation_check(int fd, const char *name)
{
    int type = eddy__socket_get(fd, SOL_SOCKET, SO_TYPE);
    int listens = type == SOCK_STREAM ? eddy__socket_get(fd, SOL_SOCKET, SO_ACCEPTCONN) : 0;

    if (type < 0 || listens < 0)
        return eddy__raise(type < 0 ? type : listens,
                           "descriptor %d (%s) that was handed over is not a socket: %s", fd, name,
                           eddy__words(type < 0 ? type : listens).text);
    if (type != SOCK_STREAM)
        return eddy__raise(EDDY_EINVAL,
                           "descriptor %d (%s) that was handed over is not a stream socket, as "
                           "ListenStream= makes one",
                           fd, name);
    if (!listens)
        return eddy__raise(EDDY_EINVAL,
                           "descriptor %d (%s) that was handed over does not listen, as it does "
                           "with Accept=no",
                           fd, name);
    return 0;
}

/* What is accepted inherits TCP_NODELAY, as in tcp.c. */
static int activation_prepare(int fd, struct eddy__listeners *l)
{
    eddy_address a;
    int status = eddy__socket_local(fd, &a);

    if (status >= 0)
        status = eddy__socket_make_nonblocking(fd);
    if (status < 0 || a.u.any.sa_family == AF_UNIX)
        return status;
    if (!l->port)
        l->port = eddy_address_port(&a);
    return eddy__socket_set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
}

static int activation_take(struct eddy__listeners *l, int fd, const char *name)
{
    if (l->count == (int)count_of(l->fds))
        return eddy__raise(EDDY_ERANGE, "more than %zu sockets were handed over for one server",
                           count_of(l->fds));
    int status = activation_check(fd, name);
    if (status < 0)
        return status;
    status = eddy__socket_duplicate(fd);
    if (status >= 0) {
        l->fds[l->count++] = status;
        status = activation_prepare(status, l);
    }
    if (status < 0)
        return eddy__raise(status, "cannot use descriptor %d (%s) that was handed over: %s", fd,
                           name, eddy__words(status).text);
    return 0;
}

/* ---- all of them ---- */

static int take_all(struct eddy__listeners *l, const char *wanted)
{
    bool any = strcmp(wanted, "*") == 0;
    char name[256];
    int status = 0;

    for (int i = 0; i < handed.count && status >= 0; i++) {
        eddy__handed_name(&handed, i, name, sizeof name);
        if (any || strcmp(name, wanted) == 0)
            status = activation_take(l, eddy__activation_first + i, name);
    }
    if (status >= 0 && !l->count)
        status = eddy__raise(EDDY_ENOENT, "no socket named %s was handed over; there is: %s",
                             wanted, handed.names[0] ? handed.names : "one without a name");
    if (status < 0)
        eddy__listeners_close(l);
    return status;
}

int eddy__activation_open(struct eddy__listeners *l, const char *wanted)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, read_environment);
    if (handed.owner != getpid())
        return 0;
    if (handed.count < 1)
        return eddy__raise(EDDY_EINVAL, "LISTEN_PID is this process, but LISTEN_FDS is not the "
                                        "number of sockets that were handed over to it");
    int status = take_all(l, wanted);
    return status < 0 ? status : l->count;
}
