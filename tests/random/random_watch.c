/* random_watch.c - a mirror of a folder, kept from what is told of it alone, against the folder:
 * folders and files of few names are made, removed, moved out and in, exchanged, by this task or by
 * two threads at the same time. When nothing happens any more the mirror is right (W1 to W4), and
 * what is then made in any folder is told under its path. */
#include "random.h"

#include "fs/dir_watch.h"

#include <dirent.h>
#include <fcntl.h>
#include <pthread.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PATH_SIZE = 400, DEPTH = 3, HELD = 3, BURST = 12, THREADS = 2, REAL_MAX = 60000 };

static char root[40], outside[64];

/* ---- what happens ------------------------------------------------------------------------------
 */

struct hand { /* a thread, or the task */
    struct random r;
    bool says;
    int held[HELD]; /* folders that are kept open: they go late */
    unsigned left;  /* of what a thread is to do */
    pthread_t thread;
};

static void random_path(struct random *r, bool below, char *path)
{
    int depth = random_percent(r, 50) ? 1 : random_between(r, 1, DEPTH);
    int n = snprintf(path, PATH_SIZE, "%s", below ? root : outside);

    for (int i = 0; i < depth; i++)
        n += snprintf(path + n, PATH_SIZE - (size_t)n, "/%c", 'a' + (int)random_below(r, 3));
}

static void write_file(const char *path)
{
    int fd = open(path, O_CREAT | O_WRONLY | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0644);

    if (fd >= 0 && write(fd, "x", 1) < 0)
        abort();
    if (fd >= 0)
        close(fd);
}

static void remove_all(const char *path)
{
    DIR *dir = opendir(path);
    char below[2 * PATH_SIZE];

    if (!dir) {
        unlink(path);
        return;
    }
    for (struct dirent *entry; (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(below, sizeof below, "%s/%s", path, entry->d_name);
            remove_all(below);
        }
    closedir(dir);
    rmdir(path);
}

static void make_deep(const char *path)
{
    char below[PATH_SIZE + 8];

    mkdir(path, 0755);
    snprintf(below, sizeof below, "%s/a", path);
    mkdir(below, 0755);
    snprintf(below, sizeof below, "%s/a/b", path);
    mkdir(below, 0755);
    snprintf(below, sizeof below, "%s/a/b/c", path);
    write_file(below);
}

static void hold(struct hand *hand, const char *path)
{
    int *held = &hand->held[random_below(&hand->r, HELD)];

    if (*held >= 0)
        close(*held);
    *held = random_percent(&hand->r, 60) ? open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
}

static void act(struct hand *hand)
{
    char a[PATH_SIZE], b[PATH_SIZE];
    struct random *r = &hand->r;
    unsigned what = random_below(r, 100);
    const char *did = NULL;

    random_path(r, !random_percent(r, what >= 50 ? 20 : 5), a);
    random_path(r, !random_percent(r, 20), b);
    if (what < 25)
        did = "mkdir", mkdir(a, 0755);
    else if (what < 35)
        did = "write", write_file(a);
    else if (what < 40)
        did = "unlink", unlink(a);
    else if (what < 45)
        did = "rmdir", rmdir(a);
    else if (what < 48)
        did = "remove all of", remove_all(a);
    else if (what < 50)
        did = "make deep", make_deep(a);
    else if (what < 78)
        did = "move", rename(a, b);
    else if (what < 96)
        did = "exchange", renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE);
    else
        did = "hold", hold(hand, a);
    if (hand->says)
        random_note(r, "%s %s %s", did, a, what >= 50 && what < 96 ? b : "");
}

static void hand_begin(struct hand *hand, struct random r)
{
    hand->r = r;
    hand->says = false;
    for (int i = 0; i < HELD; i++)
        hand->held[i] = -1;
}

static void hand_end(struct hand *hand)
{
    for (int i = 0; i < HELD; i++)
        if (hand->held[i] >= 0)
            close(hand->held[i]);
}

static void *acts(void *arg)
{
    struct hand *hand = arg;

    while (hand->left--) {
        act(hand);
        if (random_percent(&hand->r, 10))
            usleep(random_below(&hand->r, 300));
    }
    return NULL;
}

/* ---- sets of paths -----------------------------------------------------------------------------
 */

struct entry {
    char path[PATH_SIZE];
    bool folder;
};

struct set {
    struct entry *entries;
    size_t count;
    size_t room;
};

static void set_add(struct set *set, const char *path, bool folder)
{
    if (set->count == set->room) {
        set->room = set->room ? 2 * set->room : 64;
        set->entries = realloc(set->entries, set->room * sizeof *set->entries);
    }
    struct entry *entry = &set->entries[set->count++];
    snprintf(entry->path, sizeof entry->path, "%s", path);
    entry->folder = folder;
}

static struct entry *set_find(const struct set *set, const char *path)
{
    for (size_t i = 0; i < set->count; i++)
        if (strcmp(set->entries[i].path, path) == 0)
            return &set->entries[i];
    return NULL;
}

static bool is_below(const char *path, const char *top)
{
    size_t n = strlen(top);

    return strncmp(path, top, n) == 0 && (!path[n] || path[n] == '/');
}

