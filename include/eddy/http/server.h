/* server.h - servers of HTTP over TCP, Unix sockets and memory: what they listen on, their limits
 * and their end. What handlers do is in request.h and respond.h, which handler serves what in
 * router.h.
 *
 *     eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
 *     eddy_try(eddy_route(router, "GET /hello", hello));
 *     return eddy_http_serve(router, .port = 8080, .stop_on_signal = true); */
#ifndef EDDY_HTTP_SERVER_H
#define EDDY_HTTP_SERVER_H

#include <eddy/http/router.h>
#include <eddy/server.h>

EDDY_BEGIN_DECLS

/* Lines of the access log: those of the Common Log Format with referrer and agent, or JSON. */
enum { EDDY_HTTP_LOG_COMMON, EDDY_HTTP_LOG_JSON };

/* All times are in seconds; INFINITY is no limit (rule B7). */
typedef struct eddy_http_server_opts {
    void *arg; /* eddy_request_arg gives it to handlers */

    /* As in eddy_serve_opts, see <eddy/server.h>. */
    const char *host;
    int port;
    const char *unix_path;
    const char *activation;
    bool in_memory; /* listens nowhere: only eddy_http_server_connect reaches the server */
    int backlog;
    unsigned max_connections;
    bool reuse_port;
    size_t stack_size;
    double drain; /* 0: 10, negative: none */
    bool stop_on_signal;
    const char *cert;
    const char *key;
    eddy_tls_opts tls_opts;

    size_t max_head;       /* bytes of a request's head, else 431; 0: 32 KiB */
    size_t max_target;     /* bytes of its target, else 414; 0: 8 KiB */
    unsigned max_fields;   /* header fields, else 431; 0: 100 */
    uint64_t max_body;     /* bytes of its body, else 413; 0: 16 MiB */
    unsigned max_requests; /* on one connection; 0: 100,000 */
    unsigned max_streams;  /* of them at a time, over HTTP/2; 0: 100 */

    double idle_timeout;   /* a connection waits so long for its next request; 0: 75 */
    double timeout_header; /* from the first byte of a head to its last, else 408; 0: 10 */
    double timeout_write;  /* until the client has taken 64 KiB of an answer; 0: 30 */
    unsigned min_rate;     /* bytes a second that a body has to come with, after 10 s; 0: 250 */

    bool cancel_on_disconnect;   /* eddy_request_cancel_on_disconnect for requests without a body */
    const char *trusted_proxies; /* their addresses, whose X-Forwarded-For is believed:
                                    "127.0.0.1, 10.0.0.0/8, unix" */
    eddy_stream *log;            /* gets a line for each request; not owned; NULL: none */
    int log_format;
    bool no_http2; /* HTTP/1.1 alone. Otherwise HTTP/2, too: with TLS where the client asks for it,
                      in the clear where the client begins with it */
} eddy_http_server_opts;

typedef struct eddy_http_server eddy_http_server;

/* A server in the background, which uses the router; that has to stay until the server is closed
 * and can be shared by the servers of one loop. The caller closes the server. NULL with a record:
 * EDDY_EINVAL with what is wrong, EDDY_EADDRINUSE, EDDY_EACCES, … Suspends. */
EDDY_API EDDY_SUSPENDS eddy_http_server *eddy_http_server_open_with(
    eddy_router *router, const eddy_http_server_opts *opts);
#define eddy_http_server_open(router, ...)                                                         \
    eddy_http_server_open_with((router), &(eddy_http_server_opts){__VA_ARGS__})
/* Takes no more connections, ends those that are idle, waits up to .drain seconds for requests
 * under way, whose answers say that the connection ends, cancels those that are left, and gives
 * the server back. NULL is fine. */
EDDY_API void eddy_http_server_close(eddy_http_server *server);
EDDY_AUTOCLOSE(eddy_http_server, eddy_http_server_close)

/* Serves until the task is cancelled, or a signal has ended the server (.stop_on_signal): 0. */
EDDY_API EDDY_SUSPENDS int eddy_http_serve_with(eddy_router *router,
                                                const eddy_http_server_opts *opts);
#define eddy_http_serve(router, ...)                                                               \
    eddy_http_serve_with((router), &(eddy_http_server_opts){__VA_ARGS__})

/* Waits until a server with .stop_on_signal was stopped by a signal, and its last request has been
 * answered, as eddy_server_wait: 0. EDDY_EINVAL for one in memory. */
EDDY_API EDDY_SUSPENDS int eddy_http_server_wait(eddy_http_server *server);

/* "http://127.0.0.1:8080", valid as long as the server. Its port; 0 where there is none. How many
 * connections it has. */
EDDY_API const char *eddy_http_server_url(const eddy_http_server *server);
EDDY_API int eddy_http_server_port(const eddy_http_server *server);
EDDY_API unsigned eddy_http_server_connections(const eddy_http_server *server);

/* What a server has done. */
typedef struct eddy_http_server_stats {
    uint64_t connections; /* that have come */
    uint64_t requests;    /* that were answered, as far as that was possible */
    uint64_t refused;     /* of these, with a status from 400 on */
    uint64_t received;    /* bytes of bodies */
    uint64_t sent;
} eddy_http_server_stats;
EDDY_API eddy_http_server_stats eddy_http_server_get_stats(const eddy_http_server *server);

/* A connection to the server through memory, without sockets, as tests like it: the client's end,
 * which the caller closes. NULL: EDDY_ENOMEM; EDDY_ECLOSED for a server that is closing. Does not
 * suspend. */
EDDY_API eddy_stream *eddy_http_server_connect(eddy_http_server *server);

EDDY_END_DECLS

#endif
