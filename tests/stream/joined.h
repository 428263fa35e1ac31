/* joined.h - a kind of stream that suspends: it reads from one stream and writes to another. */
#ifndef JOINED_H
#define JOINED_H

#include "stream/peer.h"
#include <eddy/pipe.h>
#include <eddy/transport.h>

struct joined {
    eddy_stream *from;
    eddy_stream *to;
    int closed, released; /* how often it was called */
    bool aborted;
};

static inline ssize_t joined_read(eddy_transport *t, void *buf, size_t size)
{
    struct joined *joined = t->state;

    return eddy_read(joined->from, buf, size);
}

static inline ssize_t joined_write(eddy_transport *t, const void *buf, size_t size)
{
    struct joined *joined = t->state;

    return eddy_write(joined->to, buf, size);
}

static inline int joined_end(eddy_transport *t)
{
    return eddy_write_eof(((struct joined *)t->state)->to);
}

static inline void joined_close(eddy_transport *t, bool abort)
{
    struct joined *joined = t->state;

    joined->closed++;
    joined->aborted = abort;
    eddy_stream_close(joined->from);
    eddy_stream_close(joined->to);
}

static inline void joined_release(eddy_transport *t)
{
    ((struct joined *)t->state)->released++;
}

static const eddy_transport_kind joined_kind = {
    .read = joined_read,
    .write = joined_write,
    .end = joined_end,
    .close = joined_close,
    .release = joined_release,
    .suspends = true,
};

/* Two connected streams over two pipes. */
static inline void joined_make(struct joined joined[2], eddy_stream *streams[2])
{
    eddy_stream *there[2], *back[2];

    CHECK_OK(eddy_pipe_open(there));
    CHECK_OK(eddy_pipe_open(back));
    joined[0] = (struct joined){.from = back[0], .to = there[1]};
    joined[1] = (struct joined){.from = there[0], .to = back[1]};
    for (int i = 0; i < 2; i++) {
        streams[i] = eddy_stream_open(&joined_kind, &joined[i], .peer = "two pipes");
        CHECK(streams[i] != NULL);
    }
}

#endif
