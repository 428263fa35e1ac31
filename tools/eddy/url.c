/* url.c - checks URLs and derives file names. */
/* pkg-config: eddy-http */
#define _GNU_SOURCE
#include "url.h"
#include <ctype.h>
#include <eddy/error.h>
#include <eddy/http/url.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What libeddy-http says of it, "<the URL>: <what>", in which no blank is before that colon. */
static const char *words_of_failure(void)
{
    const char *message = eddy_error_message(eddy_last_error());
    const char *what = strstr(message, "\": ");

    return what ? what + 3 : message;
}

const char *url_problem(const char *url)
{
    static const char *const others[] = {"ws", "wss"};
    static char problem[200];

    if (!strstr(url, "://"))
        return "not a URL: http:// or https:// is missing";
    eddy_auto(eddy_url) *parts = eddy_url_open(url);
    if (!parts) {
        snprintf(problem, sizeof problem, "not a URL: %s", words_of_failure());
        eddy_error_clear();
        return strstr(problem, "the scheme is none of") ? "only http and https are fetched"
                                                        : problem;
    }
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        if (strcmp(eddy_url_scheme(parts), others[i]) == 0)
            return "only http and https are fetched";
    return NULL;
}

char *url_escaped(const char *url)
{
    char *text = malloc(3 * strlen(url) + 1), *to = text;

    for (const char *c = url; text && *c; c++)
        if ((unsigned char)*c > 127)
            to += snprintf(to, 4, "%%%02X", (unsigned char)*c);
        else
            *to++ = *c;
    if (text)
        *to = '\0';
    return text;
}

static int hex(char c)
{
    return isdigit((unsigned char)c) ? c - '0' : (c | 0x20) - 'a' + 10;
}

/* One byte of the path, %41 being one; *p goes on behind it. */
static char next_byte(const char **p)
{
    const char *s = *p;

    if (s[0] == '%' && isxdigit((unsigned char)s[1]) && isxdigit((unsigned char)s[2])) {
        *p += 3;
        return (char)(hex(s[1]) * 16 + hex(s[2]));
    }
    *p += 1;
    return s[0];
}

static char harmless(char c, bool first)
{
    bool separator = c == '/' || c == '\\';

    return separator || iscntrl((unsigned char)c) || (first && c == '.') ? '_' : c;
}

/* Where a cut at length does not split a UTF-8 character. */
static size_t whole_characters(const char *name, size_t length)
{
    while (length > 0 && ((unsigned char)name[length] & 0xC0) == 0x80)
        length--;
    return length;
}

/* The last part of the path, and where it ends. */
static const char *last_part(const char *target, const char **end)
{
    *end = target + strcspn(target, "?");
    const char *slash = memrchr(target, '/', (size_t)(*end - target));
    return slash ? slash + 1 : target;
}

void url_file_name(const char *url, char name[URL_FILE_NAME_SIZE])
{
    eddy_auto(eddy_url) *parts = eddy_url_open(url);
    const char *end = NULL, *p = last_part(parts ? eddy_url_target(parts) : "/", &end);
    size_t length = 0;

    while (p < end && length < URL_FILE_NAME_SIZE) {
        name[length] = harmless(next_byte(&p), length == 0);
        length++;
    }
    if (length == URL_FILE_NAME_SIZE)
        length = whole_characters(name, length - 1);
    name[length] = '\0';
    if (length == 0)
        snprintf(name, URL_FILE_NAME_SIZE, "index.html");
}

char *url_server(const char *url)
{
    eddy_auto(eddy_url) *parts = eddy_url_open(url);
    char *text = NULL;

    if (!parts || asprintf(&text, "%s://%s", eddy_url_scheme(parts), eddy_url_authority(parts)) < 0)
        return NULL;
    return text;
}

char *url_without_query(const char *url)
{
    eddy_auto(eddy_url) *parts = eddy_url_open(url);
    const char *text = parts ? eddy_url_text(parts) : NULL;

    return text ? strndup(text, strcspn(text, "?")) : NULL;
}
