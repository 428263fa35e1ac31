/* coding_brotli.c - br, decoded. */
/* pkg-config: libbrotlidec */
#include "http/message/coding_kind.h"

#include <brotli/decode.h>
#include <eddy/memory.h>

static void *brotli_alloc(void *opaque, size_t size)
{
    (void)opaque;
    return eddy_alloc(size);
}

static void brotli_free(void *opaque, void *p)
{
    (void)opaque;
    eddy_free(p);
}

static void *brotli_open(const uint8_t *in, size_t size)
{
    (void)in;
    (void)size;
    return BrotliDecoderCreateInstance(brotli_alloc, brotli_free, NULL);
}

static void brotli_close(void *state)
{
    BrotliDecoderDestroyInstance(state);
}

static int brotli_step(void *state, struct eddy__coding_step *step)
{
    BrotliDecoderResult result = BrotliDecoderDecompressStream(state, &step->in_size, &step->in,
                                                               &step->out_size, &step->out, NULL);
    BrotliDecoderErrorCode code = BrotliDecoderGetErrorCode(state);

    if (result == BROTLI_DECODER_RESULT_SUCCESS)
        return EDDY__CODING_DONE;
    if (result != BROTLI_DECODER_RESULT_ERROR)
        return EDDY__CODING_MORE;
    step->why = BrotliDecoderErrorString(code);
    return code <= BROTLI_DECODER_ERROR_ALLOC_CONTEXT_MODES &&
                   code >= BROTLI_DECODER_ERROR_ALLOC_BLOCK_TYPE_TREES
               ? EDDY_ENOMEM
               : EDDY_EPROTO;
}

const struct eddy__coding_kind eddy__coding_brotli = {"br",         NULL,        1,   brotli_open,
                                                      brotli_close, brotli_step, NULL};
