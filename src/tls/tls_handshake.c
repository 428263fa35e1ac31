/* tls_handshake.c - beginning TLS on a stream: as a client, as a server, on one in the clear. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

/* OpenSSL's handshake goes about 20 KiB deep, and reading certificates no less: more than a task
 * with the default stack has to spare. It runs in a task of its own, for which the caller waits. */
enum { STACK_SIZE = 256 << 10 };

/* ---- making ---- */

void eddy__tls_free(struct eddy__tls *tls)
{
    if (!tls)
        return;
    SSL_free(tls->ssl);
    eddy__tls_context_unref(tls->context);
    eddy__buffer_free(&tls->wire);
    eddy__buffer_free(&tls->arrived);
    eddy_free(tls->name);
    eddy_free(tls->subject);
    eddy_free(tls);
}

static int attach_bio(struct eddy__tls *tls)
{
    BIO *bio = BIO_new(tls->context->method);

    if (!bio)
        return eddy__raise_code(EDDY_ENOMEM);
    BIO_set_data(bio, tls);
    BIO_set_init(bio, 1);
    SSL_set_bio(tls->ssl, bio, bio);
    SSL_set_app_data(tls->ssl, tls);
    return 0;
}

/* From here on the stream's bytes go through OpenSSL. */
static int attach(eddy_stream *s, struct eddy__tls_context *context)
{
    struct eddy__tls *tls = eddy_alloc_zero(sizeof *tls);

    if (!tls)
        return eddy__raise_code(EDDY_ENOMEM);
    tls->context = context;
    context->refs++;
    eddy__tls_put_upon(s, tls);
    ERR_clear_error();
    tls->ssl = SSL_new(context->ssl);
    if (!tls->ssl)
        return eddy__tls_raise("cannot begin with TLS", NULL);
    return attach_bio(tls);
}

/* Asks for the name and has it verified. A numeric address is verified as such, and not sent. */
static int set_name(struct eddy__tls *tls, const char *name, bool insecure)
{
    X509_VERIFY_PARAM *param = SSL_get0_param(tls->ssl);
    eddy_address numeric;
    char text[EDDY_HOST_TEXT];
    bool good;

    tls->name = eddy_strdup(name);
    if (!tls->name)
        return eddy__raise_code(EDDY_ENOMEM);
    if (eddy__address_parse(&numeric, name, 0)) {
        eddy_address_format_host(&numeric, text);
        text[strcspn(text, "%")] = '\0';
        good = X509_VERIFY_PARAM_set1_ip_asc(param, text) == 1;
    } else {
        size_t length = strlen(tls->name);

        if (length > 1 && tls->name[length - 1] == '.')
            tls->name[length - 1] = '\0';
        X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
        good = SSL_set_tlsext_host_name(tls->ssl, tls->name) == 1 &&
               (insecure || X509_VERIFY_PARAM_set1_host(param, tls->name, 0) == 1);
    }
    return good ? 0 : eddy__tls_raise("TLS cannot ask for the name", name);
}

/* ---- the handshake ---- */

static const char *handshake_name_of(struct eddy__tls *tls)
{
    return tls->name ? tls->name : eddy_stream_peer(tls->transport.stream);
}

static COLD int handshake_fail(struct eddy__tls *tls, int code)
{
    return eddy__raise(code, "the TLS handshake with %s failed: %s", handshake_name_of(tls),
                       tls->reason[0] ? tls->reason : eddy__words(code).text);
}

/* Sends what OpenSSL has said, and waits for more from the peer. 0 or a failure, raised. */
static int exchange(struct eddy__tls *tls)
{
    int status = eddy__tls_write_below(tls);

    if (status >= 0)
        status = eddy__tls_read_below(tls);
    if (status == -EAGAIN)
        status = eddy__stream_await_readable(tls->transport.stream);
    if (status >= 0)
        return 0;
    if (status == EDDY_ECLOSED || status == eddy__self()->interrupt)
        return eddy__raise_interrupt(status);
    return handshake_fail(tls, status);
}

static int shake(struct eddy__tls *tls)
{
    for (;;) {
        eddy__tls_begin_call(tls);
        int r = SSL_do_handshake(tls->ssl);
        int error = SSL_get_error(tls->ssl, r);

        if (r == 1)
            return eddy__tls_write_below(tls);
        if (error != SSL_ERROR_WANT_READ)
            return handshake_fail(tls, eddy__tls_classify(tls, error));
        eddy__try(exchange(tls));
    }
}

static int learn(struct eddy__tls *tls)
{
    const unsigned char *alpn;
    unsigned size;
    X509 *peer = SSL_get0_peer_certificate(tls->ssl);

    SSL_get0_alpn_selected(tls->ssl, &alpn, &size);
    if (size && size < sizeof tls->alpn)
        memcpy(tls->alpn, alpn, size);
    if (!peer)
        return 0;
    tls->subject = eddy__tls_subject(peer);
    return tls->subject ? 0 : eddy__raise_code(EDDY_ENOMEM);
}

