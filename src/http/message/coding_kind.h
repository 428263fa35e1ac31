/* coding_kind.h - one content coding, as coding.c sees it: of the coding files only. */
#ifndef EDDY_HTTP_CODING_KIND_H
#define EDDY_HTTP_CODING_KIND_H

#include "base/base.h"

/* A step takes from in and puts to out; both move on. */
struct eddy__coding_step {
    const uint8_t *in;
    size_t in_size;
    uint8_t *out;
    size_t out_size;
    const char *why; /* it is wrong: words for people, or NULL */
};

enum {
    EDDY__CODING_MORE, /* it wants more to read or to write */
    EDDY__CODING_DONE, /* a member has ended; what is left of in is not of it */
};

struct eddy__coding_kind {
    const char *name;
    const char *other_name; /* NULL: none */
    size_t magic;           /* bytes by which the beginning of a member is known */
    /* NULL: no memory. in has magic bytes unless there are no more. */
    void *(*open)(const uint8_t *in, size_t size);
    void (*close)(void *state);
    /* EDDY__CODING_…; EDDY_EPROTO or EDDY_ENOMEM, not raised. */
    int (*step)(void *state, struct eddy__coding_step *step);
    /* A member has ended: whether in, at least magic bytes, begins another, for which the state is
     * made ready. NULL: there is one at most. */
    bool (*again)(void *state, const uint8_t *in);
};

extern const struct eddy__coding_kind eddy__coding_gzip;    /* coding_zlib.c */
extern const struct eddy__coding_kind eddy__coding_deflate; /* coding_zlib.c */
extern const struct eddy__coding_kind eddy__coding_brotli;  /* coding_brotli.c */
extern const struct eddy__coding_kind eddy__coding_zstd;    /* coding_zstd.c */

#endif
