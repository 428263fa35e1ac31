/* fetch_options.h - what eddy fetch was told. */
#ifndef EDDY_TOOL_FETCH_OPTIONS_H
#define EDDY_TOOL_FETCH_OPTIONS_H

#include "url_list.h"
#include <stdbool.h>

struct fetch_options {
    unsigned at_once; /* downloads at a time */
    unsigned retries; /* further attempts after a transient failure */
    double timeout;   /* seconds, of one attempt */
    const char *folder;
    struct url_list urls;
    bool help;
};

extern const char fetch_help[];

/* Fills in options from the command line and the files it names. 0, or -1 after having said on
 * stderr what is wrong. The caller clears urls in any case. */
int fetch_options_parse(struct fetch_options *self, int argc, char **argv);

#endif
