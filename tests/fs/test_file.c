/* Files as streams: opening, modes, reading, writing, lines, closing. */
#include "fs/folder.h"

/* ---- modes ---- */

TEST(file_written_and_read)
{
    char buf[32] = "";

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("a"), "w");
    CHECK(f != NULL);
    CHECK_STR(eddy_stream_peer(f), in_folder("a"));
    CHECK(fcntl(eddy_stream_fd(f), F_GETFD) & FD_CLOEXEC);
    CHECK_INT(eddy_write(f, "Hello, ", 7), 7);
    CHECK_INT(eddy_printf(f, "%s %d!\n", "world", 1), 9);
    plain_expect(in_folder("a"), "Hello, world 1!\n"); /* nothing is held back */
    CHECK_INT(eddy_flush(f), 0);
    CHECK_INT(eddy_file_sync(f), 0);
    CHECK_INT(eddy_read(f, buf, 4), EDDY_EBADF);
    CHECK_CONTAINS(last_message(), "cannot read from ");
    eddy_stream_close(f);
    f = eddy_file_open(in_folder("a"), "r");
    CHECK(f != NULL);
    CHECK(!eddy_at_eof(f));
    CHECK_INT(eddy_read(f, buf, 5), 5);
    CHECK_INT(eddy_read(f, buf + 5, 20), 11);
    CHECK_STR(buf, "Hello, world 1!\n");
    CHECK_INT(eddy_read(f, buf, 5), 0);
    CHECK(eddy_at_eof(f));
    CHECK_INT(eddy_write(f, "x", 1), EDDY_EBADF);
    CHECK_CONTAINS(last_message(), "cannot write to ");
    CHECK_INT(eddy_write_eof(f), EDDY_ENOTSUP);
    eddy_stream_close(f);
    folder_remove();
}

static void write_with(const char *mode, const char *text)
{
    eddy_auto(eddy_stream) *f = eddy_file_open(in_folder("m"), mode);

    CHECK(f != NULL);
    CHECK_INT(eddy_write(f, text, strlen(text)), strlen(text));
}

