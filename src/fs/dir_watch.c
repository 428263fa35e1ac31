/* dir_watch.c - watching a folder: opening, the next event, closing. */
#include "fs/dir_watch.h"
#include "base/descriptor.h"
#include <eddy/pipe.h>

#include <sys/ioctl.h>

enum { DEFAULT_EVENTS = 16384, DEFAULT_FOLDERS = 65536 };
enum { ALL_KINDS = EDDY_DIR_CREATED | EDDY_DIR_MODIFIED | EDDY_DIR_REMOVED | EDDY_DIR_MOVED };

/* The kernel says the parts of a move one right after the other. */
static const double MOVE_SECONDS = 0.01;
enum { MOVE_READS = 4 };

/* ---- opening ---- */

static uint32_t dir_watch_mask_of(unsigned kinds)
{
    uint32_t mask = IN_ONLYDIR | IN_EXCL_UNLINK | IN_CREATE | IN_DELETE | IN_MOVED_FROM |
                    IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

    if (kinds & EDDY_DIR_MODIFIED)
        mask |= IN_MODIFY;
    if (kinds & EDDY_DIR_ATTRIBUTES)
        mask |= IN_ATTRIB;
    return mask;
}

static eddy_dir_watch *dir_watch_make(const eddy_dir_watch_opts *opts)
{
    eddy_dir_watch *watch = eddy_alloc_zero(sizeof *watch);

    if (!watch) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    watch->recursive = opts->recursive;
    watch->events.kinds = opts->events ? opts->events : ALL_KINDS;
    watch->mask = dir_watch_mask_of(watch->events.kinds);
    watch->max_folders = opts->max_folders ? opts->max_folders : DEFAULT_FOLDERS;
    watch->events.max = opts->max_events ? opts->max_events : DEFAULT_EVENTS;
    watch->refs = 1;
    list_init(&watch->events.notes);
    list_init(&watch->moves);
    list_init(&watch->todo);
    list_init(&watch->later);
    return watch;
}

static int open_inotify(eddy_dir_watch *watch)
{
    int fd = eddy__sys(eddy__above_standard(inotify_init1(IN_NONBLOCK | IN_CLOEXEC)));

    if (fd == -EMFILE)
        return eddy__raise(EDDY_ELIMIT, "this process has as many open files as it may have, or "
                                        "this user as many watches as "
                                        "fs.inotify.max_user_instances allows");
    if (fd < 0)
        return eddy__raise(fd, "cannot make an inotify descriptor: %s", eddy__words(fd).text);
    watch->tree.fd = fd;
    watch->stream = eddy_stream_of_fd(fd, NULL);
    if (watch->stream)
        return 0;
    eddy__socket_close(fd);
    return eddy_status_pointer_(watch->stream);
}

static COLD int too_many(eddy_dir_watch *watch)
{
    watch->limited = true;
    return eddy__raise(EDDY_ELIMIT,
                       "there are more than the %u folders that are the limit of this watch "
                       "(.max_folders)",
                       watch->max_folders);
}

static int dir_watch_begin(eddy_dir_watch *watch, const char *path)
{
    int status = open_inotify(watch);

    if (status >= 0)
        status = eddy__dir_scan_root(watch, path);
    return status >= 0 && watch->over_limit ? too_many(watch) : status;
}

eddy_dir_watch *eddy_dir_watch_open_with(const char *path, const eddy_dir_watch_opts *opts)
{
    static const eddy_dir_watch_opts defaults;
    eddy_dir_watch *watch;

    if (!opts)
        opts = &defaults;
    if (eddy__checkpoint() < 0)
        return NULL;
    if (!path || !*path || opts->events & ~(unsigned)(ALL_KINDS | EDDY_DIR_ATTRIBUTES)) {
        eddy__raise(EDDY_EINVAL, "the path of a folder, and events from EDDY_DIR_CREATED to "
                                 "EDDY_DIR_ATTRIBUTES, are expected");
        return NULL;
    }
    watch = dir_watch_make(opts);
    if (!watch || dir_watch_begin(watch, path) >= 0)
        return watch;
    eddy_dir_watch_close(watch);
    return NULL;
}

/* ---- closing ---- */

static void dir_watch_unref(eddy_dir_watch *watch)
{
    if (--watch->refs)
        return;
    eddy__dir_todo_clear(watch);
    eddy__dir_moves_clear(watch);
    eddy__dir_events_clear(&watch->events);
    eddy__dir_note_free(watch->taken);
    eddy__dir_drop_all(&watch->tree);
    eddy_free(watch);
}

void eddy_dir_watch_close(eddy_dir_watch *watch)
{
    if (!watch || watch->closed)
        return;
    watch->closed = true;
    eddy_stream_close(eddy_take(watch->stream));
    watch->tree.fd = -1;
    dir_watch_unref(watch);
}

