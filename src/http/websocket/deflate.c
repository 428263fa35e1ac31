/* deflate.c - permessage-deflate (RFC 7692): messages packed and unpacked by zlib. */
/* pkg-config: zlib */
#include "http/websocket/deflate.h"

#include <eddy/memory.h>
#include <zlib.h>

enum {
    WINDOW_BITS = 15,
    MEMORY_LEVEL = 8,
    PIECE = 4096, /* of packed bytes that came */
};

struct eddy__packer {
    z_stream z;
};

struct eddy__unpacker {
    z_stream z;
    bool has_more; /* what was given has more in it than fitted */
    bool ended;    /* the four bytes that are not sent were given */
    unsigned char packed[PIECE];
};

static voidpf packing_alloc(voidpf arg, uInt n, uInt size)
{
    (void)arg;
    return eddy_alloc((size_t)n * size);
}

static void packing_free(voidpf arg, voidpf p)
{
    (void)arg;
    eddy_free(p);
}

static COLD void *no_zlib(void *p)
{
    eddy_free(p);
    eddy__raise(EDDY_ENOMEM, "no memory to pack or unpack messages");
    return NULL;
}

/* ---- packing ---- */

struct eddy__packer *eddy__packer_open(const struct eddy__deflate_terms *terms)
{
    struct eddy__packer *p = eddy_alloc_zero(sizeof *p);

    if (!p)
        return no_zlib(p);
    p->z.zalloc = packing_alloc;
    p->z.zfree = packing_free;
    if (deflateInit2(&p->z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -terms->out_bits, MEMORY_LEVEL,
                     Z_DEFAULT_STRATEGY) != Z_OK)
        return no_zlib(p);
    return p;
}

void eddy__packer_close(struct eddy__packer *packer)
{
    if (packer)
        deflateEnd(&packer->z);
    eddy_free(packer);
}

size_t eddy__packer_take(struct eddy__packer *packer, const char *data, size_t size, size_t *used,
                         char *to, size_t room)
{
    z_stream *z = &packer->z;
    uInt given = (uInt)min_size(size - *used, 1u << 30);
    bool last = given == size - *used;

    z->next_in = (unsigned char *)(uintptr_t)data + *used;
    z->avail_in = given;
    z->next_out = (unsigned char *)to;
    z->avail_out = (uInt)room;
    deflate(z, last ? Z_SYNC_FLUSH : Z_NO_FLUSH);
    *used += given - z->avail_in;
    return room - z->avail_out;
}

void eddy__packer_forget(struct eddy__packer *packer)
{
    deflateReset(&packer->z);
}

/* ---- unpacking ---- */

struct eddy__unpacker *eddy__unpacker_open(void)
{
    struct eddy__unpacker *u = eddy_alloc_zero(sizeof *u);

    if (!u)
        return no_zlib(u);
    u->z.zalloc = packing_alloc;
    u->z.zfree = packing_free;
    if (inflateInit2(&u->z, -WINDOW_BITS) != Z_OK)
        return no_zlib(u);
    return u;
}

void eddy__unpacker_close(struct eddy__unpacker *unpacker)
{
    if (unpacker)
        inflateEnd(&unpacker->z);
    eddy_free(unpacker);
}

bool eddy__unpacker_is_hungry(const struct eddy__unpacker *u)
{
    return u->z.avail_in == 0 && !u->has_more && !u->ended;
}

char *eddy__unpacker_room(struct eddy__unpacker *unpacker, size_t *size)
{
    *size = sizeof unpacker->packed;
    return (char *)unpacker->packed;
}

void eddy__unpacker_give(struct eddy__unpacker *unpacker, size_t size)
{
    unpacker->z.next_in = unpacker->packed;
    unpacker->z.avail_in = (uInt)size;
}

void eddy__unpacker_end(struct eddy__unpacker *unpacker)
{
    static const unsigned char tail[] = {0, 0, 0xff, 0xff};

    memcpy(unpacker->packed, tail, sizeof tail);
    eddy__unpacker_give(unpacker, sizeof tail);
    unpacker->ended = true;
}

bool eddy__unpacker_has_ended(const struct eddy__unpacker *u)
{
    return u->ended && u->z.avail_in == 0 && !u->has_more;
}

void eddy__unpacker_begin(struct eddy__unpacker *unpacker)
{
    unpacker->ended = false;
}

ssize_t eddy__unpacker_take(struct eddy__unpacker *unpacker, void *buf, size_t size)
{
    z_stream *z = &unpacker->z;
    uInt room = (uInt)min_size(size, 1u << 30);
    int status = Z_OK;

    z->next_out = buf;
    z->avail_out = room;
    while (z->avail_out && status == Z_OK && (z->avail_in || unpacker->has_more)) {
        status = inflate(z, Z_SYNC_FLUSH);
        unpacker->has_more = status == Z_OK && z->avail_out == 0;
        if (status == Z_STREAM_END) /* of a last block, after which another may begin */
            status = inflateReset(z);
    }
    if (status == Z_MEM_ERROR)
        return eddy__raise(EDDY_ENOMEM, "no memory to unpack a message");
    return status == Z_OK || status == Z_BUF_ERROR ? (ssize_t)(room - z->avail_out) : -1;
}
