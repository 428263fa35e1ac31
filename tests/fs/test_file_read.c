/* Reading whole files: small ones in a worker thread, others as streams. */
#include "fs/folder.h"

TEST(file_read_small)
{
    char *data;
    size_t size;

    folder_make();
    plain_write(in_folder("a"), "some text");
    CHECK_INT(eddy_read_file(in_folder("a"), &data, &size), 0);
    CHECK_INT(size, 9);
    CHECK_STR(data, "some text");
    eddy_free(data);
    CHECK_INT(eddy_read_file(in_folder("a"), &data, NULL), 0);
    eddy_free(data);
    plain_write(in_folder("a"), "");
    CHECK_INT(eddy_read_file(in_folder("a"), &data, &size), 0);
    CHECK_INT(size, 0);
    CHECK_STR(data, "");
    eddy_free(data);
    folder_remove();
}

TEST(file_read_says_what_is_wrong)
{
    char *data;

    folder_make();
    CHECK_INT(eddy_read_file("/nonexistent/x", &data, NULL), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot open /nonexistent/x: no such file or directory");
    CHECK_INT(eddy_read_file(folder, &data, NULL), EDDY_EISDIR);
    CHECK_CONTAINS(last_message(), "cannot open /");
    CHECK_INT(eddy_read_file(NULL, &data, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_read_file("", &data, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_read_file(folder, NULL, NULL), EDDY_EINVAL);
    CHECK_INT(eddy_read_file(folder, &data, NULL, .limit = SIZE_MAX), EDDY_EINVAL);
    folder_remove();
}

static void check_limit(size_t size, size_t limit, int status)
{
    char(*const block)[(1 << 20) + 1] = test_room(sizeof *block);
    char *data;
    size_t found;

    endless_copy(*block, 0, size);
    CHECK_INT(eddy_write_file(in_folder("a"), *block, size), 0);
    CHECK_INT(eddy_read_file(in_folder("a"), &data, &found, .limit = limit), status);
    if (status < 0)
        return;
    CHECK_INT(found, size);
    CHECK(endless_equal(data, 0, size));
    CHECK_INT(data[size], 0);
    eddy_free(data);
}

TEST(file_read_limit)
{
    folder_make();
    check_limit(100, 100, 0);
    check_limit(8190, 0, 0);
    check_limit(8191, 0, 0);
    check_limit(8192, 8192, 0);
    check_limit(1 << 20, 1 << 20, 0);
    check_limit((1 << 20) + 1, 0, 0);
    check_limit((1 << 20) + 1, 1 << 20, EDDY_ELIMIT);
    check_limit(101, 100, EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), "/a has more than the 100 bytes that are the limit");
    check_limit(16384, 16384, 0);
    check_limit(16385, 16384, EDDY_ELIMIT);
    check_limit(100000, 0, 0);
    check_limit(100000, 100000, 0);
    check_limit(100000, 99999, EDDY_ELIMIT);
    folder_remove();
}

TEST(file_read_of_a_kind_without_size)
{
    char *data;
    size_t size;

    CHECK_INT(eddy_read_file("/proc/self/status", &data, &size), 0);
    CHECK_MEM(data, "Name:", 5);
    eddy_free(data);
    CHECK_INT(eddy_read_file("/dev/zero", &data, &size, .limit = 100000), EDDY_ELIMIT);
}

static int read_to(const char *path, char **data)
{
    return eddy_read_file(path, data, NULL);
}
EDDY_CORO(read_to, const char *, char **)

/* Its open waits for a writer; it is no file for one job. */
TEST_REAL(file_read_of_a_fifo)
{
    char *data = NULL;

    folder_make();
    CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
    eddy_task *reader = eddy_create_task(read_to_coro(in_folder("fifo"), &data));
    CHECK_INT(eddy_sleep(0.01), 0);
    CHECK(!eddy_task_done(reader));
    eddy_stream *writer = eddy_file_open(in_folder("fifo"), "w");
    CHECK(writer != NULL);
    CHECK_INT(eddy_write(writer, "through", 7), 7);
    eddy_stream_close(writer);
    CHECK_OK(eddy_await(reader));
    eddy_task_close(reader);
    CHECK_STR(data, "through");
    eddy_free(data);
    folder_remove();
}

/* T1: whoever is cancelled leaves, and what the thread has read is given back. */
TEST(file_read_T1_cancelled_while_it_runs)
{
    char *data = NULL;

    folder_make();
    plain_write(in_folder("a"), "text");
    for (int i = 0; i < 100; i++) {
        eddy_task *reader = eddy_create_task(read_to_coro(in_folder("a"), &data));

        for (int turns = i % 4; turns > 0; turns--)
            CHECK_INT(eddy_sleep(0), 0);
        eddy_cancel(reader);
        int status = eddy_await(reader);
        CHECK(status == EDDY_ECANCELED || status == 0);
        if (status == 0)
            eddy_free(data);
        eddy_task_close(reader);
    }
    CHECK_INT(eddy_read_file(in_folder("a"), &data, NULL), 0);
    CHECK_STR(data, "text");
    eddy_free(data);
    folder_remove();
}

/* A reader sees a beginning of what a writer adds, never a hole or an end that was not there. */
TEST(file_read_of_a_file_that_grows)
{
    static char block[3000];
    size_t written = 0;

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("a"), "w");
    for (int i = 0; i < 50; i++) {
        char *data = NULL;
        size_t size;

        endless_copy(block, written, sizeof block);
        CHECK_INT(eddy_write(f, block, sizeof block), sizeof block);
        written += sizeof block;
        CHECK_INT(eddy_read_file(in_folder("a"), &data, &size), 0);
        CHECK_INT(size, written);
        CHECK(endless_equal(data, 0, size));
        eddy_free(data);
    }
    eddy_stream_close(f);
    folder_remove();
}

/* ---- sweeps ---- */

static int read_both(void)
{
    char *data;

    eddy_try(eddy_read_file(in_folder("small"), &data, NULL));
    eddy_free(data);
    eddy_try(eddy_read_file(in_folder("empty"), &data, NULL));
    eddy_free(data);
    return 0;
}

static int scenario(void)
{
    folder_make();
    plain_write(in_folder("small"), "text");
    plain_write(in_folder("empty"), "");
    int status = read_both();
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(0.01)); /* jobs that were left behind */
    folder_remove();
    return status;
}

SWEEP(file_read_sweep)
{
    return scenario();
}

TORTURE(file_read_torture)
{
    return scenario();
}
