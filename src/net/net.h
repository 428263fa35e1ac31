/* net.h - private door of the net layer: names, clients, listening sockets. */
#ifndef EDDY_NET_NET_H
#define EDDY_NET_NET_H

#include "stream/stream.h"
#include <eddy/names.h>
#include <eddy/server.h>

/* ---- names (names.c) ---- */

struct eddy__addresses {
    int count;
    eddy_address list[]; /* port 0 */
};

/* The addresses of a host, at once for a numeric one. NULL with a record. To be given back with
 * eddy_free. Suspends. */
struct eddy__addresses *eddy__names_resolve(const char *host);
/* Those of an own end: NULL is 127.0.0.1 and ::1, "*" is every interface (tcp.c). */
struct eddy__addresses *eddy__names_to_bind(const char *host);
/* Copies of addresses; two numeric ones. NULL raised. */
struct eddy__addresses *eddy__addresses_of(const eddy_address *list, int count);
struct eddy__addresses *eddy__addresses_both(const char *first, const char *second);

/* ---- clients and listening sockets (connect.c, race.c, tcp.c, unix.c) ---- */

/* A connected stream. NULL and *status, not raised; a status that is the task's interrupt is no
 * failure of that address. from may be NULL. */
eddy_stream *eddy__connect_address(const eddy_address *to, const eddy_address *from, bool nodelay,
                                   const eddy_stream_opts *opts, int *status);

/* Connects to one of the host's addresses, whose order and ports it sets (race.c). NULL raised.
 * from may be NULL. */
eddy_stream *eddy__race(const char *host, struct eddy__addresses *to,
                        const struct eddy__addresses *from, const eddy_connect_opts *opts);

/* The file that a Unix socket is bound to; an empty path for none. */
struct eddy__unix_file {
    char path[sizeof((struct sockaddr_un *)NULL)->sun_path];
    dev_t device;
    ino_t inode;
};

/* A listening socket; a descriptor or a negative code, not raised. */
int eddy__tcp_listen(const eddy_address *a, const eddy_serve_opts *opts);
int eddy__unix_listen(const eddy_address *a, int backlog, struct eddy__unix_file *file);
/* Binds a socket to the address, in place of a file that nobody listens on any more. */
int eddy__unix_bind(int fd, const eddy_address *a, struct eddy__unix_file *file);
/* Removes the file, unless it is another server's by now. */
void eddy__unix_remove(const struct eddy__unix_file *file);

/* Sockets that listen on everything opts names, all on one port. */
struct eddy__listeners {
    int count;
    int port;
    int fds[16];
    struct eddy__unix_file file;
};

/* Takes duplicates of the sockets that a service manager has handed over under that name, "*" for
 * all: how many, 0 when there was no handing over, or a failure, raised (activation.c). */
int eddy__activation_open(struct eddy__listeners *l, const char *wanted);
/* 0, or a failure, raised. */
int eddy__listeners_open(struct eddy__listeners *l, const eddy_serve_opts *opts);
void eddy__listeners_close(struct eddy__listeners *l);

#endif
