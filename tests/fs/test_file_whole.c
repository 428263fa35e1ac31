/* Whole files: reading, writing, replacing, temporary ones. */
#include "fs/folder.h"

TEST(file_whole_read_and_write)
{
    static const char text[] = "some\0text";
    char *data;
    size_t size;

    folder_make();
    CHECK_INT(eddy_write_file(in_folder("a"), text, 9), 0);
    CHECK_INT(eddy_read_file(in_folder("a"), &data, &size), 0);
    CHECK_INT(size, 9);
    CHECK_MEM(data, text, 10);
    eddy_free(data);
    CHECK_INT(eddy_write_file(in_folder("a"), NULL, 0), 0);
    CHECK_INT(eddy_read_file(in_folder("a"), &data, NULL), 0);
    CHECK_STR(data, "");
    eddy_free(data);
    eddy_free(NULL);
    CHECK_INT(eddy_write_file("", "x", 1), EDDY_EINVAL);
    CHECK_INT(eddy_write_file("/tmp/x", NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_read_file("/tmp/x", NULL, &size), EDDY_EINVAL);
    CHECK_INT(eddy_read_file("/nonexistent/x", &data, &size), EDDY_ENOENT);
    CHECK_INT(eddy_read_file("/tmp", &data, &size), EDDY_EISDIR);
    CHECK_INT(eddy_write_file("/nonexistent/x", "x", 1), EDDY_ENOENT);
    CHECK_INT(eddy_write_file("/nonexistent/x", "x", 1, .atomic = true), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot write /nonexistent/x: no such file or directory");
    folder_remove();
}

TEST(file_whole_atomic)
{
    struct stat found;

    folder_make();
    char *path = in_folder("a");
    plain_write(path, "old");
    FILE *before = fopen(path, "re");
    CHECK_INT(eddy_write_file(path, "new!", 4, .atomic = true), 0);
    plain_expect(path, "new!");
    CHECK_INT(eddy_write_file(in_folder("own"), "x", 1, .atomic = true, .mode = 0600), 0);
    CHECK_INT(stat(in_folder("own"), &found), 0);
    CHECK_INT(found.st_mode & 0777, 0600);
    CHECK_INT(unlink(in_folder("own")), 0);
    CHECK_INT(fgetc(before), 'o'); /* who has the old one open sees the old one */
    fclose(before);
    CHECK_INT(folder_count(), 1);
    CHECK_INT(mkdir(in_folder("sub"), 0700), 0);
    CHECK_INT(eddy_write_file(in_folder("sub"), "x", 1, .atomic = true), EDDY_EISDIR);
    CHECK_INT(folder_count(), 2); /* what did not work is removed */
    folder_remove();
}

/* .mode is that of a new file. */
TEST(file_whole_atomic_keeps_permissions_and_owner)
{
    static const mode_t modes[] = {0600, 0755, 0444, 0660};
    char *path;
    struct stat found;

    folder_make();
    plain_write(path = in_folder("a"), "old");
    if (geteuid() == 0)
        CHECK_OK(chown(path, 12, 34));
    for (int i = 0; i < 4; i++) {
        CHECK_OK(chmod(path, modes[i]));
        CHECK_INT(eddy_write_file(path, "new", 3, .atomic = true, .mode = 0644), 0);
        CHECK_OK(stat(path, &found));
        CHECK_INT(found.st_mode & 07777, modes[i]);
        CHECK(geteuid() != 0 || (found.st_uid == 12 && found.st_gid == 34));
    }
    CHECK_INT(folder_count(), 1);
    folder_remove();
}

TEST(file_whole_atomic_long_names_links_and_odd_targets)
{
    char name[256], *target, *link;
    struct stat found;

    folder_make();
    memset(name, 'n', 255);
    name[255] = '\0';
    CHECK_INT(eddy_write_file(in_folder(name), "x", 1, .atomic = true), 0);
    CHECK_INT(eddy_write_file(in_folder(name), "xy", 2, .atomic = true), 0);
    plain_expect(in_folder(name), "xy");
    CHECK_OK(symlink("target", link = in_folder("link"))); /* to nothing yet */
    target = in_folder("target");
    for (int i = 0; i < 2; i++) {
        CHECK_INT(eddy_write_file(link, "new", 3, .atomic = true), 0);
        plain_expect(target, "new");
        CHECK_OK(lstat(link, &found));
        CHECK(S_ISLNK(found.st_mode));
    }
    CHECK_OK(symlink("loop", in_folder("loop")));
    CHECK_INT(eddy_write_file(in_folder("loop"), "x", 1, .atomic = true), -ELOOP);
    CHECK_OK(mkfifo(in_folder("fifo"), 0600));
    CHECK_INT(eddy_write_file(in_folder("fifo"), "x", 1, .atomic = true), EDDY_EINVAL);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "no regular file"));
    CHECK_INT(eddy_write_file("/dev/null", "x", 1, .atomic = true), EDDY_EINVAL);
    CHECK_INT(eddy_write_file(in_folder("no/such"), "x", 1, .atomic = true), EDDY_ENOENT);
    CHECK_INT(folder_count(), 5);
    folder_remove();
}