TEST(file_modes_are_those_of_fopen)
{
    char *path = in_folder("m");

    folder_make();
    path = in_folder("m");
    write_with("wx", "first");
    CHECK_PTR(eddy_file_open(path, "w+x"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EEXIST);
    write_with("ab", " second");
    plain_expect(path, "first second");
    write_with("r+", "FIRST");
    plain_expect(path, "FIRST second");
    write_with("w", "new");
    plain_expect(path, "new");
    write_with("a+", "er");
    plain_expect(path, "newer");
    write_with("w+b", "");
    plain_expect(path, "");
    folder_remove();
}

static void check_bad_mode(const char *mode)
{
    CHECK_PTR(eddy_file_open("/dev/null", mode), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "of a file is not \"r\", \"w\" or \"a\", then any of \"+\"");
}

TEST(file_bad_modes_are_refused)
{
    const char *modes[] = {"", "q", "rw", "+", "rx", "w,", "R", NULL};

    for (size_t i = 0; i < count_of(modes); i++)
        check_bad_mode(modes[i]);
    CHECK_PTR(eddy_file_open("", "r"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_file_open_with(NULL, "r", NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
}

TEST(file_permissions_of_a_new_one)
{
    struct stat found;

    folder_make();
    mode_t before = umask(0);
    eddy_stream_close(eddy_file_open(in_folder("a"), "w", .mode = 0640));
    eddy_stream_close(eddy_file_open(in_folder("b"), "w"));
    umask(before);
    CHECK_INT(eddy_stat(in_folder("a"), &found), 0);
    CHECK_INT(found.st_mode & 0777, 0640);
    CHECK_INT(eddy_stat(in_folder("b"), &found), 0);
    CHECK_INT(found.st_mode & 0777, 0666);
    folder_remove();
}

/* ---- failures ---- */

TEST(file_failures_name_the_path)
{
    folder_make();
    CHECK_PTR(eddy_file_open("/nonexistent/file", "r"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_STR(last_message(), "cannot open /nonexistent/file: no such file or directory");
    CHECK_PTR(eddy_file_open("/tmp", "r"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EISDIR);
    CHECK_STR(last_message(), "cannot open /tmp: is a directory");
    CHECK_PTR(eddy_file_open("/tmp", "w"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EISDIR);
    CHECK_PTR(eddy_file_open("/dev/null/x", "r"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTDIR);
    folder_remove();
}

TEST(file_permission_denied)
{
    if (geteuid() == 0)
        SKIP("root may open everything");
    folder_make();
    plain_write(in_folder("secret"), "x");
    CHECK_INT(chmod(in_folder("secret"), 0), 0);
    CHECK_PTR(eddy_file_open(in_folder("secret"), "r"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EACCES);
    folder_remove();
}

TEST(file_disk_full_is_told_by_the_write)
{
    eddy_auto(eddy_stream) *f = eddy_file_open("/dev/full", "w");

    CHECK(f != NULL);
    CHECK_INT(eddy_write(f, "x", 1), EDDY_ENOSPC);
    CHECK_STR(last_message(), "cannot write to /dev/full: no space left on device");
    CHECK_INT(eddy_write(f, "x", 1), EDDY_ENOSPC);
}

/* ---- lines ---- */

TEST(file_lines)
{
    char *line;

    folder_make();
    plain_write(in_folder("l"), "one\ntwo\r\n\nlast");
    eddy_stream *f = eddy_file_open(in_folder("l"), "r");
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_STR(line, "one");
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_STR(line, "two");
    CHECK_INT(eddy_read_line(f, &line), 0);
    CHECK_STR(line, "");
    CHECK_INT(eddy_read_line(f, &line), 4);
    CHECK_STR(line, "last");
    CHECK_INT(eddy_read_line(f, &line), 0);
    CHECK_PTR(line, NULL);
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_lines_of_a_long_one)
{
    char text[64];
    char *line;
    ssize_t n;
    int count = 0;

    folder_make();
    FILE *plain = fopen(in_folder("l"), "we");
    for (int i = 0; i < 50000; i++)
        fprintf(plain, "line %d of the file\n", i);
    fclose(plain);
    eddy_stream *f = eddy_file_open(in_folder("l"), "r");
    while ((n = eddy_read_line(f, &line)) >= 0 && line) {
        CHECK_INT(snprintf(text, sizeof text, "line %d of the file", count++), n);
        CHECK_STR(line, text);
    }
    CHECK_INT(n, 0);
    CHECK_INT(count, 50000);
    eddy_stream_close(f);
    folder_remove();
}

/* The limit and the end leave the bytes. */
TEST(file_J1_failed_reads_keep_the_bytes)
{
    char buf[64] = "";
    char *data;

    folder_make();
    plain_write(in_folder("l"), "0123456789abcdef\n0123");
    eddy_stream *f = eddy_file_open(in_folder("l"), "r", .stream = {.limit = 8});
    CHECK_INT(eddy_read_line(f, &data), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(), in_folder("l"));
    CHECK_INT(eddy_read_exactly(f, buf, 17), 17);
    CHECK_STR(buf, "0123456789abcdef\n");
    CHECK_INT(eddy_read_until(f, "-", &data), EDDY_EOF);
    CHECK_INT(eddy_read_exactly(f, buf, 5), EDDY_EOF);
    CHECK_CONTAINS(last_message(), "after 4 of 5 bytes");
    CHECK_INT(eddy_read_until(f, "3", &data), 4);
    CHECK_STR(data, "0123");
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_end_moves_on_with_the_file)
{
    char *line;
    char buf[8];

    folder_make();
    eddy_stream *writer = eddy_file_open(in_folder("log"), "a");
    eddy_stream *reader = eddy_file_open(in_folder("log"), "r");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_read(reader, buf, sizeof buf), 0);
        CHECK(eddy_at_eof(reader));
        CHECK_INT(eddy_read_line(reader, &line), 0);
        CHECK_PTR(line, NULL);
        CHECK_INT(eddy_printf(writer, "line %d\n", i), 7);
        CHECK_INT(eddy_read_line(reader, &line), 6);
    }
    eddy_stream_close(reader);
    eddy_stream_close(writer);
    folder_remove();
}

/* ---- reading and writing one file ---- */

TEST(file_reads_and_writes_share_the_position)
{
    char *line;
    char buf[16] = "";

    folder_make();
    plain_write(in_folder("rw"), "one\ntwo\nthree\n");
    eddy_stream *f = eddy_file_open(in_folder("rw"), "r+");
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_CUR), 4); /* whatever was read ahead */
    CHECK_INT(eddy_write(f, "TWO", 3), 3);
    CHECK_INT(eddy_read_line(f, &line), 0);
    CHECK_INT(eddy_read_line(f, &line), 5);
    CHECK_STR(line, "three");
    CHECK_INT(eddy_write(f, "four\n", 5), 5);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), 0);
    CHECK_INT(eddy_read_exactly(f, buf, 8), 8);
    CHECK_STR(buf, "one\nTWO\n");
    eddy_stream_close(f);
    plain_expect(in_folder("rw"), "one\nTWO\nthree\nfour\n");
    f = eddy_file_open(in_folder("rw"), "a+");
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_INT(eddy_write(f, "five\n", 5), 5);
    CHECK_INT(eddy_read_line(f, &line), 3);
    CHECK_STR(line, "TWO");
    eddy_stream_close(f);
    plain_expect(in_folder("rw"), "one\nTWO\nthree\nfour\nfive\n");
    folder_remove();
}

static int writes_letters(eddy_stream *f, char letter)
{
    char block[10000];

    memset(block, letter, sizeof block);
    for (int i = 0; i < 10; i++)
        CHECK_INT(eddy_write(f, block, sizeof block), sizeof block);
    return 0;
}
EDDY_CORO(writes_letters, eddy_stream *, char)

TEST(file_concurrent_writes_stay_in_one_piece)
{
    char block[10000];

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("c"), "w+");
    CHECK_OK(eddy_gather(writes_letters_coro(f, 'a'), writes_letters_coro(f, 'b'),
                         writes_letters_coro(f, 'c')));
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), 0);
    for (int i = 0; i < 30; i++) {
        CHECK_INT(eddy_read_exactly(f, block, sizeof block), sizeof block);
        for (size_t k = 1; k < sizeof block; k++)
            CHECK_INT(block[k], block[0]);
    }
    CHECK_INT(eddy_read(f, block, 1), 0);
    eddy_stream_close(f);
    folder_remove();
}

/* ---- a FIFO: what blocks the opening and the reading does not block the loop ---- */

static int ticks(int *count)
{
    for (;;) {
        eddy_try(eddy_sleep(0.001));
        ++*count;
    }
}
EDDY_CORO(ticks, int *)

static int opens_fifo(const char *path, eddy_stream **f)
{
    *f = eddy_try(eddy_file_open(path, "r"));
    return 0;
}
EDDY_CORO(opens_fifo, const char *, eddy_stream **)

static int wait_for_ticks(const int *count, int n)
{
    for (int end = *count + n; *count < end;)
        eddy_try(eddy_sleep(0.001));
    return 0;
}

static int writes_to_fifo(const char *path, int *count)
{
    eddy_try(wait_for_ticks(count, 3));
    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(path, "w"));
    eddy_try(wait_for_ticks(count, 3));
    eddy_try(eddy_write(f, "hello\n", 6));
    return 0;
}
EDDY_CORO(writes_to_fifo, const char *, int *)

