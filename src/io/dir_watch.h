/* dir_watch.h - what the parts of directory watching share; of io/ only.
 *
 * The kernel's queue holds what nobody has asked for yet: only eddy_dir_watch_next reads it. It
 * decodes all that it has read (dir_decode.c), looks into the folders that are new (dir_scan.c),
 * and tells the events one by one (dir_events.c). */
#ifndef EDDY_IO_DIR_WATCH_H
#define EDDY_IO_DIR_WATCH_H

#include "io/io.h"
#include <eddy/dir_watch.h>

#include <sys/inotify.h>

/* ---- the folders that are watched (dir_tree.c) ---- */

/* A path is the names from the root down: a folder that is moved takes those below it along. */
struct eddy__dir_node {
    struct eddy__dir_node *next; /* in its bucket */
    struct eddy__dir_node *parent;
    struct list siblings; /* newest first */
    struct list children;
    char *name; /* of the root: its whole path */
    int wd;
    unsigned scan; /* the last one that has met it */
};

struct eddy__dir_tree {
    struct eddy__dir_node **buckets; /* by watch descriptor; a power of two of them */
    size_t bucket_count;
    size_t count;
    struct eddy__dir_node *root;
    int fd; /* of inotify */
};

struct eddy__dir_node *eddy__dir_find(const struct eddy__dir_tree *tree, int wd);
struct eddy__dir_node *eddy__dir_child(const struct eddy__dir_node *parent, const char *name);
/* Adds a folder that is watched as wd; parent NULL: the root. NULL without memory. */
struct eddy__dir_node *eddy__dir_add(struct eddy__dir_tree *tree, struct eddy__dir_node *parent,
                                     const char *name, int wd);
/* Gives it another place; what was there is dropped. False without memory, or when that is below
 * it. */
bool eddy__dir_move(struct eddy__dir_tree *tree, struct eddy__dir_node *node,
                    struct eddy__dir_node *parent, const char *name);
/* Forgets it and those below it; the kernel no longer watches them. */
void eddy__dir_drop(struct eddy__dir_tree *tree, struct eddy__dir_node *node);
void eddy__dir_drop_all(struct eddy__dir_tree *tree);
void eddy__dir_unwatch(const struct eddy__dir_tree *tree, int wd);
/* The path of name in the folder, relative to the root; NULL without memory. */
char *eddy__dir_path(const struct eddy__dir_node *node, const char *name);
/* The same from the top of the file system. */
char *eddy__dir_full_path(const struct eddy__dir_node *node, const char *name);

/* ---- events that are not taken yet (dir_events.c) ---- */

/* A move consists of two records of the kernel, tied by a cookie, with perhaps others between. The
 * first makes an event of kind REMOVED with the cookie: half a move, unless the second turns it
 * into a MOVED. */
struct eddy__dir_note {
    struct list link;
    int kind;
    bool folder;
    uint32_t cookie; /* 0: it is no half */
    int wd;          /* of a half: the folder that was moved, 0 when it was not watched */
    char *path;
    char *from;
};

struct eddy__dir_events {
    struct list notes;
    size_t count;
    size_t max;
    unsigned kinds; /* that are wanted */
    bool lost;      /* some were: told as OVERFLOW after those that are here */
    bool gone;      /* told after that */
};

/* Adds an event, unless it is not wanted or one that waits stands for it, too. Takes path; NULL:
 * there was no memory for it, and the event is lost. */
void eddy__dir_note(struct eddy__dir_events *events, int kind, bool folder, char *path);
/* The same for half a move, in any case. */
void eddy__dir_note_half(struct eddy__dir_events *events, bool folder, char *path, uint32_t cookie,
                         int wd);
/* The half that has this cookie, or NULL. */
struct eddy__dir_note *eddy__dir_half(const struct eddy__dir_events *events, uint32_t cookie);
/* The first one, removed; NULL when there is none. */
struct eddy__dir_note *eddy__dir_take(struct eddy__dir_events *events);
void eddy__dir_note_free(struct eddy__dir_note *note);
void eddy__dir_events_clear(struct eddy__dir_events *events);

/* ---- a watch ---- */

/* A folder to be watched and looked into. */
struct eddy__dir_todo {
    struct list link;
    int parent_wd; /* 0: it is the root */
    bool quiet;    /* what is found in it is not told */
    char name[];
};

struct eddy_dir_watch {
    eddy_stream *stream; /* the inotify descriptor */
    struct eddy__dir_tree tree;
    struct eddy__dir_events events;
    struct eddy__dir_note *taken; /* its paths are the caller's until the next call */
    struct list todo;
    size_t todo_count;
    unsigned max_folders;
    uint32_t mask; /* of inotify_add_watch */
    unsigned scan; /* number of the last one of everything */
    bool rescanning;
    bool overflow; /* to be told, now that everything was looked at anew */
    bool recursive;
    bool over_limit; /* a folder was one too many */
    bool limited;    /* and that was told */
    bool busy;       /* a task is in next */
    bool closed;
    bool ended; /* GONE was told */
    unsigned refs;
    char raw[16384];
};

/* What the kernel says (dir_decode.c): size bytes of records. */
void eddy__dir_decode(eddy_dir_watch *watch, const char *bytes, size_t size);
/* A move whose other half did not come: what it was is removed. */
void eddy__dir_settle(eddy_dir_watch *watch, struct eddy__dir_note *half);

/* Looking into folders (dir_scan.c). todo_add: without memory events count as lost. */
void eddy__dir_todo_add(eddy_dir_watch *watch, int parent_wd, const char *name, bool quiet);
void eddy__dir_todo_drop(eddy_dir_watch *watch, struct eddy__dir_todo *todo);
/* Everything is to be looked at anew. */
void eddy__dir_rescan(eddy_dir_watch *watch);
/* Looks into the folders that are to be; what is left when it fails is for the next time. The root
 * is watched first, by its path. 0 or a failure, raised. Suspend. */
int eddy__dir_scan_root(eddy_dir_watch *watch, const char *path);
int eddy__dir_scan(eddy_dir_watch *watch);

#endif
