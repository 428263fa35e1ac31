/* dir_scan.c - the names that are to be looked at, and what was found there. */
#include "fs/dir_look.h"

/* ---- what is to be done ---- */

static struct eddy__dir_todo *todo_of(struct list *link)
{
    return container_of(link, struct eddy__dir_todo, link);
}

static struct eddy__dir_todo *scan_add(eddy_dir_watch *watch, int parent_wd, const char *name,
                                       bool quiet)
{
    size_t size = strlen(name) + 1;
    struct eddy__dir_todo *todo;

    if (watch->todo_count > watch->max_folders) {
        watch->over_limit = true;
        return NULL;
    }
    todo = eddy_alloc_zero(sizeof *todo + size);
    if (!todo) {
        watch->events.lost = true;
        return NULL;
    }
    todo->parent_wd = parent_wd;
    todo->quiet = quiet;
    memcpy(todo->name, name, size);
    list_add_tail(&watch->todo, &todo->link);
    watch->todo_count++;
    return todo;
}

void eddy__dir_todo_add(eddy_dir_watch *watch, int parent_wd, const char *name, bool quiet)
{
    scan_add(watch, parent_wd, name, quiet);
}

static void set_doubt(eddy_dir_watch *watch, struct eddy__dir_todo *todo, bool doubt)
{
    watch->doubts -= todo->doubt;
    watch->doubts += doubt;
    todo->doubt = doubt;
}

/* All that are there for that name: whichever is done first tells. Whether there are any. */
static bool set_doubts(eddy_dir_watch *watch, struct list *list, int parent_wd, const char *name,
                       bool doubt)
{
    bool any = false;

    list_each(link, list) {
        struct eddy__dir_todo *todo = todo_of(link);

        if (todo->parent_wd != parent_wd || strcmp(todo->name, name) != 0)
            continue;
        set_doubt(watch, todo, doubt);
        any = true;
    }
    return any;
}

bool eddy__dir_todo_gone(eddy_dir_watch *watch, int parent_wd, const char *name)
{
    bool todo = set_doubts(watch, &watch->todo, parent_wd, name, true);
    bool later = set_doubts(watch, &watch->later, parent_wd, name, true);

    return todo || later;
}

void eddy__dir_todo_doubt(eddy_dir_watch *watch, int parent_wd, const char *name)
{
    struct eddy__dir_todo *todo;

    if (eddy__dir_todo_gone(watch, parent_wd, name))
        return;
    todo = scan_add(watch, parent_wd, name, false);
    if (todo)
        set_doubt(watch, todo, true);
}

void eddy__dir_todo_no_doubt(eddy_dir_watch *watch, int parent_wd, const char *name)
{
    if (!watch->doubts)
        return;
    set_doubts(watch, &watch->todo, parent_wd, name, false);
    set_doubts(watch, &watch->later, parent_wd, name, false);
}

void eddy__dir_todo_drop(eddy_dir_watch *watch, struct eddy__dir_todo *todo)
{
    set_doubt(watch, todo, false);
    list_remove(&todo->link);
    watch->todo_count--;
    eddy_free(todo);
}

void eddy__dir_todo_clear(eddy_dir_watch *watch)
{
    while (!list_empty(&watch->later))
        eddy__dir_todo_drop(watch, todo_of(watch->later.next));
    while (!list_empty(&watch->todo))
        eddy__dir_todo_drop(watch, todo_of(watch->todo.next));
}

void eddy__dir_todo_retry(eddy_dir_watch *watch)
{
    for (struct list *link; (link = list_take_first(&watch->later));)
        list_add_tail(&watch->todo, link);
}

static void postpone(struct eddy__dir_todo *todo, struct list *to)
{
    list_remove(&todo->link);
    list_add_tail(to, &todo->link);
}

int eddy__dir_rescan(eddy_dir_watch *watch)
{
    eddy__dir_todo_clear(watch);
    eddy__dir_moves_clear(watch);
    eddy__dir_displace_all(&watch->tree);
    watch->rescanning = true;
    watch->events.muted = true;
    return scan_add(watch, 0, "", true) ? 0 : eddy__raise_code(EDDY_ENOMEM);
}

/* ---- what was found ---- */

static void note_names(eddy_dir_watch *watch, struct eddy__dir_node *node,
                       const struct eddy__dir_look *look, bool quiet)
{
    const char *name = look->names.data, *end = name + look->names.end;

    node->quiet = quiet;
    for (; name < end; name += strlen(name) + 1) {
        bool folder = *name++ == 'd';

        if (!quiet)
            eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, eddy__dir_path(node, name));
        if (folder)
            eddy__dir_todo_add(watch, node->wd, name, quiet);
    }
}

