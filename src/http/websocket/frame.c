/* frame.c - frames of RFC 6455 section 5: headers, masks, codes, and the UTF-8 of texts. */
#include "http/websocket/frame.h"

static const char *what_is_wrong(const struct eddy__frame *frame, int reserved)
{
    if (reserved & 0x30)
        return "RSV2 or RSV3 is set";
    if ((frame->opcode & 7) > 2)
        return "its opcode means nothing";
    if (!eddy__frame_is_control(frame))
        return NULL;
    if (!(frame->flags & EDDY__FRAME_FIN))
        return "a control frame is in fragments";
    if (frame->flags & EDDY__FRAME_PACKED)
        return "RSV1 of a control frame is set";
    return frame->size > EDDY__CONTROL_MAX ? "a control frame has more than 125 bytes" : NULL;
}

/* The number in n bytes, the highest first. */
static uint64_t number_at(const unsigned char *bytes, size_t n)
{
    uint64_t number = 0;

    for (size_t i = 0; i < n; i++)
        number = number << 8 | bytes[i];
    return number;
}

int eddy__frame_parse(struct eddy__frame *frame, const char *data, size_t size, const char **why)
{
    const unsigned char *bytes = (const unsigned char *)data;

    if (size < 2)
        return 0;
    unsigned length = bytes[1] & 0x7f;
    *frame = (struct eddy__frame){.flags = bytes[0] & (EDDY__FRAME_FIN | EDDY__FRAME_PACKED),
                                  .opcode = bytes[0] & 0xf,
                                  .masked = bytes[1] & 0x80,
                                  .size = length};
    *why = what_is_wrong(frame, bytes[0]);
    if (*why)
        return -1;
    size_t longer = length == 126 ? 2 : length == 127 ? 8 : 0;
    size_t whole = 2 + longer + (frame->masked ? 4 : 0);
    if (size < whole)
        return 0;
    if (longer)
        frame->size = number_at(bytes + 2, longer);
    if (longer && (frame->size < (longer == 2 ? 126 : 65536) || frame->size > INT64_MAX)) {
        *why = "its length is not written in the shortest way, or too large";
        return -1;
    }
    if (frame->masked)
        memcpy(frame->key, bytes + 2 + longer, 4);
    return (int)whole;
}

size_t eddy__frame_format(char header[EDDY__FRAME_HEADER], const struct eddy__frame *frame)
{
    size_t longer = frame->size < 126 ? 0 : frame->size < 65536 ? 2 : 8;
    unsigned length = longer == 0 ? (unsigned)frame->size : longer == 2 ? 126 : 127;
    size_t n = 2;

    header[0] = (char)(frame->flags | frame->opcode);
    header[1] = (char)(length | (frame->masked ? 0x80 : 0));
    while (longer)
        header[n++] = (char)(frame->size >> 8 * --longer);
    if (frame->masked) {
        memcpy(header + n, frame->key, 4);
        n += 4;
    }
    return n;
}

typedef unsigned char block __attribute__((vector_size(16)));

void eddy__frame_mask(char *to, const char *from, size_t size, const unsigned char key[4],
                      uint64_t offset)
{
    unsigned char turned[sizeof(block)];
    block mask, a, b;
    size_t i = 0;

    for (unsigned n = 0; n < sizeof turned; n++)
        turned[n] = key[(offset + n) & 3];
    memcpy(&mask, turned, sizeof mask);
    for (; size - i >= 2 * sizeof a; i += 2 * sizeof a) {
        memcpy(&a, from + i, sizeof a);
        memcpy(&b, from + i + sizeof a, sizeof b);
        a ^= mask;
        b ^= mask;
        memcpy(to + i, &a, sizeof a);
        memcpy(to + i + sizeof a, &b, sizeof b);
    }
    for (; i < size; i++)
        to[i] = (char)(from[i] ^ turned[i & 3]);
}

/* ---- UTF-8 (RFC 3629) ---- */

/* How many of the bytes are ASCII before the first that is not, perhaps fewer. */
static size_t skip_ascii(const char *data, size_t size)
{
    size_t i = 0;
    uint64_t a, b;

    for (; size - i >= 2 * sizeof a; i += 2 * sizeof a) {
        memcpy(&a, data + i, sizeof a);
        memcpy(&b, data + i + sizeof a, sizeof b);
        if ((a | b) & UINT64_C(0x8080808080808080))
            break;
    }
    return i;
}

/* The first byte of a character. */
static bool utf8_begin(struct eddy__utf8 *u, unsigned char c)
{
    if (c < 0x80)
        return true;
    if (c < 0xc2 || c > 0xf4) /* a following byte, or one that is too long, or beyond U+10FFFF */
        return false;
    u->need = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    u->low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    u->high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf; /* no surrogates */
    return true;
}

bool eddy__utf8_take(struct eddy__utf8 *utf8, const char *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        unsigned char c = (unsigned char)data[i];

        if (utf8->need) {
            if (c < utf8->low || c > utf8->high)
                return false;
            utf8->need--;
            utf8->low = 0x80;
            utf8->high = 0xbf;
            continue;
        }
        if (c < 0x80) {
            i += skip_ascii(data + i, size - i);
            if (i == size)
                break;
            c = (unsigned char)data[i];
        }
        if (!utf8_begin(utf8, c))
            return false;
    }
    return true;
}

bool eddy__close_code_is_valid(int code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}
