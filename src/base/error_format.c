/* error_format.c - error records as text. */
#define _GNU_SOURCE
#include "base/alloc.h"
#include "base/error_record.h"
#include "base/thread.h"
#include <dlfcn.h>
#include <stdarg.h>
#include <stdio.h>

int eddy_error_code(const eddy_error *error)
{
    return error ? error->code : 0;
}

const char *eddy_error_message(const eddy_error *error)
{
    while (error && !error->message)
        error = error->inner;
    return error ? error->message : "";
}

const char *eddy_cancel_reason(const eddy_error *error)
{
    while (error && !error->reason)
        error = error->inner;
    return error ? error->reason : NULL;
}

/* The failure itself, at the end of the way. */
static const eddy_error *root(const eddy_error *error)
{
    while (error && error->inner)
        error = error->inner;
    return error;
}

/* That of the failure itself, or of the one next to it, which has put it into other words. */
const eddy_place *eddy_error_place(const eddy_error *error)
{
    const eddy_place *place = NULL;

    for (; error; error = error->inner)
        if (error->place)
            place = error->place;
    return place;
}

const char *eddy_error_task(const eddy_error *error)
{
    error = root(error);
    return error ? error->task : "";
}

const eddy_error *eddy_error_next(const eddy_error *error)
{
    return error ? error->next : NULL;
}

struct text {
    const eddy_error *error;
    char *buf;
    size_t size;
    size_t length;
};

static __attribute__((format(printf, 2, 3))) void text_add(struct text *text, const char *format,
                                                           ...)
{
    size_t left = text->length < text->size ? text->size - text->length : 0;
    va_list args;

    va_start(args, format);
    int n = vsnprintf(left ? text->buf + text->length : NULL, left, format, args);
    va_end(args);
    if (n > 0)
        text->length += (size_t)n;
}

/* A message may have in it what a stranger has sent: no control character of it gets to a terminal,
 * and no line break makes a line of its own. */
static void add_message(struct text *text, const char *message)
{
    for (; *message; message++) {
        size_t plain = 0;

        while ((unsigned char)message[plain] >= ' ' && message[plain] != 0x7f)
            plain++;
        text_add(text, "%.*s", (int)plain, message);
        message += plain;
        if (!*message)
            return;
        text_add(text, "\\x%02x", (unsigned char)*message);
    }
}

/* "EDDY_EIO: the message" */
static void add_words(struct text *text, const eddy_error *error)
{
    text_add(text, "%s: ", eddy_status_name(error->code));
    add_message(text, eddy_error_message(error));
    text_add(text, "\n");
}

static const char *place_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

/* What called: names where the program exports them, else what addr2line takes. The library's own
 * frames come first and say nothing that the place does not. */
static void add_frames(struct text *text, const eddy_error *error)
{
    const char *before = "    called from ";

    for (unsigned i = 0; i < error->frame_count; i++) {
        const char *address = error->frames[i];
        Dl_info info;

        if (!dladdr(address, &info) || !info.dli_fname)
            continue;
        if (info.dli_sname && strncmp(info.dli_sname, "eddy_", 5) == 0)
            continue;
        if (info.dli_sname)
            text_add(text, "%s%s", before, info.dli_sname);
        else
            text_add(text, "%s%s+%#tx", before, place_file_name(info.dli_fname),
                     address - (const char *)info.dli_fbase - 1);
        before = " < ";
    }
    if (before[1] == '<')
        text_add(text, "\n");
}

static void add_failure(struct text *text, const eddy_error *error, const eddy_place *place)
{
    text_add(text, "  ");
    if (place)
        text_add(text, "%s (%s:%d)", place->function, place->file, place->line);
    else
        add_message(text, error->message ? error->message : eddy_status_message(error->code));
    if (error->task[0])
        text_add(text, " in task %s", error->task);
    text_add(text, "\n");
    add_frames(text, error);
}

/* Not that of a task which awaited it: there it is told with that step. */
static const eddy_place *place_in_own_task(const eddy_error *error)
{
    const eddy_place *place = NULL;

    for (; error; error = error->inner)
        if (error->inner && error->task[0])
            place = NULL;
        else if (error->place)
            place = error->place;
    return place;
}

static const eddy_error *steps_in(const eddy_error *error, size_t n)
{
    while (n-- > 0)
        error = error->inner;
    return error;
}

/* From the failure outwards. The way is walked anew for each step, which needs no stack. */
static void add_way(struct text *text, const eddy_error *error)
{
    size_t steps = 0;

    for (const eddy_error *e = error; e->inner; e = e->inner)
        steps++;
    add_failure(text, steps_in(error, steps), place_in_own_task(error));
    while (steps-- > 0) {
        const eddy_error *e = steps_in(error, steps);

        if (!e->task[0])
            continue;
        text_add(text, "  awaited by task %s", e->task);
        if (e->place)
            text_add(text, " in %s (%s:%d)", e->place->function, e->place->file, e->place->line);
        text_add(text, "\n");
    }
}

static void format_aside(void *arg)
{
    struct text *text = arg;
    const eddy_error *error = text->error;

    add_way(text, error);
    add_words(text, error);
    if (error->next)
        text_add(text, "and also:\n");
    for (const eddy_error *e = error->next; e; e = e->next) {
        add_way(text, e);
        add_words(text, e);
    }
}

size_t eddy_error_format(const eddy_error *error, char *buf, size_t size)
{
    struct text text = {error, buf, size, 0};

    if (size)
        buf[0] = '\0';
    if (error)
        eddy__aside(format_aside, &text);
    return text.length;
}

static void error_print_aside(void *arg)
{
    const eddy_error *error = arg;
    char small[512];
    size_t length = eddy_error_format(error, small, sizeof small);
    char *text = length < sizeof small ? small : eddy_alloc(length + 1);

    if (text && text != small)
        eddy_error_format(error, text, length + 1);
    fputs(text ? text : small, stderr);
    if (text != small)
        eddy_free(text);
}

void eddy_error_print(const eddy_error *error)
{
    eddy__aside(error_print_aside, (void *)(uintptr_t)error);
}
