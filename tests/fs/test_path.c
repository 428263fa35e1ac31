/* System calls on paths, and the names in a folder. */
#include "fs/folder.h"

TEST(path_rename_unlink)
{
    folder_make();
    plain_write(in_folder("a"), "text");
    CHECK_INT(eddy_rename(in_folder("a"), in_folder("b")), 0);
    plain_expect(in_folder("b"), "text");
    CHECK_INT(eddy_rename(in_folder("a"), in_folder("c")), EDDY_ENOENT);
    CHECK_CONTAINS(last_message(), "cannot rename /");
    CHECK_CONTAINS(last_message(), "/a to /");
    CHECK_CONTAINS(last_message(), "/c: no such file or directory");
    CHECK_INT(eddy_unlink(in_folder("b")), 0);
    CHECK_INT(eddy_unlink(in_folder("b")), EDDY_ENOENT);
    CHECK_CONTAINS(last_message(), "cannot remove /");
    CHECK_INT(eddy_unlink(""), EDDY_EINVAL);
    CHECK_INT(eddy_unlink(NULL), EDDY_EINVAL);
    CHECK_INT(eddy_rename("x", NULL), EDDY_EINVAL);
    CHECK_INT(folder_count(), 0);
    folder_remove();
}

TEST(path_folders)
{
    struct stat found;

    folder_make();
    CHECK_INT(eddy_mkdir(in_folder("sub"), 0750), 0);
    CHECK_INT(eddy_stat(in_folder("sub"), &found), 0);
    CHECK(S_ISDIR(found.st_mode));
    CHECK_INT(found.st_mode & 0777, 0750);
    CHECK_INT(eddy_mkdir(in_folder("sub"), 0750), EDDY_EEXIST);
    CHECK_INT(eddy_rmdir(in_folder("sub")), 0);
    CHECK_INT(eddy_rmdir(in_folder("sub")), EDDY_ENOENT);
    CHECK_INT(eddy_stat(in_folder("sub"), NULL), EDDY_ENOENT);
    CHECK_CONTAINS(last_message(), "cannot look at /");
    folder_remove();
}