static int shake_in_time(struct eddy__tls *tls)
{
    double seconds = tls->context->timeout;
    eddy_scope limit;
    int status = 0;

    eddy_timeout_as(limit, seconds) {
        status = shake(tls);
    }
    if (status == EDDY_ETIMEDOUT && eddy_scope_expired(&limit))
        return eddy__raise(status, "the TLS handshake with %s took more than %g s",
                           handshake_name_of(tls), seconds);
    return status < 0 ? status : learn(tls);
}

/* ---- in a task of its own ---- */

struct job {
    eddy_stream *stream;
    struct eddy__tls_context *context;
    const eddy_tls_opts *opts;
    const char *name;
    bool server;
    bool resumes; /* sessions of key */
    unsigned char key[EDDY__TLS_KEY];
};

static int make_context(struct job *job)
{
    job->context = eddy__try(eddy__tls_context_new(job->opts, job->server));
    return 0;
}
EDDY_CORO(make_context, struct job *)

static int prepare(const struct job *job)
{
    struct eddy__tls *tls;

    eddy__try(attach(job->stream, job->context));
    tls = eddy__tls_of(job->stream);
    if (job->server)
        SSL_set_accept_state(tls->ssl);
    else
        SSL_set_connect_state(tls->ssl);
    if (job->name)
        eddy__try(set_name(tls, job->name, job->opts->insecure));
    if (job->resumes)
        eddy__tls_session_offer(tls, job->key, job->opts);
    return 0;
}

static int handshake_begin(struct job *job)
{
    int status;

    if (!job->server)
        job->resumes = eddy__tls_session_key(job->key, job->stream, job->name, job->opts);
    status = job->context ? 0 : make_context(job);
    if (job->stream->closed)
        status = eddy__raise_code(EDDY_ECLOSED);
    if (status >= 0)
        status = prepare(job);
    if (status >= 0)
        status = shake_in_time(eddy__tls_of(job->stream));
    if (status >= 0)
        eddy__tls_of(job->stream)->ready = true;
    ERR_clear_error();
    return status;
}
EDDY_CORO(handshake_begin, struct job *)

static int run(eddy_coro coro)
{
    eddy_auto(eddy_task) *task =
        eddy_create_task(coro, .name = "TLS handshake", .stack_size = STACK_SIZE);

    return eddy_await(eddy__try(task));
}

/* Until it is over other tasks cannot read, and those that write wait for their turn. */
static int run_begin(struct job *job)
{
    eddy_stream *s = job->stream;
    int status;

    eddy__stream_ref(s);
    s->reading = s->writing = true;
    status = run(handshake_begin_coro(job));
    s->reading = s->writing = false;
    s->readable = true; /* OpenSSL may have read ahead */
    if (status < 0)     /* now the stream is only good for closing */
        s->read_error = s->write_error = status;
    if (s->turns.first) {
        s->writing = true;
        eddy__waiter_grant(s->turns.first, 0);
    }
    eddy__stream_unref(s);
    return status;
}

/* ---- what the others call ---- */

int eddy__tls_server_context(const eddy_serve_opts *opts, struct eddy__tls_context **context)
{
    eddy_tls_opts all = opts->tls_opts;
    struct job job = {.opts = &all, .server = true};
    int status = 0;

    all.cert = opts->cert ? opts->cert : all.cert;
    all.key = opts->key ? opts->key : all.key;
    if (eddy__tls_is_meant(&all))
        status = run(make_context_coro(&job));
    *context = status < 0 ? NULL : job.context;
    if (status < 0)
        eddy__tls_context_unref(job.context);
    return status;
}

int eddy__tls_accept(eddy_stream *s, struct eddy__tls_context *context)
{
    struct job job = {.stream = s, .context = context, .server = true};

    return run_begin(&job);
}

static int begin_with(eddy_stream *s, const eddy_tls_opts *opts, const char *host, bool server)
{
    struct job job = {.stream = s, .opts = opts, .server = server};

    if (!server)
        job.name = opts->server_name ? opts->server_name : host;
    int status = run_begin(&job);
    eddy__tls_context_unref(job.context); /* the stream has a reference of its own */
    return status;
}

int eddy__tls_connect(eddy_stream *s, const eddy_tls_opts *opts, const char *host)
{
    return begin_with(s, opts, host, false);
}

static int handshake_check(const eddy_stream *s, const eddy_tls_opts *opts)
{
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the stream is NULL");
    if (s->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (s->reading || s->writing)
        return eddy__raise(EDDY_EBUSY, "another task is using this stream");
    if (!opts->server && !opts->server_name && !opts->insecure)
        return eddy__raise(EDDY_EINVAL, "eddy_start_tls needs the name to verify (.server_name)");
    return 0;
}

int eddy_start_tls_with(eddy_stream *s, const eddy_tls_opts *opts)
{
    static const eddy_tls_opts defaults;

    if (!opts)
        opts = &defaults;
    eddy__try(handshake_check(s, opts));
    eddy__try(eddy_flush(s));
    eddy__try(handshake_check(s, opts));
    /* They would be taken for part of what TLS protects. */
    if (eddy__buffer_count(&s->in))
        return eddy__raise(EDDY_ETLS, "%s has sent %zu bytes in the clear before the TLS handshake",
                           eddy_stream_peer(s), eddy__buffer_count(&s->in));
    return begin_with(s, opts, NULL, opts->server);
}
