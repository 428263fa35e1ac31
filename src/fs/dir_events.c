/* dir_events.c - the events of a watched folder that nobody has taken yet. */
#include "fs/dir_watch.h"

enum { LOOK_BACK = 64 }; /* so many events are asked whether they stand for a new one, too */

static struct eddy__dir_note *note_of(struct list *link)
{
    return container_of(link, struct eddy__dir_note, link);
}

void eddy__dir_note_free(struct eddy__dir_note *note)
{
    if (!note)
        return;
    eddy_free(note->path);
    eddy_free(note->from);
    eddy_free(note);
}

/* Whoever takes the older one looks at the file after that, and sees what the new one is about. */
static bool stands_for(const struct eddy__dir_note *older, int kind, bool folder)
{
    if (older->folder != folder)
        return false;
    switch (kind) {
    case EDDY_DIR_MODIFIED:
    case EDDY_DIR_ATTRIBUTES:
        return older->kind == kind || older->kind == EDDY_DIR_CREATED ||
               older->kind == EDDY_DIR_MOVED;
    default:
        return older->kind == EDDY_DIR_CREATED && kind == EDDY_DIR_CREATED;
    }
}

/* The path is that of the folder, or of something below it. */
static bool is_at_or_below(const char *path, const char *folder)
{
    size_t length = strlen(folder);

    return strncmp(path, folder, length) == 0 && (path[length] == '\0' || path[length] == '/');
}

/* The path was something else before it. */
static bool is_new_since(const struct eddy__dir_note *older, const char *path)
{
    return (older->from && is_at_or_below(path, older->from)) ||
           (older->kind != EDDY_DIR_MODIFIED && older->kind != EDDY_DIR_ATTRIBUTES &&
            is_at_or_below(path, older->path));
}

/* Only the last event of that path counts. */
static bool is_told_already(const struct eddy__dir_events *events, int kind, bool folder,
                            const char *path)
{
    int left = LOOK_BACK;

    for (struct list *link = events->notes.prev; link != &events->notes && left--;
         link = link->prev) {
        const struct eddy__dir_note *older = note_of(link);

        if (strcmp(older->path, path) == 0)
            return stands_for(older, kind, folder);
        if (is_new_since(older, path))
            return false;
    }
    return false;
}

/* Takes both. */
static void dir_events_add(struct eddy__dir_events *events, int kind, bool folder, char *path,
                           char *from)
{
    struct eddy__dir_note *note = NULL;

    if (path && events->count < events->max)
        note = eddy_alloc_zero(sizeof *note);
    if (!note) {
        eddy_free(path);
        eddy_free(from);
        events->lost = true;
        return;
    }
    note->kind = kind;
    note->folder = folder;
    note->path = path;
    note->from = from;
    list_add_tail(&events->notes, &note->link);
    events->count++;
}

/* When some were lost, OVERFLOW stands for all that follow. */
static bool is_wanted(const struct eddy__dir_events *events, int kind)
{
    return kind & (int)events->kinds && !events->muted && !events->lost;
}

void eddy__dir_note(struct eddy__dir_events *events, int kind, bool folder, char *path)
{
    if (is_wanted(events, kind) && !(path && is_told_already(events, kind, folder, path)))
        dir_events_add(events, kind, folder, path, NULL);
    else
        eddy_free(path);
}

void eddy__dir_note_move(struct eddy__dir_events *events, bool folder, char *path, char *from)
{
    if (is_wanted(events, EDDY_DIR_MOVED) && path && from) {
        dir_events_add(events, EDDY_DIR_MOVED, folder, path, from);
        return;
    }
    events->lost |= !path || !from;
    eddy_free(path);
    eddy_free(from);
}

struct eddy__dir_note *eddy__dir_take(struct eddy__dir_events *events)
{
    struct list *link = list_take_first(&events->notes);

    if (!link)
        return NULL;
    events->count--;
    return note_of(link);
}

void eddy__dir_events_clear(struct eddy__dir_events *events)
{
    for (struct eddy__dir_note *note; (note = eddy__dir_take(events));)
        eddy__dir_note_free(note);
}
