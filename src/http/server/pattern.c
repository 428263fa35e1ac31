/* pattern.c - the patterns of routes: taken apart, and compared. */
#include "http/server/pattern.h"

#include "http/message/encode.h"
#include "http/message/token.h"
#include <stdio.h>

/* ---- taking apart ---- */

static int refuse_pattern(const struct eddy__pattern *pattern, const char *why)
{
    return eddy__raise(EDDY_EINVAL, "the pattern \"%s\": %s", pattern->text, why);
}

bool eddy__segment_is_dots(const char *text)
{
    return text[0] == '.' && (!text[1] || (text[1] == '.' && !text[2]));
}

/* Letters, digits and _, no digit first. */
static bool is_wildcard_name(const char *text)
{
    size_t length = strlen(text);

    for (size_t i = 0; i < length; i++)
        if (text[i] != '_' &&
            (!eddy__char_is(text[i], EDDY__CHAR_UNRESERVED) || strchr("-.~", text[i])))
            return false;
    return length > 0 && !eddy__char_is(text[0], EDDY__CHAR_DIGIT);
}

static int add_segment(struct eddy__pattern *pattern, enum eddy__segment_kind kind,
                       const char *text)
{
    for (unsigned i = 0; text && kind != EDDY__SEGMENT_TEXT && i < pattern->count; i++)
        if (pattern->segments[i].kind == EDDY__SEGMENT_SINGLE &&
            strcmp(pattern->segments[i].text, text) == 0)
            return refuse_pattern(pattern, "two wildcards have the same name");
    pattern->segments[pattern->count++] = (struct eddy__segment){kind, text};
    return 0;
}

/* {name}, {name...} or {$}: wildcard is what stands between the braces. */
static int parse_wildcard(struct eddy__pattern *pattern, char *wildcard, bool last)
{
    size_t length = strlen(wildcard);
    bool rest = length >= 3 && strcmp(wildcard + length - 3, "...") == 0;

    if (strcmp(wildcard, "$") == 0)
        return last ? add_segment(pattern, EDDY__SEGMENT_EMPTY, NULL)
                    : refuse_pattern(pattern, "{$} is not at its end");
    if (rest) {
        wildcard[length - 3] = '\0';
        if (!last)
            return refuse_pattern(pattern, "{name...} is not at its end");
    }
    if (!is_wildcard_name(wildcard))
        return refuse_pattern(pattern, "a wildcard's name consists of letters, digits and _");
    return add_segment(pattern, rest ? EDDY__SEGMENT_REST : EDDY__SEGMENT_SINGLE, wildcard);
}

static int parse_segment(struct eddy__pattern *pattern, char *segment, bool last,
                         struct eddy__arena *arena)
{
    size_t length = strlen(segment);

    if (!length)
        return last ? add_segment(pattern, EDDY__SEGMENT_REST, NULL)
                    : refuse_pattern(pattern, "a segment is empty, which nothing matches");
    if (segment[0] == '{' && strcspn(segment, "}") == length - 1) {
        segment[length - 1] = '\0';
        return parse_wildcard(pattern, segment + 1, last);
    }
    if (strpbrk(segment, "{}"))
        return refuse_pattern(pattern, "a wildcard is not a whole segment");
    if (strpbrk(segment, "?#"))
        return refuse_pattern(pattern, "a path has no \"?\" and no \"#\"");
    segment = eddy__percent_decode(segment, length, false, arena);
    if (!segment)
        return eddy_last_status() == EDDY_ENOMEM
                   ? EDDY_ENOMEM
                   : refuse_pattern(pattern, "two hex digits of a character do not follow a %");
    if (eddy__segment_is_dots(segment))
        return refuse_pattern(pattern, "a segment is \".\" or \"..\", which nothing matches");
    return add_segment(pattern, EDDY__SEGMENT_TEXT, segment);
}

/* path follows its first slash. */
static int parse_path(struct eddy__pattern *pattern, char *path, struct eddy__arena *arena)
{
    unsigned count = 1;

    for (const char *c = path; *c; c++)
        count += *c == '/';
    if (count > EDDY__PATTERN_SEGMENTS)
        return refuse_pattern(pattern, "it has more than 64 segments");
    pattern->segments = eddy__arena_alloc(arena, count * sizeof *pattern->segments);
    if (!pattern->segments)
        return EDDY_ENOMEM;
    while (path) {
        char *slash = strchr(path, '/');

        if (slash)
            *slash = '\0';
        eddy__try(parse_segment(pattern, path, !slash, arena));
        path = slash ? slash + 1 : NULL;
    }
    return 0;
}

