/* h2.c - a connection of HTTP/2: one task receives, another sends. Whoever has made frames sets the
 * event `dirty`; the sender then asks nghttp2 for all that there are, and they leave together. */
/* pkg-config: libnghttp2 */
#include "http/h2/h2.h"

#include <eddy/group.h>
#include <eddy/memory.h>

enum {
    MAX_STREAMS = 100,
    WINDOW = 256 << 10,          /* of a stream */
    CONNECTION_WINDOW = 1 << 20, /* of all together */
    HEAD_SIZE = 32 << 10,
    IDLE_FRAMES = 1000, /* in a minute */
    MAX_SETTINGS = 32,
};

/* ---- memory: nghttp2's is the library's ---- */

static void *mem_malloc(size_t size, void *arg)
{
    (void)arg;
    return eddy_alloc(size);
}

static void mem_free(void *p, void *arg)
{
    (void)arg;
    eddy_free(p);
}

static void *mem_calloc(size_t n, size_t size, void *arg)
{
    (void)arg;
    return size && n > SIZE_MAX / size ? NULL : eddy_alloc_zero(n * size);
}

static void *mem_realloc(void *p, size_t size, void *arg)
{
    (void)arg;
    return eddy_realloc(p, size);
}

static nghttp2_mem memory = {NULL, mem_malloc, mem_free, mem_calloc, mem_realloc};

/* ---- opening ---- */

static int out_of_memory(void)
{
    return eddy__raise(EDDY_ENOMEM, "no memory for a connection of HTTP/2");
}

static nghttp2_option *make_option(void)
{
    nghttp2_option *option;

    if (nghttp2_option_new(&option) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_no_closed_streams(option, 1);
    nghttp2_option_set_max_settings(option, MAX_SETTINGS);
    return option;
}

static int make_session(struct eddy__h2 *h2)
{
    nghttp2_session_callbacks *callbacks = eddy__h2_callbacks();
    nghttp2_option *option = callbacks ? make_option() : NULL;
    int r = NGHTTP2_ERR_NOMEM;

    if (option)
        r = h2->opts.accept
                ? nghttp2_session_server_new3(&h2->session, callbacks, h2, option, &memory)
                : nghttp2_session_client_new3(&h2->session, callbacks, h2, option, &memory);
    nghttp2_option_del(option);
    nghttp2_session_callbacks_del(callbacks);
    return r == 0 ? 0 : out_of_memory();
}

static int greet(struct eddy__h2 *h2)
{
    bool server = h2->opts.accept != NULL;
    nghttp2_settings_entry settings[] = {
        {NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, h2->opts.window},
        {NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS, server ? h2->opts.max_streams : 0},
        {NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE, (uint32_t)h2->opts.limits.size},
        {NGHTTP2_SETTINGS_ENABLE_PUSH, 0},
    };

    int r = nghttp2_submit_settings(h2->session, NGHTTP2_FLAG_NONE, settings,
                                    count_of(settings) - server);
    if (r == 0)
        r = nghttp2_session_set_local_window_size(h2->session, NGHTTP2_FLAG_NONE, 0,
                                                  CONNECTION_WINDOW);
    return r == 0 ? 0 : out_of_memory();
}

struct eddy__h2 *eddy__h2_open(eddy_stream *stream, const struct eddy__h2_opts *opts)
{
    struct eddy__h2 *h2 = eddy_alloc_zero(sizeof *h2);

    if (!h2) {
        out_of_memory();
        return NULL;
    }
    h2->stream = stream;
    h2->opts = *opts;
    if (!h2->opts.max_streams)
        h2->opts.max_streams = MAX_STREAMS;
    if (!h2->opts.window)
        h2->opts.window = WINDOW;
    if (!h2->opts.limits.size)
        h2->opts.limits.size = HEAD_SIZE;
    list_init(&h2->streams);
    if (make_session(h2) < 0 || greet(h2) < 0) {
        eddy__h2_close(h2);
        return NULL;
    }
    return h2;
}

/* ---- streams ---- */

struct eddy__h2_stream *eddy__h2_new_stream(struct eddy__h2 *h2)
{
    struct eddy__h2_stream *s = eddy_alloc_zero(sizeof *s);

    if (!s) {
        eddy__raise(EDDY_ENOMEM, "no memory for a stream of HTTP/2");
        return NULL;
    }
    s->exchange = (struct eddy__exchange){.kind = &eddy__h2_kind, .arena = &s->arena};
    s->h2 = h2;
    s->out_length = -1;
    list_add_tail(&h2->streams, &s->of);
    h2->count++;
    return s;
}

struct eddy__h2_stream *eddy__h2_open_stream(struct eddy__h2 *h2)
{
    if (h2->over || h2->going_away) {
        eddy__raise(EDDY_ECLOSED, "%s takes no more requests on this connection",
                    eddy_stream_peer(h2->stream));
        return NULL;
    }
    return eddy__h2_new_stream(h2);
}

unsigned eddy__h2_room(const struct eddy__h2 *h2)
{
    uint32_t most =
        nghttp2_session_get_remote_settings(h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

    return h2->over || h2->going_away || h2->count >= most ? 0 : most - h2->count;
}

void eddy__h2_wake_stream(struct eddy__h2_stream *s)
{
    eddy_event_set(&s->changed);
    eddy_event_clear(&s->changed);
}

static void leave(struct eddy__h2_stream *s)
{
    list_remove(&s->of);
    s->h2->count--;
    s->h2 = NULL;
}

void eddy__h2_reset(struct eddy__h2_stream *s, uint32_t error_code)
{
    if (s->closed || !s->h2)
        return;
    s->closed = true;
    s->error_code = error_code;
    if (s->id)
        nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id, error_code);
    eddy_event_set(&s->h2->dirty);
}

/* What nghttp2 is told of a stream that its task gives back. */
static void tell_closed(struct eddy__h2 *h2, struct eddy__h2_stream *s)
{
    size_t unread = s->in_end - s->in_start;
    bool sent = s->out_ended && !s->out_ending;

    if (unread)
        nghttp2_session_consume_connection(h2->session, unread);
    if (!sent || !s->in_ended)
        eddy__h2_reset(s, sent ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL);
    if (s->id)
        nghttp2_session_set_stream_user_data(h2->session, s->id, NULL);
    eddy_event_set(&h2->dirty);
}

void eddy__h2_close_stream(struct eddy__h2_stream *s)
{
    if (!s)
        return;
    if (s->h2) {
        tell_closed(s->h2, s);
        leave(s);
    }
    eddy_free(s->in);
    eddy__arena_free(&s->arena);
    eddy_free(s);
}

/* ---- the budget ---- */

bool eddy__h2_affords(struct eddy__h2 *h2)
{
    int64_t minute = (int64_t)(eddy_time() / 60);

    if (minute != h2->minute) {
        h2->minute = minute;
        h2->idle_frames = 0;
    }
    return ++h2->idle_frames <= IDLE_FRAMES;
}

/* ---- moving frames ---- */

static COLD int spoken_wrong(struct eddy__h2 *h2, int code)
{
    return eddy__raise(EDDY_EPROTO, "%s does not speak HTTP/2 as it should: %s",
                       eddy_stream_peer(h2->stream), nghttp2_strerror(code));
}

/* Gives nghttp2 what has come: 1; 0 at the end. */
static int receive_some(struct eddy__h2 *h2)
{
    const char *data;
    size_t count = (size_t)eddy__try(eddy_peek(h2->stream, 0, &data));

    if (count == 0)
        return 0;
    ssize_t used = nghttp2_session_mem_recv(h2->session, (const uint8_t *)data, count);
    if (used < 0)
        return used == NGHTTP2_ERR_NOMEM ? out_of_memory() : spoken_wrong(h2, (int)used);
    eddy__try(eddy_skip(h2->stream, count));
    eddy_event_set(&h2->dirty);
    return 1;
}

static bool h2_is_over(const struct eddy__h2 *h2)
{
    return !nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session);
}