TEST(path_list_is_sorted)
{
    folder_make();
    eddy_dir *dir = eddy_list_dir(folder);
    CHECK(dir != NULL);
    CHECK_INT(dir->count, 0);
    eddy_dir_close(dir);
    for (int i = 99; i >= 0; i--) {
        char name[32];

        snprintf(name, sizeof name, ".file-%02d", i);
        plain_write(in_folder(name), "");
    }
    dir = eddy_list_dir(folder);
    CHECK(dir != NULL);
    CHECK_INT(dir->count, 100);
    CHECK_STR(dir->names[0], ".file-00");
    CHECK_STR(dir->names[99], ".file-99");
    CHECK(S_ISREG(dir->types[0]) && S_ISREG(dir->types[99]));
    eddy_dir_close(dir);
    CHECK_PTR(eddy_list_dir("/nonexistent"), NULL);
    CHECK_STR(last_message(), "cannot list /nonexistent: no such file or directory");
    CHECK_PTR(eddy_list_dir("/dev/null"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTDIR);
    eddy_dir_close(NULL);
    folder_remove();
}

/* ---- links ---- */

static void expect_text(char *text, const char *expected)
{
    CHECK(text != NULL);
    CHECK_STR(text, expected);
    eddy_free(text);
}

TEST(path_links)
{
    struct stat found, other;

    folder_make();
    plain_write(in_folder("a"), "text");
    CHECK_INT(eddy_link(in_folder("a"), in_folder("hard")), 0);
    CHECK_INT(eddy_stat(in_folder("a"), &found), 0);
    CHECK_INT(eddy_stat(in_folder("hard"), &other), 0);
    CHECK_INT(found.st_ino, other.st_ino);
    CHECK_INT(found.st_nlink, 2);
    CHECK_INT(eddy_symlink("a", in_folder("soft")), 0);
    plain_expect(in_folder("soft"), "text");
    CHECK_INT(eddy_lstat(in_folder("soft"), &other), 0);
    CHECK(S_ISLNK(other.st_mode));
    CHECK_INT(eddy_stat(in_folder("soft"), &other), 0);
    CHECK_INT(found.st_ino, other.st_ino);
    expect_text(eddy_readlink(in_folder("soft")), "a");
    CHECK_INT(eddy_symlink("nowhere", in_folder("dangling")), 0);
    CHECK_INT(eddy_lstat(in_folder("dangling"), NULL), 0);
    CHECK_INT(eddy_stat(in_folder("dangling"), NULL), EDDY_ENOENT);
    CHECK_INT(folder_count(), 4);
    folder_remove();
}

TEST(path_failures_of_links_name_both_paths)
{
    char expected[1000];

    folder_make();
    char *a = in_folder("a"), *b = in_folder("b");
    plain_write(a, "text");
    plain_write(b, "text");
    CHECK_INT(eddy_link(a, b), EDDY_EEXIST);
    snprintf(expected, sizeof expected, "cannot link %s as %s: file exists", a, b);
    CHECK_STR(last_message(), expected);
    CHECK_INT(eddy_symlink("x", b), EDDY_EEXIST);
    snprintf(expected, sizeof expected, "cannot make a symbolic link to x as %s: file exists", b);
    CHECK_STR(last_message(), expected);
    CHECK_INT(eddy_link(a, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_link(NULL, b), EDDY_EINVAL);
    CHECK_INT(eddy_symlink("", b), EDDY_EINVAL);
    CHECK_INT(eddy_symlink("x", NULL), EDDY_EINVAL);
    CHECK_PTR(eddy_readlink(a), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "cannot read the symbolic link /");
    CHECK_PTR(eddy_readlink("/nonexistent"), NULL);
    CHECK_STR(last_message(),
              "cannot read the symbolic link /nonexistent: no such file or directory");
    CHECK_PTR(eddy_readlink(NULL), NULL);
    CHECK_INT(eddy_lstat("/nonexistent", NULL), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot look at /nonexistent: no such file or directory");
    folder_remove();
}

TEST(path_longest_link)
{
    static char target[PATH_MAX];

    folder_make();
    memset(target, 'x', sizeof target - 1);
    if (eddy_symlink(target, in_folder("long")) == 0)
        expect_text(eddy_readlink(in_folder("long")), target);
    else
        CHECK_INT(eddy_last_status(), EDDY_ENAMETOOLONG); /* some file systems have less */
    folder_remove();
}

TEST(path_real)
{
    folder_make();
    plain_write(in_folder("a"), "");
    char *here = realpath(folder, NULL);
    char expected[500];
    snprintf(expected, sizeof expected, "%s/a", here);
    free(here);
    CHECK_INT(eddy_symlink("../no/../", in_folder("up")), 0);
    CHECK_INT(eddy_symlink("./a", in_folder("soft")), 0);
    expect_text(eddy_realpath(in_folder("soft")), expected);
    expect_text(eddy_realpath(in_folder(".//./soft")), expected);
    expect_text(eddy_realpath("/.."), "/");
    CHECK_PTR(eddy_realpath(in_folder("up")), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_PTR(eddy_realpath("/nonexistent/x"), NULL);
    CHECK_STR(last_message(), "cannot resolve /nonexistent/x: no such file or directory");
    CHECK_INT(eddy_symlink("round", in_folder("round")), 0);
    CHECK_PTR(eddy_realpath(in_folder("round")), NULL);
    CHECK_INT(eddy_last_status(), -ELOOP);
    folder_remove();
}

TEST(path_chmod)
{
    struct stat found;

    folder_make();
    plain_write(in_folder("a"), "");
    CHECK_INT(eddy_symlink("a", in_folder("soft")), 0);
    CHECK_INT(eddy_chmod(in_folder("soft"), 0604), 0);
    CHECK_INT(eddy_stat(in_folder("a"), &found), 0);
    CHECK_INT(found.st_mode & 07777, 0604);
    CHECK_INT(eddy_chmod("/nonexistent", 0600), EDDY_ENOENT);
    CHECK_STR(last_message(),
              "cannot change the permissions of /nonexistent: no such file or directory");
    folder_remove();
}

/* ---- folders ---- */

static unsigned mode_of(const char *path)
{
    struct stat found;

    CHECK_INT(stat(path, &found), 0);
    CHECK(S_ISDIR(found.st_mode));
    return found.st_mode & 0777;
}

static void remove_folders(const char *const *names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        CHECK_INT(rmdir(in_folder(names[i])), 0);
}

TEST(path_makedirs)
{
    const char *const made[] = {"a/b/c", "a/b/d", "a/b", "a", "e/f", "e"};

    folder_make();
    mode_t before = umask(022);
    CHECK_INT(eddy_makedirs(in_folder("a/b/c"), 0700), 0);
    CHECK_INT(mode_of(in_folder("a")), 0755);
    CHECK_INT(mode_of(in_folder("a/b")), 0755);
    CHECK_INT(mode_of(in_folder("a/b/c")), 0700);
    CHECK_INT(eddy_makedirs(in_folder("a/b/c"), 0777), 0);
    CHECK_INT(mode_of(in_folder("a/b/c")), 0700);
    CHECK_INT(eddy_makedirs(in_folder("a//b/./d///"), 0710), 0);
    CHECK_INT(mode_of(in_folder("a/b/d")), 0710);
    CHECK_INT(eddy_makedirs(in_folder("a/../e/f"), 0777), 0);
    CHECK_INT(mode_of(in_folder("e/f")), 0755);
    CHECK_INT(eddy_makedirs("/", 0777), 0);
    CHECK_INT(eddy_makedirs("//", 0777), 0);
    CHECK_INT(eddy_makedirs(".", 0777), 0);
    umask(before);
    remove_folders(made, count_of(made));
    folder_remove();
}

TEST(path_makedirs_below_here)
{
    char before[200];

    folder_make();
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_INT(chdir(folder), 0);
    CHECK_INT(eddy_makedirs("x/y", 0777), 0);
    CHECK_INT(rmdir("x/y"), 0);
    CHECK_INT(chdir(before), 0);
    folder_remove();
}

TEST(path_makedirs_with_something_in_the_way)
{
    folder_make();
    plain_write(in_folder("file"), "");
    CHECK_INT(symlink("nowhere", in_folder("dangling")), 0);
    CHECK_INT(eddy_makedirs(in_folder("file"), 0777), EDDY_EEXIST);
    CHECK_CONTAINS(last_message(), "/file: file exists");
    CHECK_INT(eddy_makedirs(in_folder("file/"), 0777), EDDY_EEXIST);
    CHECK_INT(eddy_makedirs(in_folder("file/x/y"), 0777), EDDY_ENOTDIR);
    CHECK_CONTAINS(last_message(), "cannot make the folder /");
    CHECK_CONTAINS(last_message(), "/file/x/y: not a directory");
    CHECK_INT(eddy_makedirs(in_folder("dangling"), 0777), EDDY_EEXIST);
    CHECK_INT(eddy_makedirs(in_folder("dangling/x"), 0777), EDDY_ENOENT);
    CHECK_INT(eddy_makedirs("/proc/self/nothing/x", 0777), EDDY_ENOENT);
    CHECK_INT(eddy_makedirs("", 0777), EDDY_EINVAL);
    CHECK_INT(folder_count(), 2);
    folder_remove();
}

static int makes(const char *path)
{
    return eddy_makedirs(path, 0700);
}
EDDY_CORO(makes, const char *)

TEST(path_makedirs_by_several_at_once)
{
    const char *const made[] = {"a/b/c/d", "a/b/c", "a/b", "a"};

    folder_make();
    for (int i = 0; i < 20; i++) {
        char *path = in_folder("a/b/c/d");

        CHECK_OK(eddy_gather(makes_coro(path), makes_coro(path), makes_coro(path)));
        remove_folders(made, count_of(made));
    }
    folder_remove();
}

TEST(path_list_tells_types)
{
    folder_make();
    plain_write(in_folder("a-file"), "");
    CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
    CHECK_INT(mkdir(in_folder("folder"), 0700), 0);
    CHECK_INT(symlink("folder", in_folder("link")), 0);
    eddy_auto(eddy_dir) *dir = eddy_list_dir(folder);
    CHECK(dir != NULL);
    CHECK_INT(dir->count, 4);
    CHECK_STR(dir->names[1], "fifo");
    CHECK_INT(dir->types[0], S_IFREG);
    CHECK_INT(dir->types[1], S_IFIFO);
    CHECK_INT(dir->types[2], S_IFDIR);
    CHECK_INT(dir->types[3], S_IFLNK);
    folder_remove();
}

/* ---- cancelling ---- */

static int lists(int *status)
{
    eddy_dir *dir = eddy_list_dir("/");

    *status = dir ? 0 : eddy_last_status();
    eddy_dir_close(dir);
    return 0;
}
EDDY_CORO(lists, int *)

/* More than there are threads, some of which have begun: what they find is given back. */
TEST(path_T1_cancelled_jobs_are_left_behind)
{
    enum { MANY = 40 };
    eddy_task *tasks[MANY];
    int status[MANY];

    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(lists_coro(&status[i]));
    turns(2);
    for (int i = 0; i < MANY; i++)
        eddy_cancel(tasks[i]);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK(status[i] == 0 || status[i] == EDDY_ECANCELED);
        eddy_task_close(tasks[i]);
    }
}

/* ---- sweeps ---- */

static int use_names(void)
{
    struct stat found;
    char *text;

    eddy_try(eddy_makedirs(in_folder("a/b"), 0700));
    eddy_try(eddy_rename(in_folder("a/b"), in_folder("c")));
    eddy_try(eddy_chmod(in_folder("c"), 0750));
    eddy_try(eddy_rmdir(in_folder("a")));
    eddy_try(eddy_symlink("c", in_folder("soft")));
    eddy_try(eddy_link(in_folder("soft"), in_folder("hard")));
    text = eddy_try(eddy_readlink(in_folder("hard")));
    CHECK_STR(text, "c");
    eddy_free(text);
    eddy_try(eddy_unlink(in_folder("soft")));
    eddy_try(eddy_stat(in_folder("hard"), &found));
    CHECK(S_ISDIR(found.st_mode));
    eddy_try(eddy_lstat(in_folder("hard"), &found));
    CHECK(S_ISLNK(found.st_mode));
    text = eddy_try(eddy_realpath(in_folder("c")));
    CHECK_CONTAINS(text, "/c");
    eddy_free(text);
    eddy_auto(eddy_dir) *dir = eddy_try(eddy_list_dir(folder));
    CHECK_INT(dir->count, 2);
    return eddy_mkdir(in_folder("a"), 0700);
}

/* T1: a call that was left behind may still happen, in its own folder, or when that has gone. */
static int scenario(void)
{
    folder_make();
    int status = use_names();
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(0.01));
    rmdir(in_folder("a/b"));
    folder_remove();
    return status;
}

SWEEP(path_sweep)
{
    return scenario();
}

TORTURE(path_torture)
{
    return scenario();
}
