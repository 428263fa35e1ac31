/* address.c - socket addresses from text and to text. */
#include "stream/stream.h"

#include <arpa/inet.h>
#include <net/if.h>
#include <stdlib.h>

/* ---- from text ---- */

static bool parse_in4(eddy_address *a, const char *host)
{
    a->u.in4 = (struct sockaddr_in){.sin_family = AF_INET};
    a->size = sizeof a->u.in4;
    return inet_pton(AF_INET, host, &a->u.in4.sin_addr) == 1;
}

/* The zone of a link-local address: a number or the name of an interface. */
static bool parse_zone(eddy_address *a, const char *zone)
{
    char *end;
    unsigned long n = strtoul(zone, &end, 10);

    if (*zone >= '0' && *zone <= '9' && !*end)
        a->u.in6.sin6_scope_id = n <= UINT32_MAX ? (uint32_t)n : 0;
    else
        a->u.in6.sin6_scope_id = if_nametoindex(zone);
    return a->u.in6.sin6_scope_id != 0;
}

static bool parse_in6(eddy_address *a, const char *host, size_t length)
{
    char text[INET6_ADDRSTRLEN + IF_NAMESIZE + 1];
    char *zone;

    if (length >= sizeof text)
        return false;
    memcpy(text, host, length);
    text[length] = '\0';
    zone = strchr(text, '%');
    if (zone)
        *zone++ = '\0';
    a->u.in6 = (struct sockaddr_in6){.sin6_family = AF_INET6};
    a->size = sizeof a->u.in6;
    return inet_pton(AF_INET6, text, &a->u.in6.sin6_addr) == 1 && (!zone || parse_zone(a, zone));
}

bool eddy__address_parse(eddy_address *a, const char *host, int port)
{
    size_t length = strlen(host);
    bool brackets = length > 2 && host[0] == '[' && host[length - 1] == ']';
    bool ok = brackets ? parse_in6(a, host + 1, length - 2)
                       : parse_in4(a, host) || parse_in6(a, host, length);

    if (ok)
        eddy__address_set_port(a, port);
    return ok;
}

int eddy_address_parse(eddy_address *a, const char *host, int port)
{
    if (!a || port < 0 || port > 65535)
        return eddy__raise(EDDY_EINVAL, "a port is between 0 and 65535, not %d", port);
    *a = (eddy_address){0};
    if (host && eddy__address_parse(a, host, port))
        return 0;
    return eddy__raise(EDDY_EINVAL, "%s is no IPv4 or IPv6 address: names are for eddy_getaddrinfo",
                       host ? host : "NULL");
}

int eddy_address_of_path(eddy_address *a, const char *path)
{
    struct sockaddr_un *un = &a->u.local;
    size_t length = path ? strlen(path) : 0;
    bool abstract = length && path[0] == '@';
    size_t longest = sizeof un->sun_path - !abstract; /* a file's name needs its final zero */

    if (!length || (abstract && length == 1))
        return eddy__raise(EDDY_EINVAL, "the path of a Unix socket is empty");
    if (length > longest)
        return eddy__raise(EDDY_ENAMETOOLONG,
                           "the path of a Unix socket has %zu bytes, at most %zu are possible: %s",
                           length, longest, path);
    *un = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(un->sun_path, path, length);
    if (abstract)
        un->sun_path[0] = '\0';
    a->size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + !abstract);
    return 0;
}

/* ---- parts and comparison ---- */

void eddy__address_set_port(eddy_address *a, int port)
{
    if (a->u.any.sa_family == AF_INET)
        a->u.in4.sin_port = htons((uint16_t)port);
    else if (a->u.any.sa_family == AF_INET6)
        a->u.in6.sin6_port = htons((uint16_t)port);
}

int eddy_address_port(const eddy_address *a)
{
    if (a->u.any.sa_family == AF_INET)
        return ntohs(a->u.in4.sin_port);
    return a->u.any.sa_family == AF_INET6 ? ntohs(a->u.in6.sin6_port) : 0;
}

bool eddy_address_equal(const eddy_address *a, const eddy_address *b)
{
    if (a->u.any.sa_family != b->u.any.sa_family)
        return false;
    if (a->u.any.sa_family == AF_INET)
        return a->u.in4.sin_port == b->u.in4.sin_port &&
               a->u.in4.sin_addr.s_addr == b->u.in4.sin_addr.s_addr;
    if (a->u.any.sa_family == AF_INET6)
        return a->u.in6.sin6_port == b->u.in6.sin6_port &&
               a->u.in6.sin6_scope_id == b->u.in6.sin6_scope_id &&
               memcmp(&a->u.in6.sin6_addr, &b->u.in6.sin6_addr, sizeof a->u.in6.sin6_addr) == 0;
    return a->size == b->size && memcmp(&a->u, &b->u, a->size) == 0;
}

/* ---- to text ---- */

static char *put_number(char *to, unsigned n)
{
    char digits[10];
    int count = 0;

    do
        digits[count++] = (char)('0' + n % 10);
    while (n /= 10);
    while (count)
        *to++ = digits[--count];
    return to;
}

/* By hand: each connection that is accepted gets its peer's address as a name. */
static void format_in4(const struct sockaddr_in *in4, char *text)
{
    unsigned char bytes[4];

    memcpy(bytes, &in4->sin_addr, sizeof bytes);
    for (int i = 0; i < 4; i++) {
        text = put_number(text, bytes[i]);
        *text++ = i < 3 ? '.' : ':';
    }
    *put_number(text, ntohs(in4->sin_port)) = '\0';
}

static void format_in6(const eddy_address *a, char *text)
{
    char host[EDDY_HOST_TEXT];

    eddy_address_format_host(a, host);
    snprintf(text, EDDY_ADDRESS_TEXT, "[%s]:%d", host, ntohs(a->u.in6.sin6_port));
}

static void format_local(const eddy_address *a, char *text)
{
    size_t before = offsetof(struct sockaddr_un, sun_path);
    size_t length = a->size > before ? a->size - before : 0;
    const char *path = a->u.local.sun_path;

    if (!length)
        snprintf(text, EDDY_ADDRESS_TEXT, "unnamed");
    else if (path[0])
        snprintf(text, EDDY_ADDRESS_TEXT, "%.*s", (int)length, path);
    else
        snprintf(text, EDDY_ADDRESS_TEXT, "@%.*s", (int)length - 1, path + 1);
}

char *eddy_address_format(const eddy_address *a, char text[EDDY_ADDRESS_TEXT])
{
    if (a->u.any.sa_family == AF_INET)
        format_in4(&a->u.in4, text);
    else if (a->u.any.sa_family == AF_INET6)
        format_in6(a, text);
    else
        format_local(a, text);
    return text;
}

char *eddy_address_format_host(const eddy_address *a, char text[EDDY_HOST_TEXT])
{
    bool is_in6 = a->u.any.sa_family == AF_INET6;
    const void *bytes = is_in6 ? (const void *)&a->u.in6.sin6_addr : &a->u.in4.sin_addr;

    if (!inet_ntop(a->u.any.sa_family, bytes, text, INET6_ADDRSTRLEN))
        *text = '\0';
    else if (is_in6 && a->u.in6.sin6_scope_id)
        snprintf(text + strlen(text), EDDY_HOST_TEXT - INET6_ADDRSTRLEN, "%%%u",
                 a->u.in6.sin6_scope_id);
    return text;
}
