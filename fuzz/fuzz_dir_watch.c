/* fuzz_dir_watch.c - what inotify says, in any order and cut anywhere: no event may name a path
 * that is not below the root, and nothing may be left. */
#include "fuzz.h"

#include "fs/dir_watch.h"

enum { EVENTS_MAX = 50 };

/* A record built from a few bytes, so that inputs need not guess its layout: watch descriptors and
 * cookies are few, names are short. */
static size_t build_record(struct input *in, char *to)
{
    struct inotify_event record = {.wd = (int)(take_byte(in) % 8)};
    unsigned kind = take_byte(in);
    char name[17] = "";

    record.mask = 1u << (kind % 16) | (kind & 0x80 ? IN_ISDIR : 0);
    record.cookie = take_byte(in) % 4;
    for (unsigned i = 0, n = take_byte(in) % 16; i < n; i++)
        name[i] = (char)take_byte(in);
    record.len = name[0] ? sizeof name - 1 : 0;
    memcpy(to, &record, sizeof record);
    memcpy(to + sizeof record, name, record.len);
    return sizeof record + record.len;
}

/* What looking into the folders would find: each that is to be looked into is there. */
static void scan(eddy_dir_watch *watch, int *next_wd)
{
    while (!list_empty(&watch->todo)) {
        struct eddy__dir_todo *todo = container_of(watch->todo.next, struct eddy__dir_todo, link);
        struct eddy__dir_node *parent = eddy__dir_placed(&watch->tree, todo->parent_wd);

        if (parent && !eddy__dir_child(&watch->tree, parent, todo->name) && *next_wd < 8)
            eddy__dir_add(&watch->tree, parent, todo->name, (*next_wd)++);
        eddy__dir_todo_drop(watch, todo);
    }
}

static void take_all(eddy_dir_watch *watch)
{
    eddy__dir_moves_expire(watch, eddy_time(), 0);
    if (watch->events.lost)
        eddy__dir_rescan(watch);
    watch->events.lost = watch->events.muted = false;
    for (struct eddy__dir_note *note; (note = eddy__dir_take(&watch->events));) {
        MUST(note->path && note->path[0] != '/');
        MUST((note->kind == EDDY_DIR_MOVED) == (note->from != NULL));
        eddy__dir_note_free(note);
    }
}

static void feed(eddy_dir_watch *watch, struct input *in)
{
    int next_wd = 2;
    char bytes[64];

    while (in->size > 0 && watch->tree.root) {
        unsigned what = take_byte(in);

        if (what < 16) {
            scan(watch, &next_wd);
        } else if (what < 32) {
            take_all(watch);
        } else if (what < 40) {
            eddy__dir_decode(watch, (const char *)in->data, in->size); /* as it is */
        } else {
            eddy__dir_decode(watch, bytes, build_record(in, bytes));
        }
        MUST(watch->events.count <= EVENTS_MAX);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    eddy_dir_watch *watch = calloc(1, sizeof *watch);

    MUST(watch != NULL);
    watch->recursive = take_byte(&in) & 1;
    watch->max_folders = 20;
    watch->events.max = EVENTS_MAX;
    watch->events.kinds = take_byte(&in);
    watch->tree.fd = -1;
    list_init(&watch->events.notes);
    list_init(&watch->moves);
    list_init(&watch->todo);
    list_init(&watch->later);
    MUST(eddy__dir_add(&watch->tree, NULL, "/root", 1) != NULL);
    feed(watch, &in);
    take_all(watch);
    eddy__dir_todo_clear(watch);
    eddy__dir_moves_clear(watch);
    eddy__dir_drop_all(&watch->tree);
    MUST(watch->tree.count == 0);
    free(watch);
    return 0;
}
