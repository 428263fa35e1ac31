/* dir_look.h - looking at a name below a watched folder, in a worker thread; of fs/ only. */
#ifndef EDDY_FS_DIR_LOOK_H
#define EDDY_FS_DIR_LOOK_H

#include "fs/dir_watch.h"
#include "fs/file.h"

enum eddy__dir_found {
    EDDY__DIR_NOTHING,
    EDDY__DIR_FILE,
    EDDY__DIR_FOLDER,
    EDDY__DIR_NOT_YET, /* its folder is not where it was told to be: more is to be read first */
    EDDY__DIR_NO_ROOT, /* nor is the root */
};

/* Owns what it uses, the descriptor included: a task that is cancelled leaves it behind. */
struct eddy__dir_look {
    struct eddy__job job; /* must stay first */
    int fd;               /* of inotify */
    char *root;           /* its path, as it is given when look->first, else from the top */
    bool first;
    struct eddy__dir_id root_id;
    char *folder; /* that has the name, relative to the root */
    struct eddy__dir_id folder_id;
    char *name; /* "": the root itself */
    uint32_t mask;
    bool watches;
    bool lists;
    bool by_path; /* there is no /proc */

    enum eddy__dir_found found;
    int wd;
    struct eddy__dir_id id;
    size_t
        before; /* bytes of records in the kernel's queue before it looked, and when it watched */
    size_t after;
    struct eddy__buffer names; /* each with a letter before it, d for a folder, and a final zero */

    struct eddy__dir_todo *todo; /* what it is for; when it has come back */
    bool touched;                /* something was told of the name since it looked */
    uint64_t from;               /* the same, as places in the queue */
    uint64_t until;
};

/* path: of the root; takes the other two, which may be NULL for want of memory. NULL raised. */
struct eddy__dir_look *eddy__dir_look_make(const eddy_dir_watch *watch, const char *path,
                                           char *folder, char *name);
void eddy__dir_look_free(struct eddy__dir_look *look);
static inline bool eddy__dir_same(const struct eddy__dir_id *a, const struct eddy__dir_id *b)
{
    return a->device == b->device && a->inode == b->inode;
}

#endif
