/* rot13_stream.c - a kind of stream of one's own: echo Hello | rot13_stream
 *
 * It stands on any other stream and turns each letter that passes by 13 places. What streams can
 * do, such as lines, limits, eddy_copy and TLS, it can do with no further line. */
#include <ctype.h>
#include <eddy.h>
#include <stdlib.h>

static char turn(char c)
{
    if (!isalpha((unsigned char)c))
        return c;
    return (char)(tolower((unsigned char)c) < 'n' ? c + 13 : c - 13);
}

/* ---- the transport: its state is the stream that it stands on ---- */

static ssize_t rot13_read(eddy_transport *transport, void *buf, size_t size)
{
    char *text = buf;
    ssize_t n = eddy_read(transport->state, text, size); /* suspends */

    for (ssize_t i = 0; i < n; i++)
        text[i] = turn(text[i]);
    return n;
}

static ssize_t rot13_write(eddy_transport *transport, const void *buf, size_t size)
{
    char turned[512];
    size_t n = size < sizeof turned ? size : sizeof turned;

    for (size_t i = 0; i < n; i++)
        turned[i] = turn(((const char *)buf)[i]);
    return eddy_write(transport->state, turned, n);
}

static int rot13_end(eddy_transport *transport)
{
    return eddy_write_eof(transport->state);
}

static void rot13_close(eddy_transport *transport, bool abort)
{
    if (abort)
        eddy_stream_abort(transport->state);
    eddy_stream_close(transport->state);
}

static const eddy_transport_kind rot13 = {
    .read = rot13_read,
    .write = rot13_write,
    .end = rot13_end,
    .close = rot13_close,
    .suspends = true,
};

/* Closes below with it, also when it could not be made. */
static eddy_stream *rot13_open(eddy_stream *below)
{
    eddy_stream *stream = below ? eddy_stream_open(&rot13, below, .peer = "rot13") : NULL;

    if (!stream)
        eddy_stream_close(below);
    return stream;
}

/* ---- the program ---- */

static int filter(void)
{
    eddy_auto(eddy_stream) *in = eddy_try(eddy_stdin());
    eddy_auto(eddy_stream) *out = eddy_try(rot13_open(eddy_stdout()));

    return eddy_copy(out, in) < 0 ? eddy_last_status() : 0;
}
EDDY_CORO(filter)

int main(void)
{
    return eddy_run(filter_coro()) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
