/* events.h - server-sent events: an answer without an end, of which browsers make events (the
 * EventSource of HTML).
 *
 *     eddy_auto(eddy_http_events) *events = eddy_try(eddy_http_events_open(request));
 *     while (...)
 *         eddy_try(eddy_http_events_send(events, text, .event = "news", .id = "7"));
 */
#ifndef EDDY_HTTP_EVENTS_H
#define EDDY_HTTP_EVENTS_H

#include <eddy/http/respond.h>

EDDY_BEGIN_DECLS

typedef struct eddy_http_events eddy_http_events;

typedef struct eddy_http_events_opts {
    double heartbeat; /* seconds without an event, after which a comment is sent, so that a client
                         which has gone is noticed; 0: 15, INFINITY: never */
    double retry; /* seconds until the browser comes back when the answer ends; 0: as it likes */
    const eddy_pair *headers; /* further fields of the answer */
} eddy_http_events_opts;

/* Begins the answer: 200, text/event-stream. The handler is cancelled when the client has gone, as
 * by eddy_request_cancel_on_disconnect. Where a browser that comes back has left off says its field
 * Last-Event-ID. NULL with a record: EDDY_EINVAL for a time that is none, EDDY_HTTP(405) for HEAD,
 * EDDY_EBUSY for a request whose body is unread, and as of eddy_respond_stream. The caller closes
 * it, before the handler returns; NULL is fine there. */
EDDY_API EDDY_SUSPENDS eddy_http_events *eddy_http_events_open_with(
    eddy_request *request, const eddy_http_events_opts *opts);
#define eddy_http_events_open(request, ...)                                                        \
    eddy_http_events_open_with((request), &(eddy_http_events_opts){__VA_ARGS__})
EDDY_API void eddy_http_events_close(eddy_http_events *events);
EDDY_AUTOCLOSE(eddy_http_events, eddy_http_events_close)

typedef struct eddy_http_events_send_opts {
    const char *event; /* its type; NULL: "message" */
    const char *id;    /* what a browser that comes back says it has seen; NULL: none */
} eddy_http_events_send_opts;

/* Sends an event at once. data is text of any number of lines. EDDY_EINVAL for a type or an id with
 * a line break in it; otherwise as eddy_write. Any number of tasks may send. */
EDDY_API EDDY_SUSPENDS int eddy_http_events_send_with(eddy_http_events *events, const char *data,
                                                      const eddy_http_events_send_opts *opts);
#define eddy_http_events_send(events, data, ...)                                                   \
    eddy_http_events_send_with((events), (data), &(eddy_http_events_send_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif
