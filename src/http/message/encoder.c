/* encoder.c - bodies coded by gzip. */
/* pkg-config: zlib */
#define ZLIB_CONST
#include "http/message/coding.h"

#include <eddy/memory.h>
#include <eddy/task.h>
#include <zlib.h>

/* A level at which texts come out nearly as small as at 9, in a third of the time. */
enum { LEVEL = 5, GZIP_WINDOW = 15 + 16, MEMORY = 8, ENCODED = 8 << 10 };
enum { CODED_AT_ONCE = 256 << 10 }; /* bytes, before others run */

struct eddy__encoder {
    eddy__encoder_sink *sink;
    void *arg;
    bool begun; /* z has its memory */
    bool ended;
    z_stream z;
    uint8_t out[ENCODED];
};

static void *encoder_alloc(void *opaque, unsigned count, unsigned size)
{
    (void)opaque;
    return eddy_alloc((size_t)count * size);
}

static void encoder_free(void *opaque, void *p)
{
    (void)opaque;
    eddy_free(p);
}

int eddy__encoder_open(struct eddy__encoder **encoder, eddy__encoder_sink *sink, void *arg)
{
    struct eddy__encoder *e = *encoder = eddy_alloc_zero(sizeof *e);

    if (!e)
        return eddy__raise(EDDY_ENOMEM, "no memory for coding a body");
    e->sink = sink;
    e->arg = arg;
    e->z.zalloc = encoder_alloc;
    e->z.zfree = encoder_free;
    e->z.next_out = e->out;
    e->z.avail_out = ENCODED;
    return 0;
}

void eddy__encoder_close(struct eddy__encoder *e)
{
    if (e && e->begun)
        deflateEnd(&e->z);
    eddy_free(e);
}

/* Gives the sink what has been coded. */
static int give_to_sink(struct eddy__encoder *e)
{
    size_t size = ENCODED - e->z.avail_out;

    e->z.next_out = e->out;
    e->z.avail_out = ENCODED;
    return size ? e->sink(e->arg, e->out, size) : 0;
}

/* Runs zlib until it has taken its input and, unless mode is Z_NO_FLUSH, given all its output. */
static int run_deflate(struct eddy__encoder *e, int mode)
{
    if (!e->begun &&
        deflateInit2(&e->z, LEVEL, Z_DEFLATED, GZIP_WINDOW, MEMORY, Z_DEFAULT_STRATEGY) != Z_OK)
        return eddy__raise(EDDY_ENOMEM, "no memory for coding a body");
    e->begun = true;
    do {
        if (e->z.avail_out == 0)
            eddy__try(give_to_sink(e));
        deflate(&e->z, mode);
    } while (e->z.avail_out == 0);
    return mode == Z_NO_FLUSH ? 0 : give_to_sink(e);
}

int eddy__encoder_write(struct eddy__encoder *e, const void *data, size_t size)
{
    const uint8_t *from = data;

    if (e->ended)
        return eddy__raise(EDDY_ECLOSED, "the coded body has ended");
    while (size) {
        size_t piece = min_size(size, CODED_AT_ONCE);

        e->z.next_in = from;
        e->z.avail_in = (unsigned)piece;
        eddy__try(run_deflate(e, Z_NO_FLUSH));
        from += piece;
        size -= piece;
        if (size && eddy_current_task())
            eddy__try(eddy_sleep(0)); /* rule D4 */
    }
    return 0;
}

int eddy__encoder_flush(struct eddy__encoder *e)
{
    return e->begun && !e->ended ? run_deflate(e, Z_SYNC_FLUSH) : 0;
}

int eddy__encoder_end(struct eddy__encoder *e)
{
    if (e->ended)
        return 0;
    eddy__try(run_deflate(e, Z_FINISH));
    e->ended = true;
    return 0;
}