TEST_REAL(file_fifo_does_not_block_the_loop)
{
    int count = 0;
    char *line;
    eddy_stream *f = NULL;

    folder_make();
    CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
    eddy_task *ticker = eddy_create_task(ticks_coro(&count));
    eddy_task *writer = eddy_create_task(writes_to_fifo_coro(in_folder("fifo"), &count));
    CHECK_OK(opens_fifo(in_folder("fifo"), &f));
    CHECK(count >= 3);
    CHECK_INT(eddy_read_line(f, &line), 5);
    CHECK_STR(line, "hello");
    CHECK(count >= 6);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), -ESPIPE);
    CHECK_OK(eddy_await(writer));
    CHECK_INT(eddy_read_line(f, &line), 0);
    eddy_stream_close(f);
    eddy_task_close(writer);
    eddy_task_close(ticker);
    folder_remove();
}

/* U1, U3: neither a stuck open nor a stuck read holds up its cancellation. */
TEST_REAL(file_U3_stuck_open_and_read_can_be_cancelled)
{
    eddy_stream *f = NULL;
    char buf[8];

    folder_make();
    char *path = in_folder("fifo");
    CHECK_INT(mkfifo(path, 0600), 0);
    eddy_timeout(0.02)
        CHECK_INT(opens_fifo(path, &f), EDDY_ETIMEDOUT);
    eddy_task *opener = eddy_create_task(opens_fifo_coro(path, &f));
    CHECK_OK(eddy_sleep(0.01));
    eddy_cancel(opener);
    CHECK_INT(eddy_await(opener), EDDY_ECANCELED);
    eddy_task_close(opener);
    f = eddy_file_open(path, "r+"); /* frees the threads that are left */
    CHECK(f != NULL);
    eddy_timeout(0.02)
        CHECK_INT(eddy_read(f, buf, sizeof buf), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_write(f, "abc", 3), 3); /* nothing was lost, nothing sticks */
    CHECK_INT(eddy_read(f, buf, sizeof buf), 3);
    CHECK_OK(eddy_sleep(0.05));
    eddy_stream_close(f);
    folder_remove();
}

