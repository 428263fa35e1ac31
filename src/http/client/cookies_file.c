/* cookies_file.c - cookies in files, in the format of Netscape's: a line for each, with tabs
 * between domain, whether names below it get it, path, secure, expires, name and value. */
#include "http/client/cookies.h"

#include "http/message/encode.h"
#include "http/message/token.h"

#include <eddy/file.h>
#include <inttypes.h>

enum { FILE_MAX = 16 << 20, FIELDS = 7 };

static const char http_only_mark[] = "#HttpOnly_";
static const char file_head[] = "# Netscape HTTP Cookie File\n"
                                "# Written by eddy. Domain, below it, path, secure, expires, name, "
                                "value.\n\n";

/* ---- writing ---- */

/* Writes a line to `to` (NULL: only counts). Returns its length. */
static size_t write_line(char *to, size_t size, const eddy_cookie *c)
{
    int n = snprintf(to, size, "%s%s%s\t%s\t%s\t%s\t%" PRId64 "\t%s\t%s\n",
                     c->http_only ? http_only_mark : "", c->host_only ? "" : ".", c->domain,
                     c->host_only ? "FALSE" : "TRUE", c->path, c->secure ? "TRUE" : "FALSE",
                     c->expires, c->name, c->value);

    return n < 0 ? 0 : (size_t)n;
}

int eddy_cookies_save(eddy_cookies *cookies, const char *path)
{
    size_t size = sizeof file_head;

    for (const eddy_cookie *c = NULL; (c = eddy_cookies_next(cookies, c));)
        size += write_line(NULL, 0, c);
    char *text = eddy_alloc(size);
    if (!text)
        return eddy__raise(EDDY_ENOMEM, "no memory for writing cookies");
    size_t at = sizeof file_head - 1;
    memcpy(text, file_head, sizeof file_head);
    for (const eddy_cookie *c = NULL; (c = eddy_cookies_next(cookies, c));)
        at += write_line(text + at, size - at, c);
    int status = eddy_write_file(path, text, at, .atomic = true, .mode = 0600);
    eddy_free(text);
    return status;
}

/* ---- reading ---- */

/* Cuts line at its first tabs: how many fields that gives. A value may have tabs. */
static int cut_line(char *line, char *fields[FIELDS])
{
    int count = 0;

    while (line && count < FIELDS) {
        fields[count++] = line;
        line = count < FIELDS ? strchr(line, '\t') : NULL;
        if (line)
            *line++ = '\0';
    }
    return count;
}

static bool parse_line(char *line, eddy_cookie *cookie)
{
    char *fields[FIELDS] = {0};

    cookie->http_only = strncmp(line, http_only_mark, sizeof http_only_mark - 1) == 0;
    line += cookie->http_only ? sizeof http_only_mark - 1 : 0;
    if (*line == '#' || cut_line(line, fields) < FIELDS - 1)
        return false;
    char *domain = fields[0] + (*fields[0] == '.');
    for (char *c = domain; *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    cookie->domain = domain;
    cookie->host_only = strcmp(fields[1], "TRUE") != 0;
    cookie->path = fields[2];
    cookie->secure = strcmp(fields[3], "TRUE") == 0;
    cookie->expires = eddy__parse_number(fields[4], strlen(fields[4]));
    cookie->name = fields[5];
    cookie->value = fields[6] ? fields[6] : "";
    return true;
}

/* Whether a jar could have had it. */
static bool is_sound(const eddy_cookie *c)
{
    size_t size = strlen(c->name) + strlen(c->value);
    size_t domain = strlen(c->domain), value = strlen(c->value);

    return size > 0 && size <= EDDY__COOKIE_SIZE && c->path[0] == '/' && c->expires >= 0 &&
           domain <= 253 && (!*c->name || eddy__all_are(c->name, size - value, EDDY__CHAR_VALUE)) &&
           !strpbrk(c->name, ";=") && !strchr(c->value, ';') &&
           (!value || eddy__all_are(c->value, value, EDDY__CHAR_VALUE)) &&
           (strchr(c->domain, ':') || eddy__all_are(c->domain, domain, EDDY__CHAR_UNRESERVED)) &&
           (c->host_only || !eddy__is_public_suffix(c->domain));
}

static int load_lines(eddy_cookies *cookies, char *text, time_t now)
{
    for (char *line; (line = strsep(&text, "\n"));) {
        eddy_cookie cookie;
        size_t size = strlen(line);

        if (size && line[size - 1] == '\r')
            line[size - 1] = '\0';
        if (parse_line(line, &cookie) && is_sound(&cookie))
            eddy__try(eddy__cookies_store(cookies, &cookie, now));
    }
    return 0;
}

int eddy_cookies_load(eddy_cookies *cookies, const char *path)
{
    char *text;

    eddy__try(eddy_read_file(path, &text, NULL, .limit = FILE_MAX));
    int status = load_lines(cookies, text, eddy__wall_time());
    eddy_free(text);
    return status;
}
