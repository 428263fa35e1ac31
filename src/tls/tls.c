/* tls.c - TLS as a transport upon another one: OpenSSL between it and the stream. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <limits.h>
#include <openssl/err.h>

enum {
    RECORD = 16384,    /* the longest that TLS has */
    WIRE_MAX = 262144, /* a peer that makes us answer and never reads is cut off here */
};

/* ---- the transport below as OpenSSL sees it ---- */

static ssize_t below_read(eddy_transport *below, void *buf, size_t size)
{
    return eddy__transport_answer(below->kind->read(below, buf, size), size);
}

static ssize_t below_write(eddy_transport *below, const void *buf, size_t size)
{
    ssize_t n = eddy__transport_answer(below->kind->write(below, buf, size), size);

    return n || !size ? n : EDDY_EINVAL;
}

static ssize_t read_now(struct eddy__tls *tls, void *buf, size_t size)
{
    eddy_transport *below = tls->transport.below;

    if (likely(!below->kind->suspends))
        return below_read(below, buf, size);
    size_t n = eddy__buffer_take(&tls->arrived, buf, size);
    return n || tls->ended ? (ssize_t)n : -EAGAIN;
}

static int bio_read(BIO *bio, char *buf, int size)
{
    struct eddy__tls *tls = BIO_get_data(bio);
    ssize_t n = -EAGAIN;

    BIO_clear_retry_flags(bio);
    if (!tls->drained)
        n = read_now(tls, buf, (size_t)size);
    if (n > 0) {
        tls->drained = n < size && !tls->transport.stream->fd.hangup;
        return (int)n;
    }
    if (n == -EAGAIN) {
        tls->drained = true;
        BIO_set_retry_read(bio);
        return -1;
    }
    if (n < 0)
        tls->io_error = (int)n;
    else
        tls->ended = true;
    return n < 0 ? -1 : 0;
}

static size_t held(const struct eddy__tls *tls)
{
    return eddy__buffer_count(&tls->wire);
}

static int tls_keep(struct eddy__tls *tls, const char *buf, size_t size)
{
    struct eddy__buffer *wire = &tls->wire;

    if (size > WIRE_MAX - held(tls))
        return EDDY_ELIMIT;
    if (eddy__buffer_reserve(wire, size) < 0)
        return EDDY_ENOMEM;
    memcpy(wire->data + wire->end, buf, size);
    wire->end += size;
    return eddy__stream_want(tls->transport.stream, EDDY_WRITABLE);
}

static int bio_write(BIO *bio, const char *buf, int size)
{
    struct eddy__tls *tls = BIO_get_data(bio);
    eddy_transport *below = tls->transport.below;
    ssize_t n = -EAGAIN;
    int status = 0;

    if (!held(tls) && likely(!below->kind->suspends))
        n = below_write(below, buf, (size_t)size);
    if (n == -EAGAIN)
        n = 0;
    if (n < 0)
        status = (int)n;
    else if (n < size)
        status = tls_keep(tls, buf + n, (size_t)(size - n));
    if (status >= 0)
        return size;
    /* What went wrong before is the reason; OpenSSL only tried to tell the peer. */
    if (!tls->io_error)
        tls->io_error = status;
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const struct eddy__tls *tls = BIO_get_data(bio);

    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF)
        return tls->ended;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *eddy__tls_method_new(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "eddy stream");

    if (method) {
        BIO_meth_set_read(method, bio_read);
        BIO_meth_set_write(method, bio_write);
        BIO_meth_set_ctrl(method, bio_control);
    }
    return method;
}

/* ---- a transport below that suspends ---- */

int eddy__tls_read_below(struct eddy__tls *tls)
{
    eddy_transport *below = tls->transport.below;
    struct eddy__buffer *arrived = &tls->arrived;

    if (!below->kind->suspends)
        return -EAGAIN;
    if (eddy__buffer_reserve(arrived, RECORD) < 0)
        return EDDY_ENOMEM;
    ssize_t n = below_read(below, arrived->data + arrived->end, RECORD);
    if (below->stream->closed)
        return EDDY_ECLOSED;
    if (n < 0)
        return (int)n;
    arrived->end += (size_t)n;
    tls->ended = n == 0;
    return 0;
}

/* Sends what is in `wire`, which others may add to meanwhile. 0 or a code. */
static int send_wire(struct eddy__tls *tls)
{
    eddy_transport *below = tls->transport.below;
    struct eddy__buffer wire = tls->wire;
    ssize_t n = 0;

    tls->wire = (struct eddy__buffer){0};
    tls->sending = true;
    while (n >= 0 && eddy__buffer_count(&wire)) {
        n = below_write(below, wire.data + wire.start, eddy__buffer_count(&wire));
        wire.start += n > 0 ? (size_t)n : 0;
        if (below->stream->closed)
            n = EDDY_ECLOSED;
    }
    eddy__buffer_free(&wire);
    tls->sending = false;
    eddy__waiters_grant_all(&tls->sent, 0);
    return n < 0 ? (int)n : 0;
}

