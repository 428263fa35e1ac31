/* fetch_body.h - what eddy fetch -d sends. */
#ifndef EDDY_TOOL_FETCH_BODY_H
#define EDDY_TOOL_FETCH_BODY_H

#include <stddef.h>

struct fetch_body {
    const char *data; /* NULL: none, or .file */
    size_t size;
    const char *file; /* is read anew for each request */
    char *input;      /* of standard input */
};

enum { FETCH_INPUT_MAX = 64 << 20 };

/* Takes what -d said, NULL: nothing. 0, or -1 after having said on stderr what is wrong. The caller
 * clears it in any case. */
int fetch_body_open(struct fetch_body *self, const char *given);
void fetch_body_clear(struct fetch_body *self);

#endif
