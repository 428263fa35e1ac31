/* Watching folders: what is told, new folders, overflow, the end. */
#include "fs/watching.h"

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

/* ---- folders below ---- */

TEST(W3_dir_watch_where_there_is_no_proc)
{
    eddy_dir_watch *watch = watch_folder(true);

    watch->by_path = true;
    make_folder("a");
    make_folder("a/b");
    EXPECT(watch, "created a/");
    EXPECT(watch, "created a/b/");
    plain_write(in_folder("a/b/x"), "");
    EXPECT(watch, "created a/b/x");
    expect_nothing(watch);
    end(watch);
}

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

/* New folders in it could not be found any more. */
TEST(W5_dir_watch_what_the_folder_is_in_is_moved)
{
    folder_make();
    make_folder("top");
    make_folder("top/root");
    eddy_dir_watch *watch = eddy_dir_watch_open(in_folder("top/root"), .recursive = true);
    CHECK(watch != NULL);
    move("top", "other");
    make_folder("other/root/a");
    EXPECT(watch, "created a/");
    EXPECT(watch, "gone /");
    end(watch);
}

TEST(W1_dir_watch_of_a_link)
{
    static const char *const names[] = {"link", "link/", "link2", "link2/", "link/../link"};

    folder_make();
    make_folder("real");
    make_folder("real/sub");
    CHECK_INT(symlink("real", in_folder("link")), 0);
    CHECK_INT(symlink("link", in_folder("link2")), 0);
    CHECK_INT(symlink("none", in_folder("broken")), 0);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        eddy_dir_watch *watch = eddy_dir_watch_open(in_folder(names[i]), .recursive = true);
        CHECK(watch != NULL);
        plain_write(in_folder("real/sub/x"), "");
        EXPECT(watch, "created sub/x");
        make_folder("real/new");
        plain_write(in_folder("real/new/x"), "");
        EXPECT(watch, "created new/");
        EXPECT(watch, "created new/x");
        CHECK_INT(unlink(in_folder("real/new/x")), 0);
        CHECK_INT(rmdir(in_folder("real/new")), 0);
        CHECK_INT(unlink(in_folder("real/sub/x")), 0);
        eddy_dir_watch_close(watch);
    }
    CHECK_PTR(eddy_dir_watch_open(in_folder("broken")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    remove_all();
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

/* An overflow, where memory is short, stands for any number of events: 1, and no more is waited
 * for. */
static int next_or_overflow(eddy_dir_watch *watch)
{
    eddy_dir_event event = {0};

    eddy_try(eddy_dir_watch_next(watch, &event));
    return event.kind == EDDY_DIR_OVERFLOW;
}

static int watch_scenario(void)
{
    eddy_auto(eddy_dir_watch) *watch =
        eddy_try(eddy_dir_watch_open(folder, .recursive = true, .max_events = 4));

    make_folder("a");
    plain_write(in_folder("a/x"), "");
    for (int i = 0; i < 2; i++)
        if (eddy_try(next_or_overflow(watch)))
            return 0;
    move("a", "b");
    if (eddy_try(next_or_overflow(watch)))
        return 0;
    CHECK_INT(rename(in_folder("b/x"), outside()), 0);
    CHECK_INT(unlink(outside()), 0);
    if (eddy_try(next_or_overflow(watch)))
        return 0;
    overflow(watch);
    eddy_try(next_or_overflow(watch));
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