static int await_sender(struct eddy__tls *tls)
{
    static const struct eddy__wait_kind kind = {"another task that sends with TLS",
                                                eddy__waiter_abort};
    struct eddy_waiter_ waiter = {0};
    int interrupt = eddy__self()->interrupt;
    int r = interrupt ? interrupt : eddy__wait_in(&tls->sent, &waiter, &kind);

    return tls->transport.stream->closed ? EDDY_ECLOSED : r;
}

int eddy__tls_write_below(struct eddy__tls *tls)
{
    int r = 0;

    while (r >= 0 && tls->transport.below->kind->suspends && (held(tls) || tls->sending))
        r = tls->sending ? await_sender(tls) : send_wire(tls);
    if (r < 0 && !tls->failure) { /* records that OpenSSL has made cannot be made again */
        tls->failure = EDDY_EPIPE;
        snprintf(tls->reason, sizeof tls->reason, "an earlier write was ended in its middle");
    }
    return r;
}

/* ---- failures ---- */

static bool is_cut_short(const struct eddy__tls *tls, int error)
{
    return tls->ended && (error == SSL_ERROR_SYSCALL ||
                          (error == SSL_ERROR_SSL &&
                           ERR_GET_REASON(ERR_peek_error()) == SSL_R_UNEXPECTED_EOF_WHILE_READING));
}

static COLD const char *words_of(unsigned long error)
{
    int reason = ERR_GET_REASON(error);
    const char *text = ERR_reason_error_string(error);

    if (reason == SSL_R_WRONG_VERSION_NUMBER || reason == SSL_R_HTTP_REQUEST)
        return "the peer does not speak TLS";
    return text ? text : "OpenSSL gives no reason";
}

/* The code of a failed call, with its reason in words unless the code says it all. */
COLD int eddy__tls_classify(struct eddy__tls *tls, int error)
{
    if (is_cut_short(tls, error)) {
        tls->failure = EDDY_EOF;
        snprintf(tls->reason, sizeof tls->reason,
                 "the connection was cut: it ended without TLS's own end (close_notify)");
    } else if (tls->io_error) {
        tls->failure = tls->io_error;
    } else {
        tls->failure = EDDY_ETLS;
        if (!tls->reason[0])
            snprintf(tls->reason, sizeof tls->reason, "%s", words_of(ERR_peek_error()));
    }
    ERR_clear_error();
    return tls->failure;
}

static const char *tls_reason(const eddy_transport *t, int code)
{
    const struct eddy__tls *tls = t->state;

    return tls->reason[0] && tls->failure == code ? tls->reason : NULL;
}

void eddy__tls_begin_call(struct eddy__tls *tls)
{
    tls->drained = false;
    tls->io_error = 0;
    if (unlikely(ERR_peek_error()))
        ERR_clear_error();
}

/* ---- the transport ---- */

/* As much as there is: what OpenSSL has read ahead brings no event. */
static ssize_t read_records(struct eddy__tls *tls, void *buf, size_t size)
{
    size_t got = 0;

    if (tls->done)
        return tls->end;
    eddy__tls_begin_call(tls);
    while (got < size) {
        int n = SSL_read(tls->ssl, (char *)buf + got, (int)min_size(size - got, INT_MAX));
        int error = n > 0 ? SSL_ERROR_NONE : SSL_get_error(tls->ssl, n);

        if (n > 0) {
            got += (size_t)n;
            /* Asking OpenSSL for what cannot be there costs as much as a small record. */
            if (tls->drained && !SSL_has_pending(tls->ssl))
                break;
            continue;
        }
        if (error == SSL_ERROR_WANT_READ) {
            SSL_free_buffers(tls->ssl); /* after tickets it would keep one of 16 KiB */
            break;
        }
        tls->done = true;
        tls->end = error == SSL_ERROR_ZERO_RETURN ? 0 : eddy__tls_classify(tls, error);
        tls->transport.stream->fd.hangup = true; /* no event will tell of it */
        break;
    }
    if (got)
        return (ssize_t)got;
    return tls->done ? tls->end : -EAGAIN;
}

static ssize_t tls_read(eddy_transport *t, void *buf, size_t size)
{
    struct eddy__tls *tls = t->state;

    for (;;) {
        ssize_t n = read_records(tls, buf, size);
        int r = tls->sending ? 0 : eddy__tls_write_below(tls);

        if (likely(n != -EAGAIN))
            return n;
        if (r >= 0)
            r = eddy__tls_read_below(tls);
        if (r < 0)
            return r;
    }
}

/* With what another TLS below holds. */
static size_t tls_unsent(const eddy_transport *t)
{
    const eddy_transport *below = t->below;

    return held(t->state) + (below->kind->unsent ? below->kind->unsent(below) : 0);
}

