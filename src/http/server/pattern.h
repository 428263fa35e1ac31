/* pattern.h - the patterns of routes: taken apart, and compared (pattern.c). */
#ifndef EDDY_HTTP_PATTERN_H
#define EDDY_HTTP_PATTERN_H

#include "http/message/arena.h"

enum { EDDY__PATTERN_SEGMENTS = 64 }; /* that a pattern may have */

/* How one segment of a path has to be. */
enum eddy__segment_kind {
    EDDY__SEGMENT_TEXT,   /* that text */
    EDDY__SEGMENT_SINGLE, /* any text but the empty one: {name} */
    EDDY__SEGMENT_EMPTY,  /* the empty one behind the last slash: {$} */
    EDDY__SEGMENT_REST,   /* this and all that follow: {name...}, or a slash at the end */
};

struct eddy__segment {
    enum eddy__segment_kind kind;
    const char *text; /* decoded; the name of SINGLE and REST, NULL where REST has none */
};

/* Its texts lie in an arena. */
struct eddy__pattern {
    const char *text;   /* as it was given, with the prefix of its groups */
    const char *method; /* "": any */
    const char *host;   /* in small letters; "": any */
    struct eddy__segment *segments;
    unsigned count;
};

/* Takes "[METHOD ][HOST]/[PATH]" apart; its path stands behind prefix. EDDY_EINVAL, with what is
 * wrong, or EDDY_ENOMEM, raised. */
int eddy__pattern_parse(struct eddy__pattern *pattern, const char *prefix, const char *text,
                        struct eddy__arena *arena);

/* Whether it is "." or "..", which nothing may mean here. */
bool eddy__segment_is_dots(const char *text);

/* What one of two patterns matches besides what both do: neither bit, they match the same; both,
 * they overlap. */
enum {
    EDDY__PATTERN_WIDER = 1,    /* the first one matches requests that the second does not */
    EDDY__PATTERN_NARROWER = 2, /* the second one those that the first does not */
    EDDY__PATTERN_APART = 4,    /* no request is matched by both */
};
int eddy__pattern_compare(const struct eddy__pattern *a, const struct eddy__pattern *b);

#endif
