/* condition.h - what a client asks beside the file itself: conditions, a range, codings, without
 * I/O (condition.c; RFC 9110 sections 12.5.3, 13 and 14). */
#ifndef EDDY_HTTP_CONDITION_H
#define EDDY_HTTP_CONDITION_H

#include "base/base.h"
#include <eddy/http/message.h>
#include <time.h>

/* What there is to be sent. */
struct eddy__validators {
    const char *etag; /* a strong one, with its quotes */
    time_t modified;
    uint64_t size;
};

/* A part of the file that is to be sent. */
struct eddy__range {
    uint64_t start;
    uint64_t size;
};

/* The status of the answer by the header fields of a GET or, with head, a HEAD: 200; 206 with a
 * range; 304; 412; 416. Several ranges, and what is no range of bytes, are answered with all. */
int eddy__condition_status(const eddy_pair *headers, bool head,
                           const struct eddy__validators *validators, struct eddy__range *range);

/* Whether the value of an Accept-Encoding field, NULL for none, lets this coding be sent. */
bool eddy__accepts_coding(const char *accept, const char *coding);

#endif
