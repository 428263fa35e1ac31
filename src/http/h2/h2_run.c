/* h2_run.c - the two tasks of a connection of HTTP/2: one receives, another sends. Whoever has made
 * frames sets the event `dirty`; the sender then asks nghttp2 for all that there are, and they
 * leave together. */
#include "http/h2/h2.h"

#include <eddy/group.h>

#define LAST_WORDS_SECONDS 0.2
#define END_SECONDS 2.0 /* what the sender has left when nothing more is received */

/* ---- time ---- */

/* Seconds that the receiver may wait from now on. */
static double patience(const struct eddy__h2 *h2)
{
    if (h2->head_since > 0)
        return h2->head_since + h2->opts.timeout_header - eddy_time();
    if (h2->count > 0)
        return INFINITY;
    return h2->idle_since + (h2->going_away ? END_SECONDS : h2->opts.idle_timeout) - eddy_time();
}

void eddy__h2_adjust_patience(struct eddy__h2 *h2)
{
    if (h2->patience && !eddy_scope_expired(h2->patience))
        eddy_ignore(eddy_scope_reschedule(h2->patience, patience(h2)));
}

/* ---- what comes ---- */

static COLD int spoken_wrong(struct eddy__h2 *h2, int code)
{
    return eddy__raise(EDDY_EPROTO, "%s does not speak HTTP/2 as it should: %s",
                       eddy_stream_peer(h2->stream), nghttp2_strerror(code));
}

/* The header of a frame is there. Between HEADERS and the end of the last CONTINUATION nothing else
 * can come. */
static void see_frame(struct eddy__h2 *h2)
{
    const uint8_t *f = h2->frame;

    h2->frame_left = (uint32_t)f[0] << 16 | (uint32_t)f[1] << 8 | f[2];
    if (f[3] > NGHTTP2_CONTINUATION)
        eddy__h2_affords(h2); /* nghttp2 passes over what it does not know */
    if (f[3] == NGHTTP2_HEADERS && h2->head_since == 0)
        h2->head_since = eddy_time();
}

static bool ends_head(const uint8_t *frame)
{
    return (frame[3] == NGHTTP2_HEADERS || frame[3] == NGHTTP2_CONTINUATION) &&
           frame[4] & NGHTTP2_FLAG_END_HEADERS;
}

/* Follows where frames begin and end, to know whether a head is on its way. */
static void follow_frames(struct eddy__h2 *h2, const char *data, size_t size)
{
    size_t at = min_size(size, h2->preface_left);

    h2->preface_left -= (unsigned)at;
    while (at < size) {
        if (h2->frame_have < sizeof h2->frame) {
            h2->frame[h2->frame_have++] = (uint8_t)data[at++];
            if (h2->frame_have < sizeof h2->frame)
                continue;
            see_frame(h2);
        }
        size_t n = min_size(size - at, h2->frame_left);
        at += n;
        h2->frame_left -= (uint32_t)n;
        if (h2->frame_left > 0)
            continue;
        if (ends_head(h2->frame))
            h2->head_since = 0;
        h2->frame_have = 0;
    }
}

static uint32_t code_of(ssize_t failure)
{
    return failure == NGHTTP2_ERR_FLOODED || failure == NGHTTP2_ERR_TOO_MANY_CONTINUATIONS
               ? NGHTTP2_ENHANCE_YOUR_CALM
               : NGHTTP2_PROTOCOL_ERROR;
}

/* What a server says to a preface that it does not know. */
static bool is_http_1(const struct eddy__h2 *h2, const char *data, size_t count)
{
    return !h2->opts.accept && !h2->greeted && count >= 7 && memcmp(data, "HTTP/1.", 7) == 0;
}

