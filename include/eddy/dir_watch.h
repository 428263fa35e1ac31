/* dir_watch.h - what happens in a folder, by inotify. What is on a network file system and is
 * changed by another machine is not seen, nor what is changed through a mapping. */
#ifndef EDDY_DIR_WATCH_H
#define EDDY_DIR_WATCH_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

enum {
    EDDY_DIR_CREATED = 1,  /* made, or moved in from outside */
    EDDY_DIR_MODIFIED = 2, /* the content of a file; at each write, while it may be open still */
    EDDY_DIR_REMOVED = 4,  /* removed, or moved outside */
    EDDY_DIR_MOVED = 8,    /* from one path inside to another, perhaps replacing what was there */
    EDDY_DIR_ATTRIBUTES = 16, /* permissions, owner, times, links */
    /* these two are always told, of the watched folder itself */
    EDDY_DIR_OVERFLOW = 32, /* events were lost: look at everything anew */
    EDDY_DIR_GONE = 64,     /* removed, moved or unmounted: nothing follows */
};

/* Paths are relative to the watched folder ("" for itself), bytes as they are on the disk, and
 * valid until the next call. */
typedef struct eddy_dir_event {
    int kind;
    bool folder;      /* it happened to a folder */
    const char *path; /* where it is now */
    const char *from; /* MOVED: where it was; else NULL */
} eddy_dir_event;

typedef struct eddy_dir_watch_opts {
    bool recursive;       /* watches folders below, too, but for links and those it may not read */
    unsigned events;      /* kinds to be told; 0: all but EDDY_DIR_ATTRIBUTES */
    size_t max_events;    /* events that may wait to be taken, more are an OVERFLOW; 0: 16,384 */
    unsigned max_folders; /* folders that may be watched; 0: 65,536 */
} eddy_dir_watch_opts;

typedef struct eddy_dir_watch eddy_dir_watch;

/* Watches a folder, or the one that a link leads to, from now on. NULL with a record: EDDY_ENOENT,
 * EDDY_ENOTDIR, EDDY_EACCES; EDDY_ELIMIT when there are more folders than max_folders, or than the
 * system lets this user watch (the record names the setting). The caller closes it; a task that
 * waits then gets EDDY_ECLOSED. NULL is fine there. */
EDDY_API EDDY_SUSPENDS eddy_dir_watch *eddy_dir_watch_open_with(const char *path,
                                                                const eddy_dir_watch_opts *opts);
#define eddy_dir_watch_open(path, ...)                                                             \
    eddy_dir_watch_open_with((path), &(eddy_dir_watch_opts){__VA_ARGS__})
EDDY_API void eddy_dir_watch_close(eddy_dir_watch *watch);
EDDY_AUTOCLOSE(eddy_dir_watch, eddy_dir_watch_close)

/* Waits for the next event: 0, and *event. Equal events in a row that were not taken yet are one.
 * That a file was modified is not told as long as its creation was not taken. What is in a new
 * folder is told as created, perhaps twice when it is made at that moment. When two change places
 * in one step (RENAME_EXCHANGE), moves and creations are told that lead to the same, for folders
 * with all that is in them. EDDY_EBUSY while another task waits; EDDY_ELIMIT, once, when a new
 * folder is one too many and stays unwatched; EDDY_EOF after EDDY_DIR_GONE. A cancellation loses no
 * event. */
EDDY_API EDDY_SUSPENDS int eddy_dir_watch_next(eddy_dir_watch *watch, eddy_dir_event *event);

EDDY_END_DECLS

#endif
