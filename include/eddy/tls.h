/* tls.h - TLS 1.2 and 1.3 on streams. eddy_connect(host, .port = 443, .tls = true) makes a client,
 * eddy_serve(handler, .cert = "cert.pem", .key = "key.pem") a server; eddy_start_tls begins
 * TLS on a stream that is in the clear. Reading and writing are the same as on every stream, but
 * OpenSSL takes up to 8 KiB of the task's stack for them: see .stack_size in task.h. */
#ifndef EDDY_TLS_H
#define EDDY_TLS_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

typedef struct eddy_stream eddy_stream;

enum { EDDY_TLS_DEFAULT, EDDY_TLS_1_2, EDDY_TLS_1_3 };

/* Files are PEM. A client verifies the server's certificate and that it is for server_name, unless
 * .insecure says not to; a server verifies its clients only with client_certificates, against
 * ca_file. Failures of all this are EDDY_ETLS, and the record says which check failed. */
typedef struct eddy_tls_opts {
    const char *ca_file;      /* the only roots to trust; NULL: the system's */
    const char *crl_file;     /* revocation lists, one of each issuer in a chain */
    const char *cert;         /* this end's certificate, followed by those of its issuers */
    const char *key;          /* its key; NULL: in the file of cert */
    const char *server_name;  /* clients: the name to ask for and to verify; NULL: the host */
    const char *alpn;         /* protocols by preference: "h2,http/1.1" */
    bool insecure;            /* clients: any certificate of any name will do */
    bool client_certificates; /* servers: refuse clients without a good certificate */
    bool server;              /* eddy_start_tls: the side that has the certificate */
    int min_version;          /* EDDY_TLS_1_3; 0: EDDY_TLS_1_2 */
    double handshake_timeout; /* seconds; 0: 30, INFINITY: no limit but that of the caller */
    int sessions; /* clients: the loop keeps at most so many sessions to resume; 0: 64; negative:
                   * none; servers with a negative number give their clients none */
} eddy_tls_opts;

/* Begins TLS on a stream of any kind, as a client (then server_name or insecure is needed) or with
 * .server as a server. What is unsent is sent before. EDDY_ETLS, EDDY_ETIMEDOUT, EDDY_EBUSY while
 * another task uses the stream; after a failure the stream is only good for closing. */
EDDY_API EDDY_SUSPENDS int eddy_start_tls_with(eddy_stream *stream, const eddy_tls_opts *opts);
#define eddy_start_tls(stream, ...) eddy_start_tls_with((stream), &(eddy_tls_opts){__VA_ARGS__})

/* The version, "TLSv1.3", or NULL for a stream without TLS. The protocol of .alpn that both sides
 * agreed on, or NULL. The subject of the peer's certificate, "CN=alice,O=example", or NULL when it
 * has none; to an .insecure client it was not verified. The strings are valid as long as the
 * stream. */
EDDY_API const char *eddy_stream_tls_version(const eddy_stream *stream);
EDDY_API const char *eddy_stream_alpn(const eddy_stream *stream);
EDDY_API const char *eddy_stream_peer_subject(const eddy_stream *stream);
/* Whether the handshake went on with the session of an earlier connection, whose certificates were
 * verified then. Clients do so by themselves, unless .sessions says not to. */
EDDY_API bool eddy_stream_tls_resumed(const eddy_stream *stream);

EDDY_END_DECLS

#endif
