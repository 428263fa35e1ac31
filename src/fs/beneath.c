/* beneath.c - files beneath a folder that no path leads out of: openat2(2), RESOLVE_BENEATH. */
#include "base/descriptor.h"
#include "base/sys.h"
#include "fs/file.h"

#include <fcntl.h>
#include <unistd.h>

/* Finds the folder of the path's last name, in a worker thread. */
struct search {
    struct eddy__job job; /* must stay first */
    char *root;
    char *folder; /* beneath root */
    bool links;   /* on the way are followed, if they stay beneath root */
    int found;    /* −1: not yet, or taken */
};

static struct search *search_of(struct eddy__job *job)
{
    return container_of(job, struct search, job);
}

static void release_search(struct eddy__job *job)
{
    struct search *search = search_of(job);

    if (search->found >= 0)
        eddy__socket_close(search->found);
    eddy_free(search->root);
    eddy_free(search->folder);
    eddy_free(search);
}

enum { FOLDER = O_PATH | O_DIRECTORY | O_CLOEXEC };

static bool is_link(int folder, const char *name)
{
    char first;

    return eddy__sys(readlinkat(folder, name, &first, sizeof first)) >= 0;
}

/* The folder of that name in folder, or a code: a link, or "..", might lead out. */
static int enter_folder(int folder, const char *name)
{
    if (strcmp(name, "..") == 0)
        return EDDY_EXDEV;
    int r = eddy__sys(eddy__above_standard(openat(folder, name, FOLDER | O_NOFOLLOW)));
    return r == EDDY_ENOTDIR && is_link(folder, name) ? EDDY_EXDEV : r;
}

/* From name to name, where the kernel does not look after it. path is cut into its names. */
static int beneath_walk(int root, char *path)
{
    int folder = eddy__sys(eddy__above_standard(openat(root, ".", FOLDER)));
    char *rest, *name = strtok_r(path, "/", &rest);

    for (; folder >= 0 && name; name = strtok_r(NULL, "/", &rest)) {
        int next = enter_folder(folder, name);

        eddy__socket_close(folder);
        folder = next;
    }
    return folder;
}

static int find_folder(struct eddy__job *job)
{
    struct search *search = search_of(job);
    int root = eddy__sys(eddy__above_standard(open(search->root, FOLDER)));

    if (root < 0)
        return root;
    int folder = eddy__sys_open_beneath(root, search->folder, FOLDER, search->links);
    if (folder == -EOPNOTSUPP)
        folder = beneath_walk(root, search->folder);
    eddy__socket_close(root);
    search->found = folder;
    return folder < 0 ? folder : 0;
}

/* name: the path's last one. NULL without memory. */
static struct search *make_search(const eddy_file_opts *opts, const char *path, const char *name)
{
    struct search *search = eddy_alloc_zero(sizeof *search);

    if (!search)
        return NULL;
    search->job.perform = find_folder;
    search->job.release = release_search;
    search->found = -1;
    search->links = !opts->no_links;
    search->root = eddy_strdup(opts->beneath);
    search->folder = eddy_strdup(name == path ? "." : path);
    if (!search->root || !search->folder) {
        release_search(&search->job);
        return NULL;
    }
    if (name != path)
        search->folder[name - path] = '\0';
    return search;
}

/* The folder of name, or a code, unraised. */
static int search_folder(const eddy_file_opts *opts, const char *path, const char *name)
{
    struct search *search = make_search(opts, path, name);

    if (!search)
        return EDDY_ENOMEM;
    int r = eddy__file_job_run(&search->job);
    if (r < 0)
        return r;
    r = search->job.status < 0 ? search->job.status : search->found;
    search->found = -1;
    release_search(&search->job);
    return r;
}

int eddy__file_open_beneath(const eddy_file_opts *opts, const char *path, int flags, unsigned mode)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;

    if (*path == '/')
        return EDDY_EXDEV;
    if (!*name || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
        return EDDY_EISDIR;
    int folder = search_folder(opts, path, name);
    if (folder < 0)
        return folder == -ELOOP && opts->no_links ? EDDY_EXDEV : folder;
    int fd = eddy__file_open_fd(folder, name, flags | O_NOFOLLOW, mode);
    eddy__socket_close(folder);
    return fd == -ELOOP ? EDDY_EXDEV : fd;
}
