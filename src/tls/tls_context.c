/* tls_context.c - what is set up before a handshake: versions, certificates, roots, protocols. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <openssl/err.h>
#include <pthread.h>

static const double HANDSHAKE_SECONDS = 30.0;

int eddy__tls_raise(const char *what, const char *subject)
{
    unsigned long error = ERR_peek_error();
    int code = EDDY_ETLS;
    char text[160] = "";

    if (ERR_SYSTEM_ERROR(error)) {
        code = -(int)ERR_GET_REASON(error);
        snprintf(text, sizeof text, "%s", eddy__words(code).text);
    } else if (ERR_reason_error_string(error)) {
        snprintf(text, sizeof text, "%s", ERR_reason_error_string(error));
    }
    ERR_clear_error();
    return eddy__raise(code, "%s%s%s: %s", what, subject ? " " : "", subject ? subject : "",
                       *text ? text : "OpenSSL gives no reason");
}

/* ---- protocols ---- */

static int set_alpn(struct eddy__tls_context *context, const char *list)
{
    if (!list || !*list)
        return 0;
    do {
        size_t length = strcspn(list, ",");

        if (!length || length + 1 > sizeof context->alpn - context->alpn_size)
            return eddy__raise(EDDY_EINVAL,
                               "alpn is a list like \"h2,http/1.1\", at most %zu bytes",
                               sizeof context->alpn - 1);
        context->alpn[context->alpn_size] = (unsigned char)length;
        memcpy(context->alpn + context->alpn_size + 1, list, length);
        context->alpn_size = (unsigned char)(context->alpn_size + length + 1);
        list += length;
    } while (*list++ == ',');
    return 0;
}

/* The server's preference decides. Without a common one the connection goes on without any, as if
 * the client had not asked. */
static int select_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_size,
                       const unsigned char *in, unsigned in_size, void *arg)
{
    const struct eddy__tls_context *context = arg;
    unsigned char *chosen;

    (void)ssl;
    if (SSL_select_next_proto(&chosen, out_size, context->alpn, context->alpn_size, in, in_size) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static int offer_alpn(struct eddy__tls_context *context, bool server)
{
    if (!context->alpn_size)
        return 0;
    if (server)
        SSL_CTX_set_alpn_select_cb(context->ssl, select_alpn, context);
    else if (SSL_CTX_set_alpn_protos(context->ssl, context->alpn, context->alpn_size) != 0)
        return eddy__raise_code(EDDY_ENOMEM);
    return 0;
}

/* ---- certificates ---- */

/* Instead of a question on the terminal: notes that there would be one. */
static int no_password(char *buf, int size, int writing, void *asked)
{
    (void)buf, (void)size, (void)writing;
    if (asked)
        *(bool *)asked = true;
    return -1;
}

static COLD int key_refused(const char *cert, const char *key, bool has_password)
{
    bool is_none = ERR_GET_REASON(ERR_peek_error()) == ERR_R_UNSUPPORTED;

    if (has_password || (is_none && key != cert))
        ERR_clear_error();
    if (has_password)
        return eddy__raise(EDDY_ETLS,
                           "the key in %s has a password, which nobody is asked for: openssl pkey "
                           "writes one without",
                           key);
    if (key == cert)
        return eddy__tls_raise("without .key the key is expected in", key);
    if (is_none)
        return eddy__raise(EDDY_ETLS, "there is no key in %s, which has to be a file of PEM", key);
    return eddy__tls_raise("cannot use the key", key);
}

static int load_key(SSL_CTX *ssl, const char *cert, const char *key)
{
    bool asked = false;

    SSL_CTX_set_default_passwd_cb_userdata(ssl, &asked);
    int loaded = SSL_CTX_use_PrivateKey_file(ssl, key, SSL_FILETYPE_PEM);
    SSL_CTX_set_default_passwd_cb_userdata(ssl, NULL);
    return loaded == 1 ? 0 : key_refused(cert, key, asked);
}

static int load_own(SSL_CTX *ssl, const char *cert, const char *key)
{
    SSL_CTX_set_default_passwd_cb(ssl, no_password);
    if (!cert)
        return key ? eddy__raise(EDDY_EINVAL, "a TLS key needs its certificate (.cert)") : 0;
    if (!key)
        key = cert;
    if (SSL_CTX_use_certificate_chain_file(ssl, cert) != 1)
        return eddy__tls_raise("cannot use the certificate", cert);
    /* A key of another pair is told apart from one that cannot be read. */
    eddy__try(load_key(ssl, cert, key));
    if (SSL_CTX_check_private_key(ssl) != 1)
        return eddy__tls_raise("the key does not belong to the certificate", cert);
    return 0;
}

/* The system's roots are read once in a process: they are many, and never change after it. */
static X509_STORE *system_roots;

static void load_system_roots(void)
{
    X509_STORE *store = X509_STORE_new();

    if (store && X509_STORE_set_default_paths(store) != 1) {
        X509_STORE_free(store);
        store = NULL;
    }
    system_roots = store;
}

static int trust(SSL_CTX *ssl, const char *ca_file)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    if (ca_file)
        return SSL_CTX_load_verify_file(ssl, ca_file) == 1
                   ? 0
                   : eddy__tls_raise("cannot use the certificates of", ca_file);
    pthread_once(&once, load_system_roots);
    if (!system_roots)
        return eddy__tls_raise("cannot use the system's certificates", NULL);
    SSL_CTX_set1_cert_store(ssl, system_roots);
    return 0;
}

static int set_server(SSL_CTX *ssl, const eddy_tls_opts *opts)
{
    static const unsigned char id[] = "eddy";

    if (!opts->cert)
        return eddy__raise(EDDY_EINVAL, "a TLS server needs a certificate (.cert)");
    /* Tickets resume sessions and cost the server nothing. */
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_session_id_context(ssl, id, sizeof id - 1);
    if (opts->sessions < 0) {
        SSL_CTX_set_options(ssl, SSL_OP_NO_TICKET);
        SSL_CTX_set_num_tickets(ssl, 0);
    }
    if (!opts->client_certificates)
        return 0;
    if (!opts->ca_file)
        return eddy__raise(EDDY_EINVAL, "client_certificates needs the roots to trust (.ca_file)");
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, eddy__tls_on_verify);
    SSL_CTX_set_client_CA_list(ssl, SSL_load_client_CA_file(opts->ca_file));
    return trust(ssl, opts->ca_file);
}

