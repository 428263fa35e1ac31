/* server.h - what the parts of the HTTP server share. A connection takes one exchange after another
 * (connection.c) or many at once (connection_h2.c) and makes a request of each (serve.c); the
 * router finds its handler (dispatch.c), which reads it (request.c, body.c) and says an answer
 * (respond.c), which answer.c sends. Only the connections know which version of HTTP it is. */
#ifndef EDDY_HTTP_SERVER_SERVER_H
#define EDDY_HTTP_SERVER_SERVER_H

#include "http/message/encode.h"
#include "http/message/exchange.h"
#include "http/server/router.h"
#include <eddy.h>
#include <eddy/http/respond.h>
#include <eddy/http/server.h>
#include <eddy/http/websocket.h>

/* The text of Date, made again when a second has passed. */
struct eddy__http_date {
    time_t when;
    char text[EDDY__DATE_SIZE];
    double until; /* on the clock of eddy_time */
};

/* References: the owner's, and one for each connection. */
struct eddy_http_server {
    eddy_router *router;
    eddy_http_server_opts opts; /* with the defaults put in; its texts are not kept */
    struct eddy__head_limits limits;
    struct eddy__http_date date;
    struct eddy__proxies *proxies; /* NULL: none is trusted */
    eddy_server *listens;          /* NULL: in memory */
    struct eddy__member *members;  /* the connections through memory */
    unsigned refs;
    bool closing;
    unsigned packers; /* answers that are being coded */
    eddy_http_server_stats stats;
    char url[160];
};

/* ---- a request and its answer ---- */

struct eddy__value {
    struct eddy__value *next;
    const void *key;
    void *value;
};

struct eddy__answer {
    int status;                 /* 0: nothing was answered */
    const char *type;           /* Content-Type; NULL: none */
    const eddy_pair *fields;    /* of this answer alone; NULL: none */
    struct eddy__fields common; /* of whichever answer it will be */
    const void *data;           /* its body, where that is known as a whole */
    size_t size;                /* of data */
    struct eddy__side *side;    /* of the stream that it is written to, while there is one */
    bool begun;                 /* its head was given to the exchange */
    bool ended;                 /* all of it was */
    bool no_body;               /* by status and method */
    const char *upgrade;        /* what a 426 asks for; NULL: nothing */
    bool closes;                /* its head says that the connection ends with it */
    uint64_t sent;              /* bytes of the body */
    size_t pack_least;          /* so long an answer is worth coding it; 0: none is */
    bool varies;                /* its coding depends on what the client takes */
    bool packed;                /* it is coded */
    struct eddy__gzip *packer;  /* codes it while it is sent; NULL: it need not be */
};

/* One request; memory that it needs further is its arena's. It is used again for the next request
 * of the connection. */
struct eddy_request {
    eddy_http_server *server;
    struct eddy__exchange *exchange;
    struct eddy__arena *arena;
    eddy_stream *connection;
    eddy_task *task;        /* of the connection, which runs the handler */
    struct eddy__head head; /* its method is NULL when none has come that is well formed */
    double begun;           /* on the clock of eddy_time */

    const char *raw_path;   /* of the target, as it came */
    const char *path;       /* decoded; NULL: nobody has asked for it */
    const char *query_text; /* NULL: the target has no "?" */
    struct eddy__fields query, form;
    bool query_known, form_known;
    const char *peer;
    struct eddy__value *values;

    struct eddy__route_match match;
    unsigned at; /* of match.chain, the next; match.links: the handler */
    void *arg;

    uint64_t max_body;
    double body_waited; /* seconds that reads of the body have waited */
    bool body_ended;    /* all of it was read */
    bool body_failed;   /* no more can be */
    bool continued;     /* "100 Continue" was sent */
    eddy_stream *body;  /* NULL: nobody has asked for it as a stream */
    struct eddy__side *body_side;
    struct eddy__form_parts *parts; /* NULL: nobody has asked for them */
    eddy_stream *part_body;         /* of the part that was given last */
    struct eddy__side *part_side;
    char *whole; /* what eddy_request_bytes has read until now; NULL: it was not asked */
    size_t whole_size, whole_room;
    bool whole_known; /* that is all */

    struct eddy__answer answer;
    struct eddy__kept_file *files; /* whose bytes it may be answered with */
    eddy_websocket *websocket;     /* that it became, while that is open */
    bool peer_gone;                /* an answer could not be written */
    bool upgraded;                 /* the connection goes on with another protocol */
    bool last;                     /* the connection is to end with it */
    unsigned inside;               /* calls of streams' transports that are in the exchange */
    eddy_event outside;            /* none is any more */
    struct eddy__disconnect_watch *watch;
};

/* serve.c: r is a new request that comes with exchange. Its head: 1; 0 when the client has ended
 * the connection before; or a failure, of which EDDY_HTTP(n) is to be answered. */
void eddy__request_begin(eddy_request *r, eddy_http_server *server, struct eddy__exchange *exchange,
                         eddy_stream *connection);
EDDY_SUSPENDS int eddy__request_receive(eddy_request *r);
/* Has the handler answer when status is 1, and sends an answer whatever comes of that, or of
 * status: 0, or a failure after which nothing can be sent. */
EDDY_SUSPENDS int eddy__request_answer(eddy_request *r, int status);

/* request.c: takes the target of r->head apart. 0 or EDDY_HTTP(400), raised. */
int eddy__request_take_target(eddy_request *r);

/* body.c: bytes of the body: at least one, 0 at its end, or a failure, raised. Suspends. */
EDDY_SUSPENDS ssize_t eddy__request_read(eddy_request *r, void *buf, size_t size);
/* Whether what the handler has left of the body can be read and thrown away, so that the connection
 * can be used again. */
