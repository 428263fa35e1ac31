/* client.h - what the files of the client share: a session has hosts, a host has connections, a
 * call is a request under way, and a response is what is left of it when its head has come. */
#ifndef EDDY_HTTP_CLIENT_CLIENT_H
#define EDDY_HTTP_CLIENT_CLIENT_H

#include "base/list.h"
#include "http/client/digest.h"
#include "http/h2/h2.h"
#include "http/message/h1.h"
#include "http/message/multipart.h"
#include "http/message/url.h"
#include <eddy/http/client.h>
#include <eddy/memory.h>
#include <eddy/scope.h>
#include <eddy/sync.h>
#include <eddy/task.h>

enum {
    EDDY__HTTP_HEAD = 256 << 10,   /* bytes of an answer's head at most */
    EDDY__HTTP_FIELDS = 1000,      /* fields in it */
    EDDY__HTTP_INTERIMS = 16,      /* answers before the answer, 1xx */
    EDDY__HTTP_AT_ONCE = 48 << 10, /* bytes of a body in memory that leave without a task */
    EDDY__HTTP_PIECE = 16 << 10,   /* bytes of a longer body at a time */
    EDDY__HTTP_DRAIN = 64 << 10,   /* bytes of an unread body that are read off */
    EDDY__HTTP_SPARE = 32,         /* responses that a session keeps for reuse */
    EDDY__HTTP_TURNED_AWAY = 10,   /* times that a request is sent again with which none began */
    EDDY__HTTP_CHALLENGES = 2,     /* of Digest that a request answers */
};

/* How a server is reached. Connections are used for requests with the same way only. */
struct eddy__way {
    const struct eddy__url *url; /* scheme, host and port count */
    const eddy_tls_opts *tls;
    const char *unix_path;         /* NULL: TCP */
    const struct eddy__url *proxy; /* NULL: none */
    bool socks;                    /* the proxy speaks SOCKS5 */
    bool plain; /* requests go to the proxy itself, with whole URLs: http without a tunnel */
};

/* Those that are reached in the same way. */
struct eddy__http_host {
    struct eddy__http_host *next; /* in its bucket */
    char *key;
    unsigned users; /* requests that have a slot or wait for one, and connections */
    eddy_semaphore slots;
    struct list open;     /* connections that may take a request, the one used last first */
    eddy_lock connecting; /* of who connects for the others, too: HTTP/2 may come of it */
    eddy_event greeted;   /* set for a moment when a connection of HTTP/2 has its settings */
    bool alone;           /* its connections carry one request at a time */
};

/* One of HTTP/1.1 has an exchange at a time, one of HTTP/2 many. */
struct eddy__http_conn {
    eddy_http *http;
    struct eddy__http_host *host;
    eddy_stream *stream;
    struct list in_host;    /* while it may take requests */
    struct list in_session; /* of the idle or of the busy ones */
    unsigned users;         /* exchanges that it has */
    unsigned served;        /* exchanges that have begun */
    uint64_t number;        /* of those that the session has opened */
    double ends;            /* no exchange begins afterwards */
    double idle_ends;       /* while it is idle: when it is closed */
    struct eddy__h1 h1;
    struct eddy__h2 *h2; /* NULL: it is one of HTTP/1.1 */
    eddy_task *runner;   /* of h2; NULL: it has ended, or somebody else has the handle */
    bool over;           /* the runner has nothing more to do with it */
};

enum { EDDY__HTTP_BUCKETS = 64 };

struct eddy_http {
    unsigned refs; /* the program's, and one for each response and call */
    bool closed;
    eddy_http_opts opts;        /* defaults filled in, texts in the arena */
    struct eddy__arena arena;   /* lives as long as the session */
    struct eddy__url *base;     /* NULL: none */
    struct eddy__fields fields; /* of every request */

    eddy_semaphore slots;
    struct eddy__http_host *buckets[EDDY__HTTP_BUCKETS];
    struct eddy__http_host *last; /* that of the latest request without anything special, or NULL */
    struct list idle;             /* connections, the one that is idle longest first */
    struct list busy;
    eddy_handle sweep; /* while there are idle ones */
    bool sweeping;
    eddy_loop *loop;

    struct list challenges; /* of challenge.c */
    unsigned challenge_count;
    struct eddy_response *spare; /* responses without a use */
    unsigned spares;
    uint64_t random;
    eddy_http_stats stats;
};

/* The body of a request. */
struct eddy__body {
    enum {
        EDDY__BODY_NONE,
        EDDY__BODY_MEMORY,
        EDDY__BODY_FILE,
        EDDY__BODY_STREAM,
        EDDY__BODY_WRITER,
        EDDY__BODY_PARTS
    } kind;
    const void *data;              /* EDDY__BODY_MEMORY */
    int64_t length;                /* −1: not known */
    const char *type;              /* NULL: none is said */
    eddy_stream *file;             /* EDDY__BODY_FILE: open while it is sent */
    struct eddy__multipart *parts; /* EDDY__BODY_PARTS */
    bool begun;                    /* some of it was taken */
};

struct eddy__limit;

