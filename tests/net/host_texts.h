/* host_texts.h - look-ups as texts, which tests can compare. */
#ifndef HOST_TEXTS_H
#define HOST_TEXTS_H

#include <eddy/names.h>
#include <stdlib.h>

/* eddy_getaddrinfo; texts NULL: no room is given. */
static inline int host_texts(const char *host, char (*texts)[EDDY_HOST_TEXT], size_t n)
{
    eddy_address *addresses = texts ? calloc(n, sizeof *addresses) : NULL;
    int count = eddy_getaddrinfo(host, 0, addresses, n);

    for (int i = 0; i < count; i++)
        eddy_address_format_host(&addresses[i], texts[i]);
    free(addresses);
    return count;
}

#endif