/* Gives nghttp2 what has come: 1; 0 at the end. */
static int receive_some(struct eddy__h2 *h2)
{
    const char *data;
    int status = h2->opts.await ? eddy__try(h2->opts.await(h2, h2->opts.arg)) : 1;
    size_t count = status ? (size_t)eddy__try(eddy_peek(h2->stream, 0, &data)) : 0;

    if (count == 0)
        return 0;
    if (is_http_1(h2, data, count))
        return eddy__raise(EDDY_EPROTO, "%s speaks HTTP/1.1 and not HTTP/2",
                           eddy_stream_peer(h2->stream));
    h2->heard = eddy_time();
    h2->doubted = false;
    follow_frames(h2, data, count);
    ssize_t used = nghttp2_session_mem_recv(h2->session, (const uint8_t *)data, count);
    eddy_event_set(&h2->dirty);
    if (used < 0) {
        h2->misused = code_of(used);
        return used == NGHTTP2_ERR_NOMEM ? eddy__h2_out_of_memory() : spoken_wrong(h2, (int)used);
    }
    if (eddy__h2_is_clogged(h2))
        eddy__h2_give_up(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    eddy__try(eddy_skip(h2->stream, count));
    return 1;
}

static bool h2_is_over(const struct eddy__h2 *h2)
{
    return !nghttp2_session_want_read(h2->session) && !nghttp2_session_want_write(h2->session);
}

static int receive_in_time(struct eddy__h2 *h2)
{
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, patience(h2)) {
        h2->patience = &scope;
        status = receive_some(h2);
        h2->patience = NULL;
    }
    if (status != EDDY_ETIMEDOUT || !eddy_scope_expired(&scope))
        return status;
    eddy_error_clear();
    if (h2->head_since > 0)
        eddy__h2_give_up(h2, NGHTTP2_ENHANCE_YOUR_CALM);
    else if (h2->count == 0)
        eddy__h2_go_away(h2);
    else
        return 1; /* a stream was begun at that moment */
    return 0;
}

static int receive_frames(struct eddy__h2 *h2, eddy_group *group)
{
    int status = 1;

    while (status > 0 && !h2_is_over(h2) && !h2->misused)
        status = receive_in_time(h2);
    eddy__try(status);
    h2->over = true;
    eddy_event_set(&h2->dirty);
    eddy_timeout(END_SECONDS)
        eddy_ignore(eddy_event_wait(&h2->told));
    eddy_group_cancel(group);
    return 0;
}

/* ---- what goes ---- */

/* Everything that there is to send, in as few writes as the stream's high water allows. */
static int send_all(struct eddy__h2 *h2)
{
    const uint8_t *frame;
    ssize_t n;

    eddy__try(eddy_cork(h2->stream));
    while ((n = nghttp2_session_mem_send(h2->session, &frame)) > 0)
        eddy__try(eddy_write(h2->stream, frame, (size_t)n));
    if (n < 0)
        return n == NGHTTP2_ERR_NOMEM ? eddy__h2_out_of_memory() : spoken_wrong(h2, (int)n);
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
    eddy_event_set(&h2->told);
    eddy_group_cancel(group);
    return 0;
}
EDDY_CORO(send_frames, struct eddy__h2 *, eddy_group *)

/* ---- the connection ---- */

/* The connection has ended: nothing will come to its streams. Who has cancelled it has closed it.
 */
static void abandon_streams(struct eddy__h2 *h2, int status)
{
    int code = status == EDDY_ECANCELED ? EDDY_ECLOSED : status < 0 ? status : EDDY_ECONNRESET;
    const char *words = "the connection has ended before this exchange";

    if (code == EDDY_ECLOSED)
        words = "the connection was closed";
    else if (!h2->opts.accept && !h2->greeted)
        words = "the server has ended the connection without a word of HTTP/2";
    if (status < 0 && code == status && eddy_last_status() == status)
        words = eddy_error_message(eddy_last_error());
    h2->over = true;
    list_each_safe(node, &h2->streams)
    {
        struct eddy__h2_stream *s = container_of(node, struct eddy__h2_stream, of);

        if (eddy__h2_nobody_has(s))
            eddy__h2_close_stream(s);
        else
            eddy__h2_fail(s, code, "%s", words);
    }
}

/* Tells the peer why nothing more will come. */
static void say_last_words(struct eddy__h2 *h2)
{
    eddy_shield(LAST_WORDS_SECONDS) {
        nghttp2_session_terminate_session(h2->session, h2->misused);
        if (send_all(h2) >= 0)
            eddy_ignore(eddy_flush(h2->stream));
    }
}

int eddy__h2_run(struct eddy__h2 *h2)
{
    eddy_auto(eddy_group) *group = eddy_group_open();
    int status = group ? 0 : eddy_last_status();

    if (group) {
        eddy_ignore(eddy_group_start(group, send_frames_coro(h2, group)));
        status = eddy_group_join(group, .body = receive_frames(h2, group));
    }
    abandon_streams(h2, status);
    if (status == EDDY_ECANCELED || h2->misused)
        say_last_words(h2);
    return status;
}
