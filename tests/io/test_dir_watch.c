/* Watching folders: what is told, moves, new folders, overflow, the end. */
#include "folder.h"

#include "io/dir_watch.h"

/* ---- helpers ---- */

static eddy_dir_watch *watch_folder(bool recursive)
{
    folder_make();
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = recursive);
    CHECK(watch != NULL);
    return watch;
}

static void make_folder(const char *name)
{
    CHECK_INT(mkdir(in_folder(name), 0755), 0);
}

static void move(const char *from, const char *to)
{
    CHECK_INT(rename(in_folder(from), in_folder(to)), 0);
}

/* The next event as text: "created a", "moved b from a", "removed c/". */
static const char *next_text(eddy_dir_watch *watch)
{
    static const char *const kinds[] = {"created",    "modified", "removed", "moved",
                                        "attributes", "overflow", "gone"};
    static char text[600];
    eddy_dir_event event;

    eddy_timeout(5) {
        int status = eddy_dir_watch_next(watch, &event);

        if (status < 0)
            return eddy_status_name(status);
    }
    snprintf(text, sizeof text, "%s %s%s%s%s", kinds[__builtin_ctz((unsigned)event.kind)],
             event.path, event.folder ? "/" : "", event.from ? " from " : "",
             event.from ? event.from : "");
    return text;
}

#define EXPECT(watch, text) CHECK_STR(next_text(watch), text)

/* Nothing else has happened. */
static void expect_nothing(eddy_dir_watch *watch)
{
    plain_write(in_folder("mark"), "");
    EXPECT(watch, "created mark");
}

static void remove_all(void)
{
    char command[200];

    snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -r %s", folder, folder);
    CHECK_INT(system(command), 0);
}

/* A path beside the folder that nobody else has. */
static char *outside(void)
{
    static char path[80];

    snprintf(path, sizeof path, "%s-out", folder);
    return path;
}

static void end(eddy_dir_watch *watch)
{
    eddy_dir_watch_close(watch);
    remove_all();
}

/* ---- what is told ---- */

TEST(W1_dir_watch_tells_what_happens_to_files)
{
    eddy_dir_watch *watch = watch_folder(false);

    plain_write(in_folder("a"), "text");
    EXPECT(watch, "created a"); /* which stands for the modification */
    plain_write(in_folder("a"), "other");
    EXPECT(watch, "modified a");
    CHECK_INT(chmod(in_folder("a"), 0600), 0); /* not asked for */
    CHECK_INT(unlink(in_folder("a")), 0);
    EXPECT(watch, "removed a");
    make_folder("f");
    EXPECT(watch, "created f/");
    plain_write(in_folder("f/x"), "below"); /* not watched */
    CHECK_INT(unlink(in_folder("f/x")), 0);
    CHECK_INT(rmdir(in_folder("f")), 0);
    EXPECT(watch, "removed f/");
    expect_nothing(watch);
    end(watch);
}

TEST(dir_watch_tells_the_kinds_that_are_wanted)
{
    folder_make();
    eddy_dir_watch *watch =
        eddy_dir_watch_open(folder, .events = EDDY_DIR_ATTRIBUTES | EDDY_DIR_REMOVED);
    CHECK(watch != NULL);
    plain_write(in_folder("a"), "text");
    CHECK_INT(chmod(in_folder("a"), 0600), 0);
    EXPECT(watch, "attributes a");
    move("a", "b");
    CHECK_INT(unlink(in_folder("b")), 0);
    EXPECT(watch, "removed b");
    CHECK_INT(chmod(folder, 0700), 0);
    EXPECT(watch, "attributes /");
    end(watch);
}

TEST(W1_dir_watch_coalesces_bursts)
{
    eddy_dir_watch *watch = watch_folder(false);

    plain_write(in_folder("a"), "");
    plain_write(in_folder("b"), "");
    EXPECT(watch, "created a");
    EXPECT(watch, "created b");
    for (int i = 0; i < 1000; i++) {
        FILE *file = fopen(in_folder(i % 2 ? "a" : "b"), "ae");

        fputs("x", file);
        fclose(file);
    }
    EXPECT(watch, "modified b");
    EXPECT(watch, "modified a");
    int more = 0;
    plain_write(in_folder("mark"), "");
    for (const char *text; strcmp(text = next_text(watch), "created mark") != 0; more++)
        CHECK(strncmp(text, "modified ", 9) == 0);
    CHECK(more <= 8); /* 1,000 are more than one read of the kernel's queue */
    end(watch);
}

