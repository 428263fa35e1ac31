/* version.c - versions by entity tag or date, and the file that has one. */
#define _GNU_SOURCE
#include "version.h"
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* ---- from an answer ---- */

static time_t date(const char *text)
{
    struct tm tm = {0};
    const char *end = text ? strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) : NULL;

    return end && !*end ? timegm(&tm) : -1;
}

/* A date is good for a version when no second one can have been made in the same second (RFC 9110
 * section 8.8.2.2). */
static bool is_strong_date(const char *modified, const char *answered)
{
    return date(modified) >= 0 && date(modified) < date(answered);
}

struct version version_of(const eddy_response *response)
{
    struct version version = {.size = eddy_response_length(response)};
    const char *tag = eddy_response_header(response, "ETag");
    const char *modified = eddy_response_header(response, "Last-Modified");

    if (tag && *tag != '"')
        tag = NULL;
    if (!tag && is_strong_date(modified, eddy_response_header(response, "Date")))
        tag = modified;
    if (tag && strlen(tag) < sizeof version.tag)
        snprintf(version.tag, sizeof version.tag, "%s", tag);
    return version;
}

/* ---- in a file ---- */

static const char first_line[] = "eddy fetch part 1\n";

/* False when it would be too long. */
static bool file_name(char path[NAME_MAX + 1], const char *name)
{
    return snprintf(path, NAME_MAX + 1, ".%s.part-of", name) <= NAME_MAX;
}

int version_save(const struct folder *folder, const char *name, const char *url,
                 const struct version *version)
{
    char path[NAME_MAX + 1];

    if (!file_name(path, name))
        return -ENAMETOOLONG;
    int fd = openat(folder->fd, path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return -errno;
    int n =
        dprintf(fd, "%s%s\n%s\n%lld\n", first_line, url, version->tag, (long long)version->size);
    int code = n < 0 ? errno : 0;
    if (close(fd) < 0 && !code)
        code = errno;
    return -code;
}

/* The line that *text begins with, which is then ended by a zero byte; *text goes on behind it. */
static char *take_line(char **text)
{
    char *line = *text, *end = line ? strchr(line, '\n') : NULL;

    if (end)
        *end = '\0';
    *text = end ? end + 1 : NULL;
    return end ? line : NULL;
}

static int parse(char *text, const char *url, struct version *version)
{
    if (strncmp(text, first_line, strlen(first_line)) != 0)
        return 0;
    text += strlen(first_line);
    const char *from = take_line(&text), *tag = take_line(&text), *size = take_line(&text);
    if (!size || !*tag || strlen(tag) >= sizeof version->tag)
        return 0;
    if (strcmp(from, url) != 0)
        return -EXDEV;
    snprintf(version->tag, sizeof version->tag, "%s", tag);
    version->size = strtoll(size, NULL, 10);
    return 1;
}

int version_load(const struct folder *folder, const char *name, const char *url,
                 struct version *version)
{
    size_t size = strlen(url) + VERSION_TAG_SIZE + 100;
    char path[NAME_MAX + 1], *text = calloc(1, size + 1);
    int r = text && file_name(path, name) ? 0 : -ENOMEM;
    int fd = r < 0 ? -1 : openat(folder->fd, path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

    if (r == 0 && fd < 0)
        r = errno == ENOENT ? 0 : -errno;
    else if (r == 0)
        r = read(fd, text, size) < 0 ? -errno : parse(text, url, version);
    if (fd >= 0)
        close(fd);
    free(text);
    return r;
}

void version_forget(const struct folder *folder, const char *name)
{
    char path[NAME_MAX + 1];

    if (file_name(path, name))
        unlinkat(folder->fd, path, 0);
}
