/* dir_move.c - moves, which the kernel tells in pieces.
 *
 * It holds both folders while it tells a move, so what it says of names in one of them next comes
 * after all of it. Two things can change places in one step (RENAME_EXCHANGE): that is told as two
 * moves, the second from where the first has just arrived, and looks like a move back. A folder
 * says itself that it has moved; of other things it is in doubt what is left where they came from,
 * and somebody has to look. */
#include "fs/dir_watch.h"

static struct eddy__dir_move *move_of(struct list *link)
{
    return container_of(link, struct eddy__dir_move, link);
}

static void free_move(struct eddy__dir_move *move)
{
    list_remove(&move->link);
    eddy_free(move->from);
    eddy_free(move->to);
    eddy_free(move);
}

static struct eddy__dir_move *move_find(const eddy_dir_watch *watch, uint32_t cookie)
{
    list_each(link, &watch->moves)
        if (move_of(link)->cookie == cookie)
            return move_of(link);
    return NULL;
}

static struct eddy__dir_move *move_of_folder(const eddy_dir_watch *watch, int wd)
{
    list_each(link, &watch->moves)
        if (move_of(link)->wd == wd)
            return move_of(link);
    return NULL;
}

static bool concerns(const struct eddy__dir_move *move, int folder_wd, const char *name)
{
    return (move->from_wd == folder_wd && strcmp(move->from, name) == 0) ||
           (move->to && move->to_wd == folder_wd && strcmp(move->to, name) == 0);
}

bool eddy__dir_is_moving(const eddy_dir_watch *watch, int folder_wd, const char *name, int wd)
{
    list_each(link, &watch->moves)
        if ((wd > 0 && move_of(link)->wd == wd) || concerns(move_of(link), folder_wd, name))
            return true;
    return false;
}

/* ---- where it ends ---- */

static void move_arrive(eddy_dir_watch *watch, struct eddy__dir_node *to, const char *name)
{
    eddy_free(to->arrived);
    to->arrived = eddy_strdup(name);
    watch->events.lost |= !to->arrived;
}

/* Something that was not known has come. */
static void move_enter(eddy_dir_watch *watch, struct eddy__dir_node *to, const char *name,
                       bool folder)
{
    struct eddy__dir_node *there = eddy__dir_child(&watch->tree, to, name);

    if (there) {
        eddy__dir_note(&watch->events, EDDY_DIR_REMOVED, true, eddy__dir_path(to, name));
        eddy__dir_drop(&watch->tree, there);
    }
    eddy__dir_note(&watch->events, EDDY_DIR_CREATED, folder, eddy__dir_path(to, name));
    eddy__dir_todo_no_doubt(watch, to->wd, name);
    if (folder && watch->recursive)
        eddy__dir_todo_add(watch, to->wd, name, false);
    move_arrive(watch, to, name);
}

/* What a folder contains has other paths from now on. */
static void move_place(eddy_dir_watch *watch, struct eddy__dir_node *moved,
                       struct eddy__dir_node *to, const char *name)
{
    watch->events.lost |= !eddy__dir_move(&watch->tree, moved, to, name);
}

/* The same thing is elsewhere now; moved: a folder that is watched, or NULL. */
static void change_place(eddy_dir_watch *watch, const struct eddy__dir_move *move,
                         struct eddy__dir_node *moved)
{
    struct eddy__dir_node *from = eddy__dir_placed(&watch->tree, move->from_wd);
    struct eddy__dir_node *to = eddy__dir_placed(&watch->tree, move->to_wd);
    struct eddy__dir_node *there = to ? eddy__dir_child(&watch->tree, to, move->to) : NULL;

    if (!to || !from) {
        watch->events.lost = true; /* they were there when both halves were told */
        return;
    }
    eddy__dir_note_move(&watch->events, move->folder, eddy__dir_path(to, move->to),
                        eddy__dir_path(from, move->from));
    eddy__dir_todo_gone(watch, move->from_wd, move->from);
    eddy__dir_todo_no_doubt(watch, move->to_wd, move->to);
    if (moved && there)
        moved->replaced = there->wd;
    if (moved)
        move_place(watch, moved, to, move->to);
    else if (there)
        eddy__dir_drop(&watch->tree, there);
    if (!moved && move->folder && watch->recursive)
        eddy__dir_todo_add(watch, move->to_wd, move->to, false);
    move_arrive(watch, to, move->to);
}

/* The kernel has gone on to something else. Of a folder that is watched it would have told, so that
 * is where it was, and what has moved is another that was exchanged for it. */