static int check_host(const struct eddy__pattern *pattern, char *host)
{
    for (char *c = host; *c; c++) {
        if (!eddy__char_is(*c, EDDY__CHAR_HOST) && !strchr("[]:", *c))
            return refuse_pattern(pattern, "a character is wrong in the host, or a slash is missing"
                                           " before the path");
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    }
    if (host[0] != '[' && strchr(host, ':'))
        return refuse_pattern(pattern, "a host is matched without its port");
    return 0;
}

/* Where the host of text begins: behind the method and blanks. */
static size_t start_of_host(const char *text)
{
    size_t method = strcspn(text, " \t");

    return text[method] ? method + strspn(text + method, " \t") : 0;
}

int eddy__pattern_parse(struct eddy__pattern *pattern, const char *prefix, const char *text,
                        struct eddy__arena *arena)
{
    size_t host = start_of_host(text), path = host + strcspn(text + host, "/");
    size_t method = host ? strcspn(text, " \t") : 0;
    char *whole = eddy__arena_printf(arena, "%.*s%s%s", (int)path, text, prefix, text + path);
    char *parts = whole ? eddy__arena_printf(arena, "%.*s", (int)path, text) : NULL;
    char *rest = parts ? eddy__arena_printf(arena, "%s%s", prefix, text + path) : NULL;

    *pattern = (struct eddy__pattern){.text = whole};
    if (!rest)
        return EDDY_ENOMEM;
    if (text[path] != '/')
        return refuse_pattern(pattern, "a path, which begins with a slash, is missing");
    if (host && !eddy__all_are(text, method, EDDY__CHAR_TOKEN))
        return refuse_pattern(pattern, "a method consists of letters");
    pattern->host = parts + host;
    eddy__try(check_host(pattern, parts + host));
    if (host)
        parts[method] = '\0';
    pattern->method = host ? parts : "";
    return parse_path(pattern, rest + 1, arena);
}

/* ---- comparing ---- */

static int compare_segments(const struct eddy__segment *a, const struct eddy__segment *b)
{
    if (a->kind != b->kind && (a->kind == EDDY__SEGMENT_EMPTY || b->kind == EDDY__SEGMENT_EMPTY) &&
        a->kind != EDDY__SEGMENT_REST && b->kind != EDDY__SEGMENT_REST)
        return EDDY__PATTERN_APART;
    if (a->kind == EDDY__SEGMENT_TEXT && b->kind == EDDY__SEGMENT_TEXT)
        return strcmp(a->text, b->text) == 0 ? 0 : EDDY__PATTERN_APART;
    if (a->kind == b->kind)
        return 0;
    if (a->kind == EDDY__SEGMENT_REST)
        return EDDY__PATTERN_WIDER;
    if (b->kind == EDDY__SEGMENT_REST)
        return EDDY__PATTERN_NARROWER;
    return a->kind == EDDY__SEGMENT_SINGLE ? EDDY__PATTERN_WIDER : EDDY__PATTERN_NARROWER;
}

static bool ends_in_rest(const struct eddy__pattern *pattern)
{
    return pattern->segments[pattern->count - 1].kind == EDDY__SEGMENT_REST;
}

static int compare_paths(const struct eddy__pattern *a, const struct eddy__pattern *b)
{
    unsigned both = a->count < b->count ? a->count : b->count;
    int result = 0;

    for (unsigned i = 0; i < both; i++)
        result |= compare_segments(&a->segments[i], &b->segments[i]);
    if (a->count == b->count)
        return result;
    /* Only the rest of the shorter one reaches as far as the longer one does. */
    if (!ends_in_rest(a->count < b->count ? a : b))
        return EDDY__PATTERN_APART;
    return result | (a->count < b->count ? EDDY__PATTERN_WIDER : EDDY__PATTERN_NARROWER);
}

static int compare_methods(const char *a, const char *b)
{
    if (strcmp(a, b) == 0)
        return 0;
    if (!*a || (strcmp(a, "GET") == 0 && strcmp(b, "HEAD") == 0))
        return EDDY__PATTERN_WIDER;
    if (!*b || (strcmp(b, "GET") == 0 && strcmp(a, "HEAD") == 0))
        return EDDY__PATTERN_NARROWER;
    return EDDY__PATTERN_APART;
}

int eddy__pattern_compare(const struct eddy__pattern *a, const struct eddy__pattern *b)
{
    int result = compare_methods(a->method, b->method) | compare_paths(a, b);

    if (strcmp(a->host, b->host) != 0) {
        if ((*a->host && *b->host) || result & EDDY__PATTERN_APART)
            return EDDY__PATTERN_APART;
        /* Whatever else they say, of these two it is clear which is meant. */
        return *a->host ? EDDY__PATTERN_NARROWER : EDDY__PATTERN_WIDER;
    }
    return result & EDDY__PATTERN_APART ? EDDY__PATTERN_APART : result;
}
