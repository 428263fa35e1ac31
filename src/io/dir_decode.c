/* dir_decode.c - what inotify says, as events. */
#include "io/dir_watch.h"

/* ---- moves ---- */

static void moved_from(eddy_dir_watch *watch, const struct eddy__dir_node *node, const char *name,
                       const struct inotify_event *record)
{
    bool folder = record->mask & IN_ISDIR;
    const struct eddy__dir_node *child = folder ? eddy__dir_child(node, name) : NULL;

    eddy__dir_note_half(&watch->events, folder, eddy__dir_path(node, name), record->cookie,
                        child ? child->wd : 0);
}

/* What it contains has other paths from now on. */
static void move_folder(eddy_dir_watch *watch, int moved_wd, struct eddy__dir_node *parent,
                        const char *name)
{
    struct eddy__dir_node *moved = eddy__dir_find(&watch->tree, moved_wd);
    int parent_wd = parent->wd;

    if (moved && eddy__dir_move(&watch->tree, moved, parent, name))
        return;
    if (moved)
        eddy__dir_drop(&watch->tree, moved);
    eddy__dir_todo_add(watch, parent_wd, name, false);
}

static void moved_to(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                     const struct inotify_event *record)
{
    struct eddy__dir_note *half = eddy__dir_half(&watch->events, record->cookie);
    char *path = eddy__dir_path(node, name);
    bool folder = record->mask & IN_ISDIR;

    if (half && path) {
        half->kind = EDDY_DIR_MOVED;
        half->cookie = 0;
        half->from = half->path;
        half->path = path;
    } else {
        eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, path);
    }
    if (folder && watch->recursive)
        move_folder(watch, half ? half->wd : 0, node, name);
}

void eddy__dir_settle(eddy_dir_watch *watch, struct eddy__dir_note *half)
{
    struct eddy__dir_node *moved = eddy__dir_find(&watch->tree, half->wd);

    half->cookie = 0;
    if (moved)
        eddy__dir_drop(&watch->tree, moved);
}

/* ---- records ---- */

/* About a watched folder itself; what is below the root is told by its parent. */
static void decode_own(eddy_dir_watch *watch, struct eddy__dir_node *node, uint32_t mask)
{
    bool is_root = node == watch->tree.root;

    if (is_root && mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF))
        watch->events.gone = true;
    else if (mask & (IN_IGNORED | IN_UNMOUNT))
        eddy__dir_drop(&watch->tree, node);
    else if (is_root && mask & IN_ATTRIB)
        eddy__dir_note(&watch->events, EDDY_DIR_ATTRIBUTES, true, eddy__dir_path(node, ""));
}

static void decode_named(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                         const struct inotify_event *record)
{
    static const struct {
        uint32_t mask;
        int kind;
    } kinds[] = {
        {IN_CREATE, EDDY_DIR_CREATED},
        {IN_DELETE, EDDY_DIR_REMOVED},
        {IN_MODIFY, EDDY_DIR_MODIFIED},
        {IN_ATTRIB, EDDY_DIR_ATTRIBUTES},
    };
    bool folder = record->mask & IN_ISDIR;

    for (size_t i = 0; i < count_of(kinds); i++)
        if (record->mask & kinds[i].mask)
            eddy__dir_note(&watch->events, kinds[i].kind, folder, eddy__dir_path(node, name));
    if (record->mask & IN_CREATE && folder && watch->recursive)
        eddy__dir_todo_add(watch, node->wd, name, false);
    if (record->mask & IN_MOVED_FROM)
        moved_from(watch, node, name, record);
    if (record->mask & IN_MOVED_TO)
        moved_to(watch, node, name, record);
}

static void decode(eddy_dir_watch *watch, const struct inotify_event *record, const char *name)
{
    struct eddy__dir_node *node = eddy__dir_find(&watch->tree, record->wd);

    if (record->mask & IN_Q_OVERFLOW)
        watch->events.lost = true;
    else if (node && *name)
        decode_named(watch, node, name, record);
    else if (node)
        decode_own(watch, node, record->mask);
}

/* A name is that of an entry and ends within its record. */
static bool is_name(const char *name, size_t size)
{
    size_t length = strnlen(name, size);

    return length < size && !memchr(name, '/', length);
}

/* What is not whole, or has no proper name, is no record of the kernel's. */
void eddy__dir_decode(eddy_dir_watch *watch, const char *bytes, size_t size)
{
    struct inotify_event record;

    while (size >= sizeof record) {
        memcpy(&record, bytes, sizeof record);
        bytes += sizeof record;
        size -= sizeof record;
        if (record.len > size || (record.len && !is_name(bytes, record.len)))
            return;
        decode(watch, &record, record.len ? bytes : "");
        bytes += record.len;
        size -= record.len;
    }
}
