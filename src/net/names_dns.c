/* names_dns.c - looking host names up by DNS: c-ares on the loop's descriptors and timers. */
/* pkg-config: libcares */
#include "base/descriptor.h"
#include "net/names.h"

/* The functions of Debian 12's version; later ones have others, too. */
#define CARES_NO_DEPRECATED
#include <ares.h>
#include <netdb.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* Versions that keep answers themselves are asked not to: names.c does. */
#ifndef ARES_OPT_QUERY_CACHE
#define ARES_OPT_QUERY_CACHE 0
#endif

enum { ATTEMPTS = 3, SERVERS_MAX = 16 };
static const double TIMEOUT = 2;
/* How long a "no" is kept: c-ares does not tell the time that RFC 2308 gives it. */
static const double NEGATIVE_TTL = 5;

/* c-ares is entered on the loop's stack only. Its time-outs are one timer of the loop, which has
 * its place reserved and so can always be armed. */
struct eddy__dns {
    ares_channel channel;
    eddy_loop *loop;
    struct eddy__resolver *resolver;
    eddy_timer_ timer;
    struct list sockets;
    const char *settings;      /* the file's path */
    struct stat settings_then; /* when it was read; all zero: it was not there */
};

struct socket {
    struct list link;
    eddy_watch *watch;
};

/* ---- system calls ---- */

/* As c-ares expects it. */
static ssize_t by_errno(ssize_t r)
{
    if (r >= 0)
        return r;
    errno = (int)-r;
    return -1;
}

static ares_socket_t open_socket(int family, int type, int protocol, void *dns)
{
    (void)dns;
    type |= SOCK_NONBLOCK | SOCK_CLOEXEC;
    return (int)by_errno(eddy__sys(eddy__above_standard(socket(family, type, protocol))));
}

static int close_socket(ares_socket_t fd, void *dns)
{
    (void)dns;
    return close(fd);
}

static int connect_socket(ares_socket_t fd, const struct sockaddr *to, ares_socklen_t size,
                          void *dns)
{
    int status = eddy__sys_once(connect(fd, to, size));

    (void)dns;
    if (status >= 0 && eddy__socket_meets_itself(fd))
        status = -ECONNREFUSED; /* its own question would be the answer */
    return (int)by_errno(status);
}

static ares_ssize_t dns_receive(ares_socket_t fd, void *buf, size_t size, int flags,
                                struct sockaddr *from, ares_socklen_t *from_size, void *dns)
{
    (void)dns;
    return by_errno(eddy__sys(recvfrom(fd, buf, size, flags, from, from_size)));
}

static ares_ssize_t dns_send_parts(ares_socket_t fd, const struct iovec *parts, int n, void *dns)
{
    struct msghdr message = {.msg_iov = (struct iovec *)(uintptr_t)parts, .msg_iovlen = (size_t)n};

    (void)dns;
    return by_errno(eddy__sys(sendmsg(fd, &message, MSG_NOSIGNAL)));
}

static const struct ares_socket_functions system_calls = {open_socket, close_socket, connect_socket,
                                                          dns_receive, dns_send_parts};

static struct stat dns_look_at(const char *path)
{
    struct stat st;

    return eddy__sys(stat(path, &st)) < 0 ? (struct stat){0} : st;
}

/* ---- sockets and time-outs ---- */

static void time_out(eddy_loop *loop, eddy_timer_ *timer);

static void arm_timer(struct eddy__dns *dns)
{
    struct timeval tv, *left = ares_timeout(dns->channel, NULL, &tv);

    eddy__timer_cancel(dns->loop, &dns->timer);
    if (!left)
        return;
    int64_t ns = left->tv_sec * NS_PER_SECOND + (left->tv_usec + 1000) * 1000; /* it rounds down */
    dns->timer.fire = time_out;
    eddy__timer_arm(dns->loop, &dns->timer, eddy__ns_after(eddy__loop_now_exact(dns->loop), ns));
}

static void dns_process(struct eddy__dns *dns, int readable, int writable)
{
    ares_process_fd(dns->channel, readable, writable);
    arm_timer(dns);
    eddy__resolver_go_on(dns->resolver);
    eddy_error_clear(); /* what went wrong in here was told by an answer */
}

