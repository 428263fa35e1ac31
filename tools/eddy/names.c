/* names.c - claims on file names, in a search tree. */
#define _GNU_SOURCE
#include "names.h"
#include <fcntl.h>
#include <search.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* number is the last that was tried behind this name, so that a thousand files of one name take a
 * thousand tries and not a million. */
struct claim {
    unsigned number;
    char name[];
};

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct claim *)a)->name, ((const struct claim *)b)->name);
}

/* The claim on name; *fresh says whether it is new. NULL when memory is short. */
static struct claim *claim(struct names *self, const char *name, bool *fresh)
{
    size_t size = strlen(name) + 1;
    struct claim *mine = calloc(1, sizeof *mine + size);

    if (!mine)
        return NULL;
    memcpy(mine->name, name, size);
    struct claim **found = tsearch(mine, &self->tree, by_name);
    *fresh = found && *found == mine;
    if (!*fresh)
        free(mine);
    return found ? *found : NULL;
}

static bool exists(const struct names *self, const char *name)
{
    struct stat st;

    return self->folder && fstatat(self->folder->fd, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/* "a.txt" and 1 make "a-1.txt"; a dot in front begins no suffix. */
static char *numbered(const char *name, unsigned number)
{
    const char *dot = strrchr(name, '.');
    size_t stem = dot && dot != name ? (size_t)(dot - name) : strlen(name);
    char *result;

    return asprintf(&result, "%.*s-%u%s", (int)stem, name, number, name + stem) < 0 ? NULL : result;
}

char *names_claim(struct names *self, const char *wanted)
{
    bool fresh;
    struct claim *base = claim(self, wanted, &fresh);

    if (!base)
        return NULL;
    if (fresh && !exists(self, wanted))
        return strdup(wanted);
    for (;;) {
        char *name = numbered(wanted, ++base->number);
        if (!name || !claim(self, name, &fresh)) {
            free(name);
            return NULL;
        }
        if (fresh && !exists(self, name))
            return name;
        free(name);
    }
}

void names_clear(struct names *self)
{
    tdestroy(self->tree, free);
    self->tree = NULL;
}
