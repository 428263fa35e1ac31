/* dir_watch.c - watching a folder: opening, the next event, closing. */
#include "io/dir_watch.h"
#include <eddy/pipe.h>

#include <fcntl.h>

enum { DEFAULT_EVENTS = 16384, DEFAULT_FOLDERS = 65536 };
enum { ALL_KINDS = EDDY_DIR_CREATED | EDDY_DIR_MODIFIED | EDDY_DIR_REMOVED | EDDY_DIR_MOVED };

/* The kernel says both halves of a move one right after the other. */
static const double PAIR_SECONDS = 0.01;

/* ---- opening ---- */

static uint32_t mask_of(unsigned kinds)
{
    uint32_t mask = IN_ONLYDIR | IN_DONT_FOLLOW | IN_EXCL_UNLINK | IN_CREATE | IN_DELETE |
                    IN_MOVED_FROM | IN_MOVED_TO | IN_DELETE_SELF | IN_MOVE_SELF;

    if (kinds & EDDY_DIR_MODIFIED)
        mask |= IN_MODIFY;
    if (kinds & EDDY_DIR_ATTRIBUTES)
        mask |= IN_ATTRIB;
    return mask;
}

static eddy_dir_watch *make(const eddy_dir_watch_opts *opts)
{
    eddy_dir_watch *watch = eddy__alloc_zero(sizeof *watch);

    if (!watch) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    watch->recursive = opts->recursive;
    watch->events.kinds = opts->events ? opts->events : ALL_KINDS;
    watch->mask = mask_of(watch->events.kinds);
    watch->max_folders = opts->max_folders ? opts->max_folders : DEFAULT_FOLDERS;
    watch->events.max = opts->max_events ? opts->max_events : DEFAULT_EVENTS;
    watch->refs = 1;
    list_init(&watch->events.notes);
    list_init(&watch->todo);
    return watch;
}

static int open_inotify(eddy_dir_watch *watch)
{
    int fd = eddy__fault() ? (errno = EIO, -1) : inotify_init1(IN_NONBLOCK | IN_CLOEXEC);

    if (fd < 0 && errno == EMFILE)
        return eddy_raise(EDDY_ELIMIT, "this process has as many open files as it may have, or "
                                       "this user as many watches as "
                                       "fs.inotify.max_user_instances allows");
    if (fd < 0)
        return eddy_raise(-errno, "cannot make an inotify descriptor: %s",
                          eddy__words(-errno).text);
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
    return eddy_raise(EDDY_ELIMIT,
                      "there are more than the %u folders that are the limit of this watch "
                      "(.max_folders)",
                      watch->max_folders);
}

static int begin(eddy_dir_watch *watch, const char *path)
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
        eddy_raise(EDDY_EINVAL, "the path of a folder, and events from EDDY_DIR_CREATED to "
                                "EDDY_DIR_ATTRIBUTES, are expected");
        return NULL;
    }
    watch = make(opts);
    if (!watch || begin(watch, path) >= 0)
        return watch;
    eddy_dir_watch_close(watch);
    return NULL;
}

/* ---- closing ---- */

static void unref(eddy_dir_watch *watch)
{
    if (--watch->refs)
        return;
    while (!list_empty(&watch->todo))
        eddy__dir_todo_drop(watch, container_of(watch->todo.next, struct eddy__dir_todo, link));
    eddy__dir_events_clear(&watch->events);
    eddy__dir_note_free(watch->taken);
    eddy__dir_drop_all(&watch->tree);
    eddy__free(watch);
}

void eddy_dir_watch_close(eddy_dir_watch *watch)
{
    if (!watch || watch->closed)
        return;
    watch->closed = true;
    eddy_stream_close(eddy_take(watch->stream));
    watch->tree.fd = -1;
    unref(watch);
}

/* ---- the next event ---- */

