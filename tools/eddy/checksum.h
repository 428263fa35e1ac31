/* checksum.h - what a file has to be, by a hash of its bytes. */
#ifndef EDDY_TOOL_CHECKSUM_H
#define EDDY_TOOL_CHECKSUM_H

#include <eddy/base.h>

enum { CHECKSUM_BYTES = 64, CHECKSUM_TEXT = 2 * CHECKSUM_BYTES + 1 };

struct checksum {
    const char *algorithm; /* "sha256", as OpenSSL has it; NULL: none is wanted */
    size_t size;
    unsigned char bytes[CHECKSUM_BYTES];
};

/* Reads "sha256:…", or sha384 or sha512, in hexadecimal digits. False when it is no such thing. */
bool checksum_parse(struct checksum *self, const char *text);

/* Whether the file is that: 1; 0, and then *found is what it is, in digits; or a failure, raised.
 * Lets other tasks run in between. */
EDDY_SUSPENDS int checksum_of_file(const struct checksum *self, int fd, char found[CHECKSUM_TEXT]);

#endif
