/* proxy.c - which proxy a request goes through, and what is said to it: CONNECT, or SOCKS5 (RFC
 * 1928, with names and passwords by RFC 1929). */
#include "http/client/client.h"

#include "http/message/encode.h"
#include "http/message/token.h"
#include <stdlib.h>

/* ---- which one ---- */

/* Whether host lies in the domain that entry of size bytes names: itself, or below it, by whole
 * labels. A port in it has to be the URL's. */
static bool entry_covers(const char *entry, size_t size, const struct eddy__url *url)
{
    const char *colon = memchr(entry, ':', size);
    size_t length = strlen(url->host);

    if (colon && !memchr(colon + 1, ':', size - (size_t)(colon + 1 - entry))) {
        if (eddy__parse_number(colon + 1, size - (size_t)(colon + 1 - entry)) != url->port)
            return false;
        size = (size_t)(colon - entry);
    }
    if (size && entry[0] == '.') {
        entry++;
        size--;
    }
    if (size == 1 && entry[0] == '*')
        return true;
    if (size == 0 || size > length || !eddy__same_words(url->host + length - size, entry, size))
        return false;
    return size == length || (!url->is_ipv6 && url->host[length - size - 1] == '.');
}

static bool no_proxy_covers(const char *list, const struct eddy__url *url)
{
    while (list && *list) {
        list += strspn(list, ", \t");
        size_t size = strcspn(list, ", \t");
        if (entry_covers(list, size, url))
            return true;
        list += size;
    }
    return false;
}

/* The variable in small letters, or in capital ones. */
static const char *variable(const char *small, const char *capital)
{
    const char *value = getenv(small);

    if ((!value || !*value) && capital)
        value = getenv(capital);
    return value && *value ? value : NULL;
}

static const char *proxy_of_environment(const struct eddy__url *url)
{
    bool cgi = getenv("REQUEST_METHOD") != NULL;
    const char *proxy = url->secure ? variable("https_proxy", "HTTPS_PROXY")
                                    : variable("http_proxy", cgi ? NULL : "HTTP_PROXY");

    if (!proxy)
        proxy = variable("all_proxy", "ALL_PROXY");
    return proxy && !no_proxy_covers(variable("no_proxy", "NO_PROXY"), url) ? proxy : NULL;
}

/* Whether port 80 stands in a URL whose port is that one. */
static bool says_port_80(const char *text)
{
    const char *authority = strstr(text, "://") + 3;
    size_t size = strcspn(authority, "/?#");

    return size >= 3 && strncmp(authority + size - 3, ":80", 3) == 0;
}

/* Takes a proxy apart; without a scheme it is one of http. */
static int proxy_parse(struct eddy__url *proxy, bool *socks, const char *text,
                       struct eddy__arena *arena)
{
    const char *rest = strstr(text, "://");

    *socks = strncmp(text, "socks5://", 9) == 0 || strncmp(text, "socks5h://", 10) == 0;
    if (rest && !*socks && !eddy__same_words(text, "http:", 5) &&
        !eddy__same_words(text, "https:", 6))
        return eddy__raise(EDDY_EINVAL, "a proxy is http, https or socks5, not %.*s",
                           (int)(rest - text), text);
    if (*socks || !rest)
        text = eddy__try(eddy__arena_printf(arena, "http://%s", rest ? rest + 3 : text));
    eddy__try(eddy__url_parse(proxy, text, arena));
    if (*socks && strcmp(proxy->authority, proxy->host) == 0 && !says_port_80(text))
        proxy->port = 1080;
    return 0;
}

int eddy__proxy_check(const char *text, struct eddy__arena *arena)
{
    struct eddy__url proxy;
    bool socks;

    return text && *text ? proxy_parse(&proxy, &socks, text, arena) : 0;
}