/* Sends what OpenSSL has written earlier. 0, also when some is left, or a failure. */
static int send_held(struct eddy__tls *tls)
{
    eddy_transport *below = tls->transport.below;
    struct eddy__buffer *wire = &tls->wire;

    if (!tls_unsent(&tls->transport))
        return 0;
    do {
        ssize_t n = below_write(below, wire->data + wire->start, held(tls));

        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
        wire->start += (size_t)n;
    } while (held(tls));
    eddy__buffer_trim(wire);
    return 0;
}

/* OpenSSL encrypts before it sends, and what is encrypted must go out: so a record is begun only
 * when nothing is held. */
static ssize_t tls_write(eddy_transport *t, const void *buf, size_t size)
{
    struct eddy__tls *tls = t->state;
    size_t sent = 0;
    int status = eddy__tls_write_below(tls);

    if (status >= 0)
        status = send_held(tls);
    if (status < 0) {
        tls->wire.start = tls->wire.end;
        return status;
    }
    if (tls->failure)
        return tls->failure == EDDY_EOF ? EDDY_EPIPE : tls->failure;
    while (tls->ready && !tls_unsent(t) && sent < size) {
        eddy__tls_begin_call(tls);
        int n = SSL_write(tls->ssl, (const char *)buf + sent, (int)min_size(size - sent, RECORD));

        if (n <= 0)
            return eddy__tls_classify(tls, SSL_get_error(tls->ssl, n));
        sent += (size_t)n;
        status = eddy__tls_write_below(tls);
        if (status < 0)
            return status;
    }
    return sent || (!size && !tls_unsent(t)) ? (ssize_t)sent : -EAGAIN;
}

/* Only the own direction ends, as in the clear; the socket stays open for the peer's answer. */
static int tls_end(eddy_transport *t)
{
    struct eddy__tls *tls = t->state;

    if (!tls->ready || tls->failure)
        return tls->failure == EDDY_EOF ? EDDY_EPIPE : tls->failure;
    eddy__tls_begin_call(tls);
    int n = SSL_shutdown(tls->ssl);
    if (n < 0 && SSL_get_error(tls->ssl, n) != SSL_ERROR_WANT_READ)
        return eddy__tls_classify(tls, SSL_get_error(tls->ssl, n));
    ERR_clear_error();
    return eddy__self() ? eddy__tls_write_below(tls) : 0;
}

/* Closing a socket that has bytes unread resets the connection, and with it goes what the peer has
 * not received yet. Servers send tickets that a client which only writes never reads. */
static void tls_close(eddy_transport *t, bool abort)
{
    struct eddy__tls *tls = t->state;
    eddy_transport *below = t->below;
    char unread[1024];

    for (int i = 0; i < 64 && !abort && !below->kind->suspends; i++)
        if (below->kind->read(below, unread, sizeof unread) <= 0)
            break;
    eddy__waiters_grant_all(&tls->sent, EDDY_ECLOSED);
    if (below->kind->close)
        below->kind->close(below, abort);
}

static void tls_release(eddy_transport *t)
{
    eddy__tls_free(t->state);
}

#define TLS_KIND(...)                                                                              \
    {                                                                                              \
        .read = tls_read, .write = tls_write, .end = tls_end, .close = tls_close,                  \
        .release = tls_release, .unsent = tls_unsent, .reason = tls_reason, .signs_off = true,     \
        __VA_ARGS__                                                                                \
    }

static const eddy_transport_kind tls_transport = TLS_KIND(.suspends = false);
/* Over one that suspends. */
static const eddy_transport_kind suspending_tls_transport = TLS_KIND(.suspends = true);

void eddy__tls_put_upon(eddy_stream *s, struct eddy__tls *tls)
{
    eddy_transport *below = s->transport;

    tls->transport = (eddy_transport){
        .kind = below->kind->suspends ? &suspending_tls_transport : &tls_transport,
        .state = tls,
        .stream = s,
        .below = below,
    };
    s->transport = &tls->transport;
}

struct eddy__tls *eddy__tls_of(const eddy_stream *s)
{
    return s && s->transport->kind->read == tls_read ? s->transport->state : NULL;
}

/* ---- asking ---- */

static const struct eddy__tls *ready_tls(const eddy_stream *s)
{
    const struct eddy__tls *tls = eddy__tls_of(s);

    return tls && tls->ready ? tls : NULL;
}

const char *eddy_stream_tls_version(const eddy_stream *s)
{
    const struct eddy__tls *tls = ready_tls(s);

    return tls ? SSL_get_version(tls->ssl) : NULL;
}

bool eddy_stream_tls_resumed(const eddy_stream *s)
{
    const struct eddy__tls *tls = ready_tls(s);

    return tls && SSL_session_reused(tls->ssl);
}

const char *eddy_stream_alpn(const eddy_stream *s)
{
    const struct eddy__tls *tls = eddy__tls_of(s);

    return tls && tls->alpn[0] ? tls->alpn : NULL;
}

const char *eddy_stream_peer_subject(const eddy_stream *s)
{
    const struct eddy__tls *tls = eddy__tls_of(s);

    return tls ? tls->subject : NULL;
}
