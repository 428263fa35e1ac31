/* dir_watch.h - what the parts of directory watching share; of fs/ only.
 *
 * The kernel's queue holds what nobody has asked for yet: only eddy_dir_watch_next reads it. It
 * decodes all that it has read (dir_decode.c, dir_move.c), looks into the folders that are new
 * (dir_scan.c, in worker threads: dir_look.c), and tells the events one by one (dir_events.c).
 *
 * The tree is what the kernel has told so far, and lags behind the folders as they are. What is
 * looked up in them is therefore taken in at its place in the queue, between what had happened
 * before and what happens after. docs/design/dir-watch.md has the reasons. */
#ifndef EDDY_FS_DIR_WATCH_H
#define EDDY_FS_DIR_WATCH_H

#include "stream/stream.h"
#include <eddy/dir_watch.h>

#include <sys/inotify.h>

/* ---- the folders that are watched (dir_tree.c) ---- */

/* Which one it is, whatever its name: a watch keeps its inode from being used again. */
struct eddy__dir_id {
    dev_t device;
    ino_t inode;
};

/* A path is the names from the root down: a folder that is moved takes those below it along. One
 * that has no place (no parent, and is not the root) was left by a scan of everything that has not
 * met it yet; nothing is told of it. */
struct eddy__dir_node {
    struct eddy__dir_node *next;  /* of its bucket by watch descriptor */
    struct eddy__dir_node *alike; /* of its bucket by name */
    struct eddy__dir_node *parent;
    struct list siblings; /* newest first */
    struct list children;
    char *name; /* of the root: its whole path */
    int wd;
    struct eddy__dir_id id;
    int replaced;  /* the folder whose place it took, or 0 */
    bool quiet;    /* what it contained was not told */
    char *arrived; /* the name that came here by a move, if that is the last that is known */
};

struct eddy__dir_tree {
    struct eddy__dir_node **by_wd;   /* a power of two of buckets */
    struct eddy__dir_node **by_name; /* as many */
    size_t bucket_count;
    size_t count;
    struct eddy__dir_node *root;
    int fd;   /* of inotify */
    int kept; /* a watch that ends with no node: a look has it in hand; or 0 */
};

struct eddy__dir_node *eddy__dir_find(const struct eddy__dir_tree *tree, int wd);
/* The same; NULL for one that has no place. */
struct eddy__dir_node *eddy__dir_placed(const struct eddy__dir_tree *tree, int wd);
struct eddy__dir_node *eddy__dir_child(const struct eddy__dir_tree *tree,
                                       const struct eddy__dir_node *parent, const char *name);
/* Adds a folder that is watched as wd; parent NULL: the root. NULL without memory. */
struct eddy__dir_node *eddy__dir_add(struct eddy__dir_tree *tree, struct eddy__dir_node *parent,
                                     const char *name, int wd);
/* Gives it another place; what was there is dropped. False without memory, or when one of the two
 * is below the other. */
bool eddy__dir_move(struct eddy__dir_tree *tree, struct eddy__dir_node *node,
                    struct eddy__dir_node *parent, const char *name);
/* Forgets it and those below it; the kernel no longer watches them. */
void eddy__dir_drop(struct eddy__dir_tree *tree, struct eddy__dir_node *node);
void eddy__dir_drop_all(struct eddy__dir_tree *tree);
/* All but the root lose their places; and those that have none are dropped. */
void eddy__dir_displace_all(struct eddy__dir_tree *tree);
void eddy__dir_drop_displaced(struct eddy__dir_tree *tree);
/* Ends a watch that no node has. */
void eddy__dir_unwatch(const struct eddy__dir_tree *tree, int wd);
/* The path of name in the folder, relative to the root; NULL without memory. */
char *eddy__dir_path(const struct eddy__dir_node *node, const char *name);

/* ---- events that are not taken yet (dir_events.c) ---- */

struct eddy__dir_note {
    struct list link;
    int kind;
    bool folder;
    char *path;
    char *from;
};

struct eddy__dir_events {
    struct list notes;
    size_t count;
    size_t max;
    unsigned kinds; /* that are wanted */
    bool lost;      /* some were: told as OVERFLOW after those that are here */
    bool muted;     /* they need not be told: OVERFLOW is yet to be */
    bool gone;      /* told after that */
};

/* Adds an event, unless it is not wanted or one that waits stands for it, too. Takes path; NULL:
 * there was no memory for it, and the event is lost. */
void eddy__dir_note(struct eddy__dir_events *events, int kind, bool folder, char *path);
/* The same for a move; takes both. */
void eddy__dir_note_move(struct eddy__dir_events *events, bool folder, char *path, char *from);
/* The first one, removed; NULL when there is none. */
struct eddy__dir_note *eddy__dir_take(struct eddy__dir_events *events);
void eddy__dir_note_free(struct eddy__dir_note *note);
void eddy__dir_events_clear(struct eddy__dir_events *events);

