/* tls.c - TLS as a stream's transport: OpenSSL between the stream's bytes and the socket's. */
/* pkg-config: openssl */
#include "io/tls.h"

#include <limits.h>
#include <openssl/err.h>

enum {
    RECORD = 16384,    /* the longest that TLS has */
    WIRE_MAX = 262144, /* a peer that makes us answer and never reads is cut off here */
};

/* ---- the socket as OpenSSL sees it ---- */

static int bio_read(BIO *bio, char *buf, int size)
{
    eddy_stream *s = BIO_get_data(bio);
    struct eddy__tls *tls = s->tls;
    ssize_t n = -EAGAIN;

    BIO_clear_retry_flags(bio);
    if (!tls->drained)
        n = eddy__socket_transport.receive(s, buf, (size_t)size);
    if (n > 0) {
        tls->drained = n < size && !s->fd.hangup;
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

static int keep(eddy_stream *s, const char *buf, size_t size)
{
    struct eddy__buffer *wire = &s->tls->wire;

    if (size > WIRE_MAX - s->held)
        return EDDY_ELIMIT;
    if (eddy__buffer_reserve(wire, size) < 0)
        return EDDY_ENOMEM;
    memcpy(wire->data + wire->end, buf, size);
    wire->end += size;
    s->held = eddy__buffer_count(wire);
    return eddy__fd_want(&s->fd, EDDY_WRITABLE);
}

static int bio_write(BIO *bio, const char *buf, int size)
{
    eddy_stream *s = BIO_get_data(bio);
    ssize_t n = -EAGAIN;
    int status = 0;

    if (!s->held)
        n = eddy__socket_transport.send(s, buf, (size_t)size);
    if (n == -EAGAIN)
        n = 0;
    if (n < 0)
        status = (int)n;
    else if (n < size)
        status = keep(s, buf + n, (size_t)(size - n));
    if (status >= 0)
        return size;
    /* What went wrong before is the reason; OpenSSL only tried to tell the peer. */
    if (!s->tls->io_error)
        s->tls->io_error = status;
    return -1;
}

static long bio_control(BIO *bio, int command, long number, void *pointer)
{
    const eddy_stream *s = BIO_get_data(bio);

    (void)number, (void)pointer;
    if (command == BIO_CTRL_EOF)
        return s->tls->ended;
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

const char *eddy__tls_reason(const eddy_stream *s, int code)
{
    if (!s->tls || !s->tls->reason[0] || s->tls->failure != code)
        return NULL;
    return s->tls->reason;
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
static ssize_t receive(eddy_stream *s, void *buf, size_t size)
{
    struct eddy__tls *tls = s->tls;
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
        if (error == SSL_ERROR_WANT_READ)
            break;
        tls->done = true;
        tls->end = error == SSL_ERROR_ZERO_RETURN ? 0 : eddy__tls_classify(tls, error);
        s->fd.hangup = true; /* no event will tell of it */
        break;
    }
    if (got)
        return (ssize_t)got;
    return tls->done ? tls->end : -EAGAIN;
}

/* Sends what OpenSSL has written earlier. 0, also when some is left, or a failure. */
static int send_held(eddy_stream *s)
{
    struct eddy__buffer *wire = &s->tls->wire;

    while (s->held) {
        ssize_t n = eddy__socket_transport.send(s, wire->data + wire->start, s->held);

        if (n < 0)
            return n == -EAGAIN ? 0 : (int)n;
        wire->start += (size_t)n;
        s->held = eddy__buffer_count(wire);
    }
    eddy__buffer_trim(wire);
    return 0;
}

/* OpenSSL encrypts before it sends, and what is encrypted must go out: so a record is begun only
 * when nothing is held. */
static ssize_t send_bytes(eddy_stream *s, const void *buf, size_t size)
{
    struct eddy__tls *tls = s->tls;
    size_t sent = 0;
    int status = send_held(s);

    if (status < 0) {
        s->held = 0;
        return status;
    }
    if (tls->failure)
        return tls->failure == EDDY_EOF ? EDDY_EPIPE : tls->failure;
    while (tls->ready && !s->held && sent < size) {
        eddy__tls_begin_call(tls);
        int n = SSL_write(tls->ssl, (const char *)buf + sent, (int)min_size(size - sent, RECORD));

        if (n <= 0)
            return eddy__tls_classify(tls, SSL_get_error(tls->ssl, n));
        sent += (size_t)n;
    }
    return sent || (!size && !s->held) ? (ssize_t)sent : -EAGAIN;
}

/* Only the own direction ends, as in the clear; the socket stays open for the peer's answer. */
static int send_eof(eddy_stream *s)
{
    struct eddy__tls *tls = s->tls;

    if (!tls->ready || tls->failure)
        return tls->failure == EDDY_EOF ? EDDY_EPIPE : tls->failure;
    eddy__tls_begin_call(tls);
    int n = SSL_shutdown(tls->ssl);
    if (n < 0 && SSL_get_error(tls->ssl, n) != SSL_ERROR_WANT_READ)
        return eddy__tls_classify(tls, SSL_get_error(tls->ssl, n));
    ERR_clear_error();
    return 0;
}

/* Closing a socket that has bytes unread resets the connection, and with it goes what the peer has
 * not received yet. Servers send tickets that a client which only writes never reads. */
static void shut(eddy_stream *s, bool abort)
{
    char unread[1024];

    for (int i = 0; i < 64 && !abort; i++)
        if (eddy__socket_transport.receive(s, unread, sizeof unread) <= 0)
            break;
    eddy__socket_transport.shut(s, abort);
}

const struct eddy__transport eddy__tls_transport = {
    .receive = receive,
    .send = send_bytes,
    .send_eof = send_eof,
    .says_goodbye = true,
    .shut = shut,
};

/* ---- asking ---- */

const char *eddy_stream_tls_version(const eddy_stream *s)
{
    return s && s->tls && s->tls->ready ? SSL_get_version(s->tls->ssl) : NULL;
}

bool eddy_stream_tls_resumed(const eddy_stream *s)
{
    return s && s->tls && s->tls->ready && SSL_session_reused(s->tls->ssl);
}

const char *eddy_stream_alpn(const eddy_stream *s)
{
    return s && s->tls && s->tls->alpn[0] ? s->tls->alpn : NULL;
}

const char *eddy_stream_peer_subject(const eddy_stream *s)
{
    return s && s->tls ? s->tls->subject : NULL;
}