TEST(file_whole_atomic_with_a_name_only)
{
    char before[200];

    folder_make();
    CHECK(getcwd(before, sizeof before) != NULL);
    CHECK_INT(chdir(folder), 0);
    CHECK_INT(eddy_write_file("here", "x", 1, .atomic = true), 0);
    plain_expect("here", "x");
    CHECK_INT(chdir(before), 0);
    CHECK_INT(folder_count(), 1);
    folder_remove();
}

static int replaces(const char *path, int times)
{
    char block[5000];

    for (int i = 0; i < times; i++) {
        memset(block, 'a' + i % 26, sizeof block);
        eddy_try(eddy_write_file(path, block, sizeof block, .atomic = true));
    }
    return 0;
}
EDDY_CORO(replaces, const char *, int)

TEST(file_whole_atomic_is_never_half)
{
    char *data;
    size_t size;

    folder_make();
    char *path = in_folder("a");
    CHECK_OK(replaces(path, 1));
    eddy_task *writer = eddy_create_task(replaces_coro(path, 30));
    while (!eddy_task_done(writer)) {
        CHECK_INT(eddy_read_file(path, &data, &size), 0);
        CHECK_INT(size, 5000);
        for (size_t i = 1; i < size; i++)
            CHECK_INT(data[i], data[0]);
        eddy_free(data);
    }
    CHECK_OK(eddy_await(writer));
    eddy_task_close(writer);
    CHECK_INT(folder_count(), 1);
    folder_remove();
}

/* ---- temporary files ---- */

TEST(file_whole_temporary)
{
    struct stat found;
    char *path;
    char buf[8] = "";

    folder_make();
    eddy_stream *f = eddy_temp_file(folder, NULL);
    CHECK(f != NULL);
    CHECK_INT(folder_count(), 0);
    CHECK_INT(eddy_write(f, "abc", 3), 3);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), 0);
    CHECK_INT(eddy_read(f, buf, 8), 3);
    CHECK_STR(buf, "abc");
    eddy_stream_close(f);
    f = eddy_temp_file(folder, &path);
    CHECK(f != NULL);
    CHECK_INT(eddy_stat(path, &found), 0);
    CHECK_INT(found.st_mode & 0777, 0600);
    CHECK_STR(eddy_stream_peer(f), path);
    eddy_stream_close(f);
    CHECK_INT(eddy_unlink(path), 0);
    eddy_free(path);
    CHECK_PTR(eddy_temp_file("/nonexistent", NULL), NULL);
    CHECK_STR(last_message(),
              "cannot make a temporary file in /nonexistent: no such file or directory");
    CHECK_PTR(eddy_temp_file("/nonexistent", &path), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    folder_remove();
}

/* ---- sweeps ---- */

/* How many names begin with it: of a replacement that did not happen nothing is left. */
static int folder_count_of(const char *beginning)
{
    DIR *dir = opendir(folder);
    int count = 0;

    CHECK(dir != NULL);
    for (struct dirent *e; (e = readdir(dir));)
        count += strncmp(e->d_name, beginning, strlen(beginning)) == 0;
    closedir(dir);
    return count;
}

static int use_files(void)
{
    char *data;
    char *path = NULL;
    size_t size;

    eddy_try(eddy_write_file(in_folder("a"), "one", 3));
    eddy_try(eddy_write_file(in_folder("a"), "three", 5, .atomic = true));
    eddy_try(eddy_read_file(in_folder("a"), &data, &size));
    eddy_free(data);
    eddy_auto(eddy_stream) *f = eddy_try(eddy_temp_file(folder, NULL));
    eddy_auto(eddy_stream) *named = eddy_try(eddy_temp_file(folder, &path));
    eddy_free(path);
    return 0;
}

static int scenario(void)
{
    folder_make();
    int status = use_files();
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(0.01)); /* jobs that were left behind */
    CHECK_INT(folder_count_of("a."), 0);
    folder_remove();
    return status;
}

SWEEP(file_whole_sweep)
{
    return scenario();
}

TORTURE(file_whole_torture)
{
    return scenario();
}
