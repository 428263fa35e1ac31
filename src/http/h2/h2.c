/* h2.c - a connection of HTTP/2 and its streams: opening, counting and ending them. */
/* pkg-config: libnghttp2 */
#include "http/h2/h2.h"

#include <eddy/memory.h>

enum {
    MAX_STREAMS = 100,
    SERVER_WINDOW = 64 << 10,
    CLIENT_WINDOW = 256 << 10,
    CONNECTION_WINDOW = 16 << 20, /* what is unread is limited by the windows of streams */
    HEAD_SIZE = 32 << 10,
    IDLE_FRAMES = 1000, /* in a minute */
    OWN_RESETS = 100,   /* the same, of a client */
    MAX_SETTINGS = 32,
    MAX_ANSWERS = 10 * IDLE_FRAMES, /* to pings and settings, and resets, that wait to be sent */
};
#define DOUBT_SECONDS 1.0 /* without a byte from a server that was asked */

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

int eddy__h2_out_of_memory(void)
{
    return eddy__raise(EDDY_ENOMEM, "no memory for a connection of HTTP/2");
}

static nghttp2_option *make_option(void)
{
    nghttp2_option *option;

    if (nghttp2_option_new(&option) != 0)
        return NULL;
    nghttp2_option_set_no_auto_window_update(option, 1);
    nghttp2_option_set_max_settings(option, MAX_SETTINGS);
    nghttp2_option_set_max_outbound_ack(option, MAX_ANSWERS);
    nghttp2_option_set_max_send_header_block_length(option, EDDY__H2_HEAD_OUT);
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
    return r == 0 ? 0 : eddy__h2_out_of_memory();
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
    return r == 0 ? 0 : eddy__h2_out_of_memory();
}

static void put_h2_defaults(struct eddy__h2_opts *opts)
{
    if (!opts->max_streams)
        opts->max_streams = MAX_STREAMS;
    if (!opts->window)
        opts->window = opts->accept ? SERVER_WINDOW : CLIENT_WINDOW;
    if (!opts->limits.size)
        opts->limits.size = HEAD_SIZE;
    if (!opts->limits.fields)
        opts->limits.fields = EDDY__H2_FIELDS;
    if (opts->idle_timeout <= 0)
        opts->idle_timeout = INFINITY;
    if (opts->timeout_header <= 0)
        opts->timeout_header = INFINITY;
}

struct eddy__h2 *eddy__h2_open(eddy_stream *stream, const struct eddy__h2_opts *opts)
{
    struct eddy__h2 *h2 = eddy_alloc_zero(sizeof *h2);

    if (!h2) {
        eddy__h2_out_of_memory();
        return NULL;
    }
    h2->stream = stream;
    h2->opts = *opts;
    put_h2_defaults(&h2->opts);
    h2->preface_left = opts->accept ? NGHTTP2_CLIENT_MAGIC_LEN : 0;
    h2->idle_since = h2->heard = eddy_time();
    list_init(&h2->streams);
    if (make_session(h2) < 0 || greet(h2) < 0) {
        eddy__h2_close(h2);
        return NULL;
    }
    return h2;
}

/* ---- streams ---- */

struct eddy__h2_stream *eddy__h2_new_stream(struct eddy__h2 *h2, struct eddy__arena *arena)
{
    struct eddy__h2_stream *s = eddy_alloc_zero(sizeof *s);

    if (!s) {
        eddy__raise(EDDY_ENOMEM, "no memory for a stream of HTTP/2");
        return NULL;
    }
    s->exchange =
        (struct eddy__exchange){.kind = &eddy__h2_kind, .arena = arena ? arena : &s->arena};
    s->h2 = h2;
    s->out_length = s->in_length = -1;
    list_add_tail(&h2->streams, &s->of);
    if (h2->count++ == 0)
        eddy__h2_adjust_patience(h2);
    return s;
}

struct eddy__h2_stream *eddy__h2_open_stream(struct eddy__h2 *h2, struct eddy__arena *arena)
{
    if (h2->over || h2->going_away) {
        eddy__raise(EDDY_ECLOSED, "%s takes no more requests on this connection",
                    eddy_stream_peer(h2->stream));
        return NULL;
    }
    return eddy__h2_new_stream(h2, arena);
}

unsigned eddy__h2_room(const struct eddy__h2 *h2)
{
    uint32_t most =
        nghttp2_session_get_remote_settings(h2->session, NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS);

    if (!h2->greeted)
        most = 1;
    if (h2->full_until > 0 && eddy_time() < h2->full_until)
        return 0;
    return h2->over || h2->going_away || h2->count >= most ? 0 : most - h2->count;
}

void eddy__h2_wake_stream(struct eddy__h2_stream *s)
{
    eddy_event_set(&s->changed);
    eddy_event_clear(&s->changed);
}

void eddy__h2_end(struct eddy__h2_stream *s)
{
    static const char words[] = "the exchange has ended";

    if (s->closed)
        return;
    s->closed = s->whole = true;
    s->h2->whole++;
    s->failure = EDDY_ECONNRESET;
    memcpy(s->why, words, sizeof words);
    eddy__h2_wake_stream(s);
}