TEST(dir_watch_names_are_bytes)
{
    eddy_dir_watch *watch = watch_folder(true);
    char name[256];

    plain_write(in_folder("\xff\xfe\n \"\\"), "");
    EXPECT(watch, "created \xff\xfe\n \"\\");
    memset(name, '\x80', 255);
    name[255] = '\0';
    make_folder(name);
    char expected[300];
    snprintf(expected, sizeof expected, "created %s/", name);
    EXPECT(watch, expected);
    end(watch);
}

/* ---- moves ---- */

TEST(W2_dir_watch_moves)
{
    eddy_dir_watch *watch = watch_folder(false);

    plain_write(in_folder("a"), "");
    EXPECT(watch, "created a");
    move("a", "b");
    EXPECT(watch, "moved b from a");
    CHECK_INT(rename(in_folder("b"), outside()), 0);
    EXPECT(watch, "removed b");
    CHECK_INT(rename(outside(), in_folder("c")), 0);
    EXPECT(watch, "created c");
    plain_write(in_folder("d"), "");
    EXPECT(watch, "created d");
    move("c", "d"); /* in place of d */
    EXPECT(watch, "moved d from c");
    expect_nothing(watch);
    end(watch);
}

TEST(dir_watch_moves_that_cross)
{
    eddy_dir_watch *watch = watch_folder(true);

    plain_write(in_folder("a"), "");
    make_folder("f");
    EXPECT(watch, "created a");
    EXPECT(watch, "created f/");
    for (int i = 0; i < 100; i++) {
        move("a", "f/a");
        move("f/a", "a");
    }
    for (int i = 0; i < 100; i++) {
        EXPECT(watch, "moved f/a from a");
        EXPECT(watch, "moved a from f/a");
    }
    expect_nothing(watch);
    end(watch);
}

TEST(W2_dir_watch_a_folder_that_moves_takes_its_content_along)
{
    eddy_dir_watch *watch = watch_folder(true);

    make_folder("a");
    make_folder("b");
    make_folder("a/sub");
    EXPECT(watch, "created a/");
    EXPECT(watch, "created b/");
    EXPECT(watch, "created a/sub/");
    move("a", "b/c");
    EXPECT(watch, "moved b/c/ from a");
    plain_write(in_folder("b/c/sub/x"), "");
    EXPECT(watch, "created b/c/sub/x");
    CHECK_INT(rename(in_folder("b/c"), outside()), 0);
    EXPECT(watch, "removed b/c/");
    char other[300];
    snprintf(other, sizeof other, "%s/sub/y", outside());
    plain_write(other, "not here");
    CHECK_INT(watch->tree.count, 2);
    expect_nothing(watch);
    snprintf(other, sizeof other, "%s/sub/x", outside());
    CHECK_INT(unlink(other), 0);
    CHECK_INT(rename(outside(), in_folder("back")), 0);
    EXPECT(watch, "created back/");
    EXPECT(watch, "created back/sub/");
    EXPECT(watch, "created back/sub/y");
    end(watch);
}

/* ---- folders below ---- */

TEST(dir_watch_what_was_there_before_is_watched_and_not_told)
{
    folder_make();
    make_folder("a");
    make_folder("a/b");
    plain_write(in_folder("a/b/c"), "");
    CHECK_INT(symlink("a", in_folder("link")), 0);
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true);
    CHECK(watch != NULL);
    CHECK_INT(watch->tree.count, 3);
    plain_write(in_folder("a/b/c"), "more");
    EXPECT(watch, "modified a/b/c");
    expect_nothing(watch);
    end(watch);
}

TEST(W3_dir_watch_files_made_before_a_new_folder_is_watched)
{
    eddy_dir_watch *watch = watch_folder(true);
    char path[300] = "n";
    char expected[320];

    for (int depth = 0; depth < 20; depth++) {
        make_folder(path);
        strncat(path, "/n", 3);
    }
    path[strlen(path) - 2] = '\0';
    strncat(path, "/file", 6);
    plain_write(in_folder(path), "deep");
    char name[300] = "n";
    for (int depth = 0; depth < 20; depth++) {
        snprintf(expected, sizeof expected, "created %s/", name);
        EXPECT(watch, expected);
        strncat(name, "/n", 3);
    }
    snprintf(expected, sizeof expected, "created %s", path);
    EXPECT(watch, expected);
    plain_write(in_folder(path), "again");
    snprintf(expected, sizeof expected, "modified %s", path);
    EXPECT(watch, expected);
    expect_nothing(watch);
    end(watch);
}

