/* coding_zlib.c - gzip and deflate, decoded. */
/* pkg-config: zlib */
#define ZLIB_CONST
#include "http/message/coding_kind.h"

#include <eddy/memory.h>
#include <zlib.h>

enum { WINDOW = 15, GZIP = 16, AT_ONCE = 1 << 30 };

static void *zlib_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return eddy_alloc((size_t)count * size);
}

static void zlib_free(void *opaque, void *p)
{
    (void)opaque;
    eddy_free(p);
}

static void *inflate_open(int window)
{
    z_stream *z = eddy_alloc_zero(sizeof *z);

    if (!z)
        return NULL;
    z->zalloc = zlib_alloc;
    z->zfree = zlib_free;
    if (inflateInit2(z, window) == Z_OK)
        return z;
    eddy_free(z);
    return NULL;
}

static void *gzip_open(const uint8_t *in, size_t size)
{
    (void)in;
    (void)size;
    return inflate_open(WINDOW + GZIP);
}

/* What zlib's format begins with (RFC 1950) no raw deflate does: its first block would be one of
 * stored bytes behind bits that are not zero. */
static void *deflate_open(const uint8_t *in, size_t size)
{
    bool zlib = size >= 2 && (in[0] & 15) == Z_DEFLATED && (in[0] << 8 | in[1]) % 31 == 0;

    return inflate_open(zlib || size < 2 ? WINDOW : -WINDOW);
}

static void zlib_close(void *state)
{
    inflateEnd(state);
    eddy_free(state);
}

static int zlib_step(void *state, struct eddy__coding_step *step)
{
    z_stream *z = state;
    unsigned in = (unsigned)min_size(step->in_size, AT_ONCE);
    unsigned out = (unsigned)min_size(step->out_size, AT_ONCE);

    z->next_in = step->in;
    z->avail_in = in;
    z->next_out = step->out;
    z->avail_out = out;
    int result = inflate(z, Z_NO_FLUSH);
    step->in += in - z->avail_in;
    step->in_size -= in - z->avail_in;
    step->out += out - z->avail_out;
    step->out_size -= out - z->avail_out;
    step->why = z->msg;
    if (result == Z_OK || result == Z_BUF_ERROR)
        return EDDY__CODING_MORE;
    if (result == Z_STREAM_END)
        return EDDY__CODING_DONE;
    return result == Z_MEM_ERROR ? EDDY_ENOMEM : EDDY_EPROTO;
}

static bool gzip_again(void *state, const uint8_t *in)
{
    return in[0] == 0x1f && in[1] == 0x8b && inflateReset(state) == Z_OK;
}

const struct eddy__coding_kind eddy__coding_gzip = {"gzip",     "x-gzip",  2,         gzip_open,
                                                    zlib_close, zlib_step, gzip_again};
const struct eddy__coding_kind eddy__coding_deflate = {"deflate",  NULL,      2,   deflate_open,
                                                       zlib_close, zlib_step, NULL};
