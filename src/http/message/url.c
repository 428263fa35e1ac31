/* url.c - URLs: taken apart, and references to others. */
#include "http/message/url.h"

#include "http/message/encode.h"
#include "http/message/token.h"

#include <arpa/inet.h>

enum { HOST_MAX = 253, ZONE_MAX = 15 }; /* the zone is the name of an interface */

/* The length of a scheme with its colon, 0: text begins with none. */
static size_t scheme_length(const char *text)
{
    size_t n = 0;

    while ((text[n] | 0x20) >= 'a' && (text[n] | 0x20) <= 'z')
        n++;
    while (n && (eddy__char_is(text[n], EDDY__CHAR_UNRESERVED) || text[n] == '+') &&
           text[n] != '_' && text[n] != '~')
        n++;
    return n && text[n] == ':' ? n + 1 : 0;
}

/* ---- words for a URL that is refused ---- */

/* Raises EDDY_EINVAL: "<the URL>: <what>", up to a byte that no message may have, and with stars in
 * place of what stands before an @. */
static int bad_url(const char *text, const char *what)
{
    size_t scheme = scheme_length(text);
    const char *start = scheme && strncmp(text + scheme, "//", 2) == 0 ? text + scheme + 2 : text;
    size_t shown = 0;

    while ((unsigned char)text[shown] > ' ' && text[shown] != 127)
        shown++;
    const char *at = memrchr(start, '@', strcspn(start, "/?#"));
    if (at && at < text + shown)
        return eddy__raise(EDDY_EINVAL, "\"%.*s***%.*s\": %s", (int)(start - text), text,
                           (int)(text + shown - at), at, what);
    return eddy__raise(EDDY_EINVAL, "\"%.*s\": %s", at ? (int)(start - text) : (int)shown, text,
                       what);
}

/* ---- the parts of an authority ---- */

/* User information as it is in the URL; its texts are decoded. */
static int parse_user(struct eddy__url *url, const char *text, size_t size,
                      struct eddy__arena *arena)
{
    const char *colon = memchr(text, ':', size);
    size_t length = colon ? (size_t)(colon - text) : size;

    url->user = eddy__try(eddy__percent_decode(text, length, false, arena));
    if (colon)
        url->password = eddy__try(eddy__percent_decode(colon + 1, size - length - 1, false, arena));
    for (const char *const *part = (const char *const[]){url->user, url->password, NULL}; *part;
         part++)
        for (const char *c = *part; *c; c++)
            if ((unsigned char)*c < ' ' || *c == 127)
                return eddy__raise(EDDY_EINVAL, "a control character in the user information");
    return 0;
}

static const char *small_letters(const char *text, size_t size, struct eddy__arena *arena)
{
    char *copy = eddy__arena_copy(arena, text, size);

    for (size_t i = 0; copy && i < size; i++)
        if (copy[i] >= 'A' && copy[i] <= 'Z')
            copy[i] = (char)(copy[i] + ('a' - 'A'));
    return copy;
}

/* The address between brackets, with "%25" before a zone; url->host is what connects to it, *named
 * is how Host names it. The fault, NULL: none. */
static const char *parse_ipv6(struct eddy__url *url, const char *text, size_t size,
                              struct eddy__arena *arena, const char **named)
{
    struct in6_addr address;
    const char *zone = memmem(text, size, "%25", 3);
    size_t length = zone ? (size_t)(zone - text) : size;
    size_t zone_size = zone ? size - length - 3 : 0;

    if (zone &&
        (!eddy__all_are(zone + 3, zone_size, EDDY__CHAR_UNRESERVED) || zone_size > ZONE_MAX))
        return "a bad zone of an IPv6 address";
    const char *bare = small_letters(text, length, arena);
    if (bare && inet_pton(AF_INET6, bare, &address) != 1)
        return "this is no IPv6 address between [ and ]";
    *named = bare;
    url->is_ipv6 = true;
    url->host =
        zone && bare ? eddy__arena_printf(arena, "%s%%%.*s", bare, (int)zone_size, zone + 3) : bare;
    return NULL;
}

/* A name or an IPv4 address. Of what RFC 3986 lets stand in a name only that which a resolver could
 * know is taken. The fault, NULL: none. */
