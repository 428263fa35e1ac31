/* fuzz_websocket.c - what a peer of a WebSocket sends: it gives the same messages and ends with the
 * same status whether it comes at once or in pieces, and no message goes beyond the limit. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/websocket/websocket.h"

enum { LIMIT = 5000 };

struct outcome {
    int status, code;
    size_t messages, bytes;
    uint64_t hash;
};

static void note(struct outcome *o, const eddy_websocket_message *message)
{
    MUST(message->size <= LIMIT && message->data[message->size] == '\0');
    o->messages++;
    o->bytes += message->size;
    for (size_t i = 0; i < message->size; i++)
        o->hash = (o->hash ^ (unsigned char)message->data[i]) * UINT64_C(1099511628211);
}

static int write_pieces(eddy_stream *to, const uint8_t *data, size_t size, size_t piece)
{
    int status = 0;

    for (size_t at = 0; at < size && status >= 0; at += piece) {
        size_t n = size - at < piece ? size - at : piece;

        status = (int)eddy_write(to, data + at, n);
        if (status >= 0)
            status = eddy_sleep(0);
    }
    return status < 0 ? status : eddy_write_eof(to);
}
EDDY_CORO(write_pieces, eddy_stream *, const uint8_t *, size_t, size_t)

static int receive_all(struct input *in, unsigned mode, size_t piece, struct outcome *o)
{
    struct eddy__websocket_settings settings = {
        .limit = LIMIT,
        .close_timeout = 1,
        .deflate = {.on = mode & 2, .out_bits = 15, .in_forgets = mode & 4},
    };
    eddy_websocket_message message;
    eddy_stream *pair[2];

    MUST(eddy_stream_pair(pair) == 0);
    eddy_auto(eddy_stream) *raw = pair[1];
    eddy_auto(eddy_websocket) *ws = eddy__websocket_open(pair[0], mode & 1, &settings);
    MUST(ws != NULL);
    eddy_auto(eddy_task) *task =
        eddy_create_task(write_pieces_coro(raw, in->data, in->size, piece));
    while ((o->status = eddy_websocket_receive(ws, &message)) > 0)
        note(o, &message);
    MUST(o->status == 0 || o->status == EDDY_EPROTO || o->status == EDDY_ELIMIT ||
         o->status == EDDY_EOF);
    MUST(eddy_websocket_receive(ws, &message) == o->status);
    o->code = eddy_websocket_code(ws);
    MUST(o->status == 0 ? o->code >= 1000 && o->code != 1006 : o->code == 1006);
    if (task)
        eddy_ignore(eddy_await(task));
    return 0;
}
EDDY_CORO(receive_all, struct input *, unsigned, size_t, struct outcome *)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct outcome whole = {0}, pieces = {0};
    unsigned mode = take_byte(&in);

    MUST(run_in_loop(receive_all_coro(&in, mode, 4096, &whole)) == 0);
    MUST(run_in_loop(receive_all_coro(&in, mode, 1 + (mode >> 3), &pieces)) == 0);
    MUST(whole.status == pieces.status && whole.code == pieces.code);
    MUST(whole.messages == pieces.messages && whole.bytes == pieces.bytes);
    MUST(whole.hash == pieces.hash);
    return 0;
}
