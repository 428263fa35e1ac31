/* url.c - checks URLs and derives file names. */
/* pkg-config: libcurl */
#include "url.h"
#include <ctype.h>
#include <curl/curl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

static const char *scheme_problem(CURLU *parts)
{
    char *scheme = NULL;

    if (curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != CURLUE_OK)
        return "not a URL: http:// or https:// is missing";
    bool known = strcasecmp(scheme, "http") == 0 || strcasecmp(scheme, "https") == 0;
    curl_free(scheme);
    return known ? NULL : "only http and https are fetched";
}

const char *url_problem(const char *url)
{
    if (!strstr(url, "://"))
        return "not a URL: http:// or https:// is missing";
    for (const char *p = url; *p; p++)
        if (isspace((unsigned char)*p) || iscntrl((unsigned char)*p))
            return "not a URL: blanks and control characters are written %20 and the like";

    CURLU *parts = curl_url();
    if (!parts)
        return "out of memory";
    CURLUcode code = curl_url_set(parts, CURLUPART_URL, url, CURLU_NON_SUPPORT_SCHEME);
    const char *problem = code == CURLUE_OK ? scheme_problem(parts) : curl_url_strerror(code);
    curl_url_cleanup(parts);
    return problem;
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

void url_file_name(const char *url, char name[URL_FILE_NAME_SIZE])
{
    CURLU *parts = curl_url();
    char *path = NULL;
    size_t length = 0;

    if (parts && curl_url_set(parts, CURLUPART_URL, url, 0) == CURLUE_OK)
        curl_url_get(parts, CURLUPART_PATH, &path, 0);
    const char *slash = path ? strrchr(path, '/') : NULL;
    const char *p = slash ? slash + 1 : "";
    while (*p && length < URL_FILE_NAME_SIZE) {
        name[length] = harmless(next_byte(&p), length == 0);
        length++;
    }
    if (length == URL_FILE_NAME_SIZE)
        length = whole_characters(name, length - 1);
    name[length] = '\0';
    if (length == 0)
        snprintf(name, URL_FILE_NAME_SIZE, "index.html");
    curl_free(path);
    curl_url_cleanup(parts);
}