static const char *parse_host_name(struct eddy__url *url, const char *text, size_t size,
                                   struct eddy__arena *arena)
{
    if (size == 0)
        return "there is no host";
    if (size > HOST_MAX)
        return "the host is longer than 253 bytes";
    if (!eddy__all_are(text, size, EDDY__CHAR_UNRESERVED))
        return "a character that a host cannot have";
    url->host = small_letters(text, size, arena);
    return NULL;
}

/* text[0 … size) is empty or ":8080". The fault, NULL: none. */
static const char *parse_port(struct eddy__url *url, const char *text, size_t size)
{
    if (size && text[0] != ':')
        return "something other than a port behind ]";
    if (size > 1) {
        int64_t port = eddy__parse_number(text + 1, size - 1);

        if (port < 1 || port > 65535)
            return "the port is no number of 1 to 65535";
        url->port = (int)port;
    }
    return NULL;
}

/* Host and port, and what Host is to say of them. */
static int parse_host(struct eddy__url *url, const char *text, size_t size,
                      struct eddy__arena *arena)
{
    const char *bracket = size && text[0] == '[' ? memchr(text, ']', size) : NULL;
    const char *colon = bracket ? bracket + 1 : memchr(text, ':', size);
    size_t length = colon ? (size_t)(colon - text) : size;
    int usual = url->port;
    const char *named = NULL;
    const char *fault = bracket ? parse_ipv6(url, text + 1, length - 2, arena, &named)
                                : parse_host_name(url, text, length, arena);

    if (!fault)
        fault = parse_port(url, text + length, size - length);
    if (fault)
        return eddy__raise(EDDY_EINVAL, "%s", fault);
    eddy__try(url->host);
    named = bracket ? eddy__try(eddy__arena_printf(arena, "[%s]", named)) : url->host;
    url->authority = url->port == usual
                         ? named
                         : eddy__try(eddy__arena_printf(arena, "%s:%d", named, url->port));
    return 0;
}

static int parse_authority(struct eddy__url *url, const char *text, size_t size,
                           struct eddy__arena *arena)
{
    const char *at = memchr(text, '@', size);
    size_t length = at ? (size_t)(at - text) + 1 : 0;

    if (at && memchr(at + 1, '@', size - length))
        return eddy__raise(EDDY_EINVAL, "two @ before the path");
    if (at)
        eddy__try(parse_user(url, text, length - 1, arena));
    return parse_host(url, text + length, size - length, arena);
}

/* ---- whole URLs ---- */

static int parse_scheme(struct eddy__url *url, const char *text)
{
    static const struct {
        const char *name;
        int port;
    } known[] = {{"http", 80}, {"https", 443}, {"ws", 80}, {"wss", 443}};
    size_t length = scheme_length(text);

    for (size_t i = 0; i < count_of(known); i++)
        if (length == strlen(known[i].name) + 1 &&
            eddy__same_words(text, known[i].name, length - 1)) {
            url->scheme = known[i].name;
            url->port = known[i].port;
            url->secure = known[i].port == 443;
        }
    if (!url->scheme)
        return eddy__raise(EDDY_EINVAL, length ? "the scheme is none of http, https, ws and wss"
                                               : "it does not begin with http:// or https://");
    if (strncmp(text + length, "//", 2) != 0)
        return eddy__raise(EDDY_EINVAL, "// is missing behind the scheme");
    return 0;
}

/* What may stand nowhere in a URL, NULL: nothing of that is in text. */
static const char *bad_character(const char *text)
{
    for (const char *c = text; *c; c++) {
        if (*c == '\\')
            return "a backslash";
        if (*c == ' ')
            return "a space, which would have to be written %20";
        if ((unsigned char)*c > 127)
            return "a byte beyond ASCII, which would have to be escaped by %";
        if (*c != '#' && !eddy__char_is(*c, EDDY__CHAR_TARGET))
            return "a control character";
    }
    return NULL;
}

static int parse_parts(struct eddy__url *url, const char *text, struct eddy__arena *arena)
{
    const char *wrong = bad_character(text);

    if (wrong)
        return eddy__raise(EDDY_EINVAL, "%s", wrong);
    eddy__try(parse_scheme(url, text));
    const char *authority = strstr(text, "//") + 2;
    size_t size = strcspn(authority, "/?#");
    eddy__try(parse_authority(url, authority, size, arena));
    const char *path = authority + size;
    size = strcspn(path, "#");
    url->target = *path == '/' ? eddy__arena_copy(arena, path, size)
                               : eddy__arena_printf(arena, "/%.*s", (int)size, path);
    return url->target ? 0 : EDDY_ENOMEM;
}

