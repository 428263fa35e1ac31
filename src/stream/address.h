/* address.h - addresses of sockets, and the words for a code (address.c). */
#ifndef EDDY_STREAM_ADDRESS_H
#define EDDY_STREAM_ADDRESS_H

#include "base/base.h"
#include <eddy/names.h>

/* A numeric IPv4 or IPv6 address, the latter with or without brackets; false for anything else. */
bool eddy__address_parse(struct eddy__address *a, const char *host, int port);
void eddy__address_set_port(struct eddy__address *a, int port);
/* The host alone: "127.0.0.1", "::1" or "fe80::1%2"; nothing for other families. */
void eddy__address_format_host(const struct eddy__address *a, eddy_host_text text);

/* The words for a code as the end of a sentence: "connection refused". */
struct eddy__words {
    char text[80];
};
struct eddy__words eddy__words(int code);

#endif
