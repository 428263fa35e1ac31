/* fetch_body.c - bodies from the command line, from files, from standard input. */
#include "fetch_body.h"
#include "command.h"
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* It is opened for each request: what can be wrong with it is told before. */
static int check_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    struct stat info;
    const char *problem = NULL;

    if (fd < 0 || fstat(fd, &info) < 0)
        problem = strerror(errno);
    else if (!S_ISREG(info.st_mode))
        problem =
            S_ISDIR(info.st_mode) ? "is a folder" : "is no regular file (- is standard input)";
    if (fd >= 0)
        close(fd);
    if (problem)
        refuse("fetch", "-d @%s: %s", path, problem);
    return problem ? -1 : 0;
}

static int grow(struct fetch_body *self, size_t *room)
{
    size_t more = *room ? 2 * *room : 64 * 1024;
    char *input = realloc(self->input, more);

    if (!input) {
        refuse("fetch", "-d @-: out of memory");
        return -1;
    }
    self->input = input;
    *room = more;
    return 0;
}

static int read_input(struct fetch_body *self)
{
    size_t room = 0, n = 1;

    while (n > 0) {
        if (self->size == room && grow(self, &room) < 0)
            return -1;
        n = fread(self->input + self->size, 1, room - self->size, stdin);
        self->size += n;
        if (self->size > FETCH_INPUT_MAX) {
            refuse("fetch", "-d @-: more than 64 MiB; write it to a file, and give that");
            return -1;
        }
    }
    if (ferror(stdin)) {
        refuse("fetch", "-d @-: %s", strerror(errno));
        return -1;
    }
    self->data = self->input;
    return 0;
}

int fetch_body_open(struct fetch_body *self, const char *given)
{
    *self = (struct fetch_body){0};
    if (!given)
        return 0;
    if (strcmp(given, "@-") == 0)
        return read_input(self);
    if (*given == '@') {
        self->file = given + 1;
        return check_file(self->file);
    }
    self->data = given;
    self->size = strlen(given);
    return 0;
}

void fetch_body_clear(struct fetch_body *self)
{
    free(self->input);
    *self = (struct fetch_body){0};
}