void eddy__h2_fail(struct eddy__h2_stream *s, int code, const char *format, ...)
{
    va_list args;

    if (s->closed)
        return;
    s->closed = true;
    s->failure = code;
    va_start(args, format);
    vsnprintf(s->why, sizeof s->why, format, args);
    va_end(args);
    eddy__h2_wake_stream(s);
}

void eddy__h2_reset(struct eddy__h2_stream *s, uint32_t error_code, int code, const char *words)
{
    if (s->closed)
        return;
    eddy__h2_fail(s, code, "%s", words);
    if (s->id)
        nghttp2_submit_rst_stream(s->h2->session, NGHTTP2_FLAG_NONE, s->id, error_code);
    eddy_event_set(&s->h2->dirty);
}

/* A server that was asked, and has said nothing for long, is perhaps not there any more: no further
 * request goes to it before it has answered a ping. */
static void doubt(struct eddy__h2 *h2, const struct eddy__h2_stream *s)
{
    bool silent = s->sent && eddy_time() - fmax(h2->heard, s->since) >= DOUBT_SECONDS;

    if (h2->opts.accept || h2->doubted || !silent)
        return;
    h2->doubted = true;
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
}

/* What nghttp2 is told of a stream that its task gives back. */
static void tell_closed(struct eddy__h2 *h2, struct eddy__h2_stream *s)
{
    bool sent = s->out_ended && !s->out_ending;

    if (!s->closed && !s->in_ended)
        doubt(h2, s);
    if (!sent || !s->in_ended)
        eddy__h2_reset(s, sent && h2->opts.accept ? NGHTTP2_NO_ERROR : NGHTTP2_CANCEL, EDDY_ECLOSED,
                       "the exchange was given up");
    if (s->id)
        nghttp2_session_set_stream_user_data(h2->session, s->id, NULL);
    eddy_event_set(&h2->dirty);
}

void eddy__h2_leave_stream(struct eddy__h2_stream *s)
{
    struct eddy__h2 *h2 = s->h2;

    if (s->left)
        return;
    s->left = true;
    tell_closed(h2, s);
    list_remove(&s->of);
    h2->whole -= s->whole;
    if (--h2->count == 0) {
        h2->idle_since = eddy_time();
        if (h2->leaving)
            eddy__h2_go_away(h2);
        eddy__h2_adjust_patience(h2);
    }
}

void eddy__h2_close_stream(struct eddy__h2_stream *s)
{
    if (!s)
        return;
    eddy__h2_leave_stream(s);
    eddy_free(s->in);
    eddy__arena_free(&s->arena);
    eddy_free(s);
}

/* ---- the budget ---- */

void eddy__h2_take_no_more(struct eddy__h2 *h2)
{
    if (h2->going_away)
        return;
    h2->going_away = true;
    h2->idle_since = eddy_time();
    eddy__h2_adjust_patience(h2);
}

void eddy__h2_give_up(struct eddy__h2 *h2, uint32_t error_code)
{
    eddy__h2_take_no_more(h2);
    h2->misused = error_code;
    nghttp2_session_terminate_session(h2->session, error_code);
    eddy_event_set(&h2->dirty);
}

static void look_at_minute(struct eddy__h2 *h2)
{
    int64_t minute = (int64_t)(eddy_time() / 60);

    if (minute != h2->minute) {
        h2->minute = minute;
        h2->idle_frames = h2->resets = 0;
    }
}

void eddy__h2_count_reset(struct eddy__h2 *h2)
{
    look_at_minute(h2);
    if (++h2->resets >= OWN_RESETS)
        eddy__h2_take_no_more(h2);
}

bool eddy__h2_affords(struct eddy__h2 *h2)
{
    look_at_minute(h2);
    if (++h2->idle_frames <= IDLE_FRAMES)
        return true;
    if (!h2->misused)
        eddy__h2_give_up(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    return false;
}

bool eddy__h2_is_clogged(const struct eddy__h2 *h2)
{
    return h2->opts.accept && nghttp2_session_get_outbound_queue_size(h2->session) >
                                  MAX_ANSWERS + 4 * (size_t)h2->opts.max_streams;
}

/* ---- the end ---- */

void eddy__h2_go_away(struct eddy__h2 *h2)
{
    if (h2->going_away)
        return;
    eddy__h2_take_no_more(h2);
    nghttp2_submit_goaway(h2->session, NGHTTP2_FLAG_NONE,
                          nghttp2_session_get_last_proc_stream_id(h2->session), NGHTTP2_NO_ERROR,
                          NULL, 0);
    eddy_event_set(&h2->dirty);
}

/* When the ping comes back all is there that the client has sent before it heard of the end. */
void eddy__h2_shut_down(struct eddy__h2 *h2)
{
    if (h2->leaving || h2->going_away)
        return;
    h2->leaving = true;
    if (h2->count == 0) {
        eddy__h2_go_away(h2);
        return;
    }
    nghttp2_submit_shutdown_notice(h2->session);
    nghttp2_submit_ping(h2->session, NGHTTP2_FLAG_NONE, NULL);
    eddy_event_set(&h2->dirty);
}

void eddy__h2_close(struct eddy__h2 *h2)
{
    if (!h2)
        return;
    list_each_safe(node, &h2->streams)
    {
        eddy__h2_close_stream(container_of(node, struct eddy__h2_stream, of));
    }
    nghttp2_session_del(h2->session);
    eddy_free(h2);
}