TEST(dir_watch_folders_that_come_and_go)
{
    eddy_dir_watch *watch = watch_folder(true);
    int kinds = 0;

    for (int i = 0; i < 50; i++) {
        make_folder("a");
        make_folder("a/b");
        CHECK_INT(rmdir(in_folder("a/b")), 0);
        CHECK_INT(rmdir(in_folder("a")), 0);
        if (i % 7 == 0)
            next_text(watch);
    }
    plain_write(in_folder("mark"), "");
    while (strcmp(next_text(watch), "created mark") != 0)
        kinds++;
    CHECK(kinds > 50);
    CHECK_INT(watch->tree.count, 1);
    end(watch);
}

TEST(dir_watch_too_many_folders)
{
    folder_make();
    make_folder("a");
    make_folder("b");
    CHECK_PTR(eddy_dir_watch_open(folder, .recursive = true, .max_folders = 2), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), "more than the 2 folders");
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true, .max_folders = 3);
    CHECK(watch != NULL);
    make_folder("c");
    make_folder("d");
    EXPECT(watch, "EDDY_ELIMIT");
    EXPECT(watch, "created c/");
    EXPECT(watch, "created d/");
    plain_write(in_folder("a/x"), "");
    EXPECT(watch, "created a/x");
    end(watch);
}

TEST(dir_watch_unreadable_folders_are_left_out)
{
    if (geteuid() == 0)
        SKIP("root may read everything");
    folder_make();
    make_folder("secret");
    CHECK_INT(chmod(in_folder("secret"), 0), 0);
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true);
    CHECK(watch != NULL);
    expect_nothing(watch);
    end(watch);
}

/* ---- overflow ---- */

TEST(W4_dir_watch_own_overflow_is_told_after_what_was_kept)
{
    folder_make();
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .max_events = 2);
    CHECK(watch != NULL);
    for (int i = 0; i < 5; i++) {
        char name[2] = {(char)('a' + i)};

        plain_write(in_folder(name), "");
    }
    EXPECT(watch, "created a");
    EXPECT(watch, "created b");
    EXPECT(watch, "overflow /");
    expect_nothing(watch);
    end(watch);
}

/* The kernel's record of its own queue's overflow. */
static void overflow(eddy_dir_watch *watch)
{
    struct inotify_event record = {.wd = -1, .mask = IN_Q_OVERFLOW};

    eddy__dir_decode(watch, (const char *)&record, sizeof record);
}

TEST(W4_dir_watch_looks_at_everything_anew_after_an_overflow)
{
    eddy_dir_watch *watch = watch_folder(true);
    static char lost[8192];

    make_folder("a");
    make_folder("b");
    make_folder("b/below");
    EXPECT(watch, "created a/");
    EXPECT(watch, "created b/");
    EXPECT(watch, "created b/below/");
    make_folder("new");
    move("a", "c");
    CHECK_INT(rmdir(in_folder("b/below")), 0);
    CHECK(read(eddy_stream_fd(watch->stream), lost, sizeof lost) > 0);
    overflow(watch);
    EXPECT(watch, "overflow /");
    CHECK_INT(watch->tree.count, 4);
    plain_write(in_folder("new/x"), "");
    EXPECT(watch, "created new/x");
    plain_write(in_folder("c/x"), "");
    EXPECT(watch, "created c/x");
    end(watch);
}

/* ---- the end ---- */

TEST(W5_dir_watch_the_folder_goes)
{
    eddy_dir_watch *watch = watch_folder(true);

    make_folder("a");
    CHECK_INT(rmdir(in_folder("a")), 0);
    CHECK_INT(rmdir(folder), 0);
    EXPECT(watch, "created a/");
    EXPECT(watch, "removed a/");
    EXPECT(watch, "gone /");
    EXPECT(watch, "EDDY_EOF");
    CHECK_CONTAINS(last_message(), "has gone");
    eddy_dir_watch_close(watch);
}

