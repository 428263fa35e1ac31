/* url_list.c - a growing array of checked URLs. */
#define _GNU_SOURCE
#include "url_list.h"
#include "command.h"
#include "url.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int grow(struct url_list *self)
{
    size_t capacity = self->capacity ? 2 * self->capacity : 16;
    char **urls = realloc(self->urls, capacity * sizeof *urls);

    if (!urls)
        return -1;
    self->urls = urls;
    self->capacity = capacity;
    return 0;
}

const char *url_list_add(struct url_list *self, const char *url)
{
    if (self->count == URL_LIST_MAX)
        return "more than a million URLs";
    if (strlen(url) > URL_LENGTH_MAX)
        return "longer than 64 KiB";
    if (self->count == self->capacity && grow(self) < 0)
        return "out of memory";
    char *escaped = url_escaped(url);
    const char *problem = escaped ? url_problem(escaped) : "out of memory";
    if (problem) {
        free(escaped);
        return problem;
    }
    self->urls[self->count++] = escaped;
    return NULL;
}

/* The line without blanks around it, in place, nor the byte order mark that some editors begin a
 * file with; lists that were put together have one in the middle. */
static char *trim(char *line, size_t length)
{
    static const char blanks[] = " \t\r\n\v\f", mark[] = "\xEF\xBB\xBF";

    while (length > 0 && strchr(blanks, line[length - 1]))
        length--;
    line[length] = '\0';
    if (strncmp(line, mark, strlen(mark)) == 0)
        line += strlen(mark);
    return line + strspn(line, blanks);
}

static const char *add_line(struct url_list *self, char *line, size_t length)
{
    if (strlen(line) != length)
        return "a zero byte";
    char *text = trim(line, length);
    return *text && *text != '#' ? url_list_add(self, text) : NULL;
}

enum { PROBLEMS_SHOWN = 20 };

/* Returns how many lines were refused. */
static unsigned read_lines(struct url_list *self, FILE *file, const char *name)
{
    char *line = NULL;
    size_t size = 0;
    ssize_t length;
    unsigned problems = 0;

    for (unsigned long n = 1; (length = getline(&line, &size, file)) >= 0; n++) {
        const char *problem = add_line(self, line, (size_t)length);
        if (problem && ++problems <= PROBLEMS_SHOWN)
            refuse("fetch", "%s:%lu: %s", name, n, problem);
    }
    if (problems > PROBLEMS_SHOWN)
        refuse("fetch", "%s: %u more lines like these", name, problems - PROBLEMS_SHOWN);
    free(line);
    return problems;
}

int url_list_read(struct url_list *self, const char *path)
{
    int standard = strcmp(path, "-") == 0;
    FILE *file = standard ? stdin : fopen(path, "re");
    const char *name = standard ? "standard input" : path;

    if (!file) {
        refuse("fetch", "-i %s: %s", path, strerror(errno));
        return -1;
    }
    unsigned problems = read_lines(self, file, name);
    if (ferror(file)) {
        refuse("fetch", "-i %s: %s", path, strerror(errno));
        problems++;
    }
    if (!standard)
        fclose(file);
    return problems ? -1 : 0;
}

void url_list_clear(struct url_list *self)
{
    for (size_t i = 0; i < self->count; i++)
        free(self->urls[i]);
    free(self->urls);
    *self = (struct url_list){0};
}
