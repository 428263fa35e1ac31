/* fuzz_http_url.c - URLs, beside libcurl's reading of them.
 *
 * What ours takes, libcurl takes too, and both see the same parts, but for these:
 *
 *   a host of numbers       libcurl makes 0x7f.1 and 2130706433 an address; ours leaves names alone
 *   "?" without a query     libcurl drops it; ours sends what was given
 *   user information        libcurl refuses a user that holds controls; so does ours, once decoded
 *
 * What ours refuses, libcurl may take. Each of these is one of `stricter`. */
/* pkg-config: eddy-http libcurl */
#include "fuzz.h"

#include "http/message/url.h"

#include <arpa/inet.h>
#include <curl/curl.h>

static const char *const stricter[] = {
    "the scheme is none of",           /* libcurl has others */
    "does not begin with",             /* it guesses one */
    "// is missing",                   /* it takes one slash, and three */
    "there is no host",                /* as above */
    "a backslash",                     /* it lets one stand in a path */
    "a byte beyond ASCII",             /* it leaves them to IDN, or sends them */
    "two @",                           /* the last one ends its user information */
    "a character that a host",         /* it decodes %XX in a host, and lets it have ! and others */
    "longer than 253",                 /* a name's limit is DNS's to it */
    "zone of an IPv6",                 /* it takes zones without %25 */
    "no IPv6 address between",         /* as above */
    "the port is no number",           /* it skips one that is not in range of an int, and :0 */
    "two hex digits do not follow",    /* it leaves a lone % */
    "a zero byte",                     /* it leaves %00 to who decodes */
    "a control character in the user", /* as above */
};

struct parts {
    char *host, *path, *query, *user, *password, *port;
};

static char *part_of(CURLU *handle, CURLUPart part, unsigned flags)
{
    char *text = NULL;

    if (curl_url_get(handle, part, &text, flags) != CURLUE_OK)
        text = NULL;
    return text;
}

static void check_refusal(const char *text, const char *why)
{
    for (size_t i = 0; i < sizeof stricter / sizeof *stricter; i++)
        if (strstr(why, stricter[i]))
            return;
    fprintf(stderr, "%s: libcurl takes it, ours does not: %s\n", text, why);
    abort();
}

static void check_host(const struct eddy__url *url, char *host)
{
    struct in6_addr ours, other;

    if (url->is_ipv6) {
        char bare[64];

        snprintf(bare, sizeof bare, "%.*s", (int)strcspn(url->host, "%"), url->host);
        host[strcspn(host, "]")] = '\0';
        MUST(inet_pton(AF_INET6, bare, &ours) == 1 && inet_pton(AF_INET6, host + 1, &other) == 1);
        MUST(memcmp(&ours, &other, sizeof ours) == 0);
    } else if (strspn(url->host, "0123456789abcdefx.") < strlen(url->host)) {
        MUST(strcasecmp(url->host, host) == 0);
    }
}

static void check_target(const struct eddy__url *url, const char *path, const char *query)
{
    size_t length = strlen(path);

    MUST(strncmp(url->target, path, length) == 0);
    if (query)
        MUST(url->target[length] == '?' && strcmp(url->target + length + 1, query) == 0);
    else
        MUST(strcmp(url->target + length, "") == 0 || strcmp(url->target + length, "?") == 0);
}

static void check_user(const struct eddy__url *url, const char *user, const char *password)
{
    MUST(strcmp(url->user ? url->user : "", user ? user : "") == 0);
    MUST(strcmp(url->password ? url->password : "", password ? password : "") == 0);
}

static void check_parts(const struct eddy__url *url, CURLU *handle)
{
    struct parts p = {
        part_of(handle, CURLUPART_HOST, 0),
        part_of(handle, CURLUPART_PATH, 0),
        part_of(handle, CURLUPART_QUERY, 0),
        part_of(handle, CURLUPART_USER, CURLU_URLDECODE),
        part_of(handle, CURLUPART_PASSWORD, CURLU_URLDECODE),
        part_of(handle, CURLUPART_PORT, 0),
    };
    int usual = url->secure ? 443 : 80;

    MUST(p.host && p.path);
    check_host(url, p.host);
    check_target(url, p.path, p.query);
    check_user(url, p.user, p.password);
    MUST(url->port == (p.port ? strtol(p.port, NULL, 10) : usual));
    char *all[] = {p.host, p.path, p.query, p.user, p.password, p.port};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        curl_free(all[i]);
}

/* What must hold of ours, whatever libcurl thinks. */
static void check_url(const struct eddy__url *url, struct eddy__arena *arena)
{
    struct eddy__url again;
    char *text = eddy__arena_printf(arena, "%s://%s%s", url->scheme, url->authority, url->target);

    MUST(url->port > 0 && url->port < 65536 && url->host[0] && url->target[0] == '/');
    MUST(strcspn(url->target, " \r\n\t#\\") == strlen(url->target));
    MUST(strcspn(url->host, "@/?#[]\\ \r\n") == strlen(url->host));
    MUST(eddy__url_parse(&again, text, arena) == 0);
    MUST(strcmp(again.target, url->target) == 0 && strcmp(again.authority, url->authority) == 0);
    MUST(strchr(url->host, '%') || eddy__url_same_origin(url, &again));
}

/* A reference that names no host leads to none. */
static void check_reference(const struct eddy__url *base, const char *reference,
                            struct eddy__arena *arena)
{
    struct eddy__url url;
    char *text = eddy__url_resolve(base, reference, arena);

    MUST(text != NULL);
    if (eddy__url_parse(&url, text, arena) == 0) {
        const char *colon = strchr(reference, ':');
        bool names_host = strncmp(reference, "//", 2) == 0 ||
                          (colon && strcspn(reference, "/?#") > (size_t)(colon - reference));

        check_url(&url, arena);
        MUST(names_host || strchr(base->host, '%') || eddy__url_same_origin(base, &url));
    }
    eddy_error_clear();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct eddy__arena arena = {0};
    struct eddy__url url;
    char text[600], reference[300];
    CURLU *handle = curl_url();

    take_text(&in, text, sizeof text);
    take_text(&in, reference, sizeof reference);
    int status = eddy__url_parse(&url, text, &arena);
    CURLUcode code =
        curl_url_set(handle, CURLUPART_URL, text, CURLU_PATH_AS_IS | CURLU_NON_SUPPORT_SCHEME);
    MUST(status == 0 || status == EDDY_EINVAL);
    if (status == 0) {
        MUST(code == CURLUE_OK);
        check_parts(&url, handle);
        check_url(&url, &arena);
        check_reference(&url, reference, &arena);
    } else if (code == CURLUE_OK) {
        check_refusal(text, eddy_error_message(eddy_last_error()));
    }
    eddy_error_clear();
    curl_url_cleanup(handle);
    eddy__arena_free(&arena);
    return 0;
}
