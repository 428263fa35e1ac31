/* fuzz_http_coding.c - bodies in content codings: in any pieces the same comes out, but that of
 * bytes which are wrong some may have been given before that is seen; and gzip reads what gzip has
 * written. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/coding.h"

enum { DECODED_MAX = 1 << 13, CODED_MAX = 1 << 14 };

struct body {
    const uint8_t *data;
    size_t size, piece;
};

static ssize_t read_body(void *arg, void *buf, size_t size)
{
    struct body *b = arg;
    size_t n = b->size < b->piece ? b->size : b->piece;

    n = n < size ? n : size;
    memcpy(buf, b->data, n);
    b->data += n;
    b->size -= n;
    return (ssize_t)n;
}

struct result {
    ssize_t status; /* 1: more than is looked at */
    size_t size;
    uint8_t bytes[DECODED_MAX];
};

static void decode(const char *codings, struct body body, size_t at_once, struct result *result)
{
    struct eddy__decoder *decoder;

    MUST(eddy__decoder_open(&decoder, codings, read_body, &body) == 0 && decoder);
    result->size = 0;
    do {
        size_t room = DECODED_MAX - result->size;

        result->status = eddy__decoder_read(decoder, result->bytes + result->size,
                                            at_once < room ? at_once : room);
        result->size += result->status > 0 ? (size_t)result->status : 0;
    } while (result->status > 0 && result->size < DECODED_MAX);
    eddy__decoder_close(decoder);
    result->status = result->status > 0 ? 1 : result->status;
    MUST(result->status >= 0 || result->status == EDDY_EPROTO || result->status == EDDY_EOF);
    eddy_error_clear();
}

struct coded {
    size_t size;
    uint8_t bytes[CODED_MAX];
};

static int take_coded(void *arg, const void *data, size_t size)
{
    struct coded *coded = arg;

    MUST(coded->size + size <= CODED_MAX);
    memcpy(coded->bytes + coded->size, data, size);
    coded->size += size;
    return 0;
}

static void check_gzip(struct input in)
{
    static struct coded coded;
    static struct result result;
    struct eddy__encoder *encoder;

    coded.size = 0;
    MUST(eddy__encoder_open(&encoder, take_coded, &coded) == 0);
    for (size_t at = 0, n; at < in.size; at += n) {
        n = in.data[at] % 64 + 1u;
        n = n < in.size - at ? n : in.size - at;
        MUST(eddy__encoder_write(encoder, in.data + at, n) == 0);
        if (in.data[at] & 128)
            MUST(eddy__encoder_flush(encoder) == 0);
    }
    MUST(eddy__encoder_end(encoder) == 0);
    eddy__encoder_close(encoder);
    decode("gzip", (struct body){coded.bytes, coded.size, 100}, 1000, &result);
    MUST(result.status == 0 && result.size == in.size);
    MUST(memcmp(result.bytes, in.data, in.size) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const codings[] = {"gzip", "deflate",  "br",
                                          "zstd", "gzip, br", "zstd, gzip"};
    static struct result whole, pieces;
    struct input in = {data, size < 2048 ? size : 2048};
    const char *name = codings[take_byte(&in) % 6];
    size_t piece = take_byte(&in) + 1, at_once = 4 * take_byte(&in) + 1;

    decode(name, (struct body){in.data, in.size, SIZE_MAX}, DECODED_MAX, &whole);
    decode(name, (struct body){in.data, in.size, piece}, at_once, &pieces);
    if (whole.status == EDDY_EPROTO)
        MUST(pieces.status == EDDY_EPROTO || pieces.status == 1);
    else
        MUST(whole.status == pieces.status && whole.size == pieces.size);
    MUST(memcmp(whole.bytes, pieces.bytes, whole.size < pieces.size ? whole.size : pieces.size) ==
         0);
    check_gzip(in);
    return 0;
}
