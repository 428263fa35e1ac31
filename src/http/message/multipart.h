/* multipart.h - multipart/form-data (RFC 7578): bodies made of parts (multipart.c), and taken apart
 * without I/O (parts.c). */
#ifndef EDDY_HTTP_MULTIPART_H
#define EDDY_HTTP_MULTIPART_H

#include "http/message/field.h"
#include <eddy/http/multipart.h>

/* ---- multipart.c ---- */

enum { EDDY__BOUNDARY_SIZE = 38 };

/* A body that is to be sent. */
struct eddy__multipart {
    const eddy_http_part *parts;        /* the caller's; the last has no name */
    char boundary[EDDY__BOUNDARY_SIZE]; /* of random bytes: no part can have it */
    int64_t *lengths; /* of the contents, once eddy__multipart_length was asked; −1: not known */
};

/* Takes what is sent: 0 or a failure, raised. */
typedef int eddy__multipart_sink(void *arg, const void *data, size_t size);

/* EDDY_EINVAL, raised, for a part that has no content or two, and for what no header of a part can
 * say: a CR or LF in a name or type, another control in one of them or a filename. */
int eddy__multipart_init(struct eddy__multipart *multipart, const eddy_http_part *parts);
/* Whether it can be sent more than once: no part is a stream. */
bool eddy__multipart_can_begin(const struct eddy__multipart *multipart);
/* The value of its Content-Type; NULL, raised. */
char *eddy__multipart_type(const struct eddy__multipart *multipart, struct eddy__arena *arena);
/* How many bytes it has; −1: the length of a stream is not known, or that of a file which is no
 * regular one. A failure of looking at a file, raised, is below −1. Suspends. */
EDDY_SUSPENDS int64_t eddy__multipart_length(struct eddy__multipart *multipart,
                                             struct eddy__arena *arena);
/* Gives it all to the sink, files and streams piece by piece, of each no more than its length.
 * eddy__multipart_length was called before. 0 or a failure: EDDY_EOF for less than that.
 * Suspends. */
EDDY_SUSPENDS int eddy__multipart_write(const struct eddy__multipart *multipart,
                                        struct eddy__arena *arena, eddy__multipart_sink *sink,
                                        void *arg);

/* ---- parts.c ---- */

struct eddy__parts_limits {
    unsigned parts;  /* 0: 100 */
    size_t head;     /* bytes of the head of a part; 0: 8 KiB */
    size_t preamble; /* bytes before the first part, which browsers have not; 0: 1 KiB */
};

/* A body that comes. */
struct eddy__parts {
    char delimiter[4 + 70 + 1]; /* CRLF, "--" and the boundary */
    size_t delimiter_size;
    struct eddy__parts_limits limits;
    int state;      /* parts.c's own */
    bool at_start;  /* of the body or a part's: a delimiter needs no CRLF before it */
    unsigned count; /* parts that have begun */
    size_t preamble;
};

enum eddy__parts_event {
    EDDY__PARTS_MORE, /* more must come before anything can be said */
    EDDY__PARTS_HEAD, /* a part begins */
    EDDY__PARTS_DATA, /* some of its data; it ends before the next head, or the end */
    EDDY__PARTS_END,  /* the last part has ended; whatever comes is of no matter */
};

/* What an event is about. */
struct eddy__part {
    size_t used;                /* bytes that have been dealt with, data included */
    const char *data;           /* of EDDY__PARTS_DATA, in what was given */
    size_t size;                /* of data, at least 1 */
    const char *name;           /* of EDDY__PARTS_HEAD; in the arena, as all below */
    const char *filename;       /* as the client says, so no path to use; NULL: none */
    const char *type;           /* its Content-Type; NULL: none */
    struct eddy__fields fields; /* all of its header */
};

/* For the Content-Type of a request. 0; EDDY_EPROTO, raised, when that is not multipart/form-data
 * or has no good boundary. limits: NULL for the defaults. */
int eddy__parts_init(struct eddy__parts *parts, const char *content_type,
                     const struct eddy__parts_limits *limits);
/* Looks at data[0 … size), which begins behind what was `used` so far: an event; EDDY_EPROTO,
 * EDDY_ELIMIT, EDDY_ENOMEM, raised. On MORE the next call must have more bytes than this one left,
 * or the body has ended too early. A head is taken when all of it is there. */
int eddy__parts_next(struct eddy__parts *parts, const char *data, size_t size,
                     struct eddy__arena *arena, struct eddy__part *part);

#endif
