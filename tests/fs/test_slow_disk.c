/* A disk that does not answer: no call on files, folders or paths keeps the loop from running. */
#include "fs/folder.h"

#include <eddy/copy.h>
#include <eddy/dir_watch.h>
#include <signal.h>

/* ---- with all worker threads stuck, what would need one waits for it ---- */

enum { THREADS = 2 };

static int blocks(int fd)
{
    char c;

    return read(fd, &c, 1) == 1 ? 0 : EDDY_EIO;
}
EDDY_CORO(blocks, int)

static int occupies(int fd)
{
    return eddy_to_thread(blocks_coro(fd));
}
EDDY_CORO(occupies, int)

static eddy_stream *file;

static int stats(void)
{
    struct stat found;

    return eddy_stat(folder, &found);
}

static int lists(void)
{
    eddy_auto(eddy_dir) *dir = eddy_try(eddy_list_dir(folder));

    return dir->count > 0 ? 0 : EDDY_EIO;
}

static int renames(void)
{
    return eddy_rename(in_folder("a"), in_folder("b"));
}

static int unlinks(void)
{
    return eddy_unlink(in_folder("a"));
}

static int makes_folder(void)
{
    return eddy_mkdir(in_folder("f"), 0755);
}

static int removes_folder(void)
{
    return eddy_rmdir(in_folder("there"));
}

static int makes_folders(void)
{
    return eddy_makedirs(in_folder("f/g"), 0755);
}

static int changes_mode(void)
{
    return eddy_chmod(in_folder("a"), 0600);
}

static int links(void)
{
    return eddy_link(in_folder("a"), in_folder("l"));
}

static int links_by_name(void)
{
    return eddy_symlink("a", in_folder("l"));
}

static int looks_at_link(void)
{
    return eddy_lstat(in_folder("a"), NULL);
}

static int resolves(void)
{
    char *path = eddy_try(eddy_realpath(in_folder("a")));

    eddy_free(path);
    return 0;
}

static int reads_link(void)
{
    char *target = eddy_try(eddy_readlink(in_folder("a")));

    eddy_free(target);
    return 0;
}

static int stats_file(void)
{
    struct stat found;

    return eddy_file_stat(file, &found);
}

static int truncates(void)
{
    return eddy_file_truncate(file, 1);
}

static int seeks(void)
{
    return (int)eddy_file_seek(file, 0, SEEK_END);
}

static int reads_whole(void)
{
    char *data = NULL;
    int status = eddy_read_file(in_folder("a"), &data, NULL);

    eddy_free(data);
    return status;
}

static int watches(void)
{
    eddy_auto(eddy_dir_watch) *watch = eddy_try(eddy_dir_watch_open(folder));

    return watch ? 0 : EDDY_EIO;
}

static int opens(void)
{
    eddy_auto(eddy_stream) *s = eddy_try(eddy_file_open(in_folder("a"), "r"));

    return s ? 0 : EDDY_EIO;
}

static int reads_file(void)
{
    char buf[4];

    return (int)eddy_read(file, buf, sizeof buf);
}

static int reads_at(void)
{
    char buf[4];

    return (int)eddy_file_pread(file, buf, sizeof buf, 0);
}

static int syncs(void)
{
    return eddy_file_sync(file);
}

static const struct {
    const char *name;
    int (*call)(void);
    bool by_ring; /* where there is one, it is asked instead of a thread */
} calls[] = {
    {"stat", stats, false},
    {"list_dir", lists, false},
    {"rename", renames, false},
    {"unlink", unlinks, false},
    {"mkdir", makes_folder, false},
    {"rmdir", removes_folder, false},
    {"makedirs", makes_folders, false},
    {"chmod", changes_mode, false},
    {"link", links, false},
    {"symlink", links_by_name, false},
    {"lstat", looks_at_link, false},
    {"realpath", resolves, false},
    {"readlink", reads_link, false},
    {"file_stat", stats_file, false},
    {"file_truncate", truncates, false},
    {"file_seek", seeks, false},
    {"read_file", reads_whole, false},
    {"dir_watch_open", watches, false},
    {"file_open", opens, true},
    {"read", reads_file, true},
    {"file_pread", reads_at, true},
    {"file_sync", syncs, true},
};

static void check_call(size_t i)
{
    bool ring = strcmp(eddy_loop_backend(eddy_loop_running()), "io_uring") == 0;
    int status = 0;

    if (ring && calls[i].by_ring)
        return;
    eddy_timeout(0.01)
        status = calls[i].call();
    if (status != EDDY_ETIMEDOUT)
        test_fail(__FILE__, __LINE__, "%s was done in the loop's thread: %d", calls[i].name,
                  status);
}

static int calls_while_threads_are_stuck(void)
{
    int ends[2];
    eddy_task *stuck[THREADS];

    file = eddy_file_open(in_folder("a"), "r+");
    CHECK(file != NULL);
    CHECK_INT(pipe(ends), 0);
    for (int i = 0; i < THREADS; i++)
        stuck[i] = eddy_create_task(occupies_coro(ends[0]));
    CHECK_OK(eddy_sleep(0.01));
    for (size_t i = 0; i < count_of(calls); i++)
        check_call(i);
    CHECK_INT(write(ends[1], "xx", THREADS), THREADS);
    for (int i = 0; i < THREADS; i++) {
        CHECK_INT(eddy_await(stuck[i]), 0);
        eddy_task_close(stuck[i]);
    }
    CHECK_OK(stats());
    eddy_stream_close(file);
    close(ends[0]);
    close(ends[1]);
    return 0;
}
EDDY_CORO(calls_while_threads_are_stuck)