/* ---- a watch ---- */

/* A name that is to be looked at; a folder is watched and listed. */
struct eddy__dir_todo {
    struct list link;
    int parent_wd; /* 0: it is the root itself */
    bool quiet;    /* what is found in it is not told */
    bool doubt;    /* it was told as gone and may be there: then it is told, too */
    char name[];
};

/* A move that the kernel has begun to tell: MOVED_FROM, then MOVED_TO unless it went outside, then
 * MOVE_SELF of the folder that moved, if that is watched. Others may be between. */
struct eddy__dir_move {
    struct list link;
    uint32_t cookie;
    bool folder;
    bool other;  /* not the folder that is known by this name: that is no folder */
    int wd;      /* the folder that is known by this name, 0: none */
    int from_wd; /* that it is moved from */
    int to_wd;   /* that it is moved to, 0: not told yet */
    char *from;  /* the names there */
    char *to;
    double since;
    unsigned reads;
};

struct eddy__dir_look; /* in a worker thread, or waiting for its place in the queue */

struct eddy_dir_watch {
    eddy_stream *stream; /* the inotify descriptor */
    struct eddy__dir_tree tree;
    struct eddy__dir_events events;
    struct eddy__dir_note *taken; /* its paths are the caller's until the next call */
    struct list moves;            /* oldest first */
    struct list todo;
    struct list later; /* todo, when something more was read */
    size_t todo_count; /* of both */
    size_t doubts;     /* of them */
    unsigned max_folders;
    struct eddy__dir_look *look; /* to be taken in */
    uint64_t decoded;            /* bytes of the kernel's queue, since ever */
    unsigned reads;              /* of them */
    uint32_t mask;               /* of inotify_add_watch */
    bool by_path;                /* as if there were no /proc */
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

/* Waits for records of the kernel and decodes them. 0 or a failure, raised. Suspends. */
int eddy__dir_read(eddy_dir_watch *watch);

/* What the kernel says (dir_decode.c): size bytes of records. */
void eddy__dir_decode(eddy_dir_watch *watch, const char *bytes, size_t size);

/* Moves (dir_move.c). What the kernel says of them: */
void eddy__dir_moved_from(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                          const struct inotify_event *record);
void eddy__dir_moved_to(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                        const struct inotify_event *record);
void eddy__dir_moved_self(eddy_dir_watch *watch, struct eddy__dir_node *node);
void eddy__dir_moved_other(eddy_dir_watch *watch, int wd); /* a folder that has no node */
/* Something else was said of names in the folder: what is not told of its moves will not be. */
void eddy__dir_moves_end(eddy_dir_watch *watch, struct eddy__dir_node *node);
/* Nothing was said for a while: the same of those that began before this time and so many reads
 * ago. */
void eddy__dir_moves_expire(eddy_dir_watch *watch, double before, unsigned reads);
void eddy__dir_moves_clear(eddy_dir_watch *watch);
/* Whether it tells just now of a move of this name, or of the folder that is watched as wd. */
bool eddy__dir_is_moving(const eddy_dir_watch *watch, int folder_wd, const char *name, int wd);

/* Looking into folders (dir_scan.c). todo_add: without memory events count as lost. */
void eddy__dir_todo_add(eddy_dir_watch *watch, int parent_wd, const char *name, bool quiet);
/* The name was told as gone; if it is to be looked at, what is found is another. Whether it is. */
bool eddy__dir_todo_gone(eddy_dir_watch *watch, int parent_wd, const char *name);
/* The name was told as gone, and may be there. */
void eddy__dir_todo_doubt(eddy_dir_watch *watch, int parent_wd, const char *name);
/* It was told since whether it is. */
void eddy__dir_todo_no_doubt(eddy_dir_watch *watch, int parent_wd, const char *name);
void eddy__dir_todo_drop(eddy_dir_watch *watch, struct eddy__dir_todo *todo);
void eddy__dir_todo_clear(eddy_dir_watch *watch);
/* More is known: what was put off is to be done. */
void eddy__dir_todo_retry(eddy_dir_watch *watch);
/* Everything is to be looked at anew. 0, or EDDY_ENOMEM raised, and it is due still. */
int eddy__dir_rescan(eddy_dir_watch *watch);
/* Looks into the folders that are to be; what is left when it fails is for the next time. The root
 * is watched first, by its path. 0 or a failure, raised. Suspend. */
int eddy__dir_scan_root(eddy_dir_watch *watch, const char *path);
int eddy__dir_scan(eddy_dir_watch *watch);
/* Before what is decoded next: takes in what was looked up there; or says that the name was told
 * of. */
void eddy__dir_look_due(eddy_dir_watch *watch);
void eddy__dir_look_touched(eddy_dir_watch *watch, const struct eddy__dir_node *node,
                            const char *name);

#endif
