/* serve_options.h - what eddy serve was told. */
#ifndef EDDY_TOOL_SERVE_OPTIONS_H
#define EDDY_TOOL_SERVE_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

struct serve_options {
    const char *folder;
    const char *host; /* NULL: this computer alone */
    int port;         /* 0: one that is free */
    int loops;
    const char *cert, *key; /* NULL: no TLS */
    bool listing, spa, cors, links;
    bool upload, overwrite;
    uint64_t max_upload; /* bytes of one request */
    const char *user;    /* NULL: everybody may come */
    const char *password_file;
    const char *log; /* a file, "-": standard output; NULL: none */
    bool log_json;
    bool help;
};

extern const char serve_help[];

/* Fills in options from the command line, and looks at the files and folders that it names. 0, or
 * -1 after having said on stderr what is wrong. */
int serve_options_parse(struct serve_options *self, int argc, char **argv);

#endif
