/* address.h - socket addresses as values: an IPv4 or IPv6 host with its port, or the path of a Unix
 * socket. They are copied and compared freely and own nothing. */
#ifndef EDDY_ADDRESS_H
#define EDDY_ADDRESS_H

#include <eddy/base.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

EDDY_BEGIN_DECLS

/* The system's own calls take &a.u.any and a.size. {0} is no address. */
typedef struct eddy_address {
    socklen_t size;
    union {
        struct sockaddr any;
        struct sockaddr_in in4;
        struct sockaddr_in6 in6;
        struct sockaddr_un local;
    } u;
} eddy_address;

/* The address of a numeric host ("192.0.2.1", "2001:db8::1", "[::1]", "fe80::1%eth0"); names are
 * for eddy_getaddrinfo. 0, or EDDY_EINVAL. Does not suspend. */
EDDY_API int eddy_address_parse(eddy_address *address, const char *host, int port);
/* The address of a Unix socket; a path that begins with @ is an abstract name. 0, EDDY_EINVAL or
 * EDDY_ENAMETOOLONG. */
EDDY_API int eddy_address_of_path(eddy_address *address, const char *path);

enum { EDDY_ADDRESS_TEXT = 160 }; /* bytes that the text of any address fits in */

/* "127.0.0.1:80", "[::1]:80", a path, "@name", or "unnamed"; returns text. */
EDDY_API char *eddy_address_format(const eddy_address *address, char text[EDDY_ADDRESS_TEXT]);
enum { EDDY_HOST_TEXT = 64 }; /* bytes that the text of any IPv4 or IPv6 host fits in */

/* The host without the port: "127.0.0.1", "::1", "fe80::1%2" by interface 2; "" for a Unix socket.
 * Returns text. */
EDDY_API char *eddy_address_format_host(const eddy_address *address, char text[EDDY_HOST_TEXT]);
/* Whether both have the same host and port, or the same path. */
EDDY_API bool eddy_address_equal(const eddy_address *a, const eddy_address *b);
/* The port; 0 for a Unix socket. */
EDDY_API int eddy_address_port(const eddy_address *address);

EDDY_END_DECLS

#endif
