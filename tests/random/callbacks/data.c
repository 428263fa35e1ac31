/* callbacks_data.c - the descriptors of random_callbacks.c, and what goes through them. */
#include "callbacks.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/socket.h>

struct program the;

/* ---- descriptors ----------------------------------------------------------------------------- */

const struct end *peer_of(const struct pair *pair, const struct end *e)
{
    return &pair->ends[e == &pair->ends[0]];
}

bool reads(const struct pair *pair, const struct end *e)
{
    return e->fd >= 0 && (pair->kind == SOCKETS || (pair->kind == PIPE && e == &pair->ends[0]));
}

bool writes(const struct pair *pair, const struct end *e)
{
    return e->fd >= 0 && (pair->kind == SOCKETS || (pair->kind == PIPE && e == &pair->ends[1]));
}

/* What a level-triggered watch of all events is to be told. */
unsigned holding(int fd)
{
    struct pollfd look = {.fd = fd, .events = POLLIN | POLLRDHUP | POLLOUT};

    CHECK_OK(poll(&look, 1, 0));
    return (look.revents & (POLLIN | POLLRDHUP) ? (unsigned)EDDY_READABLE : 0) |
           (look.revents & POLLOUT ? (unsigned)EDDY_WRITABLE : 0) |
           (look.revents & (POLLHUP | POLLERR) ? (unsigned)(EDDY_READABLE | EDDY_WRITABLE) : 0);
}

unsigned char file_byte(size_t i)
{
    return (unsigned char)(i * 7 + i / 256);
}

static void open_file(struct end *e)
{
    unsigned char bytes[FILE_SIZE];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = file_byte(i);
    e->fd = memfd_create("file", MFD_CLOEXEC);
    CHECK(e->fd >= 0 && write(e->fd, bytes, sizeof bytes) == FILE_SIZE);
}

void open_pair(struct random *r, struct pair *pair)
{
    int fds[2], small = 4096;
    bool blocks = random_percent(r, 30);

    *pair = (struct pair){.kind = random_percent(r, 70)   ? SOCKETS
                                  : random_percent(r, 70) ? PIPE
                                                          : REGULAR};
    pair->ends[0] = (struct end){.fd = -1, .tag = ++the.tags};
    pair->ends[1] = (struct end){.fd = -1, .tag = ++the.tags};
    pair->touched = the.turns;
    if (pair->kind == REGULAR) {
        open_file(&pair->ends[0]);
        return;
    }
    if (pair->kind == PIPE) {
        CHECK_INT(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
        CHECK_OK(fcntl(fds[0], F_SETPIPE_SZ, small));
    } else {
        CHECK_INT(
            socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | (blocks ? 0 : SOCK_NONBLOCK), 0, fds),
            0);
        for (int i = 0; i < 2; i++)
            CHECK_INT(setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &small, sizeof small), 0);
    }
    pair->ends[0].fd = fds[0];
    pair->ends[1].fd = fds[1];
    random_note(r, "pair %d is %s of %d and %d", (int)(pair - the.pairs),
                pair->kind == PIPE ? "a pipe" : "sockets", fds[0], fds[1]);
}

/* Nothing was lost on the way to e. */
static void check_balance(struct random *r, const struct pair *pair, const struct end *e)
{
    const struct end *from = peer_of(pair, e);
    int left = 0;

    if (!reads(pair, e) || pair->ends[0].ops || pair->ends[1].ops)
        return;
    CHECK_INT(ioctl(e->fd, FIONREAD, &left), 0);
    random_expect(r, from->written == e->got + (size_t)left, "%zu written, %zu read, %d left",
                  from->written, e->got, left);
}

void close_watch(struct watch *w)
{
    for (unsigned i = 0; i < the.watching_count; i++)
        if (the.watching[i] == w)
            the.watching[i] = the.watching[--the.watching_count];
    w->open = false;
    eddy_watch_close(w->handle);
}

void close_end(struct random *r, struct pair *pair, struct end *e)
{
    if (e->fd < 0 || e->ops)
        return;
    random_note(r, "closes %d", e->fd);
    for (unsigned i = the.watching_count; i-- > 0;)
        if (the.watching[i]->end == e)
            close_watch(the.watching[i]);
    check_balance(r, pair, e);
    CHECK_INT(close(e->fd), 0);
    e->fd = -1;
    pair->touched = the.turns;
}

/* ---- data ------------------------------------------------------------------------------------ */

void check_bytes(struct random *r, const unsigned char *bytes, size_t n, unsigned char tag)
{
    for (size_t i = 0; i < n; i++)
        random_expect(r, bytes[i] == tag, "byte %zu is of another descriptor", i);
}

/* -> whether it got something. */
static bool read_some(struct random *r, struct pair *pair, struct end *e, size_t most)
{
    unsigned char bytes[TRANSFER_MAX];

    if (!reads(pair, e))
        return false;
    ssize_t n =
        pair->kind == SOCKETS ? recv(e->fd, bytes, most, MSG_DONTWAIT) : read(e->fd, bytes, most);
    if (n <= 0)
        return false;
    check_bytes(r, bytes, (size_t)n, peer_of(pair, e)->tag);
    e->got += (size_t)n;
    pair->touched = the.turns;
    return true;
}

static bool write_some(struct pair *pair, struct end *e, size_t most)
{
    unsigned char bytes[TRANSFER_MAX];

    if (!writes(pair, e))
        return false;
    memset(bytes, e->tag, most);
    ssize_t n = pair->kind == SOCKETS ? send(e->fd, bytes, most, MSG_DONTWAIT | MSG_NOSIGNAL)
                                      : write(e->fd, bytes, most);
    if (n <= 0)
        return false;
    e->written += (size_t)n;
    pair->touched = the.turns;
    return true;
}

void transfer(struct random *r, struct pair *pair, struct end *e)
{
    size_t most =
        random_percent(r, 60) ? 1 + random_below(r, 40) : 1 + random_below(r, TRANSFER_MAX);

    switch (random_below(r, 5)) {
    case 0:
        read_some(r, pair, e, most);
        return;
    case 1:
        while (read_some(r, pair, e, TRANSFER_MAX))
            ;
        return;
    case 2:
        write_some(pair, e, most);
        return;
    case 3:
        random_note(r, "fills %d", e->fd);
        while (write_some(pair, e, 1000) || write_some(pair, e, 1))
            ;
        return;
    default:
        if (pair->kind == SOCKETS && e->fd >= 0) {
            int how = random_percent(r, 70) ? SHUT_WR : random_percent(r, 50) ? SHUT_RD : SHUT_RDWR;
            random_note(r, "shuts %d down: %d", e->fd, how);
            shutdown(e->fd, how);
            pair->touched = the.turns;
        }
    }
}
