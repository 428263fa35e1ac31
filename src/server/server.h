/* server.h - what the parts of servers share; of server/ only. */
#ifndef EDDY_SERVER_SERVER_H
#define EDDY_SERVER_SERVER_H

#include "net/net.h"
#include "tls/tls.h"

struct eddy__listener {
    struct eddy__fd fd;
    eddy_server *server;
    bool ready; /* accepting is worth a try */
};

/* One task accepts for all listeners. It is parked in `acceptor_waits` until one is ready, or
 * `paused`: until a connection has ended, or `retry` fires. References: the owner's, one for each
 * task of its own, one for each connection, and for who waits for its end. */
struct eddy_server {
    eddy_loop *loop;
    eddy_handler *handler;
    void *arg;
    size_t stack_size;
    double drain;
    struct eddy__tls_context *tls; /* NULL: in the clear */
    eddy_stream_opts stream;
    unsigned max;
    unsigned count; /* of connections */
    unsigned refs;
    struct list connections;
    eddy_waiters_ emptied; /* those who wait for the last connection's end */
    eddy_task *acceptor;
    eddy_task *acceptor_waits;
    eddy_task *hearer; /* of signals; NULL: they are none of its business */
    struct eddy_signal *signals;
    bool paused;
    bool stopped;
    bool in_trouble; /* accepting has failed, and that was reported */
    int64_t retry_delay;
    eddy_timer_ retry;
    unsigned next; /* the listener to be asked first, modulo their number */
    char name[EDDY_ADDRESS_TEXT];
    struct eddy__listeners sockets;
    struct eddy__listener listeners[]; /* one for each of sockets */
};

void eddy__server_unref(eddy_server *server);

/* ---- accepting (accept.c) ---- */

/* Makes the listeners of server->sockets and the task. 0 or EDDY_ENOMEM. */
int eddy__acceptor_start(eddy_server *server);
/* Waits for the accepting task of a server that was stopped. */
void eddy__acceptor_end(eddy_server *server);

/* ---- connections (connection.c) ---- */

/* Takes fd over. 0 or EDDY_ENOMEM. */
int eddy__connection_start(eddy_server *server, int fd, const eddy_address *address);
/* What comes back to the running task, because a handler awaits it, ends there. */
void eddy__connections_cancel(eddy_server *server);
/* The task of the connection after *cursor, of the first one when that is NULL; NULL: no more. */
eddy_task *eddy__connection_next(eddy_server *server, struct list **cursor);
/* Those that await a request need not wait any more. */
void eddy__connections_end_idle(eddy_server *server);
/* Whether a handler of this server is running. */
bool eddy__connection_runs(const eddy_server *server);

/* ---- signals (server_signal.c) ---- */

/* 0 or a failure, raised. */
int eddy__server_signals_start(eddy_server *server);
/* Gives the signals back. */
void eddy__server_signals_end(eddy_server *server);

#endif