static void time_out(eddy_loop *loop, eddy_timer_ *timer)
{
    (void)loop;
    dns_process(container_of(timer, struct eddy__dns, timer), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

static void dns_on_ready(eddy_watch *watch, unsigned events, void *dns)
{
    int fd = eddy_watch_fd(watch);

    dns_process(dns, events & EDDY_READABLE ? fd : ARES_SOCKET_BAD,
                events & EDDY_WRITABLE ? fd : ARES_SOCKET_BAD);
}

static struct socket *find_socket(struct eddy__dns *dns, int fd)
{
    list_each(link, &dns->sockets) {
        struct socket *s = container_of(link, struct socket, link);

        if (eddy_watch_fd(s->watch) == fd)
            return s;
    }
    return NULL;
}

static void forget_socket(struct socket *s)
{
    list_remove(&s->link);
    eddy_watch_close(s->watch);
    eddy_free(s);
}

static void watch_socket(struct eddy__dns *dns, int fd, unsigned events)
{
    struct socket *s = eddy_alloc_zero(sizeof *s);

    if (!s)
        return;
    list_add_tail(&dns->sockets, &s->link);
    s->watch = eddy_watch_open(dns->loop, fd, events, dns_on_ready, dns);
    if (!s->watch) {
        list_remove(&s->link);
        eddy_free(s);
    }
}

/* c-ares wants other events, or none before it closes the socket. When that fails the question runs
 * out of time. */
static void socket_changed(void *arg, ares_socket_t fd, int readable, int writable)
{
    struct eddy__dns *dns = arg;
    struct socket *s = find_socket(dns, fd);
    unsigned events = (readable ? EDDY_READABLE : 0u) | (writable ? EDDY_WRITABLE : 0u);

    if (s && !events)
        forget_socket(s);
    else if (s)
        eddy_ignore(eddy_watch_set(s->watch, events));
    else if (events)
        watch_socket(dns, fd, events);
}

/* ---- answers ---- */

static int count_addresses(const struct ares_addrinfo *info)
{
    int count = 0;

    for (struct ares_addrinfo_node *i = info->nodes; i; i = i->ai_next)
        count += i->ai_addrlen <= sizeof((eddy_address *)NULL)->u;
    return count;
}

static struct eddy__addresses *dns_copy_addresses(const struct ares_addrinfo *info, int count)
{
    struct eddy__addresses *found =
        eddy_alloc_zero(sizeof *found + (size_t)count * sizeof found->list[0]);

    for (struct ares_addrinfo_node *i = info->nodes; found && i; i = i->ai_next) {
        if (i->ai_addrlen > sizeof found->list[0].u)
            continue;
        eddy_address *a = &found->list[found->count++];
        memcpy(&a->u, i->ai_addr, i->ai_addrlen);
        a->size = i->ai_addrlen;
    }
    return found;
}

/* The shortest of all; the hosts file gives 0. */
static double ttl_of(const struct ares_addrinfo *info)
{
    int ttl = INT32_MAX;

    for (struct ares_addrinfo_node *i = info->nodes; i; i = i->ai_next)
        ttl = i->ai_ttl < ttl ? i->ai_ttl : ttl;
    for (struct ares_addrinfo_cname *i = info->cnames; i; i = i->next)
        ttl = i->ttl < ttl ? i->ttl : ttl;
    return ttl;
}

static const char *reason_of(int status)
{
    switch (status) {
    case ARES_ENOTFOUND:
        return "there is no such name";
    case ARES_ENODATA:
        return "the name has no address";
    case ARES_EBADNAME:
        return "this cannot be a host's name";
    case ARES_ETIMEOUT:
        return "no DNS server answered in time";
    case ARES_ECONNREFUSED:
    case ARES_ESERVFAIL:
        return "no DNS server can be reached or knows an answer";
    default:
        return ares_strerror(status);
    }
}

static bool is_no(int status)
{
    return status == ARES_ENOTFOUND || status == ARES_ENODATA;
}

/* A "no" holds for a while, unless a server that was silent might have said more. */
static struct eddy__answer failure(int status, int timeouts)
{
    return (struct eddy__answer){.code = status == ARES_ENOMEM ? EDDY_ENOMEM : EDDY_ENAME,
                                 .reason = reason_of(status),
                                 .ttl = is_no(status) && !timeouts ? NEGATIVE_TTL : 0};
}

static struct eddy__answer success(const struct ares_addrinfo *info)
{
    int count = count_addresses(info);

    if (!count)
        return failure(ARES_ENODATA, 0);
    if (count > EDDY__ADDRESSES_MAX)
        return (struct eddy__answer){.code = EDDY_ENAME, .reason = EDDY__ADDRESSES_TOO_MANY};
    struct eddy__addresses *found = dns_copy_addresses(info, count);
    return found ? (struct eddy__answer){.found = found, .ttl = ttl_of(info)}
                 : failure(ARES_ENOMEM, 0);
}

static void dns_answered(void *arg, int status, int timeouts, struct ares_addrinfo *info)
{
    struct eddy__answer answer = status == ARES_SUCCESS ? success(info) : failure(status, timeouts);

    ares_freeaddrinfo(info);
    eddy__name_answer(arg, &answer);
}

/* How long a name holds c-ares does not tell. */
static void dns_named(void *arg, int status, int timeouts, char *called, char *service)
{
    struct eddy__answer answer = failure(status, timeouts);

    (void)service;
    if (is_no(status))
        answer.reason = "the address has no name";
    if (status == ARES_SUCCESS)
        answer = (struct eddy__answer){.called = eddy_strdup(called)};
    if (status == ARES_SUCCESS && !answer.called)
        answer = failure(ARES_ENOMEM, 0);
    eddy__name_answer(arg, &answer);
}

void eddy__dns_ask(struct eddy__dns *dns, struct eddy__name *name)
{
    struct ares_addrinfo_hints hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};

    if (secure_getenv("CARES_HOSTS"))
        hints.ai_flags = ARES_AI_ENVHOSTS;
    if (name->address.size)
        ares_getnameinfo(dns->channel, &name->address.u.any, name->address.size,
                         ARES_NI_LOOKUPHOST | ARES_NI_NAMEREQD, dns_named, name);
    else
        ares_getaddrinfo(dns->channel, name->host, NULL, &hints, dns_answered, name);
    arm_timer(dns);
}

/* ---- settings ---- */

/* One server of the list, to be given back with the others; its rest in *text. */
static int parse_server(const char **text, struct ares_addr_port_node *server)
{
    eddy_address a;
    char host[INET6_ADDRSTRLEN + 2] = "";
    const char *list = *text;
    size_t length = strcspn(list, *list == '[' ? "]" : ":,");
    char *end;

    length += list[length] == ']';
    if (length < sizeof host)
        memcpy(host, list, length);
    list += length;
    long port = 53;
    if (*list == ':' && list[1] >= '0' && list[1] <= '9') {
        port = strtol(list + 1, &end, 10);
        list = end;
    }
    if ((*list && *list != ',') || port < 1 || port > 65535 || !eddy__address_parse(&a, host, 0))
        return EDDY_EINVAL;
    *text = list + (*list == ',');
    *server = (struct ares_addr_port_node){
        .family = a.u.any.sa_family, .udp_port = (int)port, .tcp_port = (int)port};
    if (server->family == AF_INET)
        server->addr.addr4 = a.u.in4.sin_addr;
    else
        memcpy(&server->addr.addr6, &a.u.in6.sin6_addr, sizeof server->addr.addr6);
    return 0;
}

static int set_servers(struct eddy__dns *dns, const char *text)
{
    struct ares_addr_port_node servers[SERVERS_MAX];
    const char *rest = text;
    int count = 0;

    do {
        if (count == SERVERS_MAX || parse_server(&rest, &servers[count]) < 0)
            return eddy__raise(
                EDDY_EINVAL,
                "a resolver's servers are a list like \"192.0.2.1,[2001:db8::1]:53\" "
                "of at most %d, not \"%s\"",
                SERVERS_MAX, text);
        if (count++)
            servers[count - 2].next = &servers[count - 1];
    } while (*rest);
    return ares_set_servers_ports(dns->channel, servers) == ARES_SUCCESS
               ? 0
               : eddy__raise_code(EDDY_ENOMEM);
}

static void init_library(void)
{
#ifdef EDDY_TESTING
    ares_library_init_mem(ARES_LIB_INIT_ALL, eddy_alloc, eddy_free, eddy_realloc);
#else
    ares_library_init(ARES_LIB_INIT_ALL);
#endif
}

static int open_channel(struct eddy__dns *dns, const eddy_resolver_opts *opts)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct ares_options options = {
        .timeout = (int)((opts->timeout > 0 ? opts->timeout : TIMEOUT) * 1000 + 0.999),
        .tries = opts->attempts ? opts->attempts : ATTEMPTS,
        .sock_state_cb = socket_changed,
        .sock_state_cb_data = dns,
        .resolvconf_path = (char *)(uintptr_t)dns->settings,
    };

    pthread_once(&once, init_library);
    int status = ares_init_options(&dns->channel, &options,
                                   ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB |
                                       ARES_OPT_RESOLVCONF | ARES_OPT_QUERY_CACHE);
    if (status != ARES_SUCCESS)
        return status == ARES_ENOMEM
                   ? eddy__raise_code(EDDY_ENOMEM)
                   : eddy__raise(EDDY_EIO, "cannot look names up: %s", ares_strerror(status));
    ares_set_socket_functions(dns->channel, &system_calls, dns);
    return opts->servers ? set_servers(dns, opts->servers) : 0;
}

