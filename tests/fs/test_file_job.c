/* What is done in worker threads on descriptors: the size and the status of files, seeking. */
#include "closing.h"
#include "fs/folder.h"

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
    CHECK(strstr(eddy_error_message(eddy_last_error()), "past the largest"));
    CHECK_INT(eddy_file_seek(f, 0, 77), EDDY_EINVAL);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_CUR), 15);
    folder_remove();
}

/* ---- cancelling ---- */

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

static int use_descriptors(void)
{
    struct stat found;
    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(in_folder("a"), "w+"));

    eddy_try(eddy_file_truncate(f, 1000));
    eddy_try(eddy_file_stat(f, &found));
    CHECK_INT(found.st_size, 1000);
    eddy_try(eddy_file_seek(f, 0, SEEK_END));
    return 0;
}

static int scenario(void)
{
    folder_make();
    int status = use_descriptors();
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(0.01)); /* an open that was left behind */
    folder_remove();
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

/* Closed in the first yield of the call: looked at before that, and held. */
TEST(D6_file_calls_look_at_the_stream_before_they_yield)
{
    struct stat found;
    char byte;

    folder_make();
    plain_write(in_folder("a"), "0123456789");
#define CLOSED(call)                                                                               \
    __extension__({                                                                                \
        eddy_stream *f = eddy_file_open(in_folder("a"), "r+");                                     \
        CLOSED_IN_THE_CALL(eddy_stream_close, f, call);                                            \
    })
    CHECK_INT(CLOSED(eddy_file_seek(f, 3, SEEK_SET)), 3);
    CHECK_INT(CLOSED(eddy_file_seek(f, 0, SEEK_END)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_file_stat(f, &found)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_file_truncate(f, 5)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_file_sync(f)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_file_pread(f, &byte, 1, 0)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_file_pread(f, &byte, 0, 0)), 0);
    CHECK_INT(CLOSED(eddy_file_pwrite(f, "x", 1, 0)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_read(f, &byte, 1)), EDDY_ECLOSED);
    CHECK_INT(CLOSED(eddy_write(f, "x", 1)), EDDY_ECLOSED);
}
