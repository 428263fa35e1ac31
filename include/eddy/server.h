/* server.h - servers over TCP and Unix sockets: a task for each connection, three ways to end. */
#ifndef EDDY_SERVER_H
#define EDDY_SERVER_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* Serves one connection, in a task of its own. The stream is closed when the handler returns; it
 * may also close it itself. A failure that it returns is reported, except EDDY_ECANCELED and,
 * outside debug mode, what only says that the peer has gone (EDDY_ECONNRESET, EDDY_EPIPE). */
typedef int eddy_handler(eddy_stream *peer);
/* In a handler: the .arg of the server. Whether the server takes no more connections: a handler
 * that serves one request after another should then return after the one it is at. */
EDDY_API void *eddy_stream_arg(const eddy_stream *peer);
EDDY_API bool eddy_server_stopping(const eddy_stream *peer);
/* In a handler, between two requests: waits until a byte of the next one can be read, and returns
 * 1. Returns 0 when the peer sends no more; once the server stops it does not wait any more, and
 * returns 0 where nothing has come, so that connections without a request do not hold up its end.
 * A request that has come by then is told of: eddy_server_stopping says when to leave the rest. */
EDDY_API EDDY_SUSPENDS int eddy_server_await_request(eddy_stream *peer);

typedef struct eddy_serve_opts {
    const char *host;         /* NULL: 127.0.0.1 and ::1; "*": every interface */
    int port;                 /* 0: one that is free, see eddy_server_port */
    const char *unix_path;    /* a Unix socket instead */
    const char *activation;   /* the sockets of this name that systemd has handed over, "*" for all,
                                 see sd_listen_fds(3); when it has handed over none, the above */
    int backlog;              /* 0: 128 */
    unsigned max_connections; /* accepting pauses at so many; 0: 65,536 */
    bool reuse_port;          /* SO_REUSEPORT: servers of several loops share the port */
    size_t stack_size;        /* of the tasks of handlers, see task.h */
    double drain;             /* seconds that handlers have to return when the server ends; 0 or
                                 less: none, INFINITY: no limit */
    bool stop_on_signal;      /* SIGTERM and SIGINT end the server, see eddy_server_wait */
    void *arg;                /* eddy_stream_arg gives it to handlers */
    const char *cert;         /* file of a certificate: makes a TLS server, see tls.h, whose */
    const char *key;          /* handlers get streams after the handshake */
    eddy_tls_opts tls_opts;
    eddy_stream_opts stream;
} eddy_serve_opts;

typedef struct eddy_server eddy_server;

/* Listens and serves until the task is cancelled, or .stop_on_signal has ended the server as
 * eddy_server_wait says: 0. */
EDDY_API EDDY_SUSPENDS int eddy_serve_with(eddy_handler *handler, const eddy_serve_opts *opts);
#define eddy_serve(handler, ...) eddy_serve_with((handler), &(eddy_serve_opts){__VA_ARGS__})

/* The same in the background. NULL with a record: EDDY_EADDRINUSE, EDDY_EACCES, … */
EDDY_API EDDY_SUSPENDS eddy_server *eddy_server_open_with(eddy_handler *handler,
                                                          const eddy_serve_opts *opts);
#define eddy_server_open(handler, ...)                                                             \
    eddy_server_open_with((handler), &(eddy_serve_opts){__VA_ARGS__})
EDDY_API int eddy_server_port(const eddy_server *server);
EDDY_API unsigned eddy_server_connections(const eddy_server *server);

/* Waits until the server was stopped and every handler has returned: 0.
 * With .stop_on_signal a SIGTERM or SIGINT stops the server. Handlers that have not returned after
 * .drain seconds are cancelled, also those that wait in a read; eddy_server_await_request returns
 * at once. A second signal cancels the handlers at once; later ones do what they did without the
 * server. All servers with this option hear a signal, in all threads, and eddy_run leaves SIGINT to
 * them. A SIGINT that the process ignores, as in a background job of a script, stays ignored. */
EDDY_API EDDY_SUSPENDS int eddy_server_wait(eddy_server *server);

/* Three ways to end: stop accepting; wait until every handler has ended, at most so many seconds
 * (EDDY_ETIMEDOUT then; 0 or less waits for nobody, INFINITY is no limit, NaN is EDDY_EINVAL);
 * stop, cancel every handler and wait for them. */
EDDY_API void eddy_server_stop(eddy_server *server);
EDDY_API EDDY_SUSPENDS int eddy_server_drain(eddy_server *server, double seconds);
EDDY_API void eddy_server_abort(eddy_server *server);
/* All three, with .drain seconds in the middle. NULL is fine. When a handler of the server waits
 * for the task that makes this call, the handler leaves its wait. When a cycle of tasks that wait
 * for each other can be ended only here, the call does not wait for the handlers, and that is
 * reported as a bug. */
EDDY_API void eddy_server_close(eddy_server *server);
EDDY_AUTOCLOSE(eddy_server, eddy_server_close)

EDDY_END_DECLS

#endif
