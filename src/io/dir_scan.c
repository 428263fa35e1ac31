/* dir_scan.c - watching folders and looking into them, in worker threads: what was made in a folder
 * before it was watched brings no event. */
#include "io/dir_watch.h"
#include "io/file.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

enum { NAMES_MAX = 64 << 20 };

/* ---- one folder, in a worker thread ---- */

/* Owns what it uses, the descriptor included: a task that is cancelled leaves it behind. */
struct look {
    struct eddy__file_job job; /* must stay first */
    char *path;
    int fd;
    uint32_t mask;
    bool lists;
    int wd;
    struct eddy__buffer names; /* each with a letter before it, d for a folder, and a final zero */
    char *full;                /* of the root: its path from the top of the file system */
};

static struct look *look_of(struct eddy__file_job *job)
{
    return container_of(job, struct look, job);
}

static void release(struct eddy__file_job *job)
{
    struct look *look = look_of(job);

    if (look->fd >= 0)
        eddy__socket_close(look->fd);
    eddy__buffer_free(&look->names);
    eddy__free(look->path);
    eddy__free(look->full);
    eddy__free(look);
}

static bool is_folder(DIR *dir, const struct dirent *entry)
{
    struct stat found;

    if (entry->d_type != DT_UNKNOWN)
        return entry->d_type == DT_DIR;
    return fstatat(dirfd(dir), entry->d_name, &found, AT_SYMLINK_NOFOLLOW) == 0 &&
           S_ISDIR(found.st_mode);
}

static int add_name(struct look *look, char letter, const char *name)
{
    size_t size = strlen(name) + 2;

    if (eddy__buffer_count(&look->names) + size > NAMES_MAX)
        return EDDY_ELIMIT;
    int status = eddy__buffer_reserve(&look->names, size);
    if (status < 0)
        return status;
    char *to = look->names.data + look->names.end;
    to[0] = letter;
    memcpy(to + 1, name, size - 1);
    look->names.end += size;
    return 0;
}

