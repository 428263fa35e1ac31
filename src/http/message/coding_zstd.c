/* coding_zstd.c - zstd, decoded. */
/* pkg-config: libzstd */
#include "http/message/coding_kind.h"

#include <zstd.h>
#include <zstd_errors.h>

enum { WINDOW_LOG = 23 }; /* 8 MiB, what RFC 8878 asks of a decoder and RFC 9659 of a coder */

static void *zstd_open(const uint8_t *in, size_t size)
{
    ZSTD_DCtx *context = ZSTD_createDCtx();

    (void)in;
    (void)size;
    if (context && ZSTD_isError(ZSTD_DCtx_setParameter(context, ZSTD_d_windowLogMax, WINDOW_LOG))) {
        ZSTD_freeDCtx(context);
        return NULL;
    }
    return context;
}

static void zstd_close(void *state)
{
    ZSTD_freeDCtx(state);
}

static int zstd_step(void *state, struct eddy__coding_step *step)
{
    ZSTD_inBuffer in = {step->in, step->in_size, 0};
    ZSTD_outBuffer out = {step->out, step->out_size, 0};
    size_t result = ZSTD_decompressStream(state, &out, &in);

    step->in += in.pos;
    step->in_size -= in.pos;
    step->out += out.pos;
    step->out_size -= out.pos;
    if (!ZSTD_isError(result))
        return result == 0 ? EDDY__CODING_DONE : EDDY__CODING_MORE;
    step->why = ZSTD_getErrorName(result);
    return ZSTD_getErrorCode(result) == ZSTD_error_memory_allocation ? EDDY_ENOMEM : EDDY_EPROTO;
}

/* A frame, or one that is to be skipped (RFC 8878 section 3.1). The state is ready for it. */
static bool zstd_again(void *state, const uint8_t *in)
{
    (void)state;
    return (in[0] == 0x28 && in[1] == 0xb5 && in[2] == 0x2f && in[3] == 0xfd) ||
           ((in[0] & 0xf0) == 0x50 && in[1] == 0x2a && in[2] == 0x4d && in[3] == 0x18);
}

const struct eddy__coding_kind eddy__coding_zstd = {"zstd",     NULL,      4,         zstd_open,
                                                    zstd_close, zstd_step, zstd_again};
