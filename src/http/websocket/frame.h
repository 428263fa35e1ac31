/* frame.h - frames of RFC 6455 section 5, without I/O (frame.c). */
#ifndef EDDY_HTTP_WEBSOCKET_FRAME_H
#define EDDY_HTTP_WEBSOCKET_FRAME_H

#include "base/base.h"

enum eddy__opcode {
    EDDY__OP_CONTINUE = 0,
    EDDY__OP_TEXT = 1,
    EDDY__OP_BINARY = 2,
    EDDY__OP_CLOSE = 8,
    EDDY__OP_PING = 9,
    EDDY__OP_PONG = 10,
};
enum {
    EDDY__FRAME_HEADER = 14,   /* bytes of the longest header */
    EDDY__CONTROL_MAX = 125,   /* bytes that a close, ping or pong may have */
    EDDY__FRAME_FIN = 0x80,    /* in flags */
    EDDY__FRAME_PACKED = 0x40, /* RSV1: the message is compressed */
};

struct eddy__frame {
    unsigned char flags;
    unsigned char opcode;
    bool masked;
    unsigned char key[4];
    uint64_t size; /* bytes that follow */
};

static inline bool eddy__frame_is_control(const struct eddy__frame *frame)
{
    return (frame->opcode & 8) != 0;
}

/* Takes a header from data[0 … size): its length; 0: more must come; -1: no frame may look like
 * that, *why says how. */
int eddy__frame_parse(struct eddy__frame *frame, const char *data, size_t size, const char **why);
/* Writes a header; its length. */
size_t eddy__frame_format(char header[EDDY__FRAME_HEADER], const struct eddy__frame *frame);

/* Masks, or unmasks, size bytes, of which the first is the offset-th of its frame. to and from may
 * be the same. */
void eddy__frame_mask(char *to, const char *from, size_t size, const unsigned char key[4],
                      uint64_t offset);

/* UTF-8 as its bytes come. Begins as {0}. */
struct eddy__utf8 {
    unsigned char need;      /* bytes that the character still lacks */
    unsigned char low, high; /* between which the next of them must be */
};
/* False: these bytes cannot go on what came before. */
bool eddy__utf8_take(struct eddy__utf8 *utf8, const char *data, size_t size);
static inline bool eddy__utf8_is_whole(const struct eddy__utf8 *utf8)
{
    return utf8->need == 0;
}

/* Whether a close frame may have this code on the wire. */
bool eddy__close_code_is_valid(int code);

#endif
