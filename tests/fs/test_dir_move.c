/* Watching folders: moves, exchanges, and what is where afterwards. */
#include "fs/watching.h"

#include <fcntl.h>

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

static void exchange(const char *a, const char *b)
{
    CHECK_INT(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), 0);
}

TEST(W2_dir_watch_a_folder_that_left_is_not_taken_for_its_successor)
{
    folder_make();
    make_folder("c");
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true);
    CHECK(watch != NULL);
    CHECK_INT(rename(in_folder("c"), outside()), 0);
    make_folder("c");
    move("c", "b");
    EXPECT(watch, "removed c/");
    EXPECT(watch, "created c/");
    EXPECT(watch, "moved b/ from c");
    char other[100];
    snprintf(other, sizeof other, "%s/two", outside());
    plain_write(other, "not here");
    plain_write(in_folder("b/one"), "");
    EXPECT(watch, "created b/one");
    CHECK_INT(unlink(other), 0);
    CHECK_INT(rmdir(outside()), 0);
    expect_nothing(watch);
    end(watch);
}

/* The second move is told as a creation: where it is from is taken already. */
TEST(W2_dir_watch_folders_that_are_exchanged)
{
    folder_make();
    make_folder("p");
    make_folder("p/in");
    make_folder("q");
    make_folder("q/in");
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true);
    CHECK(watch != NULL);
    exchange(in_folder("p"), in_folder("q"));
    EXPECT(watch, "moved q/ from p");
    EXPECT(watch, "created p/");
    EXPECT(watch, "created p/in/");
    plain_write(in_folder("p/in/x"), "");
    plain_write(in_folder("q/in/y"), "");
    EXPECT(watch, "created p/in/x");
    EXPECT(watch, "created q/in/y");
    exchange(in_folder("q"), in_folder("p/in")); /* at different depths */
    EXPECT(watch, "moved p/in/ from q");
    EXPECT(watch, "created q/");
    EXPECT(watch, "created q/x");
    plain_write(in_folder("p/in/in/z"), "");
    EXPECT(watch, "created p/in/in/z");
    expect_nothing(watch);
    end(watch);
}

TEST(W2_dir_watch_moves_over_what_is_there_and_back)
{
    folder_make();
    make_folder("a");
    make_folder("b");
    plain_write(in_folder("a/x"), "");
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = true);
    CHECK(watch != NULL);
    move("a", "b");
    move("b", "a");
    EXPECT(watch, "moved b/ from a");
    EXPECT(watch, "moved a/ from b");
    plain_write(in_folder("a/x"), "more");
    EXPECT(watch, "modified a/x");
    expect_nothing(watch);
    end(watch);
}

TEST(W1_dir_watch_what_is_exchanged_is_there)
{
    static const bool recursive[] = {false, true};

    for (int i = 0; i < 2; i++) {
        folder_make();
        plain_write(in_folder("a"), "");
        plain_write(in_folder("b"), "");
        make_folder("f");
        plain_write(outside(), "");
        eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = recursive[i]);
        CHECK(watch != NULL);
        exchange(in_folder("a"), in_folder("b"));
        EXPECT(watch, "moved b from a");
        EXPECT(watch, "moved a from b");
        EXPECT(watch, "created b");
        exchange(outside(), in_folder("b"));
        EXPECT(watch, "created b");
        EXPECT(watch, "removed b");
        EXPECT(watch, "created b");
        exchange(in_folder("f"), in_folder("a"));
        EXPECT(watch, "moved a/ from f");
        EXPECT(watch, recursive[i] ? "created f" : "moved f from a");
        if (!recursive[i])
            EXPECT(watch, "created a/");
        CHECK_INT(unlink(outside()), 0);
        expect_nothing(watch);
        end(watch);
    }
}