/* ---- the next event ---- */

static bool tell_own(eddy_dir_event *event, int kind)
{
    *event = (eddy_dir_event){.kind = kind, .folder = true, .path = ""};
    return true;
}

/* Tells what there is to tell without waiting; false when that is nothing. */
static bool tell_first(eddy_dir_watch *watch, eddy_dir_event *event)
{
    struct eddy__dir_note *note = eddy__dir_take(&watch->events);

    if (note) {
        watch->taken = note;
        *event = (eddy_dir_event){note->kind, note->folder, note->path, note->from};
        return true;
    }
    if (watch->overflow) {
        watch->overflow = false;
        return tell_own(event, EDDY_DIR_OVERFLOW);
    }
    watch->ended = watch->events.gone;
    return watch->ended && tell_own(event, EDDY_DIR_GONE);
}

int eddy__dir_read(eddy_dir_watch *watch)
{
    ssize_t n = eddy_read(watch->stream, watch->raw, sizeof watch->raw);

    if (n < 0)
        return (int)n;
    eddy__dir_decode(watch, watch->raw, (size_t)n);
    eddy__dir_moves_expire(watch, eddy_time() - MOVE_SECONDS, MOVE_READS);
    return 0;
}

static bool has_more(const eddy_dir_watch *watch)
{
    int count = 0;

    return eddy__buffer_count(&watch->stream->in) > 0 ||
           (ioctl(watch->tree.fd, FIONREAD, &count) == 0 && count > 0);
}

/* The moves that began at that time were told in part: gives the rest its time. */
static int await_rest(eddy_dir_watch *watch, double since)
{
    eddy_error *error = eddy__error_take();
    double left = since + MOVE_SECONDS - eddy_time();
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, left > 0 ? left : 0)
        status = eddy__dir_read(watch);
    if (status < 0 && !(status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope))) {
        if (error)
            eddy__error_unref(error);
        return status;
    }
    eddy__error_put(error);
    if (status < 0)
        eddy__dir_moves_expire(watch, since, 0);
    return 0;
}

/* A name was put off: what the kernel says of it soon is the reason, or it cannot be known. */
static int await_reason(eddy_dir_watch *watch)
{
    unsigned reads = watch->reads;
    int status = await_rest(watch, eddy_time());

    watch->events.lost |= status >= 0 && watch->reads == reads;
    return status;
}

/* One step towards an event. 0 or a failure, raised. */
static int dir_watch_advance(eddy_dir_watch *watch)
{
    const struct list *moves = &watch->moves;

    if (!list_empty(&watch->events.notes) || watch->overflow || watch->events.gone)
        return 0;
    if ((list_empty(moves) && list_empty(&watch->later)) || has_more(watch))
        return eddy__dir_read(watch);
    if (list_empty(moves))
        return await_reason(watch);
    return await_rest(watch, container_of(moves->next, struct eddy__dir_move, link)->since);
}

static int look_around(eddy_dir_watch *watch)
{
    int status = eddy__dir_scan(watch);

    while (status >= 0 && watch->events.lost) {
        watch->events.lost = false;
        watch->overflow = true;
        if (watch->recursive)
            status = eddy__dir_rescan(watch);
        else
            eddy__dir_moves_clear(watch);
        if (status >= 0)
            status = eddy__dir_scan(watch);
    }
    if (status >= 0 && watch->over_limit && !watch->limited)
        return too_many(watch);
    return status;
}

static int next(eddy_dir_watch *watch, eddy_dir_event *event)
{
    for (;;) {
        int status = look_around(watch);

        if (status >= 0 && tell_first(watch, event))
            return 0;
        if (status >= 0)
            status = dir_watch_advance(watch);
        if (status < 0)
            return status;
    }
}

static int dir_watch_check(const eddy_dir_watch *watch, const eddy_dir_event *event)
{
    if (!watch || !event)
        return eddy__raise(EDDY_EINVAL, "a watch and a place for the event are expected");
    if (watch->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (watch->busy)
        return eddy__raise(EDDY_EBUSY, "another task waits for this watch's events");
    if (watch->ended)
        return eddy__raise(EDDY_EOF, "the watched folder has gone");
    return 0;
}

int eddy_dir_watch_next(eddy_dir_watch *watch, eddy_dir_event *event)
{
    int status = eddy__check_interrupt();

    if (status < 0 || (status = dir_watch_check(watch, event)) < 0)
        return status;
    eddy__dir_note_free(eddy_take(watch->taken));
    watch->busy = true;
    watch->refs++;
    status = next(watch, event);
    if (status >= 0)
        eddy__spend();
    watch->busy = false;
    if (watch->closed && status >= 0)
        status = eddy__raise_code(EDDY_ECLOSED);
    dir_watch_unref(watch);
    return status;
}
