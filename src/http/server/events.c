/* events.c - server-sent events: the answer, and the task that keeps it awake. */
#include <eddy/http/events.h>

#include "http/server/server.h"
#include <eddy/coro.h>
#include <eddy/loop.h>
#include <eddy/memory.h>
#include <eddy/task.h>
#include <math.h>

struct eddy_http_events {
    eddy_stream *out;
    eddy_task *handler;
    eddy_task *heartbeat; /* NULL: none is wanted */
    double interval;
    double sent; /* when something was sent last, on the clock of eddy_time */
};

/* ---- heartbeats ---- */

static int keep_awake(eddy_http_events *events)
{
    for (;;) {
        double wait = events->sent + events->interval - eddy_time();

        if (wait > 0) {
            eddy__try(eddy_sleep(wait));
            continue;
        }
        events->sent = eddy_time();
        ssize_t n = eddy_write(events->out, ":\n\n", 3);
        if (n == EDDY_ECANCELED)
            return (int)n;
        if (n < 0) {
            eddy_cancel(events->handler, .reason = "the client of events has gone");
            return 0;
        }
    }
}
EDDY_CORO(keep_awake, eddy_http_events *)

static int start_heartbeat(eddy_http_events *events)
{
    if (isinf(events->interval))
        return 0;
    events->heartbeat =
        eddy__try(eddy_create_task(keep_awake_coro(events), .name = "heartbeat of events"));
    return 0;
}

/* ---- opening and closing ---- */

static int check_times(const eddy_http_events_opts *opts)
{
    if (isnan(opts->heartbeat) || opts->heartbeat < 0)
        return eddy__raise(EDDY_EINVAL, "the .heartbeat of events is no time");
    if (isnan(opts->retry) || opts->retry < 0 || opts->retry > INT32_MAX)
        return eddy__raise(EDDY_EINVAL, "the .retry of events is no time");
    return 0;
}

/* opts->headers, and what makes caches and proxies pass each event on. */
static int begin_answer(eddy_http_events *events, eddy_request *request,
                        const eddy_http_events_opts *opts)
{
    for (const eddy_pair *f = opts->headers; f && f->name; f++)
        eddy__try(eddy_respond_header(request, f->name, f->value));
    events->out = eddy__try(eddy_respond_stream(
        request, 200, .type = "text/event-stream",
        .headers = eddy_pairs({"Cache-Control", "no-store"}, {"X-Accel-Buffering", "no"})));
    if (opts->retry > 0)
        eddy__try(eddy_printf(events->out, "retry: %.0f\n\n", opts->retry * 1000));
    return 0;
}

static int begin_events(eddy_http_events *events, eddy_request *request,
                        const eddy_http_events_opts *opts)
{
    eddy__try(check_times(opts));
    if (strcmp(eddy_request_method(request), "HEAD") == 0)
        return eddy__raise(EDDY_HTTP(405), "events have no end, and so no head alone");
    events->interval = opts->heartbeat > 0 ? opts->heartbeat : 15;
    events->handler = request->task;
    events->sent = eddy_time();
    eddy__try(eddy_request_cancel_on_disconnect(request));
    eddy__try(begin_answer(events, request, opts));
    return start_heartbeat(events);
}

eddy_http_events *eddy_http_events_open_with(eddy_request *request,
                                             const eddy_http_events_opts *opts)
{
    static const eddy_http_events_opts defaults;
    eddy_http_events *events = eddy_alloc_zero(sizeof *events);

    if (!events)
        eddy__raise(EDDY_ENOMEM, "no memory for events");
    else if (begin_events(events, request, opts ? opts : &defaults) < 0)
        eddy_http_events_close(eddy_take(events));
    return events;
}

void eddy_http_events_close(eddy_http_events *events)
{
    if (!events)
        return;
    eddy_task_close(events->heartbeat);
    eddy_stream_close(events->out);
    eddy_free(events);
}

/* ---- sending ---- */

/* The text of an event, which grows. */
struct event_text {
    char *text;
    size_t size;
};

static void put_bytes(struct event_text *t, const char *bytes, size_t size)
{
    memcpy(t->text + t->size, bytes, size);
    t->size += size;
}

static void put_line(struct event_text *t, const char *name, const char *value, size_t size)
{
    put_bytes(t, name, strlen(name));
    put_bytes(t, ": ", 2);
    put_bytes(t, value, size);
    put_bytes(t, "\n", 1);
}

/* Each line of data is a field; CR, LF and both together end one. */
static void put_data(struct event_text *t, const char *data)
{
    for (;;) {
        size_t length = strcspn(data, "\r\n");

        put_line(t, "data", data, length);
        data += length;
        if (!*data)
            return;
        data += strncmp(data, "\r\n", 2) == 0 ? 2 : 1;
    }
}

static int check_event_field(const char *name, const char *value)
{
    return value && strpbrk(value, "\r\n")
               ? eddy__raise(EDDY_EINVAL, "the %s of an event has a line break in it", name)
               : 0;
}

/* More bytes than put_data puts. */
static size_t room_for(const char *data)
{
    size_t lines = 1;

    for (const char *c = data; *c; c++)
        lines += *c == '\r' || *c == '\n';
    return strlen(data) + lines * strlen("data: \n");
}

int eddy_http_events_send_with(eddy_http_events *events, const char *data,
                               const eddy_http_events_send_opts *opts)
{
    const char *event = opts ? opts->event : NULL, *id = opts ? opts->id : NULL;
    struct event_text t = {NULL, 0};

    eddy__try(check_event_field("type", event));
    eddy__try(check_event_field("id", id));
    size_t room = room_for(data) + (event ? strlen(event) : 0) + (id ? strlen(id) : 0);
    t.text = eddy_alloc(room + strlen("event: \nid: \n\n"));
    if (!t.text)
        return eddy__raise(EDDY_ENOMEM, "no memory for an event");
    if (event)
        put_line(&t, "event", event, strlen(event));
    if (id)
        put_line(&t, "id", id, strlen(id));
    put_data(&t, data);
    put_bytes(&t, "\n", 1);
    events->sent = eddy_time();
    ssize_t n = eddy_write(events->out, t.text, t.size);
    eddy_free(t.text);
    return n < 0 ? (int)n : 0;
}
