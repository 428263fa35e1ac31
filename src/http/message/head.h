/* head.h - heads of HTTP/1: the grammar of RFC 9112 and nothing besides, without I/O (head.c).
 *
 * A head is looked for as bytes come (find), then taken apart in one pass (parse), in place: the
 * texts of the result lie in what was parsed, ended by zero bytes. */
#ifndef EDDY_HTTP_HEAD_H
#define EDDY_HTTP_HEAD_H

#include "http/message/field.h"

/* Why a message is refused: what a server answers, and words for people, a constant. */
struct eddy__refusal {
    int status;      /* 400, 414, 431, 501 or 505; 0: nothing is wrong */
    const char *why; /* "a space before the colon of a field" */
};

struct eddy__head_limits {
    size_t size;     /* bytes of a head; 0: 32 KiB */
    size_t target;   /* bytes of a request target; 0: 8 KiB */
    unsigned fields; /* 0: 100 */
};

struct eddy__head {
    const char *method; /* of a request */
    const char *target; /* of a request, as it came */
    int status;         /* of an answer, 100 to 999 */
    const char *reason; /* of an answer, perhaps empty */
    int major, minor;   /* of the version: 1.0, 1.1 or 2.0 */
    struct eddy__fields fields;
    /* What the fields say of the message itself. */
    int64_t length;  /* Content-Length; -1: none */
    bool chunked;    /* its body ends where its framing says; it has no length */
    bool keep_alive; /* the connection may be used again: Connection, or else the version */
    bool upgrade;    /* Connection: upgrade with an Upgrade field */
    bool expects_continue;
    const char *host; /* of a request: Host, or the authority of an absolute target */
};

/* Looks for the end of a head in data, of whose size bytes an earlier call has seen *seen (0 at
 * first): the length of the head, up to and with its empty line; 0: it is not complete; -1: it
 * cannot become a good one, and *refusal says why. That is said as soon as it is seen: 400 for a
 * line that does not end with CRLF, for controls, for a line that begins with what no name has (TLS
 * among them), 414 for a request target and 431 for a head that are too long. Empty lines before a
 * request line (RFC 9112 section 2.2) belong to the head, at most two. */
ssize_t eddy__head_find(const char *data, size_t size, size_t *seen,
                        const struct eddy__head_limits *limits, struct eddy__refusal *refusal);

/* Takes text, the size bytes of a whole head that find has found, apart. Memory for the list of
 * fields comes from arena. 0; EDDY_EPROTO, not raised, with *refusal; EDDY_ENOMEM, raised.
 *
 * Refused besides what the grammar has not: Content-Length twice, or of more than 63 bits;
 * Transfer-Encoding twice, beside Content-Length, in HTTP/1.0, or other than "chunked" (501 for
 * another single coding, else 400). Of requests: no Host in HTTP/1.1, or two; a target that is not
 * of a form for its method; HTTP/2 and others (505); a method of more than 32 letters (501). The
 * authority of an absolute target wins over Host. HTTP/1.2 to 1.9 count as 1.1. */
int eddy__head_parse_request(char *text, size_t size, struct eddy__arena *arena,
                             const struct eddy__head_limits *limits, struct eddy__head *head,
                             struct eddy__refusal *refusal);
int eddy__head_parse_response(char *text, size_t size, struct eddy__arena *arena,
                              const struct eddy__head_limits *limits, struct eddy__head *head,
                              struct eddy__refusal *refusal);
/* Fields alone, as behind the last chunk; see eddy__trailers_leave_out. */
int eddy__head_parse_trailers(char *text, size_t size, struct eddy__arena *arena,
                              const struct eddy__head_limits *limits, struct eddy__fields *fields,
                              struct eddy__refusal *refusal);
/* Takes out what frames messages, routes or authenticates: it has no place among trailers. */
void eddy__trailers_leave_out(struct eddy__fields *fields);
/* uri-host [ ":" port ], of which the host may be empty. */
bool eddy__is_authority(const char *text, size_t size);

#endif
