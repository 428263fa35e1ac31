/* What is done in worker threads: paths, folders, the size and the status of files. */
#include "folder.h"

TEST(file_job_rename_unlink)
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

TEST(file_job_folders)
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

TEST(file_job_list_is_sorted)
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
    eddy_dir_close(dir);
    CHECK_PTR(eddy_list_dir("/nonexistent"), NULL);
    CHECK_STR(last_message(), "cannot list /nonexistent: no such file or directory");
    CHECK_PTR(eddy_list_dir("/dev/null"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTDIR);
    eddy_dir_close(NULL);
    folder_remove();
}

TEST(file_job_stat_and_truncate)
{
    struct stat found;

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("a"), "w+");
    CHECK_INT(eddy_write(f, "0123456789", 10), 10);
    CHECK_INT(eddy_file_stat(f, &found), 0);
    CHECK_INT(found.st_size, 10);
    CHECK_INT(eddy_file_truncate(f, 4), 0);
    plain_expect(in_folder("a"), "0123");
    CHECK_INT(eddy_file_truncate(f, 1000), 0);
    CHECK_INT(eddy_file_stat(f, &found), 0);
    CHECK_INT(found.st_size, 1000);
    CHECK_INT(eddy_file_truncate(f, -1), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "cannot truncate /");
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_job_seek)
{
    folder_make();
    eddy_auto(eddy_stream) *f = eddy_file_open(in_folder("a"), "w+");
    CHECK_INT(eddy_write(f, "0123456789", 10), 10);
    CHECK_INT(eddy_file_seek(f, 2, SEEK_SET), 2);
    CHECK_INT(eddy_file_seek(f, 3, SEEK_CUR), 5);
    CHECK_INT(eddy_file_seek(f, -1, SEEK_END), 9);
    CHECK_INT(eddy_file_seek(f, 5, SEEK_END), 15);
    CHECK_INT(eddy_file_seek(f, -16, SEEK_CUR), EDDY_EINVAL);
    CHECK_INT(eddy_file_seek(f, INT64_MAX, SEEK_CUR), EDDY_EINVAL);
    CHECK_INT(eddy_file_seek(f, 0, 77), EDDY_EINVAL);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_CUR), 15);
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
TEST(file_job_T1_cancelled_jobs_are_left_behind)
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

static int stats(eddy_stream *f, int *status)
{
    struct stat found;

    *status = eddy_file_stat(f, &found);
    return 0;
}
EDDY_CORO(stats, eddy_stream *, int *)

TEST(file_job_U2_close_with_jobs_in_flight)
{
    enum { MANY = 20 };
    eddy_task *tasks[MANY];
    int status[MANY];
    eddy_stream *f = eddy_temp_file(NULL, NULL);

    CHECK(f != NULL);
    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(stats_coro(f, &status[i]));
    turns(2);
    eddy_cancel(tasks[3]);
    eddy_stream_close(f);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK(status[i] == EDDY_ECLOSED || status[i] == 0);
        eddy_task_close(tasks[i]);
    }
}

/* ---- sweeps ---- */

static char root[64];

static int use_paths(void)
{
    char a[100], b[100];
    struct stat found;

    snprintf(a, sizeof a, "%s/a", root);
    snprintf(b, sizeof b, "%s/b", root);
    eddy_try(eddy_mkdir(root, 0700));
    eddy_try(eddy_mkdir(a, 0700));
    eddy_try(eddy_rename(a, b));
    eddy_try(eddy_stat(b, &found));
    eddy_auto(eddy_dir) *dir = eddy_try(eddy_list_dir(root));
    CHECK_INT(dir->count, 1);
    eddy_try(eddy_rmdir(b));
    return eddy_rmdir(root);
}

/* A job that was left behind may come late: its folder is away then, or found by the next one. */
static int scenario(void)
{
    char path[100];

    snprintf(root, sizeof root, "/tmp/eddy-job-%d", (int)getpid());
    int status = use_paths();
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(0.01));
    snprintf(path, sizeof path, "%s/a", root);
    rmdir(path);
    snprintf(path, sizeof path, "%s/b", root);
    rmdir(path);
    rmdir(root);
    return status;
}

SWEEP(file_job_sweep)
{
    return scenario();
}

TORTURE(file_job_torture)
{
    return scenario();
}