static void set_remove(struct set *set, const char *top)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++)
        if (*top && !is_below(set->entries[i].path, top))
            set->entries[kept++] = set->entries[i];
    set->count = kept;
}

static void set_move(struct set *set, const char *from, const char *to)
{
    for (size_t i = 0; i < set->count; i++) {
        struct entry *entry = &set->entries[i], new = *entry;

        if (!is_below(entry->path, from))
            continue;
        snprintf(new.path, sizeof new.path, "%s%s", to, entry->path + strlen(from));
        *entry = new;
    }
}

/* What is there now, below a path relative to the root. */
static void set_scan(struct set *set, const char *path, bool recursive)
{
    char full[2 * PATH_SIZE], below[2 * PATH_SIZE];
    struct stat found;
    DIR *dir;

    snprintf(full, sizeof full, "%s/%s", root, path);
    if (lstat(full, &found) < 0)
        return;
    if (*path)
        set_add(set, path, S_ISDIR(found.st_mode));
    dir = S_ISDIR(found.st_mode) && (recursive || !*path) ? opendir(full) : NULL;
    for (struct dirent *entry; dir && (entry = readdir(dir));)
        if (strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0) {
            snprintf(below, sizeof below, "%s%s%s", path, *path ? "/" : "", entry->d_name);
            set_scan(set, below, recursive);
        }
    if (dir)
        closedir(dir);
}

/* ---- the mirror --------------------------------------------------------------------------------
 */

struct mirror {
    struct random *r;
    eddy_dir_watch *watch;
    struct set told;
    bool recursive;
    bool may_overflow;
    bool hints; /* it was looked at while things happened: an event says where to look again */
    unsigned overflows;
};

static void look(struct mirror *m, const char *path)
{
    set_remove(&m->told, path);
    set_scan(&m->told, path, m->recursive);
}

static void look_at_all(struct mirror *m)
{
    m->hints = true;
    look(m, "");
}

static void is_created(struct mirror *m, const eddy_dir_event *event)
{
    const struct entry *old = set_find(&m->told, event->path);

    if (old && old->folder == event->folder)
        return;
    set_remove(&m->told, event->path);
    set_add(&m->told, event->path, event->folder);
}

static void is_moved(struct mirror *m, const eddy_dir_event *event)
{
    const struct entry *old = set_find(&m->told, event->from);
    bool same = old && old->folder == event->folder;

    set_remove(&m->told, event->path);
    if (same) {
        set_move(&m->told, event->from, event->path);
        return;
    }
    set_remove(&m->told, event->from);
    set_add(&m->told, event->path, event->folder);
}

static void believe(struct mirror *m, const eddy_dir_event *event)
{
    if (event->kind == EDDY_DIR_OVERFLOW) {
        m->overflows++;
        random_expect(m->r, m->may_overflow, "nothing can have been lost");
        look_at_all(m);
    } else if (m->hints) {
        look(m, event->path);
        if (event->from)
            look(m, event->from);
    } else if (event->kind == EDDY_DIR_CREATED) {
        is_created(m, event);
    } else if (event->kind == EDDY_DIR_REMOVED) {
        set_remove(&m->told, event->path);
    } else if (event->kind == EDDY_DIR_MOVED) {
        is_moved(m, event);
    }
}

static bool next(struct mirror *m, eddy_dir_event *event, double seconds)
{
    static const char *const kinds[] = {"created",    "modified", "removed", "moved",
                                        "attributes", "overflow", "gone"};
    int status = EDDY_ETIMEDOUT;

    eddy_timeout(seconds)
        status = eddy_dir_watch_next(m->watch, event);
    random_expect(m->r, status == 0 || status == EDDY_ETIMEDOUT, "next: %s: %s",
                  eddy_status_name(status), eddy_error_message(eddy_last_error()));
    if (status < 0) {
        eddy_error_clear();
        return false;
    }
    random_note(m->r, "  told: %s %s%s %s", kinds[__builtin_ctz((unsigned)event->kind)],
                event->path, event->folder ? "/" : "", event->from ? event->from : "");
    random_expect(m->r, event->kind != EDDY_DIR_GONE, "it is there");
    believe(m, event);
    return true;
}

static bool is_idle(const eddy_dir_watch *watch)
{
    int unread = 0;

    ioctl(eddy_stream_fd(watch->stream), FIONREAD, &unread);
    return !unread && list_empty(&watch->moves) && list_empty(&watch->todo) &&
           list_empty(&watch->later) && list_empty(&watch->events.notes) && !watch->overflow &&
           !watch->events.lost;
}

static void read_all(struct mirror *m)
{
    eddy_dir_event event;
    double end = eddy_time() + 10;

    while (!is_idle(m->watch)) {
        next(m, &event, 0.02);
        random_expect(m->r, eddy_time() < end, "it ends: %zu names to be looked at",
                      m->watch->todo_count);
    }
}

/* ---- whether it is right -----------------------------------------------------------------------
 */

