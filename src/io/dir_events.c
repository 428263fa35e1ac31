/* dir_events.c - the events of a watched folder that nobody has taken yet. */
#include "io/dir_watch.h"

enum { LOOK_BACK = 64 }; /* so many events are asked whether they stand for a new one, too */

static struct eddy__dir_note *note_of(struct list *link)
{
    return container_of(link, struct eddy__dir_note, link);
}

void eddy__dir_note_free(struct eddy__dir_note *note)
{
    if (!note)
        return;
    eddy__free(note->path);
    eddy__free(note->from);
    eddy__free(note);
}

/* Whoever takes the older one looks at the file after that, and sees what the new one is about. */
static bool stands_for(const struct eddy__dir_note *older, int kind)
{
    switch (kind) {
    case EDDY_DIR_MODIFIED:
    case EDDY_DIR_ATTRIBUTES:
        return older->kind == kind || older->kind == EDDY_DIR_CREATED ||
               older->kind == EDDY_DIR_MOVED;
    default:
        return older->kind == EDDY_DIR_CREATED && kind == EDDY_DIR_CREATED;
    }
}

/* Only the last event of that path counts: before it the path was something else. */
static bool is_told_already(const struct eddy__dir_events *events, int kind, const char *path)
{
    int left = LOOK_BACK;

    for (struct list *link = events->notes.prev; link != &events->notes && left--;
         link = link->prev) {
        const struct eddy__dir_note *older = note_of(link);

        if (strcmp(older->path, path) == 0)
            return older->kind & (int)events->kinds && stands_for(older, kind);
        if (older->from && strcmp(older->from, path) == 0)
            return false;
    }
    return false;
}

/* Takes path. NULL: lost. */
static struct eddy__dir_note *add(struct eddy__dir_events *events, int kind, bool folder,
                                  char *path)
{
    struct eddy__dir_note *note = NULL;

    if (path && events->count < events->max)
        note = eddy__alloc_zero(sizeof *note);
    if (!note) {
        eddy__free(path);
        events->lost = true;
        return NULL;
    }
    note->kind = kind;
    note->folder = folder;
    note->path = path;
    list_add_tail(&events->notes, &note->link);
    events->count++;
    return note;
}

void eddy__dir_note(struct eddy__dir_events *events, int kind, bool folder, char *path)
{
    if (kind & (int)events->kinds && !(path && is_told_already(events, kind, path)))
        add(events, kind, folder, path);
    else
        eddy__free(path);
}

void eddy__dir_note_half(struct eddy__dir_events *events, bool folder, char *path, uint32_t cookie,
                         int wd)
{
    struct eddy__dir_note *note = add(events, EDDY_DIR_REMOVED, folder, path);

    if (note) {
        note->cookie = cookie;
        note->wd = wd;
    }
}

struct eddy__dir_note *eddy__dir_half(const struct eddy__dir_events *events, uint32_t cookie)
{
    if (!cookie)
        return NULL;
    for (struct list *link = events->notes.prev; link != &events->notes; link = link->prev)
        if (note_of(link)->cookie == cookie)
            return note_of(link);
    return NULL;
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