static int go_through(struct eddy__call *call, const char *text)
{
    struct eddy__arena *arena = &call->response->arena;
    struct eddy__url *proxy =
        eddy__try((struct eddy__url *)eddy__arena_alloc(arena, sizeof *proxy));

    eddy__try(proxy_parse(proxy, &call->way.socks, text, arena));
    call->way.proxy = proxy;
    call->way.plain =
        !call->way.socks && !call->url.secure && call->http->opts.version != EDDY_HTTP_2;
    return 0;
}

int eddy__proxy_choose(struct eddy__call *call)
{
    const char *given = call->opts.proxy ? call->opts.proxy : call->http->opts.proxy;

    call->way.proxy = NULL;
    call->way.socks = call->way.plain = false;
    if (!given && call->http->opts.proxy_from_env && !call->way.unix_path)
        given = proxy_of_environment(&call->url);
    return given && *given ? go_through(call, given) : 0;
}

/* ---- CONNECT ---- */

/* "example.org:443": the port is always said. */
static char *target_of_tunnel(struct eddy__call *call)
{
    return eddy__arena_printf(&call->response->arena, call->url.is_ipv6 ? "[%s]:%d" : "%s:%d",
                              call->url.host, call->url.port);
}

char *eddy__basic_credentials(struct eddy__arena *arena, const char *user, const char *password)
{
    char *both = eddy__arena_printf(arena, "%s:%s", user, password ? password : "");
    char *coded = both ? eddy__base64_encode(both, strlen(both), arena) : NULL;

    return coded ? eddy__arena_printf(arena, "Basic %s", coded) : NULL;
}

int eddy__proxy_fields(struct eddy__call *call, struct eddy__fields *fields)
{
    struct eddy__arena *arena = &call->response->arena;
    const struct eddy__url *proxy = call->way.proxy;

    if (!proxy->user)
        return 0;
    char *value = eddy__try(eddy__basic_credentials(arena, proxy->user, proxy->password));
    return eddy__fields_add(fields, arena, "Proxy-Authorization", value);
}

static int ask_for_tunnel(struct eddy__call *call, struct eddy__exchange *exchange,
                          struct eddy__head *answer)
{
    char *target = eddy__try(target_of_tunnel(call));
    struct eddy__fields fields = {0};
    eddy__try(eddy__proxy_fields(call, &fields));
    struct eddy__head_out head = {
        .method = "CONNECT",
        .scheme = "http",
        .authority = target,
        .target = target,
        .fields = fields.list,
        .length = -1,
        .no_body = true,
    };

    eddy__try(eddy__exchange_send(exchange, &head));
    eddy__try(eddy__exchange_end(exchange, NULL));
    for (int i = 0; i < EDDY__HTTP_INTERIMS; i++) {
        if (eddy__try(eddy__exchange_receive(exchange, answer)) == 0)
            return eddy__raise(EDDY_EOF, "the proxy %s ended the connection without an answer",
                               call->way.proxy->authority);
        if (answer->status >= 200)
            return 0;
    }
    return eddy__raise(EDDY_EPROTO, "the proxy %s gives no answer", call->way.proxy->authority);
}

int eddy__proxy_tunnel(struct eddy__call *call, eddy_stream *stream)
{
    struct eddy__head_limits limits = {.size = EDDY__HTTP_HEAD, .fields = EDDY__HTTP_FIELDS};
    struct eddy__head answer;
    struct eddy__h1 h1;

    eddy__h1_init(&h1, stream, &call->response->arena, &limits, true);
    eddy__try(ask_for_tunnel(call, &h1.exchange, &answer));
    if (answer.status >= 300)
        return eddy__raise(EDDY_HTTP(answer.status), "the proxy %s refuses: %d %s",
                           call->way.proxy->authority, answer.status, answer.reason);
    return 0;
}

/* ---- SOCKS5 ---- */

static int socks_failure(struct eddy__call *call, const char *what)
{
    return eddy__raise(EDDY_ECONNREFUSED, "the SOCKS proxy %s %s", call->way.proxy->authority,
                       what);
}