static void compare(struct mirror *m)
{
    struct set real = {0};
    bool right = true;

    set_scan(&real, "", m->recursive);
    for (size_t i = 0; i < real.count; i++) {
        const struct entry *told = set_find(&m->told, real.entries[i].path);

        if (told && told->folder == real.entries[i].folder)
            continue;
        random_note(m->r, "%s%s is there and was %s", real.entries[i].path,
                    real.entries[i].folder ? "/" : "", told ? "another kind" : "not told");
        right = false;
    }
    for (size_t i = 0; i < m->told.count; i++)
        if (!set_find(&real, m->told.entries[i].path)) {
            random_note(m->r, "%s was told and is not there", m->told.entries[i].path);
            right = false;
        }
    free(real.entries);
    random_expect(m->r, right, "the mirror");
    m->hints = false;
}

static void touch(struct mirror *m, const struct entry *entry)
{
    char full[3 * PATH_SIZE], expected[2 * PATH_SIZE];
    eddy_dir_event event = {0};

    snprintf(expected, sizeof expected, "%s%s", entry->path, entry->folder ? "/touch" : "");
    snprintf(full, sizeof full, "%s/%s", root, expected);
    int kind = access(full, F_OK) == 0 ? EDDY_DIR_MODIFIED : EDDY_DIR_CREATED;
    write_file(full);
    random_expect(m->r, next(m, &event, 5), "what happens to %s is told", expected);
    random_expect(m->r, event.kind == kind && strcmp(event.path, expected) == 0,
                  "%s is told, not %s", expected, event.path);
    if (kind == EDDY_DIR_CREATED)
        unlink(full);
    read_all(m);
}

static void touch_all(struct mirror *m)
{
    struct set real = {0};
    int at_most = 30;

    set_scan(&real, "", m->recursive);
    for (size_t i = 0; i < real.count && at_most--; i++)
        if (m->recursive || !real.entries[i].folder)
            touch(m, &real.entries[i]);
    free(real.entries);
}

/* ---- programs ----------------------------------------------------------------------------------
 */

static void read_some(struct mirror *m)
{
    eddy_dir_event event;
    unsigned n = random_below(m->r, 20);

    while (n-- && next(m, &event, random_percent(m->r, 50) ? 0.001 : 1e-5))
        continue;
}

static bool at_once(struct mirror *m, struct hand *hands, unsigned count)
{
    eddy_dir_event event;

    for (unsigned i = 0; i < count; i++) {
        hand_begin(&hands[i], random_branch(m->r));
        hands[i].left = 1 + random_below(m->r, 60);
        if (pthread_create(&hands[i].thread, NULL, acts, &hands[i]) != 0)
            abort();
    }
    for (unsigned n = random_below(m->r, 100); m->watch && n--;)
        next(m, &event, 0.002);
    return true;
}

static void join(struct hand *hands, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        pthread_join(hands[i].thread, NULL);
        hand_end(&hands[i]);
    }
}

static void step(struct mirror *m, struct hand *own)
{
    struct hand hands[THREADS];
    unsigned count = 1 + random_below(m->r, THREADS);

    switch (random_below(m->r, 10)) {
    case 0:
        at_once(m, hands, count);
        join(hands, count);
        break;
    case 1:
        read_some(m);
        break;
    case 2:
        read_all(m);
        compare(m);
        break;
    case 3:
        read_all(m);
        compare(m);
        touch_all(m);
        compare(m);
        break;
    default:
        own->r = random_branch(m->r);
        for (unsigned n = 1 + random_below(m->r, BURST); n--;)
            act(own);
    }
}

static eddy_dir_watch *open_watch(struct mirror *m)
{
    struct random *r = m->r;
    bool busy = random_percent(r, 30);
    struct hand hands[1];
    size_t max_events = random_percent(r, 15) ? 1 + random_below(r, 30) : 0;

    m->recursive = random_percent(r, 85);
    m->may_overflow = max_events > 0;
    if (busy)
        at_once(m, hands, 1);
    eddy_dir_watch *watch =
        eddy_dir_watch_open(root, .recursive = m->recursive, .max_events = max_events);
    random_expect(r, watch, "open: %s", eddy_error_message(eddy_last_error()));
    watch->by_path = random_percent(r, 15);
    m->watch = watch;
    look_at_all(m);
    m->hints = busy;
    if (busy)
        join(hands, 1);
    return watch;
}

static int body(struct random *r)
{
    struct mirror m = {.r = r};
    struct hand own;

    hand_begin(&own, random_branch(r));
    for (unsigned n = random_below(r, 30); n--;)
        act(&own);
    eddy_auto(eddy_dir_watch) *watch = open_watch(&m);
    own.says = true;
    while (random_step(r))
        step(&m, &own);
    read_all(&m);
    compare(&m);
    touch_all(&m);
    compare(&m);
    hand_end(&own);
    free(m.told.entries);
    return 0;
}
EDDY_CORO(body, struct random *)

void random_program(struct random *r)
{
    snprintf(root, sizeof root, "%s/in", random_folder());
    snprintf(outside, sizeof outside, "%s/out", random_folder());
    mkdir(root, 0755);
    mkdir(outside, 0755);
    random_expect(r, eddy_run(body_coro(r)) == 0, "it ends well");
}