static int set_client(SSL_CTX *ssl, const eddy_tls_opts *opts)
{
    if (opts->sessions >= 0)
        eddy__tls_session_allow(ssl);
    if (opts->insecure)
        return 0;
    SSL_CTX_set_verify(ssl, SSL_VERIFY_PEER, eddy__tls_on_verify);
    return trust(ssl, opts->ca_file);
}

/* ---- all of it ---- */

bool eddy__tls_is_meant(const eddy_tls_opts *opts)
{
    return opts->ca_file || opts->crl_file || opts->cert || opts->key || opts->server_name ||
           opts->alpn || opts->insecure || opts->client_certificates || opts->server ||
           opts->min_version || opts->handshake_timeout != 0 || opts->sessions;
}

static int tls_context_check(const eddy_tls_opts *opts, bool server)
{
    if (opts->min_version < EDDY_TLS_DEFAULT || opts->min_version > EDDY_TLS_1_3)
        return eddy__raise(EDDY_EINVAL, "min_version is EDDY_TLS_1_2 or EDDY_TLS_1_3, not %d",
                           opts->min_version);
    if (opts->crl_file && (server ? !opts->client_certificates : opts->insecure))
        return eddy__raise(EDDY_EINVAL, "crl_file is for certificates that are verified: %s",
                           server ? "a server needs .client_certificates" : "not .insecure");
    if (opts->server_name && !*opts->server_name)
        return eddy__raise(EDDY_EINVAL, "server_name is empty: a name, or NULL, is expected");
    if (!(opts->handshake_timeout >= 0))
        return eddy__raise(EDDY_EINVAL, "a handshake_timeout is at least 0, not %g",
                           opts->handshake_timeout);
    return 0;
}

static int set_up(struct eddy__tls_context *context, const eddy_tls_opts *opts, bool server)
{
    SSL_CTX *ssl = context->ssl;

    eddy__try(set_alpn(context, opts->alpn));
    SSL_CTX_set_min_proto_version(ssl, opts->min_version == EDDY_TLS_1_3 ? TLS1_3_VERSION
                                                                         : TLS1_2_VERSION);
    SSL_CTX_set_options(ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(ssl, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(ssl, 1);
    eddy__try(load_own(ssl, opts->cert, opts->key));
    eddy__try(server ? set_server(ssl, opts) : set_client(ssl, opts));
    if (opts->crl_file)
        eddy__try(eddy__tls_crl_load(context, opts->crl_file));
    return offer_alpn(context, server);
}

struct eddy__tls_context *eddy__tls_context_new(const eddy_tls_opts *opts, bool server)
{
    struct eddy__tls_context *context;

    if (tls_context_check(opts, server) < 0)
        return NULL;
    context = eddy_alloc_zero(sizeof *context);
    if (!context) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    ERR_clear_error();
    context->refs = 1;
    context->timeout = opts->handshake_timeout > 0 ? opts->handshake_timeout : HANDSHAKE_SECONDS;
    context->ssl = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    context->method = eddy__tls_method_new();
    if (!context->ssl || !context->method)
        eddy__tls_raise("cannot begin with TLS", NULL);
    else if (set_up(context, opts, server) >= 0)
        return context;
    ERR_clear_error();
    eddy__tls_context_unref(context);
    return NULL;
}

void eddy__tls_context_unref(struct eddy__tls_context *context)
{
    if (!context || --context->refs)
        return;
    SSL_CTX_free(context->ssl);
    eddy__tls_crl_free(context);
    BIO_meth_free(context->method);
    eddy_free(context);
}
