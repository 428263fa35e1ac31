/* handshake.c - the opening handshake of RFC 6455: what a client asks, what a server answers. */
/* pkg-config: libcrypto */
#include "http/websocket/handshake.h"

#include "http/message/encode.h"
#include "http/message/token.h"
#include <eddy/http_status.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

enum { KEY = 16, DIGEST = 20 };

const char *eddy__handshake_accept(const char *key, struct eddy__arena *arena)
{
    const char *text = eddy__arena_printf(arena, "%s258EAFA5-E914-47DA-95CA-C5AB0DC85B11", key);
    unsigned char digest[DIGEST];

    if (!text)
        return NULL;
    if (EVP_Digest(text, strlen(text), digest, NULL, EVP_sha1(), NULL) != 1) {
        eddy__raise(EDDY_ENOTSUP, "OpenSSL has no SHA-1, which a WebSocket needs");
        return NULL;
    }
    return eddy__base64_encode(digest, sizeof digest, arena);
}

static int add(struct eddy__handshake *shake, struct eddy__arena *arena, const char *name,
               const char *value)
{
    return value ? eddy__fields_add(&shake->fields, arena, name, value) : eddy_last_status();
}

/* ---- subprotocols ---- */

/* The next of the words of a list with commas, or blanks; its length, 0 at the end. */
static size_t next_protocol(const char **list, const char **word)
{
    *word = *list + strspn(*list, ", \t");
    size_t n = strcspn(*word, ", \t");
    *list = *word + n;
    return n;
}

static bool list_has_exactly(const char *list, const char *word, size_t size)
{
    const char *other;

    for (size_t n; (n = next_protocol(&list, &other)) > 0;)
        if (n == size && memcmp(other, word, n) == 0)
            return true;
    return false;
}

/* The first of the server's subprotocols that the client knows. */
static int choose_protocol(struct eddy__handshake *shake, const struct eddy__fields *fields,
                           const char *own, struct eddy__arena *arena)
{
    const char *name = "Sec-WebSocket-Protocol", *word;

    for (size_t n; own && (n = next_protocol(&own, &word)) > 0;)
        for (const char *list = eddy__fields_get(fields, name); list;
             list = eddy__fields_next(fields, name, list)) {
            if (!list_has_exactly(list, word, n))
                continue;
            shake->protocol = eddy__arena_copy(arena, word, n);
            return shake->protocol ? add(shake, arena, name, shake->protocol) : EDDY_ENOMEM;
        }
    return 0;
}

static int check_protocols(const char *list)
{
    const char *word;

    for (size_t n; list && (n = next_protocol(&list, &word)) > 0;)
        if (!eddy__all_are(word, n, EDDY__CHAR_TOKEN))
            return eddy__raise(EDDY_EINVAL, "\"%.*s\" cannot be a subprotocol", (int)n, word);
    return 0;
}

/* ---- a server ---- */

/* A browser says which page asks: one of the same host, or of those that are allowed. */
static int check_origin(const struct eddy__head *request, const char *allowed)
{
    const char *origin = eddy__fields_get(&request->fields, "Origin");

    if (!origin)
        return 0;
    const char *host = strstr(origin, "://");
    if (host && request->host && eddy__same_word(host + 3, request->host))
        return 0;
    if (allowed &&
        (list_has_exactly(allowed, "*", 1) || list_has_exactly(allowed, origin, strlen(origin))))
        return 0;
    return eddy__raise(EDDY_HTTP(403), "a page of %s may not open a WebSocket here", origin);
}

static int check_upgrade(const struct eddy__head *request)
{
    const struct eddy__fields *fields = &request->fields;
    const char *key = eddy__fields_get(fields, "Sec-WebSocket-Key");
    const char *version = eddy__fields_get(fields, "Sec-WebSocket-Version");

    if (strcmp(request->method, "GET") != 0 || request->minor < 1)
        return eddy__raise(EDDY_HTTP(400), "a WebSocket is opened by GET and HTTP/1.1");
    if (!eddy__fields_has_token(fields, "Upgrade", "websocket") ||
        !eddy__fields_has_token(fields, "Connection", "upgrade"))
        return eddy__raise(EDDY_HTTP(426), "this is for WebSockets");
    if (!version || strcmp(version, "13") != 0)
        return eddy__raise(EDDY_HTTP(426), "Sec-WebSocket-Version is not 13");
    /* 16 bytes in base64 */
    if (!key || strlen(key) != 24 ||
        strspn(key, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuv"
                    "wxyz0123456789+/") != 22 ||
        strcmp(key + 22, "==") != 0 || eddy__fields_next(fields, "Sec-WebSocket-Key", key))
        return eddy__raise(EDDY_HTTP(400), "Sec-WebSocket-Key is not one of 16 bytes");
    return 0;
}