/* ---- closing, two tasks ---- */

TEST_REAL(file_U2_close_ends_a_read_in_flight)
{
    char buf[8];
    ssize_t n = 0;

    folder_make();
    CHECK_INT(mkfifo(in_folder("fifo"), 0600), 0);
    eddy_stream *f = eddy_file_open(in_folder("fifo"), "r+");
    eddy_task *reader = eddy_create_task(reads_coro(f, buf, sizeof buf, &n));
    CHECK_OK(eddy_sleep(0.01));
    CHECK_INT(eddy_read(f, buf, 1), EDDY_EBUSY); /* J2 */
    eddy_stream_close(f);
    CHECK_OK(eddy_await(reader));
    CHECK_INT(n, EDDY_ECLOSED);
    eddy_task_close(reader);
    folder_remove();
}

TEST(file_calls_after_abort)
{
    char buf[8];
    struct stat found;

    folder_make();
    eddy_stream *f = eddy_file_open(in_folder("a"), "w+");
    eddy_stream_abort(f);
    CHECK_INT(eddy_read(f, buf, 1), EDDY_ECLOSED);
    CHECK_INT(eddy_write(f, buf, 1), EDDY_ECLOSED);
    CHECK_INT(eddy_file_pread(f, buf, 1, 0), EDDY_ECLOSED);
    CHECK_INT(eddy_file_seek(f, 0, SEEK_SET), EDDY_ECLOSED);
    CHECK_INT(eddy_file_stat(f, &found), EDDY_ECLOSED);
    eddy_stream_close(f);
    folder_remove();
}

TEST(file_cancelled_before_it_begins)
{
    folder_make();
    eddy_cancel(eddy_current_task());
    CHECK_PTR(eddy_file_open(in_folder("a"), "w"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ECANCELED);
    eddy_uncancel();
    CHECK_INT(folder_count(), 0);
    folder_remove();
}

/* ---- sweeps ---- */

static char sweep_path[64];

static int use_a_file(void)
{
    char buf[32];
    char *line;

    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(sweep_path, "w+"));
    eddy_try(eddy_printf(f, "%s\n%s", "one", "two"));
    eddy_try(eddy_file_seek(f, 0, SEEK_SET));
    eddy_try(eddy_read_line(f, &line));
    eddy_try(eddy_read_exactly(f, buf, 3));
    eddy_try(eddy_file_pwrite(f, "TWO", 3, 4));
    eddy_try(eddy_file_pread(f, buf, 3, 4));
    eddy_try(eddy_file_truncate(f, 5));
    eddy_try(eddy_file_seek(f, 0, SEEK_END));
    return eddy_file_sync(f);
}

static int scenario(void)
{
    int status;

    snprintf(sweep_path, sizeof sweep_path, "/tmp/eddy-sweep-%d", (int)getpid());
    status = use_a_file();
    unlink(sweep_path);
    return status;
}

SWEEP(file_sweep)
{
    return scenario();
}

TORTURE(file_torture)
{
    return scenario();
}