/* It was told as gone, and is there. */
static void note_again(eddy_dir_watch *watch, const struct eddy__dir_node *parent,
                       const struct eddy__dir_todo *todo, bool folder)
{
    eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, eddy__dir_path(parent, todo->name));
    eddy__dir_todo_no_doubt(watch, parent->wd, todo->name);
}

/* A node for a folder that has none, or none with a place; NULL when it cannot be watched. */
static struct eddy__dir_node *scan_place(eddy_dir_watch *watch, struct eddy__dir_node *parent,
                                         const char *name, const struct eddy__dir_look *look)
{
    struct eddy__dir_node *node = eddy__dir_find(&watch->tree, look->wd);

    if (node) {
        watch->events.lost |= !eddy__dir_move(&watch->tree, node, parent, name);
        return node;
    }
    if (watch->tree.count >= watch->max_folders) {
        watch->over_limit = true;
        return NULL;
    }
    node = eddy__dir_add(&watch->tree, parent, name, look->wd);
    if (node)
        node->id = look->id;
    else
        watch->events.lost = true;
    return node;
}

static void take_in_folder(eddy_dir_watch *watch, struct eddy__dir_node *parent,
                           struct eddy__dir_todo *todo, const struct eddy__dir_look *look)
{
    struct eddy__dir_node *there = eddy__dir_child(&watch->tree, parent, todo->name);
    struct eddy__dir_node *node = eddy__dir_placed(&watch->tree, look->wd);

    if (there && there != node) {
        postpone(todo, &watch->later); /* what has brought it here is not told yet */
        return;
    }
    if (todo->doubt)
        note_again(watch, parent, todo, true);
    if (node ? node == there && node->quiet && !todo->quiet
             : (node = scan_place(watch, parent, todo->name, look)) != NULL)
        note_names(watch, node, look, todo->quiet);
    eddy__dir_todo_drop(watch, todo);
}

/* The root's name is empty. */
static void take_in(eddy_dir_watch *watch, struct eddy__dir_look *look)
{
    struct eddy__dir_todo *todo = look->todo;
    struct eddy__dir_node *parent = eddy__dir_placed(&watch->tree, todo->parent_wd);

    if (look->found == EDDY__DIR_NO_ROOT)
        watch->events.gone = true;
    if (look->touched)
        postpone(todo, &watch->todo);
    else if (look->found == EDDY__DIR_NOT_YET ||
             eddy__dir_is_moving(watch, todo->parent_wd, todo->name, look->wd))
        postpone(todo, &watch->later);
    else if (parent && look->found == EDDY__DIR_FOLDER && look->watches && look->job.status == 0) {
        take_in_folder(watch, parent, todo, look);
    } else {
        if (!todo->parent_wd && watch->tree.root && look->found == EDDY__DIR_FOLDER)
            note_names(watch, watch->tree.root, look, todo->quiet);
        else if (parent && todo->doubt && look->found != EDDY__DIR_NOTHING)
            note_again(watch, parent, todo, look->found == EDDY__DIR_FOLDER);
        eddy__dir_todo_drop(watch, todo);
    }
}

static void end_look(eddy_dir_watch *watch)
{
    struct eddy__dir_look *look = eddy_take(watch->look);

    watch->tree.kept = 0;
    if (look->wd > 0 && !eddy__dir_find(&watch->tree, look->wd))
        eddy__dir_unwatch(&watch->tree, look->wd);
    eddy__dir_look_free(look);
}

void eddy__dir_look_due(eddy_dir_watch *watch)
{
    if (!watch->look || watch->decoded < watch->look->until)
        return;
    take_in(watch, watch->look);
    end_look(watch);
}

void eddy__dir_look_touched(eddy_dir_watch *watch, const struct eddy__dir_node *node,
                            const char *name)
{
    struct eddy__dir_look *look = watch->look;

    if (look && watch->decoded >= look->from)
        look->touched |= look->by_path ||
                         (node->wd == look->todo->parent_wd && strcmp(look->todo->name, name) == 0);
}

/* What may not be read, or is one too many after that was told. */
static bool is_left_out(const eddy_dir_watch *watch, int status)
{
    return status == EDDY_EACCES || status == EDDY_ENAMETOOLONG ||
           (status == -ENOSPC && watch->limited);
}

/* Of what there may be more later. */
static bool scan_is_short(int status)
{
    return status == EDDY_ENOMEM || status == -EMFILE || status == -ENFILE;
}

