/* log.c - the access log: a line for each request, in the Common Log Format with referrer and
 * agent, or as an object of JSON. What the client has sent is escaped: a line is a line. */
#include "http/server/server.h"

enum { LINE_MAX_SIZE = 4096, PART_MAX = 1024 };

/* A line, cut where it would grow too long. */
struct line {
    char text[LINE_MAX_SIZE];
    size_t size;
};

static void log_text(struct line *line, const char *text)
{
    size_t n = min_size(strlen(text), sizeof line->text - 1 - line->size);

    memcpy(line->text + line->size, text, n);
    line->size += n;
}

static void put_format(struct line *line, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void put_format(struct line *line, const char *format, ...)
{
    char part[64];
    va_list args;

    va_start(args, format);
    vsnprintf(part, sizeof part, format, args);
    va_end(args);
    log_text(line, part);
}

/* What stands between quotes: controls and what is beyond ASCII as \xXX, in JSON as \u00XX. */
static void put_escaped(struct line *line, const char *text, const char *escape)
{
    size_t end = min_size(line->size + PART_MAX, sizeof line->text - 64);

    for (; text && *text && line->size < end; text++) {
        unsigned char c = (unsigned char)*text;

        if (c == '"' || c == '\\')
            put_format(line, "\\%c", c);
        else if (c < ' ' || c > '~')
            put_format(line, "%s%02x", escape, c);
        else
            line->text[line->size++] = (char)c;
    }
}

/* "127.0.0.1" of "127.0.0.1:80". */
static void put_peer(struct line *line, eddy_request *r, const char *escape)
{
    char peer[128];
    const char *whole = eddy_request_peer(r), *colon = strrchr(whole, ':');
    size_t size = colon && (*whole == '[' || strchr(whole, ':') == colon) ? (size_t)(colon - whole)
                                                                          : strlen(whole);

    snprintf(peer, sizeof peer, "%.*s", (int)min_size(size, sizeof peer - 1), whole);
    put_escaped(line, peer, escape);
}

static void put_quoted(struct line *line, const char *text)
{
    log_text(line, " \"");
    put_escaped(line, text ? text : "-", "\\x");
    log_text(line, "\"");
}

static void format_common(struct line *line, eddy_request *r, const struct tm *now)
{
    static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
    const struct eddy__head *head = &r->head;

    put_peer(line, r, "\\x");
    put_format(line, " - - [%02d/%.3s/%d:%02d:%02d:%02d +0000] \"", now->tm_mday,
               months + 3 * now->tm_mon, now->tm_year + 1900, now->tm_hour, now->tm_min,
               now->tm_sec);
    put_escaped(line, head->method ? head->method : "-", "\\x");
    if (head->method) {
        log_text(line, " ");
        put_escaped(line, head->target, "\\x");
        put_format(line, " HTTP/%d.%d", head->major, head->minor);
    }
    put_format(line, "\" %d %llu", r->answer.status, (unsigned long long)r->answer.sent);
    put_quoted(line, eddy_request_header(r, "Referer"));
    put_quoted(line, eddy_request_header(r, "User-Agent"));
}

static void put_member(struct line *line, const char *name, const char *text)
{
    if (!text)
        return;
    put_format(line, ", \"%s\": \"", name);
    put_escaped(line, text, "\\u00");
    log_text(line, "\"");
}

static void format_json(struct line *line, eddy_request *r, const struct tm *now)
{
    put_format(line, "{\"time\": \"%d-%02d-%02dT%02d:%02d:%02dZ\", \"peer\": \"",
               now->tm_year + 1900, now->tm_mon + 1, now->tm_mday, now->tm_hour, now->tm_min,
               now->tm_sec);
    put_peer(line, r, "\\u00");
    log_text(line, "\"");
    put_member(line, "method", r->head.method);
    put_member(line, "target", r->head.target);
    put_member(line, "host", r->head.host);
    put_format(line, ", \"status\": %d", r->answer.status);
    put_format(line, ", \"size\": %llu", (unsigned long long)r->answer.sent);
    put_format(line, ", \"seconds\": %.6f", eddy_time() - r->begun);
    put_member(line, "referrer", eddy_request_header(r, "Referer"));
    put_member(line, "agent", eddy_request_header(r, "User-Agent"));
    log_text(line, "}");
}

/* In the arena: on the stack the line would cost every connection a page. Without memory it is left
 * out. */
static int log_write_line(eddy_request *r)
{
    const eddy_http_server_opts *opts = &r->server->opts;
    struct line *line = eddy__arena_alloc(r->arena, sizeof *line);
    struct tm now;

    if (!line)
        return 0;
    line->size = 0;
    gmtime_r(&r->server->date.when, &now);
    if (opts->log_format == EDDY_HTTP_LOG_JSON)
        format_json(line, r, &now);
    else
        format_common(line, r, &now);
    line->text[line->size] = '\n';
    ssize_t n = eddy_write(opts->log, line->text, line->size + 1);
    return n == EDDY_ECANCELED ? (int)n : 0;
}

int eddy__log_request(eddy_request *r)
{
    if (!r->answer.begun)
        return 0;
    r->server->stats.requests++;
    r->server->stats.refused += r->answer.status >= 400;
    return r->server->opts.log ? log_write_line(r) : 0;
}
