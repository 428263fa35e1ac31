/* tls.h - private door of the TLS layer. */
#ifndef EDDY_TLS_TLS_H
#define EDDY_TLS_TLS_H

#include "stream/stream.h"
#include <eddy/server.h>
#include <eddy/tls.h>

struct eddy__tls;
struct eddy__tls_context;

/* Whether any of them is set: they were meant, and in the clear none of them counts. */
bool eddy__tls_is_meant(const eddy_tls_opts *opts);
/* A server's certificates and rules, with one reference; NULL for one in the clear. 0 or a failure,
 * raised. Suspends. */
int eddy__tls_server_context(const eddy_serve_opts *opts, struct eddy__tls_context **context);
void eddy__tls_context_unref(struct eddy__tls_context *context);
/* The handshake on a new stream, as a server or as a client of host. 0 or a failure, raised. */
int eddy__tls_accept(eddy_stream *s, struct eddy__tls_context *context);
int eddy__tls_connect(eddy_stream *s, const eddy_tls_opts *opts, const char *host);

#endif
