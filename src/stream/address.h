/* address.h - addresses of sockets, and the words for a code (address.c). */
#ifndef EDDY_STREAM_ADDRESS_H
#define EDDY_STREAM_ADDRESS_H

#include "base/base.h"
#include <eddy/names.h>

/* A numeric IPv4 or IPv6 address, the latter with or without brackets; false for anything else. */
bool eddy__address_parse(eddy_address *a, const char *host, int port);
void eddy__address_set_port(eddy_address *a, int port);

/* The words for a code as the end of a sentence: "connection refused". */
struct eddy__words {
    char text[80];
};
struct eddy__words eddy__words(int code);

#endif
