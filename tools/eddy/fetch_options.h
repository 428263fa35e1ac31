/* fetch_options.h - what eddy fetch was told. */
#ifndef EDDY_TOOL_FETCH_OPTIONS_H
#define EDDY_TOOL_FETCH_OPTIONS_H

#include "checksum.h"
#include "url_list.h"
#include <eddy/http/message.h>
#include <stdbool.h>

enum { FETCH_HEADERS_MAX = 100 };

struct fetch_options {
    unsigned at_once;  /* downloads at a time */
    unsigned per_host; /* of them from one server */
    unsigned retries;  /* further attempts after a transient failure */
    bool retries_said; /* by the user, not by default */
    double timeout;    /* seconds, of one attempt */
    const char *folder;
    eddy_pair
        headers[FETCH_HEADERS_MAX + 1]; /* the names are to be freed, values lie behind them */
    unsigned header_count;
    const char *data;      /* what -d said, NULL: GET; "@FILE" and "@-" as well */
    const char *proxy;     /* NULL: as the environment says; "": none */
    const char *resolvers; /* servers of DNS; NULL: the system's */
    struct checksum checksum;
    bool resume; /* goes on with what earlier runs left */
    bool http2;  /* and nothing else */
    bool json;
    struct url_list urls;
    bool list_is_input; /* some of them came from standard input */
    bool help;
};

extern const char fetch_help[];

/* Fills in options from the command line and the lists it names. 0, or -1 after having said on
 * stderr what is wrong. The caller clears them in any case. */
int fetch_options_parse(struct fetch_options *self, int argc, char **argv);
void fetch_options_clear(struct fetch_options *self);

#endif
