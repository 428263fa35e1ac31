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
 * for one that is unknown, and for more than two. The source is not owned. */
int eddy__decoder_open(struct eddy__decoder **decoder, const char *codings,
                       eddy__decoder_source *source, void *arg);
void eddy__decoder_close(struct eddy__decoder *decoder);
/* Each coding may give so many bytes, also one that only another one sees; EDDY_ELIMIT, raised, for
 * more. Without it there is no limit. */
void eddy__decoder_limit(struct eddy__decoder *decoder, int64_t most);
/* Decoded bytes: at least one, 0 at the end. EDDY_EPROTO, raised, for bytes that are not in that
 * coding or ask for a window of more than 8 MiB (zstd), EDDY_EOF for an end in the middle of it.
 * Members of gzip and frames of zstd are joined; what follows the last and is none is read to its
 * end, 64 KiB at most, and ignored. "deflate" is zlib's format, or raw where a server says it so.
 * An empty body is empty. Suspends as the source does, and now and then to let others run. */
ssize_t eddy__decoder_read(struct eddy__decoder *decoder, void *buf, size_t size);

/* ---- encoder.c ---- */

struct eddy__encoder;

/* Takes the coded bytes of an encoder: 0 or a failure, raised. */
typedef int eddy__encoder_sink(void *arg, const void *data, size_t size);

/* gzip for a sink, which is not owned. Its 256 KiB are allocated with the first byte. EDDY_ENOMEM,
 * raised. A close before the end leaves the coded bytes without one. */
int eddy__encoder_open(struct eddy__encoder **encoder, eddy__encoder_sink *sink, void *arg);
void eddy__encoder_close(struct eddy__encoder *encoder);
/* Codes data, of which the sink gets what fills a buffer; flush gives it all so far, so that the
 * peer can decode it; end the rest, after which the encoder takes nothing. They suspend as the sink
 * does, and a long write to let others run. 0 or a failure; after that what was coded is not
 * whole. */
int eddy__encoder_write(struct eddy__encoder *encoder, const void *data, size_t size);
int eddy__encoder_flush(struct eddy__encoder *encoder);
int eddy__encoder_end(struct eddy__encoder *encoder);

#endif