int eddy__dns_open(struct eddy__dns **dns, eddy_loop *loop, struct eddy__resolver *resolver,
                   const eddy_resolver_opts *opts)
{
    struct eddy__dns *new = eddy_alloc_zero(sizeof *new);
    int status;

    if (!new || eddy__ready_reserve(loop) < 0) {
        eddy_free(new);
        return eddy__raise_code(EDDY_ENOMEM);
    }
    new->loop = loop;
    new->resolver = resolver;
    new->settings = opts->resolv_conf ? opts->resolv_conf : "/etc/resolv.conf";
    new->settings_then = dns_look_at(new->settings);
    list_init(&new->sockets);
    status = open_channel(new, opts);
    if (status < 0)
        eddy__dns_close(new);
    else
        *dns = new;
    return status;
}

bool eddy__dns_is_outdated(const struct eddy__dns *dns)
{
    const struct stat *then = &dns->settings_then;
    struct stat now = dns_look_at(dns->settings);

    return now.st_ino != then->st_ino || now.st_size != then->st_size ||
           now.st_mtim.tv_sec != then->st_mtim.tv_sec ||
           now.st_mtim.tv_nsec != then->st_mtim.tv_nsec;
}

void eddy__dns_close(struct eddy__dns *dns)
{
    if (!dns)
        return;
    if (dns->channel)
        ares_destroy(dns->channel);
    eddy__timer_cancel(dns->loop, &dns->timer);
    eddy__ready_unreserve(dns->loop);
    eddy_free(dns);
}