bool eddy__request_rest_is_small(const eddy_request *r);
/* Does so: whether it has ended. */
EDDY_SUSPENDS bool eddy__request_discard(eddy_request *r);
void eddy__request_close_body(eddy_request *r);

/* form_parts.c: bytes of the part that was given last, as of the body. Suspends. */
EDDY_SUSPENDS ssize_t eddy__request_read_part(eddy_request *r, void *buf, size_t size);
/* Makes r->form of all parts, which have to be fields. Suspends. */
EDDY_SUSPENDS int eddy__request_form_of_parts(eddy_request *r);

/* side.c: streams of the program that lead to the exchange. They can outlive the request. */
struct eddy__side {
    eddy_request *request; /* NULL: it has been answered */
};
/* NULL, raised. The side belongs to the stream. */
eddy_stream *eddy__side_open_body(eddy_request *r);
eddy_stream *eddy__side_open_part(eddy_request *r);
eddy_stream *eddy__side_open_answer(eddy_request *r);
/* No call of theirs is in the exchange after this. False: one was, and the connection was aborted.
 */
EDDY_SUSPENDS bool eddy__request_leave_sides(eddy_request *r);

/* dispatch.c: finds the handler and calls it with all that stands around it: its status. Suspends.
 */
EDDY_SUSPENDS int eddy__request_dispatch(eddy_request *r);

/* answer.c: gives the head to the exchange; size is -1 for a body whose length is not known. */
EDDY_SUSPENDS int eddy__answer_begin(eddy_request *r, int64_t size);
/* Sends that head before there are bytes behind it. */
EDDY_SUSPENDS int eddy__answer_send_head(eddy_request *r);
EDDY_SUSPENDS int eddy__answer_write(eddy_request *r, const void *data, size_t size);
/* The same for what is coded already. */
EDDY_SUSPENDS int eddy__answer_write_bytes(eddy_request *r, const void *data, size_t size);
/* Waits until the client has taken what was sent to it. */
EDDY_SUSPENDS int eddy__answer_flush(eddy_request *r);
EDDY_SUSPENDS int eddy__answer_end(eddy_request *r);
/* Sends what was answered, whole: 0 or a failure, after which the connection is of no use. */
EDDY_SUSPENDS int eddy__answer_finish(eddy_request *r);
/* The text of Date at a time on the clock of eddy_time. */
const char *eddy__server_date(eddy_http_server *server, double now);

/* gzip.c: chooses whether the answer, of *size bytes as it is, is coded, and does so where it is
 * there as a whole; *size becomes what the head says. 0 or a failure. */
int eddy__answer_pack(eddy_request *r, int64_t *size);
EDDY_SUSPENDS int eddy__gzip_write(struct eddy__gzip *packer, const void *data, size_t size);
EDDY_SUSPENDS int eddy__gzip_end(struct eddy__gzip *packer);
void eddy__gzip_close(struct eddy__gzip *packer);
/* Whether an answer of that type and size is to be coded for clients that take it. */
bool eddy__gzip_is_worth(const eddy_request *r, const char *type, uint64_t size);
/* Codes size bytes to `to`, which has room for as many: how many they become, 0: not fewer; or a
 * failure, raised. */
ssize_t eddy__gzip_bytes(const void *data, size_t size, void *to);

/* respond.c: whether a program may give this field. 0 or EDDY_EINVAL, raised. */
int eddy__answer_check_field(const char *name, const char *value);

/* failure.c: makes an answer of the handler's failure, code: 0, or code where nothing can be said.
 * The other makes one for a handler that has said none. */
int eddy__answer_failure(eddy_request *r, int code);
int eddy__answer_missing(eddy_request *r);
/* Tells the loop's exception handler of a failure: "before GET / after". */
void eddy__report_request(const eddy_request *r, int code, const char *before, const char *after);

/* log.c: the request was answered: counts it, and adds a line to the access log. EDDY_ECANCELED or
 * 0: a log that cannot be written stops nobody. */
EDDY_SUSPENDS int eddy__log_request(eddy_request *r);

/* proxy.c: "127.0.0.1, 10.0.0.0/8, unix". 0 or a failure, raised. */
int eddy__proxies_open(struct eddy__proxies **place, const char *text);
void eddy__proxies_close(struct eddy__proxies *proxies);

/* disconnect.c: ends the watch. */
void eddy__disconnect_watch_close(struct eddy__disconnect_watch *watch);

/* ---- connections ---- */

/* Serves a connection until it ends. */
EDDY_SUSPENDS int eddy__http_connection(eddy_http_server *server, eddy_stream *stream,
                                        struct eddy__member *member);
/* connection_h2.c: the same for one that speaks HTTP/2: 0; 1: the client may still send what nobody
 * reads; or a failure. */
EDDY_SUSPENDS int eddy__http_connection_h2(eddy_http_server *server, eddy_stream *stream,
                                           struct eddy__member *member);

/* A connection through memory. It is in server->members until it is reaped after its end. */
struct eddy__member {
    struct eddy__member *next;
    eddy_http_server *server;
    eddy_stream *stream;
    eddy_task *task;
    bool idle;              /* between two requests: cancelling the task is how to end it */
    void (*end)(void *arg); /* how one of HTTP/2 is told that the server ends; NULL: it is none */
    void *end_arg;
    bool begun, ended;
    bool orphan; /* its server has gone: it gives itself back */
};

/* member.c: ends those that are idle; waits for all, as long as the server drains. */
void eddy__members_end_idle(eddy_http_server *server);
void eddy__members_close(eddy_http_server *server);

/* ---- the server (server.c) ---- */

void eddy__http_server_unref(eddy_http_server *server);

#endif
