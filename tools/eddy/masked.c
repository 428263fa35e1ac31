/* masked.c - finds the password between a colon and the last at sign. */
#define _GNU_SOURCE
#include "masked.h"
#include <stdio.h>
#include <string.h>

/* Looks for user:password@ from start on, in so many bytes. */
static char *mask(const char *text, const char *start, size_t length)
{
    const char *at = memrchr(start, '@', length);
    const char *colon = at ? memchr(start, ':', (size_t)(at - start)) : NULL;
    char *result = NULL;

    if (!colon)
        return strdup(text);
    if (asprintf(&result, "%.*s***%s", (int)(colon + 1 - text), text, at) < 0)
        return NULL;
    return result;
}

/* Behind the first colon when that is one of "://", else where the text begins. */
static const char *behind_scheme(const char *text)
{
    const char *colon = strchr(text, ':');

    return colon && strncmp(colon, "://", 3) == 0 ? colon + 3 : text;
}

char *masked_url(const char *url)
{
    const char *authority = behind_scheme(url);

    return mask(url, authority, strcspn(authority, "/?#"));
}

char *masked_text(const char *text)
{
    const char *start = behind_scheme(text);

    return mask(text, start, strlen(start));
}