static void end_move(eddy_dir_watch *watch, struct eddy__dir_move *move)
{
    struct eddy__dir_node *from = eddy__dir_placed(&watch->tree, move->from_wd);
    struct eddy__dir_node *to = move->to ? eddy__dir_placed(&watch->tree, move->to_wd) : NULL;

    if (from && !move->wd && !move->other) {
        eddy__dir_note(&watch->events, EDDY_DIR_REMOVED, move->folder,
                       eddy__dir_path(from, move->from));
        eddy__dir_todo_gone(watch, move->from_wd, move->from);
    }
    if (to)
        move_enter(watch, to, move->to, move->folder);
    free_move(move);
}

/* Nobody knows whether the kernel has. */
static void move_give_up(eddy_dir_watch *watch, struct eddy__dir_move *move)
{
    struct eddy__dir_node *moved = eddy__dir_placed(&watch->tree, move->wd);

    if (moved) {
        eddy__dir_todo_doubt(watch, move->from_wd, move->from);
        eddy__dir_drop(&watch->tree, moved);
    }
    move->wd = 0;
    end_move(watch, move);
}

static void end_moves(eddy_dir_watch *watch, int wd, uint32_t but)
{
    list_each_safe(link, &watch->moves)
    {
        struct eddy__dir_move *move = move_of(link);

        if ((move->from_wd == wd || move->to_wd == wd) && (!but || move->cookie != but))
            end_move(watch, move);
    }
}

static void forget_arrival(struct eddy__dir_node *node)
{
    eddy_free(eddy_take(node->arrived));
}

void eddy__dir_moves_end(eddy_dir_watch *watch, struct eddy__dir_node *node)
{
    end_moves(watch, node->wd, 0);
    forget_arrival(node);
}

void eddy__dir_moves_expire(eddy_dir_watch *watch, double before, unsigned reads)
{
    list_each_safe(link, &watch->moves)
    {
        struct eddy__dir_move *move = move_of(link);

        if (move->since <= before && watch->reads - move->reads >= reads)
            move_give_up(watch, move);
    }
    eddy__dir_todo_retry(watch);
}

void eddy__dir_moves_clear(eddy_dir_watch *watch)
{
    while (!list_empty(&watch->moves))
        free_move(move_of(watch->moves.next));
}

/* ---- its pieces ---- */

void eddy__dir_moved_from(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                          const struct inotify_event *record)
{
    struct eddy__dir_node *child = eddy__dir_child(&watch->tree, node, name);
    struct eddy__dir_move *move = eddy_alloc_zero(sizeof *move);

    end_moves(watch, node->wd, 0);
    if (!child && node->arrived && strcmp(node->arrived, name) == 0)
        eddy__dir_todo_doubt(watch, node->wd, name);
    forget_arrival(node);
    if (!move || !(move->from = eddy_strdup(name))) {
        eddy_free(move);
        watch->events.lost = true;
        return;
    }
    move->cookie = record->cookie;
    move->folder = record->mask & IN_ISDIR;
    move->other = child && !move->folder;
    move->wd = child && move->folder ? child->wd : 0;
    move->from_wd = node->wd;
    move->since = eddy_time();
    move->reads = watch->reads;
    list_add_tail(&watch->moves, &move->link);
}

void eddy__dir_moved_to(eddy_dir_watch *watch, struct eddy__dir_node *node, const char *name,
                        const struct inotify_event *record)
{
    struct eddy__dir_move *move = record->cookie ? move_find(watch, record->cookie) : NULL;

    end_moves(watch, node->wd, record->cookie);
    forget_arrival(node);
    if (!move || move->to || !eddy__dir_placed(&watch->tree, move->from_wd)) {
        move_enter(watch, node, name, record->mask & IN_ISDIR);
        return;
    }
    move->to_wd = node->wd;
    move->to = eddy_strdup(name);
    if (!move->to) {
        watch->events.lost = true;
    } else if (move->other) {
        end_move(watch, move);
    } else if (!move->wd) {
        change_place(watch, move, NULL);
        free_move(move);
    }
}

void eddy__dir_moved_other(eddy_dir_watch *watch, int wd)
{
    list_each(link, &watch->moves) {
        const struct eddy__dir_node *node = eddy__dir_placed(&watch->tree, move_of(link)->wd);

        if (node && node->replaced == wd) {
            end_move(watch, move_of(link));
            return;
        }
    }
}

void eddy__dir_moved_self(eddy_dir_watch *watch, struct eddy__dir_node *node)
{
    struct eddy__dir_move *move = move_of_folder(watch, node->wd);

    if (!move)
        return;
    if (move->to) {
        change_place(watch, move, node);
    } else { /* the other half was to be told before */
        eddy__dir_note(&watch->events, EDDY_DIR_REMOVED, true, eddy__dir_path(node, ""));
        eddy__dir_todo_gone(watch, move->from_wd, move->from);
        eddy__dir_drop(&watch->tree, node);
    }
    free_move(move);
}
