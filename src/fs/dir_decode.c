/* dir_decode.c - what inotify says, as events. */
#include "fs/dir_watch.h"

static void go(eddy_dir_watch *watch)
{
    eddy__dir_moves_expire(watch, eddy_time(), 0);
    watch->events.gone = true;
}

/* About a watched folder itself; what is below the root is told by its parent. */
static void decode_own(eddy_dir_watch *watch, struct eddy__dir_node *node, uint32_t mask)
{
    bool is_root = node == watch->tree.root;

    if (is_root && mask & (IN_IGNORED | IN_UNMOUNT | IN_DELETE_SELF | IN_MOVE_SELF))
        go(watch);
    else if (is_root && mask & IN_ATTRIB)
        eddy__dir_note(&watch->events, EDDY_DIR_ATTRIBUTES, true, eddy__dir_path(node, ""));
    else if (mask & IN_UNMOUNT)
        watch->events.lost = true; /* what the mount has hidden is there now */
    else if (mask & IN_IGNORED)
        eddy__dir_drop(&watch->tree, node);
    else if (mask & IN_MOVE_SELF)
        eddy__dir_moved_self(watch, node);
}

static void created(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                    bool folder)
{
    eddy__dir_moves_end(watch, node);
    eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, eddy__dir_path(node, name));
    eddy__dir_todo_no_doubt(watch, node->wd, name);
    if (folder && watch->recursive)
        eddy__dir_todo_add(watch, node->wd, name, false);
}

static void removed(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                    bool folder)
{
    struct eddy__dir_node *child = folder ? eddy__dir_child(&watch->tree, node, name) : NULL;

    eddy__dir_moves_end(watch, node);
    eddy__dir_note(&watch->events, EDDY_DIR_REMOVED, folder, eddy__dir_path(node, name));
    eddy__dir_todo_gone(watch, node->wd, name);
    if (child)
        eddy__dir_drop(&watch->tree, child);
}

static void decode_named(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                         const struct inotify_event *record)
{
    bool folder = record->mask & IN_ISDIR;

    if (record->mask & (IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO))
        eddy__dir_look_touched(watch, node, name);
    if (record->mask & IN_CREATE)
        created(watch, node, name, folder);
    if (record->mask & IN_DELETE)
        removed(watch, node, name, folder);
    if (record->mask & IN_MODIFY)
        eddy__dir_note(&watch->events, EDDY_DIR_MODIFIED, folder, eddy__dir_path(node, name));
    if (record->mask & IN_ATTRIB)
        eddy__dir_note(&watch->events, EDDY_DIR_ATTRIBUTES, folder, eddy__dir_path(node, name));
    if (record->mask & IN_MOVED_FROM)
        eddy__dir_moved_from(watch, node, name, record);
    if (record->mask & IN_MOVED_TO)
        eddy__dir_moved_to(watch, node, name, record);
}

static void decode(eddy_dir_watch *watch, const struct inotify_event *record, const char *name)
{
    struct eddy__dir_node *node = eddy__dir_placed(&watch->tree, record->wd);

    if (record->mask & IN_Q_OVERFLOW)
        watch->events.lost = true;
    else if (node && *name)
        decode_named(watch, node, name, record);
    else if (node)
        decode_own(watch, node, record->mask);
    else if (record->mask & IN_MOVE_SELF)
        eddy__dir_moved_other(watch, record->wd);
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

    watch->reads++;
    while (size >= sizeof record) {
        memcpy(&record, bytes, sizeof record);
        bytes += sizeof record;
        size -= sizeof record;
        if (record.len > size || (record.len && !is_name(bytes, record.len)))
            return;
        eddy__dir_look_due(watch);
        decode(watch, &record, record.len ? bytes : "");
        watch->decoded += sizeof record + record.len;
        bytes += record.len;
        size -= record.len;
    }
    eddy__dir_look_due(watch);
    eddy__dir_todo_retry(watch);
}
