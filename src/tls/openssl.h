/* openssl.h - private to src/tls/: contexts, sessions, sentences. OpenSSL's names end here. */
#ifndef EDDY_TLS_OPENSSL_H
#define EDDY_TLS_OPENSSL_H

/* pkg-config: openssl */
#include "tls/tls.h"

#include <openssl/ssl.h>

/* What the connections of one server share, or one client has. */
struct eddy__tls_context {
    SSL_CTX *ssl;
    BIO_METHOD *method;
    STACK_OF(X509_CRL) * crls; /* NULL: revocation is not asked for */
    double timeout;
    unsigned refs;
    unsigned char alpn_size;
    unsigned char alpn[255]; /* as on the wire: lengths and names */
};

enum { EDDY__TLS_KEY = 32 };

/* The TLS of a stream: a transport upon another one. OpenSSL is called by whoever reads or writes,
 * and by the loop when the transport below takes more; never across a suspension. Its reads go to
 * the transport below; what it writes and that does not take is kept in `wire`: so OpenSSL never
 * wants to write, whichever call it is in. Where the transport below suspends, it is called behind
 * OpenSSL's back: `arrived` is read before OpenSSL is asked again, and `wire` sent afterwards. */
struct eddy__tls {
    eddy_transport transport;
    struct eddy__tls_context *context;
    SSL *ssl;
    struct eddy__buffer wire;
    struct eddy__buffer arrived;
    eddy_waiters_ sent; /* tasks that wait until another one has sent what there was */
    bool sending;       /* a task is inside the transport below */
    char *name;         /* clients: whom the certificate must be for */
    char *subject;      /* of the peer's certificate */
    int sessions; /* clients: so many of the loop's are kept to be resumed; 0: none of this one */
    time_t verified;                  /* of the session that was offered: when it began */
    unsigned char key[EDDY__TLS_KEY]; /* of those that fit */
    char alpn[256];
    bool ready;   /* the handshake is over */
    bool drained; /* in the course of one call: below there is nothing more */
    bool ended;   /* what is below has ended */
    bool done;    /* the last receive met the end: `end` is what the next one returns */
    int end;
    int failure;  /* OpenSSL must not be asked for more; 0: all is well */
    int io_error; /* of what is below, inside the running call */
    char reason[300];
};

/* A context with one reference, or NULL raised. Needs much stack. */
struct eddy__tls_context *eddy__tls_context_new(const eddy_tls_opts *opts, bool server);

/* The stream's TLS; NULL: in the clear. */
struct eddy__tls *eddy__tls_of(const eddy_stream *s);
void eddy__tls_free(struct eddy__tls *tls);
/* Puts tls upon the stream's transport. */
void eddy__tls_put_upon(eddy_stream *s, struct eddy__tls *tls);
/* After a call of OpenSSL that wants to read: waits for more where the transport below suspends;
 * else -EAGAIN. 0, and OpenSSL is to be asked again, or a code, unraised: EDDY_ECLOSED when the
 * stream was closed meanwhile. */
int eddy__tls_read_below(struct eddy__tls *tls);
/* After any call of OpenSSL: sends what it has written, where the transport below suspends. 0 or a
 * code, unraised. */
int eddy__tls_write_below(struct eddy__tls *tls);

/* Raises what OpenSSL said about a file or an option. */
int eddy__tls_raise(const char *what, const char *subject) __attribute__((cold));

/* Before each call of OpenSSL; and the code of one that failed, whose reason is kept. */
void eddy__tls_begin_call(struct eddy__tls *tls);
int eddy__tls_classify(struct eddy__tls *tls, int error) __attribute__((cold));

/* The BIO of the transport below. */
BIO_METHOD *eddy__tls_method_new(void);

/* Lists of revoked certificates for every certificate that is verified. 0 or a failure, raised. */
int eddy__tls_crl_load(struct eddy__tls_context *context, const char *path);
void eddy__tls_crl_free(struct eddy__tls_context *context);

/* Clients. The key of the sessions that fit, made before the files it names are read, so that none
 * counts for a file it was not verified with; false: none is to be resumed. */
bool eddy__tls_session_key(unsigned char *key, eddy_stream *s, const char *name,
                           const eddy_tls_opts *opts);
/* The connections of a context may get sessions that are to be kept. */
void eddy__tls_session_allow(SSL_CTX *ssl);
/* Before the handshake: begins with a session of that key, if there is one, and keeps new ones. */
void eddy__tls_session_offer(struct eddy__tls *tls, const unsigned char *key,
                             const eddy_tls_opts *opts);

/* Notes in tls->reason why the certificate is refused: the callback of OpenSSL's verification. */
int eddy__tls_on_verify(int good, X509_STORE_CTX *store);
/* The subject of a certificate in one line; NULL without memory. */
char *eddy__tls_subject(const X509 *certificate);

#endif