/* Everything that there is to send, in as few writes as the stream's high water allows. */
static int send_all(struct eddy__h2 *h2)
{
    const uint8_t *frame;
    ssize_t n;

    eddy__try(eddy_cork(h2->stream));
    while ((n = nghttp2_session_mem_send(h2->session, &frame)) > 0)
        eddy__try(eddy_write(h2->stream, frame, (size_t)n));
    if (n < 0)
        return n == NGHTTP2_ERR_NOMEM ? out_of_memory() : spoken_wrong(h2, (int)n);
    return eddy_uncork(h2->stream);
}

/* The sending task. It ends when the connection has nothing to say any more; what comes after that
 * need not be heard, so it ends the reading, too. */
static int send_frames(struct eddy__h2 *h2, eddy_group *group)
{
    for (;;) {
        eddy_event_clear(&h2->dirty);
        eddy__try(send_all(h2));
        if (h2_is_over(h2) || h2->over)
            break;
        eddy__try(eddy_event_wait(&h2->dirty));
    }
    eddy__try(eddy_flush(h2->stream));
    eddy_group_cancel(group);
    return 0;
}
EDDY_CORO(send_frames, struct eddy__h2 *, eddy_group *)

static int receive_frames(struct eddy__h2 *h2)
{
    while (!h2_is_over(h2)) {
        int status = eddy__try(receive_some(h2));
        if (status == 0)
            break;
    }
    h2->over = true;
    eddy_event_set(&h2->dirty);
    return 0;
}

/* The connection has ended: nothing will come to its streams. */
static void abandon_streams(struct eddy__h2 *h2)
{
    h2->over = true;
    list_each_safe(node, &h2->streams)
    {
        struct eddy__h2_stream *s = container_of(node, struct eddy__h2_stream, of);

        if (eddy__h2_nobody_has(s)) {
            eddy__h2_close_stream(s);
            continue;
        }
        leave(s);
        if (!s->closed)
            s->error_code = NGHTTP2_INTERNAL_ERROR;
        s->closed = true;
        eddy__h2_wake_stream(s);
    }
}

int eddy__h2_run(struct eddy__h2 *h2)
{
    eddy_auto(eddy_group) *group = eddy_group_open();
    int status = group ? 0 : eddy_last_status();

    if (group) {
        eddy_ignore(eddy_group_start(group, send_frames_coro(h2, group)));
        status = eddy_group_join(group, .body = receive_frames(h2));
    }
    abandon_streams(h2);
    return status;
}

void eddy__h2_go_away(struct eddy__h2 *h2)
{
    h2->going_away = true;
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    eddy_event_set(&h2->dirty);
}

void eddy__h2_close(struct eddy__h2 *h2)
{
    if (!h2)
        return;
    abandon_streams(h2);
    nghttp2_session_del(h2->session);
    eddy_free(h2);
}