static int choose_deflate(struct eddy__handshake *shake, const struct eddy__fields *fields,
                          const eddy_websocket_opts *opts, struct eddy__arena *arena)
{
    const char *name = "Sec-WebSocket-Extensions", *chosen = NULL;

    if (!opts->deflate)
        return 0;
    for (const char *offers = eddy__fields_get(fields, name); offers && !chosen;
         offers = eddy__fields_next(fields, name, offers))
        chosen = eddy__deflate_choose(&shake->deflate, offers, opts, arena);
    if (!chosen)
        return shake->deflate.on ? EDDY_ENOMEM : 0;
    return add(shake, arena, name, chosen);
}

int eddy__handshake_answer(struct eddy__handshake *shake, const struct eddy__head *request,
                           const eddy_websocket_opts *opts, struct eddy__arena *arena)
{
    const struct eddy__fields *fields = &request->fields;

    *shake = (struct eddy__handshake){0};
    eddy__try(check_protocols(opts->protocols));
    eddy__try(check_upgrade(request));
    eddy__try(check_origin(request, opts->origins));
    const char *key = eddy__fields_get(fields, "Sec-WebSocket-Key");
    eddy__try(add(shake, arena, "Sec-WebSocket-Accept", eddy__handshake_accept(key, arena)));
    eddy__try(choose_protocol(shake, fields, opts->protocols, arena));
    return choose_deflate(shake, fields, opts, arena);
}

/* ---- a client ---- */

int eddy__handshake_request(struct eddy__handshake *shake, const eddy_websocket_opts *opts,
                            struct eddy__arena *arena)
{
    unsigned char bytes[KEY];

    *shake = (struct eddy__handshake){0};
    eddy__try(check_protocols(opts->protocols));
    if (RAND_bytes(bytes, sizeof bytes) != 1)
        return eddy__raise(EDDY_EIO, "the system gives no random bytes for a key");
    shake->key = eddy__base64_encode(bytes, sizeof bytes, arena);
    eddy__try(add(shake, arena, "Sec-WebSocket-Key", shake->key));
    eddy__try(add(shake, arena, "Sec-WebSocket-Version", "13"));
    if (opts->protocols)
        eddy__try(add(shake, arena, "Sec-WebSocket-Protocol", opts->protocols));
    return opts->deflate ? add(shake, arena, "Sec-WebSocket-Extensions", eddy__deflate_offer(opts))
                         : 0;
}

/* The value of a field that must not come twice. */
static int get_once(const struct eddy__fields *fields, const char *name, const char **value)
{
    *value = eddy__fields_get(fields, name);
    if (*value && eddy__fields_next(fields, name, *value))
        return eddy__raise(EDDY_EPROTO, "the server answers with two %s", name);
    return 0;
}

int eddy__handshake_check(struct eddy__handshake *shake, const struct eddy__head *answer,
                          const eddy_websocket_opts *opts, struct eddy__arena *arena)
{
    const struct eddy__fields *fields = &answer->fields;
    const char *accept, *extensions;

    if (answer->status != 101)
        return eddy__raise(answer->status >= 400 ? EDDY_HTTP(answer->status) : EDDY_EPROTO,
                           "the server does not open a WebSocket: %d %s", answer->status,
                           answer->reason);
    const char *expected = eddy__try(eddy__handshake_accept(shake->key, arena));
    eddy__try(get_once(fields, "Sec-WebSocket-Accept", &accept));
    eddy__try(get_once(fields, "Sec-WebSocket-Protocol", &shake->protocol));
    eddy__try(get_once(fields, "Sec-WebSocket-Extensions", &extensions));
    if (!eddy__fields_has_token(fields, "Upgrade", "websocket") ||
        !eddy__fields_has_token(fields, "Connection", "upgrade") || !accept ||
        strcmp(accept, expected) != 0)
        return eddy__raise(EDDY_EPROTO, "the 101 of the server is not that of a WebSocket");
    if (shake->protocol &&
        (!opts->protocols || !*shake->protocol ||
         !list_has_exactly(opts->protocols, shake->protocol, strlen(shake->protocol))))
        return eddy__raise(EDDY_EPROTO,
                           "the server answers with the subprotocol %s, which was "
                           "not offered",
                           shake->protocol);
    return extensions ? eddy__deflate_agree(&shake->deflate, extensions, opts) : 0;
}

struct eddy__websocket_settings eddy__handshake_settings(const struct eddy__handshake *shake,
                                                         const eddy_websocket_opts *opts)
{
    return (struct eddy__websocket_settings){.limit = opts->limit,
                                             .heartbeat = opts->heartbeat,
                                             .close_timeout = opts->close_timeout,
                                             .protocol = shake->protocol,
                                             .deflate = shake->deflate};
}