static int socks_log_in(struct eddy__call *call, eddy_stream *stream)
{
    const struct eddy__url *proxy = call->way.proxy;
    const char *password = proxy->password ? proxy->password : "";
    size_t user = strlen(proxy->user), secret = strlen(password);
    unsigned char message[3 + 255 + 255], answer[2];

    if (user > 255 || secret > 255)
        return eddy__raise(EDDY_EINVAL, "a user or password of a SOCKS proxy is too long");
    message[0] = 1;
    message[1] = (unsigned char)user;
    memcpy(message + 2, proxy->user, user);
    message[2 + user] = (unsigned char)secret;
    memcpy(message + 3 + user, password, secret);
    eddy__try(eddy_write(stream, message, 3 + user + secret));
    eddy__try(eddy_read_exactly(stream, answer, sizeof answer));
    return answer[1] == 0 ? 0 : socks_failure(call, "refuses the user");
}

static int socks_greet(struct eddy__call *call, eddy_stream *stream)
{
    bool named = call->way.proxy->user != NULL;
    unsigned char hello[] = {5, named ? 2 : 1, 0, 2}, answer[2];

    eddy__try(eddy_write(stream, hello, named ? 4 : 3));
    eddy__try(eddy_read_exactly(stream, answer, sizeof answer));
    if (answer[0] == 5 && answer[1] == 2 && named)
        return socks_log_in(call, stream);
    return answer[0] == 5 && answer[1] == 0 ? 0 : socks_failure(call, "accepts no such client");
}

/* The address that the proxy has bound: nobody wants it. */
static int socks_pass_address(struct eddy__call *call, eddy_stream *stream, int type)
{
    unsigned char rest[256 + 2], length = 0;

    if (type == 3)
        eddy__try(eddy_read_exactly(stream, &length, 1));
    size_t size = type == 1 ? 4 : type == 4 ? 16 : length;
    if (type != 1 && type != 3 && type != 4)
        return socks_failure(call, "answers with an unknown address");
    eddy__try(eddy_read_exactly(stream, rest, size + 2));
    return 0;
}

/* Writes the URL's host, a name for the proxy to look up or an address, and its port; returns the
 * length. */
static size_t socks_put_address(const struct eddy__url *url, unsigned char *to)
{
    eddy_address address;
    size_t size = strlen(url->host);
    bool numeric = eddy_address_parse(&address, url->host, url->port) == 0;

    if (numeric && address.u.any.sa_family == AF_INET) {
        *to++ = 1;
        memcpy(to, &address.u.in4.sin_addr, size = 4);
    } else if (numeric) {
        *to++ = 4;
        memcpy(to, &address.u.in6.sin6_addr, size = 16);
    } else {
        *to++ = 3;
        *to++ = (unsigned char)size;
        memcpy(to, url->host, size);
        numeric = false;
    }
    to[size] = (unsigned char)(url->port >> 8);
    to[size + 1] = (unsigned char)url->port;
    return size + 2 + (numeric ? 1 : 2);
}

int eddy__proxy_socks(struct eddy__call *call, eddy_stream *stream)
{
    static const char *const reasons[] = {
        "",
        "failed",
        "does not allow it",
        "finds no such network",
        "finds no such host",
        "was refused the connection",
        "gave up waiting",
        "knows no such command",
        "knows no such address",
    };
    unsigned char message[3 + 2 + 255 + 2] = {5, 1, 0}, answer[4];

    eddy__try(socks_greet(call, stream));
    eddy__try(eddy_write(stream, message, 3 + socks_put_address(&call->url, message + 3)));
    eddy__try(eddy_read_exactly(stream, answer, sizeof answer));
    if (answer[0] != 5 || answer[1] != 0)
        return socks_failure(call, answer[1] < count_of(reasons) ? reasons[answer[1]] : "failed");
    return socks_pass_address(call, stream, answer[3]);
}