/* Whether it is wanted: what came of half a move may not be. */
static bool tell(eddy_dir_watch *watch, struct eddy__dir_note *note, eddy_dir_event *event)
{
    if (!(note->kind & (int)watch->events.kinds)) {
        eddy__dir_note_free(note);
        return false;
    }
    watch->taken = note;
    *event = (eddy_dir_event){note->kind, note->folder, note->path, note->from};
    return true;
}

static bool tell_own(eddy_dir_event *event, int kind)
{
    *event = (eddy_dir_event){.kind = kind, .folder = true, .path = ""};
    return true;
}

/* Tells what there is to tell without waiting; false when that is nothing. */
static bool tell_first(eddy_dir_watch *watch, eddy_dir_event *event)
{
    for (struct eddy__dir_note *note; (note = eddy__dir_take(&watch->events));)
        if (tell(watch, note, event))
            return true;
    if (watch->overflow) {
        watch->overflow = false;
        return tell_own(event, EDDY_DIR_OVERFLOW);
    }
    watch->ended = watch->events.gone;
    return watch->ended && tell_own(event, EDDY_DIR_GONE);
}

/* Waits for records of the kernel and decodes them. 0 or a failure, raised. */
static int read_more(eddy_dir_watch *watch)
{
    ssize_t n = eddy_read(watch->stream, watch->raw, sizeof watch->raw);

    if (n < 0)
        return (int)n;
    eddy__dir_decode(watch, watch->raw, (size_t)n);
    return 0;
}

/* The first event is half a move: gives the other half its time. */
static int await_pair(eddy_dir_watch *watch, struct eddy__dir_note *half)
{
    eddy_error *error = eddy__error_take();
    eddy_scope scope;
    int status = 0;

    eddy_timeout_as(scope, PAIR_SECONDS)
        status = read_more(watch);
    if (status < 0 && !(status == EDDY_ETIMEDOUT && eddy_scope_expired(&scope))) {
        if (error)
            eddy__error_unref(error);
        return status;
    }
    eddy__error_put(error);
    if (status < 0)
        eddy__dir_settle(watch, half);
    return 0;
}

static struct eddy__dir_note *first_half(const eddy_dir_watch *watch)
{
    const struct list *notes = &watch->events.notes;
    struct eddy__dir_note *first = container_of(notes->next, struct eddy__dir_note, link);

    return !list_empty(notes) && first->cookie ? first : NULL;
}

/* One step towards an event. 0 or a failure, raised. */
static int advance(eddy_dir_watch *watch)
{
    struct eddy__dir_note *half = first_half(watch);

    if (half)
        return await_pair(watch, half);
    if (!list_empty(&watch->events.notes) || watch->overflow || watch->events.gone)
        return 0;
    return read_more(watch);
}

static int look_around(eddy_dir_watch *watch)
{
    int status = eddy__dir_scan(watch);

    if (status >= 0 && watch->events.lost) {
        watch->events.lost = false;
        watch->overflow = true;
        if (watch->recursive)
            eddy__dir_rescan(watch);
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

        if (status >= 0 && !first_half(watch) && tell_first(watch, event))
            return 0;
        if (status >= 0)
            status = advance(watch);
        if (status < 0)
            return status;
    }
}

static int check(const eddy_dir_watch *watch, const eddy_dir_event *event)
{
    if (!watch || !event)
        return eddy_raise(EDDY_EINVAL, "a watch and a place for the event are expected");
    if (watch->closed)
        return eddy__raise_code(EDDY_ECLOSED);
    if (watch->busy)
        return eddy_raise(EDDY_EBUSY, "another task waits for this watch's events");
    if (watch->ended)
        return eddy_raise(EDDY_EOF, "the watched folder has gone");
    return 0;
}

int eddy_dir_watch_next(eddy_dir_watch *watch, eddy_dir_event *event)
{
    int status = eddy__check_interrupt();

    if (status < 0 || (status = check(watch, event)) < 0)
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
    unref(watch);
    return status;
}