static int list(struct look *look)
{
    DIR *dir = opendir(look->path);
    int status = 0;

    if (!dir)
        return -errno;
    for (struct dirent *entry; status == 0 && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            status = add_name(look, is_folder(dir, entry) ? 'd' : 'f', entry->d_name);
    closedir(dir);
    return status;
}

/* First watched, then listed: what is made between is told twice, not never. */
static int perform(struct eddy__file_job *job)
{
    struct look *look = look_of(job);

    look->wd = inotify_add_watch(look->fd, look->path, look->mask);
    if (look->wd < 0)
        return -errno;
    return look->lists ? list(look) : 0;
}

/* The root's links are followed, once: what is below is found by its path from the top. */
static int perform_root(struct eddy__file_job *job)
{
    struct look *look = look_of(job);
    char full[PATH_MAX];

    if (!realpath(look->path, full))
        return -errno;
    look->full = eddy__strdup(full);
    return look->full ? perform(job) : EDDY_ENOMEM;
}

/* Takes path. NULL raised. */
static struct look *make(const eddy_dir_watch *watch, char *path)
{
    struct look *look = path ? eddy__alloc_zero(sizeof *look) : NULL;

    if (!look) {
        eddy__free(path);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    look->path = path;
    look->mask = watch->mask;
    look->lists = watch->recursive;
    look->job.perform = perform;
    look->job.release = release;
    look->fd = eddy__fault() ? (errno = EIO, -1) : fcntl(watch->tree.fd, F_DUPFD_CLOEXEC, 3);
    if (look->fd >= 0)
        return look;
    eddy_raise(-errno, "cannot duplicate a descriptor: %s", eddy__words(-errno).text);
    release(&look->job);
    return NULL;
}

/* ---- what is to be done ---- */

void eddy__dir_todo_add(eddy_dir_watch *watch, int parent_wd, const char *name, bool quiet)
{
    size_t size = strlen(name) + 1;
    struct eddy__dir_todo *todo;

    if (watch->todo_count > watch->max_folders) {
        watch->over_limit = true;
        return;
    }
    todo = eddy__alloc(sizeof *todo + size);
    if (!todo) {
        watch->events.lost = true;
        return;
    }
    todo->parent_wd = parent_wd;
    todo->quiet = quiet;
    memcpy(todo->name, name, size);
    list_add_tail(&watch->todo, &todo->link);
    watch->todo_count++;
}

void eddy__dir_todo_drop(eddy_dir_watch *watch, struct eddy__dir_todo *todo)
{
    list_remove(&todo->link);
    watch->todo_count--;
    eddy__free(todo);
}

void eddy__dir_rescan(eddy_dir_watch *watch)
{
    watch->scan++;
    watch->rescanning = true;
    eddy__dir_todo_add(watch, 0, "", true);
}

/* ---- what was found ---- */

/* The node of a folder that is watched now; NULL when what is in it is known. */
static struct eddy__dir_node *place(eddy_dir_watch *watch, struct eddy__dir_node *parent,
                                    const char *name, int wd)
{
    struct eddy__dir_node *node = eddy__dir_find(&watch->tree, wd);

    if (node && node->scan == watch->scan)
        return NULL;
    if (node && parent && !eddy__dir_move(&watch->tree, node, parent, name))
        return NULL;
    if (!node && watch->tree.count >= watch->max_folders)
        watch->over_limit = true;
    else if (!node && !(node = eddy__dir_add(&watch->tree, parent, name, wd)))
        watch->events.lost = true;
    if (node)
        node->scan = watch->scan;
    else
        eddy__dir_unwatch(&watch->tree, wd);
    return node;
}

static void note_names(eddy_dir_watch *watch, struct eddy__dir_node *node, const struct look *look,
                       bool quiet)
{
    const char *name = look->names.data, *end = name + look->names.end;

    for (; name < end; name += strlen(name) + 1) {
        bool folder = *name++ == 'd';

        if (!quiet)
            eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, eddy__dir_path(node, name));
        if (folder)
            eddy__dir_todo_add(watch, node->wd, name, quiet);
    }
}

/* What has gone again, or may not be read, or is one too many after that was told. */
static bool is_left_out(const eddy_dir_watch *watch, int status)
{
    return status == EDDY_ENOENT || status == EDDY_ENOTDIR || status == EDDY_EACCES ||
           status == -ELOOP || status == EDDY_ENAMETOOLONG || (status == -ENOSPC && watch->limited);
}

static COLD int fail(const char *path, int status)
{
    if (status == -ENOSPC)
        return eddy_raise(EDDY_ELIMIT,
                          "cannot watch %s: this user watches as many folders as "
                          "fs.inotify.max_user_watches allows",
                          path);
    return eddy__path_fail("watch", path, status);
}

/* Runs it to its end. 0, and *look was used or is to be released; or a failure, raised, and it is
 * gone. */
static int run(const eddy_dir_watch *watch, struct look *look)
{
    int status = eddy__file_job_run(&look->job);

    if (status < 0)
        return eddy__path_fail("watch", "a folder", status);
    if (!watch->closed)
        return 0;
    release(&look->job);
    return eddy__raise_code(EDDY_ECLOSED);
}

int eddy__dir_scan_root(eddy_dir_watch *watch, const char *path)
{
    struct look *look = make(watch, eddy__strdup(path));
    int status = look ? 0 : EDDY_ENOMEM;

    if (look)
        look->job.perform = perform_root;
    status = look ? run(watch, look) : eddy_status_pointer_(look);
    if (status < 0)
        return status;
    status = look->job.status;
    if (status == 0) {
        struct eddy__dir_node *root = place(watch, NULL, look->full, look->wd);

        status = root ? 0 : EDDY_ENOMEM;
        if (root)
            note_names(watch, root, look, true);
    }
    release(&look->job);
    return status < 0 ? fail(path, status) : eddy__dir_scan(watch);
}

/* Watches the folder of todo and takes in what is there. */
static int look_into(eddy_dir_watch *watch, const struct eddy__dir_todo *todo)
{
    struct eddy__dir_node *parent = eddy__dir_find(&watch->tree, todo->parent_wd);
    struct look *look;
    int status;

    if (todo->parent_wd && !parent)
        return 0;
    look = make(watch, parent ? eddy__dir_full_path(parent, todo->name)
                              : eddy__strdup(watch->tree.root->name));
    if (!look)
        return eddy_status_pointer_(look);
    status = run(watch, look);
    if (status < 0)
        return status;
    status = is_left_out(watch, look->job.status) ? 0 : look->job.status;
    if (status < 0) {
        watch->limited |= status == -ENOSPC;
        status = fail(look->path, status);
    } else if (look->job.status == 0) {
        struct eddy__dir_node *node = place(watch, parent, todo->name, look->wd);

        if (node)
            note_names(watch, node, look, todo->quiet);
    }
    release(&look->job);
    return status;
}

/* What the last scan of everything has not met is no longer there. */
static void drop_unmet(eddy_dir_watch *watch)
{
    struct eddy__dir_tree *tree = &watch->tree;

    for (size_t i = 0; i < tree->bucket_count; i++)
        for (struct eddy__dir_node *node = tree->buckets[i]; node;) {
            bool unmet = node->scan != watch->scan && node != tree->root;

            if (unmet)
                eddy__dir_drop(tree, node);
            node = unmet ? tree->buckets[i] : node->next;
        }
    watch->rescanning = false;
}

int eddy__dir_scan(eddy_dir_watch *watch)
{
    while (!list_empty(&watch->todo)) {
        struct eddy__dir_todo *todo = container_of(watch->todo.next, struct eddy__dir_todo, link);
        int status = look_into(watch, todo);

        if (status < 0 && (status == EDDY_ECLOSED || status == eddy__self()->interrupt))
            return status;
        eddy__dir_todo_drop(watch, todo);
        if (status < 0)
            return status;
    }
    if (watch->rescanning)
        drop_unmet(watch);
    return 0;
}
