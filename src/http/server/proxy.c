/* proxy.c - the address of the client behind proxies that are trusted: the last one in the chain of
 * X-Forwarded-For that is not itself such a proxy. */
#include "http/server/server.h"

#include "http/message/token.h"

#include <arpa/inet.h>
#include <eddy/memory.h>

enum { PROXIES_MAX = 64, ADDRESS_TEXT = 64 };

/* An address of IPv4 is kept as one of IPv6, ::ffff:a.b.c.d. */
struct network {
    unsigned char address[16];
    unsigned bits;
};

struct eddy__proxies {
    bool unix_sockets;
    unsigned count;
    struct network networks[];
};

/* ---- addresses ---- */

/* text[0 … size): "192.0.2.1", "::1", either with a port and brackets as streams tell them. */
static bool parse_address(const char *text, size_t size, struct network *network)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff};
    char bare[ADDRESS_TEXT];
    const char *end;

    if (size && *text == '[') {
        text++;
        end = memchr(text, ']', --size);
        size = end ? (size_t)(end - text) : 0;
    } else if ((end = memchr(text, ':', size)) != NULL && memchr(text, '.', size) &&
               !memchr(end + 1, ':', size - (size_t)(end + 1 - text))) {
        size = (size_t)(end - text);
    }
    if (size == 0 || size >= sizeof bare)
        return false;
    memcpy(bare, text, size);
    bare[size] = '\0';
    memcpy(network->address, mapped, sizeof mapped);
    network->bits = 128;
    if (inet_pton(AF_INET, bare, network->address + sizeof mapped) == 1)
        return true;
    return inet_pton(AF_INET6, bare, network->address) == 1;
}

static bool is_in(const struct network *network, const unsigned char address[16])
{
    unsigned bytes = network->bits / 8, rest = network->bits % 8;

    return memcmp(network->address, address, bytes) == 0 &&
           (rest == 0 || ((network->address[bytes] ^ address[bytes]) >> (8 - rest)) == 0);
}

/* "10.0.0.0/8" */
static int parse_network(const char *text, size_t size, struct network *network)
{
    const char *slash = memchr(text, '/', size);
    size_t length = slash ? (size_t)(slash - text) : size;

    if (parse_address(text, length, network)) {
        unsigned most = memchr(text, ':', length) ? 128 : 32;
        int64_t bits = slash ? eddy__parse_number(slash + 1, size - length - 1) : most;

        if (bits >= 0 && bits <= most) {
            network->bits = 128 - most + (unsigned)bits;
            return 0;
        }
    }
    return eddy__raise(EDDY_EINVAL, "trusted_proxies: \"%.*s\" is no address or network", (int)size,
                       text);
}

/* ---- the list ---- */

static int add_proxies(struct eddy__proxies *proxies, const char *text)
{
    while (*(text += strspn(text, ", "))) {
        size_t size = strcspn(text, ", ");

        if (size == 4 && memcmp(text, "unix", 4) == 0)
            proxies->unix_sockets = true;
        else if (proxies->count == PROXIES_MAX)
            return eddy__raise(EDDY_ELIMIT, "trusted_proxies: more than %d", PROXIES_MAX);
        else
            eddy__try(parse_network(text, size, &proxies->networks[proxies->count++]));
        text += size;
    }
    return 0;
}

int eddy__proxies_open(struct eddy__proxies **place, const char *text)
{
    struct eddy__proxies *proxies =
        eddy_alloc_zero(sizeof *proxies + PROXIES_MAX * sizeof proxies->networks[0]);

    if (!proxies)
        return eddy__raise(EDDY_ENOMEM, "no memory for the list of trusted proxies");
    int status = add_proxies(proxies, text);
    if (status < 0)
        eddy_free(proxies);
    else
        *place = proxies;
    return status;
}

void eddy__proxies_close(struct eddy__proxies *proxies)
{
    eddy_free(proxies);
}

static bool is_trusted(const struct eddy__proxies *proxies, const char *text, size_t size)
{
    struct network address;

    if (!parse_address(text, size, &address))
        return false;
    for (unsigned i = 0; i < proxies->count; i++)
        if (is_in(&proxies->networks[i], address.address))
            return true;
    return false;
}

/* ---- the client ---- */

/* The last address of text that no trusted proxy has; what is no address ends the search. *all:
 * each of them is a trusted one. */
static const char *last_stranger(const eddy_request *r, const char *text, bool *all)
{
    const char *found = NULL;
    size_t end = strlen(text);

    while (end > 0) {
        size_t start = end, stop;
        struct network address;

        while (start > 0 && text[start - 1] != ',')
            start--;
        stop = end;
        end = start ? start - 1 : 0;
        start += strspn(text + start, " \t");
        while (stop > start && (text[stop - 1] == ' ' || text[stop - 1] == '\t'))
            stop--;
        if (!parse_address(text + start, stop - start, &address)) {
            *all = false;
            return found;
        }
        found = eddy__arena_copy(r->arena, text + start, stop - start);
        *all = is_trusted(r->server->proxies, text + start, stop - start);
        if (!*all)
            return found;
    }
    return found;
}

static const char *forwarded_for(const eddy_request *r)
{
    const char *found = NULL;
    bool all = true;

    for (unsigned i = r->head.fields.count; all && i-- > 0;) {
        const eddy_pair *field = &r->head.fields.list[i];

        if (eddy__same_word(field->name, "X-Forwarded-For")) {
            const char *address = last_stranger(r, field->value, &all);
            found = address ? address : found;
        }
    }
    return found;
}

const char *eddy_request_peer(eddy_request *r)
{
    const struct eddy__proxies *proxies = r->server->proxies;

    if (r->peer)
        return r->peer;
    r->peer = eddy_stream_peer(r->connection);
    bool trusted = proxies && (is_trusted(proxies, r->peer, strlen(r->peer)) ||
                               (proxies->unix_sockets && r->server->opts.unix_path));
    if (trusted) {
        const char *client = forwarded_for(r);
        r->peer = client ? client : r->peer;
    }
    return r->peer;
}