/* A body that a task sends while the answer is awaited. It lies in the response's arena; the task
 * holds the response. */
struct eddy__upload {
    struct eddy__call *call;
    eddy_task *task;
    bool begun, ended;
    struct eddy__limit *limit; /* of who waits for the answer: it counts from the latest piece */
};

/* A request under way. It lies in the response's arena. */
struct eddy__call {
    eddy_http *http;
    eddy_response *response;
    eddy_http_request_opts opts; /* times are those that count */
    const char *method;
    struct eddy__url url;
    struct eddy__way way;
    struct eddy__body body;
    struct eddy__head_out head; /* of this try */
    bool trusted;     /* still at the origin that the program has named: credentials may go there */
    bool fresh;       /* on a new connection only */
    bool resent;      /* was sent again already */
    bool unprocessed; /* the server has said that it has not begun with it */
    unsigned turned_away; /* how often it has */
    bool reused;          /* the connection had served before */
    bool dead;            /* the connection ended before a byte of an answer */
    double deadline;      /* on the loop's clock, INFINITY: none */
    const char *nonce;    /* that Digest has answered; NULL: none */
    unsigned challenges;  /* how often the server has asked for it */
    unsigned tries;       /* of .retries that were made */
    int64_t sent;         /* bytes of the body */
    struct eddy__http_conn *conn;
    struct eddy__exchange *exchange; /* on conn */
    uint64_t failed;                 /* number of the connection that was dead */
    struct eddy__upload *upload;
};

struct eddy_response {
    unsigned refs; /* the program's, its stream's, and one for each call that is inside */
    bool closed;
    eddy_http *http;
    struct eddy__arena arena;
    struct eddy__call *call;      /* what it answers */
    struct eddy__http_conn *conn; /* NULL: none, or the body has ended */
    struct eddy__exchange *exchange;
    struct eddy__head head;
    unsigned redirects;
    struct eddy__decoder *decoder; /* NULL: the body is as it comes */
    bool begun;                    /* some of the body was read */
    bool ended;                    /* all of it */
    int failure;                   /* of the body; 0: none */
    char *text;                    /* the whole body */
    size_t text_size;
    bool text_owned; /* by eddy_alloc, else in the arena */
    eddy_stream *stream;
    eddy_response *next; /* among the spare ones */
    const eddy_pair *trailers;
    const char *url;
};

/* ---- limits.c ---- */

/* A scope around a part of a request: the nearer of a limit of its own and of the whole
 * request's. */
struct eddy__limit {
    eddy_scope scope;
    const char *what; /* "an answer" */
    const char *option;
    double seconds;
    bool whole; /* that of the whole request is nearer */
};
void eddy__limit_enter(struct eddy__limit *limit, const struct eddy__call *call, double seconds,
                       const char *what, const char *option);