TEST(W5_dir_watch_the_folder_is_moved)
{
    eddy_dir_watch *watch = watch_folder(false);

    CHECK_INT(rename(folder, outside()), 0);
    EXPECT(watch, "gone /");
    CHECK_INT(rmdir(outside()), 0);
    eddy_dir_watch_close(watch);
}

TEST(dir_watch_failures_of_opening)
{
    folder_make();
    plain_write(in_folder("file"), "");
    CHECK_PTR(eddy_dir_watch_open(in_folder("none")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_CONTAINS(last_message(), "cannot watch ");
    CHECK_PTR(eddy_dir_watch_open(in_folder("file")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTDIR);
    CHECK_PTR(eddy_dir_watch_open(""), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_dir_watch_open(folder, .events = EDDY_DIR_GONE), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    eddy_dir_watch_close(NULL);
    eddy_dir_event event;
    CHECK_INT(eddy_dir_watch_next(NULL, &event), EDDY_EINVAL);
    folder_remove();
}

static int waits(eddy_dir_watch *watch)
{
    eddy_dir_event event;

    return eddy_dir_watch_next(watch, &event);
}
EDDY_CORO(waits, eddy_dir_watch *)

TEST(U2_dir_watch_close_ends_who_waits)
{
    eddy_dir_watch *watch = watch_folder(true);

    eddy_auto(eddy_task) *waiter = eddy_create_task(waits_coro(watch));
    settle();
    CHECK_INT(waits(watch), EDDY_EBUSY);
    eddy_dir_watch_close(watch);
    CHECK_INT(eddy_await(waiter), EDDY_ECLOSED);
    folder_remove();
}

TEST(U2_dir_watch_close_while_a_folder_is_looked_at)
{
    eddy_dir_watch *watch = watch_folder(true);

    make_folder("a");
    eddy_auto(eddy_task) *waiter = eddy_create_task(waits_coro(watch));
    turns(2);
    eddy_dir_watch_close(watch);
    CHECK_INT(eddy_await(waiter), EDDY_ECLOSED);
    CHECK_INT(rmdir(in_folder("a")), 0);
    folder_remove();
}

/* ---- cancelled, and with failures ---- */

TEST(D1_dir_watch_cancelled_waits_lose_nothing)
{
    eddy_dir_watch *watch = watch_folder(true);
    char name[32], expected[40];
    eddy_dir_event event;

    for (int i = 0; i < 100; i++) {
        snprintf(name, sizeof name, "f%d", i);
        make_folder(name);
        snprintf(expected, sizeof expected, "f%d/x", i);
        plain_write(in_folder(expected), "");
    }
    for (int told = 0; told < 200;) {
        int status = EDDY_ETIMEDOUT;

        eddy_timeout(1e-5)
            status = eddy_dir_watch_next(watch, &event);
        if (status == 0)
            CHECK_INT(event.kind, EDDY_DIR_CREATED);
        else
            CHECK_INT(status, EDDY_ETIMEDOUT);
        told += status == 0;
        CHECK_OK(eddy_sleep(0));
    }
    expect_nothing(watch);
    CHECK_INT(watch->tree.count, 101);
    end(watch);
}

static int watch_scenario(void)
{
    eddy_auto(eddy_dir_watch) *watch =
        eddy_try(eddy_dir_watch_open(folder, .recursive = true, .max_events = 4));
    eddy_dir_event event = {0};

    make_folder("a");
    plain_write(in_folder("a/x"), "");
    eddy_try(eddy_dir_watch_next(watch, &event));
    eddy_try(eddy_dir_watch_next(watch, &event));
    move("a", "b");
    eddy_try(eddy_dir_watch_next(watch, &event));
    CHECK_INT(rename(in_folder("b/x"), outside()), 0);
    CHECK_INT(unlink(outside()), 0);
    eddy_try(eddy_dir_watch_next(watch, &event));
    overflow(watch);
    eddy_try(eddy_dir_watch_next(watch, &event));
    return 0;
}

static int scenario(void)
{
    folder_make();
    int status = watch_scenario();
    remove_all();
    return status;
}

SWEEP(dir_watch_cancelled_at_every_suspension)
{
    return scenario();
}

TORTURE(dir_watch_under_failures)
{
    return scenario();
}
