/* Operations on files with a place of their own; what is in flight when a task is cancelled. */
#include "fs/folder.h"

TEST(file_op_random_places_of_a_big_file)
{
    enum { SIZE = 8 << 20, READS = 300 };
    static char block[200000];
    uint64_t state = 7;

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("big"), "w+");
    for (size_t at = 0; at < SIZE; at += sizeof block) {
        endless_copy(block, at, sizeof block);
        CHECK_INT(eddy_write(f, block, sizeof block), sizeof block);
    }
    for (int i = 0; i < READS; i++) {
        size_t place = random_next(&state) % SIZE, size = random_next(&state) % sizeof block;

        size = min_size(size, SIZE - place);
        CHECK_INT(eddy_file_pread(f, block, size, (int64_t)place), size);
        CHECK(endless_equal(block, place, size));
    }
    CHECK_INT(eddy_file_seek(f, -10, SEEK_END), (SIZE / sizeof block + 1) * sizeof block - 10);
    CHECK_INT(eddy_read(f, block, sizeof block), 10);
    eddy_stream_close(f);
    folder_remove();
}

static int reads_places(eddy_stream *f, uint64_t seed, size_t limit)
{
    char block[3000];

    for (int i = 0; i < 50; i++) {
        size_t place = random_next(&seed) % limit;

        CHECK_INT(eddy_file_pread(f, block, sizeof block, (int64_t)place), sizeof block);
        CHECK(endless_equal(block, place, sizeof block));
    }
    return 0;
}
EDDY_CORO(reads_places, eddy_stream *, uint64_t, size_t)

TEST(file_op_many_tasks_at_once)
{
    enum { SIZE = 300000, TASKS = 20 };
    static char block[SIZE + 3000];
    eddy_task *tasks[TASKS];

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("big"), "w+");
    endless_copy(block, 0, sizeof block);
    CHECK_INT(eddy_file_pwrite(f, block, sizeof block, 0), sizeof block);
    for (int i = 0; i < TASKS; i++)
        tasks[i] = eddy_create_task(reads_places_coro(f, (uint64_t)i, SIZE));
    for (int i = 0; i < TASKS; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_op_pread_and_pwrite_leave_the_position)
{
    char buf[16] = "";
    char *line;

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("p"), "w+");
    CHECK_INT(eddy_write(f, "one\ntwo\n", 8), 8);
    CHECK_INT(eddy_file_pread(f, buf, 3, 4), 3);
    CHECK_STR(buf, "two");
    CHECK_INT(eddy_file_pread(f, buf, 9, 6), 2);
    CHECK_INT(eddy_file_pread(f, buf, 9, 8), 0);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_CUR), 8);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), 0);
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_INT(eddy_file_pwrite(f, "TWO", 3, 4), 3); /* a later read sees it */
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_STR(line, "TWO");
    CHECK_INT(eddy_file_pwrite(f, "far", 3, 100), 3);
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_op_misuse)
{
    char buf[4];
    struct pair pair = pair_open();

    eddy_auto(eddy_stream) *f = eddy_file_open("/dev/null", "r+");
    CHECK(f != NULL);
    CHECK_INT(eddy_file_pread(f, NULL, 4, 0), EDDY_EINVAL);
    CHECK_INT(eddy_file_pread(f, buf, 4, -1), EDDY_EINVAL);
    CHECK_INT(eddy_file_pwrite(f, buf, 4, -1), EDDY_EINVAL);
    CHECK_INT(eddy_file_pread(NULL, buf, 4, 0), EDDY_EINVAL);
    CHECK_INT(eddy_file_sync(f), EDDY_EINVAL);
    CHECK_INT(eddy_file_pread(pair.stream, buf, 4, 0), EDDY_EINVAL);
    CHECK_STR(last_message(), "a stream of eddy_file_open is expected");
    CHECK_INT(eddy_file_seek(pair.stream, 0, SEEK_SET), EDDY_EINVAL);
    pair_close(&pair);
}

static int reads_into(eddy_stream *f, char *buf, size_t size)
{
    for (;;)
        eddy_try(eddy_file_pread(f, buf, size, 0));
}
EDDY_CORO(reads_into, eddy_stream *, char *, size_t)

/* The buffer can go as soon as the cancelled call has returned: the sanitizer watches. */
TEST(file_op_U1_buffer_is_free_after_a_cancelled_read)
{
    enum { SIZE = 1 << 20 };
    char *block = calloc(1, SIZE);

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("p"), "w+");
    CHECK_INT(eddy_write(f, block, SIZE), SIZE);
    for (int i = 0; i < 50; i++) {
        char *buf = malloc(SIZE);
        eddy_task *reader = eddy_create_task(reads_into_coro(f, buf, SIZE));

        turns(1 + i % 5);
        eddy_cancel(reader);
        CHECK_INT(eddy_await(reader), EDDY_ECANCELED);
        free(buf);
        eddy_task_close(reader);
    }
    eddy_stream_close(f);
    free(block);
    folder_remove();
}

/* Closing while others read: the descriptor is closed by the last of them, and not before. */
TEST(file_op_U2_close_with_operations_in_flight)
{
    enum { TASKS = 8, SIZE = 1 << 20 };
    char(*const bufs)[TASKS][SIZE] = test_room(sizeof *bufs);
    eddy_task *tasks[TASKS];

    folder_make();
    for (int round = 0; round < 10; round++) {
        eddy_stream *f = eddy_file_open(in_folder("p"), "w+");

        CHECK_INT(eddy_write(f, (*bufs)[0], SIZE), SIZE);
        for (int i = 0; i < TASKS; i++)
            tasks[i] = eddy_create_task(reads_into_coro(f, (*bufs)[i], SIZE));
        turns(2 + round % 5);
        eddy_stream_close(f);
        for (int i = 0; i < TASKS; i++) {
            CHECK_INT(eddy_await(tasks[i]), EDDY_ECLOSED);
            eddy_task_close(tasks[i]);
        }
    }
    folder_remove();
}

static int ticks(int *count)
{
    for (;;) {
        eddy_try(eddy_sleep(0.0002));
        ++*count;
    }
}
EDDY_CORO(ticks, int *)

TEST_REAL(file_op_sync_does_not_block_the_loop)
{
    enum { SIZE = 4 << 20 };
    char(*const block)[SIZE] = test_room(sizeof *block);
    int count = 0;
    eddy_stream *f = eddy_temp_file("/tmp", NULL);
    eddy_task *ticker = eddy_create_task(ticks_coro(&count));
    double began = eddy_time();

    CHECK(f != NULL);
    for (int i = 0; i < 8; i++) {
        CHECK_INT(eddy_write(f, *block, SIZE), SIZE);
        CHECK_INT(eddy_file_sync(f), 0);
    }
    if (eddy_time() - began > 0.01 && !test_is_watched())
        CHECK(count > 1);
    eddy_task_close(ticker);
    eddy_stream_close(f);
}