/* It counts from now on again. */
void eddy__limit_extend(struct eddy__limit *limit, const struct eddy__call *call);
/* Leaves it; a status that says that it was over is raised anew with words. Returns status. */
int eddy__limit_leave(struct eddy__limit *limit, const struct eddy__call *call, int status);
/* The failure code, whose record gets words before its message. Interruptions stay as they are. */
int eddy__http_explain(int code, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- session.c ---- */

void eddy__http_unref(eddy_http *http);
/* A response with one reference and a call. NULL, raised. */
eddy_response *eddy__response_new(eddy_http *http);
void eddy__response_unref(eddy_response *response);

/* ---- pool.c ---- */

/* Finds or makes a connection for call->way, waiting for a slot, and begins an exchange on it:
 * call->conn, call->exchange. */
EDDY_SUSPENDS int eddy__pool_acquire(struct eddy__call *call);
/* Gives both back, with the slot. A connection that can serve again waits for that; one that has
 * one exchange at a time at most so many seconds. Any other one is closed. */
void eddy__pool_release(eddy_http *http, struct eddy__http_conn *conn,
                        struct eddy__exchange *exchange, double keep);
/* A connection has ended by itself. */
void eddy__pool_lose(struct eddy__http_conn *conn);
/* It is known how many exchanges it takes, or that it takes none. */
void eddy__pool_tell(struct eddy__http_conn *conn);
void eddy__pool_close(eddy_http *http);

/* ---- conn.c ---- */

/* Connects for call; it has no exchange yet, and is in no list. NULL, raised. */
EDDY_SUSPENDS struct eddy__http_conn *eddy__conn_open(struct eddy__call *call);
/* A new exchange, what comes of which is put into arena; NULL, raised. */
struct eddy__exchange *eddy__conn_begin(struct eddy__http_conn *conn, struct eddy__arena *arena);
/* Gives one back: whether the connection can take further ones. */
bool eddy__conn_end(struct eddy__http_conn *conn, struct eddy__exchange *exchange);
/* Whether it can take another one; whether it can later, as far as one knows. */
bool eddy__conn_has_room(const struct eddy__http_conn *conn);
bool eddy__conn_is_good(const struct eddy__http_conn *conn, double now);
/* Ends one that has no exchange and is in no list; that of HTTP/2 is told, and ends later. */
void eddy__conn_close(struct eddy__http_conn *conn);

/* ---- connect.c ---- */

/* A stream to the server, or to a proxy that requests are sent to; NULL, raised. */
EDDY_SUSPENDS eddy_stream *eddy__http_connect(struct eddy__call *call);

/* ---- proxy.c ---- */

/* Whether text, which may be NULL or empty, is a proxy: 0, or EDDY_EINVAL, raised. */
int eddy__proxy_check(const char *text, struct eddy__arena *arena);
/* The proxy for call->url, as options and environment say. 0, or EDDY_EINVAL, raised. */
int eddy__proxy_choose(struct eddy__call *call);
/* "Basic …"; NULL, raised. */
char *eddy__basic_credentials(struct eddy__arena *arena, const char *user, const char *password);
/* Adds what the proxy wants to know: Proxy-Authorization. */
int eddy__proxy_fields(struct eddy__call *call, struct eddy__fields *fields);
/* Asks the proxy at the other end of stream for a way to the host and port of url. */
EDDY_SUSPENDS int eddy__proxy_tunnel(struct eddy__call *call, eddy_stream *stream);
EDDY_SUSPENDS int eddy__proxy_socks(struct eddy__call *call, eddy_stream *stream);

/* ---- request.c ---- */

/* Checks a header of the program's, for a request or for all of a session: not one that frames a
 * message. 0, or EDDY_EINVAL, raised. */
int eddy__request_check_field(const char *name, const char *value);
/* Checks what the program has said. 0, or EDDY_EINVAL, raised. */
int eddy__request_check(struct eddy__call *call);
/* The URL that the program has given: call->url and call->way. */
int eddy__request_locate(struct eddy__call *call, const char *url);
int eddy__request_way(struct eddy__call *call);
/* Makes call->head for the next try. */
int eddy__request_head(struct eddy__call *call);
/* Whether doing it twice is as doing it once. */
bool eddy__request_is_idempotent(const struct eddy__call *call);

/* ---- body.c ---- */

int eddy__body_init(struct eddy__call *call);
/* Whether it can be sent from its beginning. */
bool eddy__body_can_begin(const struct eddy__call *call);
/* Finds out how long it is. Suspends for a file. */
EDDY_SUSPENDS int eddy__body_open(struct eddy__call *call);
/* Writes it to the exchange, and its end. */
EDDY_SUSPENDS int eddy__body_send(struct eddy__call *call);
void eddy__body_close(struct eddy__call *call);

/* ---- send.c ---- */

/* One exchange: acquires a connection, sends, and receives a head into the response, which then has
 * the connection. A connection that turns out to be dead is replaced once. */
EDDY_SUSPENDS int eddy__send(struct eddy__call *call);

/* ---- exchange.c ---- */

/* Sends on call->conn and receives the head of the answer: 0 or a failure, of which call->dead says
 * more. */
EDDY_SUSPENDS int eddy__exchange(struct eddy__call *call);
/* What is told of a request's body as it moves. */
void eddy__call_moved(struct eddy__call *call);
/* Ends the task that still sends a body, if there is one, and closes what the body came from. Where
 * the task cannot be waited for, that is done when it has ended, with the response. */
void eddy__upload_end(struct eddy__call *call);

/* ---- challenge.c ---- */

/* What the origin of call->url has asked for, whose answers count themselves there; NULL: nothing
 * that is known. */
struct eddy__digest *eddy__challenge_of(struct eddy__call *call);
/* Keeps what it asks for now, in place of what it did before. 0 or EDDY_ENOMEM, raised. */
int eddy__challenge_keep(struct eddy__call *call, const struct eddy__digest *digest);
void eddy__challenges_free(eddy_http *http);

/* ---- auth.c ---- */

/* Adds Cookie and Authorization, as far as the program has not said them itself. */
int eddy__auth_fields(struct eddy__call *call, struct eddy__fields *fields);
/* Keeps the cookies of an answer. */
int eddy__auth_keep_cookies(struct eddy__call *call);
/* Whether the answer asks for Digest credentials that there are: 1, and it was dropped; 0; or a
 * failure. */
EDDY_SUSPENDS int eddy__auth_again(struct eddy__call *call);

/* ---- retry.c ---- */

/* Sends; and again where .retries allows it, after a while. */
EDDY_SUSPENDS int eddy__send_patiently(struct eddy__call *call);

/* ---- redirect.c ---- */

/* Whether the answer leads on: 1, and the call is changed accordingly; 0; or a failure. Suspends to
 * read off the answer. */
EDDY_SUSPENDS int eddy__redirect(struct eddy__call *call);

/* ---- content.c ---- */

/* The answer's head has come: what follows of its body. */
int eddy__content_begin(eddy_response *response);
/* As eddy_read; gives the connection back at the end. */
EDDY_SUSPENDS ssize_t eddy__content_read(eddy_response *response, void *buf, size_t size);
/* The body of the request has gone out, or failed. */
void eddy__content_uploaded(eddy_response *response);
/* Nobody wants the rest. Shielded. */
void eddy__content_drop(eddy_response *response);

static inline void eddy__response_hold(eddy_response *response)
{
    response->refs++;
}

#endif
