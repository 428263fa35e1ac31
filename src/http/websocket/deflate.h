/* deflate.h - permessage-deflate (RFC 7692): how messages are packed, without I/O (deflate.c). */
#ifndef EDDY_HTTP_WEBSOCKET_DEFLATE_H
#define EDDY_HTTP_WEBSOCKET_DEFLATE_H

#include "base/base.h"

/* What both sides have agreed on. What is received is unpacked with a window of 15 bits, which
 * serves for any smaller one, too. */
struct eddy__deflate_terms {
    bool on;
    unsigned char out_bits; /* the window for what is sent, 9 to 15 */
    bool out_forgets;       /* no context takeover: each message is packed by itself */
    bool in_forgets;
};

/* What zlib needs; made when the first message is packed, or comes packed. */
struct eddy__packer;
struct eddy__unpacker;

/* NULL when there is no memory, raised. */
struct eddy__packer *eddy__packer_open(const struct eddy__deflate_terms *terms);
void eddy__packer_close(struct eddy__packer *packer);
/* Packs data[*used … size) into at most room bytes at `to`, of which it returns how many; the
 * message is whole when all is used and fewer than room came; its last four bytes are not to be
 * sent. */
size_t eddy__packer_take(struct eddy__packer *packer, const char *data, size_t size, size_t *used,
                         char *to, size_t room);
/* What was packed since the last message is not to be known to the next one. */
void eddy__packer_forget(struct eddy__packer *packer);

struct eddy__unpacker *eddy__unpacker_open(void);
void eddy__unpacker_close(struct eddy__unpacker *unpacker);
/* Another message begins. */
void eddy__unpacker_begin(struct eddy__unpacker *unpacker);
/* Where packed bytes are to be put, and how many fit, when the unpacker is hungry; then given. */
bool eddy__unpacker_is_hungry(const struct eddy__unpacker *unpacker);
char *eddy__unpacker_room(struct eddy__unpacker *unpacker, size_t *size);
void eddy__unpacker_give(struct eddy__unpacker *unpacker, size_t size);
/* The packed message has no more bytes. */
void eddy__unpacker_end(struct eddy__unpacker *unpacker);
/* Unpacks at most size bytes: how many; 0 when it is hungry, or the message has ended; -1: it
 * cannot be unpacked; EDDY_ENOMEM, raised. */
ssize_t eddy__unpacker_take(struct eddy__unpacker *unpacker, void *buf, size_t size);
bool eddy__unpacker_has_ended(const struct eddy__unpacker *unpacker);

#endif