static COLD int scan_fail(const char *path, int status)
{
    if (status == -ENOSPC)
        return eddy__raise(EDDY_ELIMIT,
                           "cannot watch %s: this user watches as many folders as "
                           "fs.inotify.max_user_watches allows",
                           path);
    return eddy__path_fail("watch", path, status);
}

/* Runs it to its end. 0, and *look was used or is to be released; or a failure, raised, and it is
 * gone. */
static int scan_run(const eddy_dir_watch *watch, struct eddy__dir_look *look)
{
    int status = eddy__file_job_run(&look->job);

    if (status < 0)
        return eddy__path_fail("watch", "a folder", status);
    if (!watch->closed)
        return 0;
    eddy__dir_look_free(look);
    return eddy__raise_code(EDDY_ECLOSED);
}

int eddy__dir_scan_root(eddy_dir_watch *watch, const char *path)
{
    struct eddy__dir_look *look =
        eddy__dir_look_make(watch, path, eddy_strdup(""), eddy_strdup(""));
    int status = look ? scan_run(watch, look) : eddy_status_pointer_(look);

    if (status < 0)
        return status;
    status = look->job.status;
    if (status == 0) {
        struct eddy__dir_node *root = eddy__dir_add(&watch->tree, NULL, look->root, look->wd);

        status = root ? 0 : EDDY_ENOMEM;
        if (root) {
            root->id = look->id;
            note_names(watch, root, look, true);
        }
    }
    eddy__dir_look_free(look);
    return status < 0 ? scan_fail(path, status) : eddy__dir_scan(watch);
}

/* What had happened before it looked, and while it did, is decoded first. It is gone afterwards. 0
 * or a failure, raised. */
static int await_place(eddy_dir_watch *watch, struct eddy__dir_look *look,
                       struct eddy__dir_todo *todo)
{
    uint64_t held = watch->decoded + eddy__buffer_count(&watch->stream->in);
    int status = 0;

    look->todo = todo;
    look->from = held + look->before;
    look->until = held + look->after;
    watch->look = look;
    watch->tree.kept = look->wd;
    eddy__dir_look_due(watch);
    while (status >= 0 && watch->look)
        status = eddy__dir_read(watch);
    if (watch->look)
        end_look(watch);
    return status;
}

/* That it is there is known already. */
static bool is_known(eddy_dir_watch *watch, const struct eddy__dir_node *parent,
                     const struct eddy__dir_todo *todo)
{
    struct eddy__dir_node *there =
        parent ? eddy__dir_child(&watch->tree, parent, todo->name) : NULL;

    if (!there || (there->quiet && !todo->quiet))
        return false;
    if (todo->doubt)
        note_again(watch, parent, todo, true);
    return true;
}

/* 0: it is done, or put off; else a failure, raised, and it is still there unless the failure is
 * its own. */
static int look_into(eddy_dir_watch *watch, struct eddy__dir_todo *todo)
{
    const struct eddy__dir_tree *tree = &watch->tree;
    struct eddy__dir_node *parent = eddy__dir_placed(tree, todo->parent_wd);
    struct eddy__dir_look *look;
    int status;

    if ((todo->parent_wd && !parent) || is_known(watch, parent, todo) ||
        (parent && !watch->recursive && !todo->doubt)) {
        eddy__dir_todo_drop(watch, todo);
        return 0;
    }
    look = eddy__dir_look_make(watch, tree->root->name,
                               parent ? eddy__dir_path(parent, "") : eddy_strdup(""),
                               eddy_strdup(todo->name));
    if (!look)
        return eddy_status_pointer_(look);
    look->folder_id = parent ? parent->id : tree->root->id;
    status = scan_run(watch, look);
    if (status < 0)
        return status;
    if (look->job.status == 0 || is_left_out(watch, look->job.status))
        return await_place(watch, look, todo);
    status = scan_fail(todo->name, look->job.status);
    watch->limited |= look->job.status == -ENOSPC;
    if (!scan_is_short(look->job.status))
        eddy__dir_todo_drop(watch, todo);
    eddy__dir_look_free(look);
    return status;
}

/* What was not met is no longer there; what is put off is told when it is met. */
static void end_rescan(eddy_dir_watch *watch)
{
    eddy__dir_drop_displaced(&watch->tree);
    watch->rescanning = false;
    watch->events.muted = false;
}

int eddy__dir_scan(eddy_dir_watch *watch)
{
    while (!list_empty(&watch->todo) && !watch->events.lost && !watch->events.gone) {
        int status = look_into(watch, todo_of(watch->todo.next));

        if (status < 0)
            return status;
    }
    list_each(link, &watch->later)
        todo_of(link)->quiet = false;
    if (watch->rescanning && !watch->events.lost)
        end_rescan(watch);
    return 0;
}
