/* coding.h - content codings of bodies: gzip and deflate by zlib, br by brotli, zstd (coding.c and
 * one file for each library). */
#ifndef EDDY_HTTP_CODING_H
#define EDDY_HTTP_CODING_H

#include "http/message/arena.h"

struct eddy__decoder;

/* What Accept-Encoding says: "gzip, deflate, br, zstd". */
#define EDDY__ACCEPT_ENCODING "gzip, deflate, br, zstd"

/* Reads the coded bytes for a decoder: as eddy_read. */
typedef ssize_t eddy__decoder_source(void *arg, void *buf, size_t size);

/* For the value of a Content-Encoding field, at most two codings. *decoder is NULL for "identity"
 * or an empty one. Nothing large is allocated before the first byte has come. EDDY_ENOTSUP, raised,
 * for one that is unknown. The source is not owned. */
int eddy__decoder_open(struct eddy__decoder **decoder, const char *codings,
                       eddy__decoder_source *source, void *arg);
void eddy__decoder_close(struct eddy__decoder *decoder);
/* Decoded bytes: at least one, 0 at the end. EDDY_EPROTO, raised, for bytes that are not in that
 * coding, EDDY_EOF for an end in the middle of it. Members of gzip are joined; what follows the last
 * and is no gzip is ignored. "deflate" is zlib's format, or raw where a server says it so. An empty
 * body is empty. Suspends as the source does. The caller limits the decoded size. */
ssize_t eddy__decoder_read(struct eddy__decoder *decoder, void *buf, size_t size);

#endif