TEST_PLAIN(slow_disk_no_call_is_made_in_the_loop)
{
    setenv("EDDY_THREADS", "2", 1);
    folder_make();
    plain_write(in_folder("a"), "text");
    CHECK_INT(mkdir(in_folder("there"), 0755), 0);
    CHECK_INT(eddy_run(calls_while_threads_are_stuck_coro()), 0);
    plain_expect(in_folder("a"), "text"); /* T1: what waited has not happened */
    CHECK_INT(folder_count(), 2);
    folder_remove();
}

/* ---- a file whose opening waits in the kernel: somebody has a lease on it ---- */

static int ticks(int *count)
{
    for (;;) {
        eddy_try(eddy_sleep(0.001));
        ++*count;
    }
}
EDDY_CORO(ticks, int *)

static int gives_lease_up(int fd, const int *count)
{
    for (int end = *count + 5; *count < end;)
        eddy_try(eddy_sleep(0.001));
    return fcntl(fd, F_SETLEASE, F_UNLCK);
}
EDDY_CORO(gives_lease_up, int, const int *)

/* What call does to the file "a" takes until the lease is given up; the loop runs meanwhile. */
static void check_leased(int (*call)(void))
{
    int fd = open(in_folder("a"), O_RDONLY | O_CLOEXEC), count = 0;

    signal(SIGIO, SIG_IGN);
    CHECK(fd >= 0);
    if (fcntl(fd, F_SETLEASE, F_WRLCK) < 0)
        SKIP("this file system has no leases");
    eddy_task *ticker = eddy_create_task(ticks_coro(&count));
    eddy_task *holder = eddy_create_task(gives_lease_up_coro(fd, &count));
    CHECK_INT(call(), 0);
    CHECK(count >= 5);
    CHECK_INT(eddy_await(holder), 0);
    eddy_task_close(holder);
    eddy_task_close(ticker);
    close(fd);
}

static int replaces(void)
{
    return eddy_write_file(in_folder("a"), "new", 3);
}

TEST_REAL(slow_disk_opening_a_leased_file)
{
    folder_make();
    plain_write(in_folder("a"), "text");
    check_leased(opens);
    check_leased(reads_whole);
    check_leased(replaces);
    plain_expect(in_folder("a"), "new");
    folder_remove();
}

/* ---- files whose opening waits for somebody else: U9 ---- */

enum { FIFOS = 40 };

static int opens_fifo(int i)
{
    char path[400], text[8] = "";

    snprintf(path, sizeof path, "%s/fifo%d", folder, i);
    eddy_auto(eddy_stream) *s = eddy_try(eddy_file_open(path, i % 2 ? "r" : "r+"));
    ssize_t n = eddy_try(eddy_read(s, text, sizeof text)); /* opened by "r+" it waits here */
    return strncmp(text, "text", (size_t)n) == 0 ? 0 : EDDY_EIO;
}
EDDY_CORO(opens_fifo, int)

static int nothing(void)
{
    return 0;
}
EDDY_CORO(nothing)

static int goes_on(void)
{
    char *data;
    eddy_address address;

    eddy_try(eddy_write_file(in_folder("a"), "text", 4, .atomic = true));
    eddy_try(eddy_read_file(in_folder("a"), &data, NULL));
    eddy_free(data);
    eddy_try(opens());
    eddy_try(stats());
    eddy_try(lists());
    eddy_try(makes_folder());
    eddy_try(eddy_rmdir(in_folder("f")));
    eddy_try(eddy_getaddrinfo("localhost", 0, &address, 1));
    return eddy_to_thread(nothing_coro());
}

static void check_goes_on(void)
{
    for (int i = 0; i < 2 * THREADS; i++) {
        int status = EDDY_ETIMEDOUT;

        eddy_timeout(10)
            status = goes_on();
        CHECK_INT(status, 0);
    }
}

/* Half of the tasks that wait are cancelled, the others get what they wait for. */
static int fifos_wait(void)
{
    eddy_task *tasks[FIFOS];
    char path[400];

    names_by_getaddrinfo();
    for (int i = 0; i < FIFOS; i++) {
        snprintf(path, sizeof path, "%s/fifo%d", folder, i);
        CHECK_INT(mkfifo(path, 0600), 0);
        tasks[i] = eddy_create_task(opens_fifo_coro(i));
    }
    check_goes_on();
    for (int i = 0; i < FIFOS / 2; i++) {
        CHECK(!eddy_task_done(tasks[i]));
        eddy_cancel(tasks[i]);
        CHECK_INT(eddy_await(tasks[i]), EDDY_ECANCELED);
    }
    check_goes_on();
    for (int i = FIFOS / 2; i < FIFOS; i++) {
        snprintf(path, sizeof path, "%s/fifo%d", folder, i);
        CHECK_INT(eddy_write_file(path, "text", 4), 0);
        CHECK_INT(eddy_await(tasks[i]), 0);
    }
    check_goes_on();
    for (int i = 0; i < FIFOS; i++)
        eddy_task_close(tasks[i]);
    return 0;
}
EDDY_CORO(fifos_wait)

TEST_PLAIN(slow_disk_U9_fifos_that_wait_stop_nothing_else)
{
    char path[400];

    setenv("EDDY_THREADS", "2", 1);
    folder_make();
    CHECK_INT(eddy_run(fifos_wait_coro()), 0);
    for (int i = 0; i < FIFOS / 2; i++) { /* frees the threads that are left */
        snprintf(path, sizeof path, "%s/fifo%d", folder, i);
        close(open(path, O_RDWR | O_CLOEXEC));
    }
    folder_remove();
}