int eddy__url_parse(struct eddy__url *url, const char *text, struct eddy__arena *arena)
{
    *url = (struct eddy__url){0};
    int status = parse_parts(url, text, arena);

    if (status == EDDY_EINVAL) {
        const char *what = eddy_error_message(eddy_last_error());
        const char *kept = eddy__arena_copy(arena, what, strlen(what));

        status = kept ? bad_url(text, kept) : EDDY_ENOMEM;
    }
    return status;
}

bool eddy__url_same_origin(const struct eddy__url *a, const struct eddy__url *b)
{
    return strcmp(a->scheme, b->scheme) == 0 && strcmp(a->host, b->host) == 0 && a->port == b->port;
}

char *eddy__url_add_params(const char *target, const eddy_pair *params, struct eddy__arena *arena)
{
    size_t length = strlen(target), size = eddy__form_write(NULL, params, false);
    const char *query = strchr(target, '?');
    const char *between = !query ? "?" : query[1] && target[length - 1] != '&' ? "&" : "";
    char *text = eddy__arena_alloc(arena, length + 1 + size + 1);

    if (!text)
        return NULL;
    memcpy(text, target, length);
    if (size && *between)
        text[length++] = *between;
    text[length + eddy__form_write(text + length, params, false)] = '\0';
    return text;
}

/* ---- references ---- */

/* reference with spaces and bytes beyond ASCII as %XX. */
static char *escape_reference(const char *reference, struct eddy__arena *arena)
{
    char *text = eddy__arena_alloc(arena, 3 * strlen(reference) + 1), *to = text;

    for (const char *c = reference; text && *c; c++) {
        char one[2] = {*c, '\0'};

        if (*c == ' ' || (unsigned char)*c > 127)
            to += eddy__percent_write(to, one, false);
        else
            *to++ = *c;
    }
    if (text)
        *to = '\0';
    return text;
}

/* Steps back over the last segment of path[0 … size) and the slash before it. */
static size_t without_last_segment(const char *path, size_t size)
{
    while (size && path[size - 1] != '/')
        size--;
    return size ? size - 1 : 0;
}

/* Removes "." and ".." from the path that text begins with, which begins with "/", in place (RFC
 * 3986 section 5.2.4); what follows the path stays. */
static void remove_dots(char *text)
{
    size_t end = strcspn(text, "?#"), to = 0;

    for (size_t from = 0; from < end;) {
        size_t length = 1 + strcspn(text + from + 1, "/?#"); /* of "/segment" */
        bool last = from + length == end;
        bool here = length == 2 && text[from + 1] == '.';
        bool up = length == 3 && text[from + 1] == '.' && text[from + 2] == '.';

        if (up)
            to = without_last_segment(text, to);
        if (!here && !up) {
            memmove(text + to, text + from, length);
            to += length;
        } else if (last) {
            text[to++] = '/';
        }
        from += length;
    }
    memmove(text + to, text + end, strlen(text + end) + 1);
}

/* The path, query and fragment that a reference without scheme and authority leads to. */
static char *merge_target(const char *base, const char *reference, struct eddy__arena *arena)
{
    size_t path = strcspn(base, "?"), kept = 0;
    const char *slash = memrchr(base, '/', path);

    if (*reference == '\0' || *reference == '#')
        kept = strlen(base);
    else if (*reference == '?')
        kept = path;
    else if (*reference != '/' && slash)
        kept = (size_t)(slash - base) + 1;
    char *target = eddy__arena_printf(arena, "%.*s%s", (int)kept, base, reference);
    if (target && *reference && !strchr("?#", *reference))
        remove_dots(target);
    return target;
}

char *eddy__url_resolve(const struct eddy__url *base, const char *reference,
                        struct eddy__arena *arena)
{
    char *text = escape_reference(reference, arena);

    if (!text || scheme_length(text))
        return text;
    if (strncmp(text, "//", 2) == 0)
        return eddy__arena_printf(arena, "%s:%s", base->scheme, text);
    text = merge_target(base->target, text, arena);
    return text ? eddy__arena_printf(arena, "%s://%s%s", base->scheme, base->authority, text)
                : NULL;
}
