/* Operations in worker threads, and opens that wait, on every backend. */
#include "test.h"

#include "loop/io.h"
#include "sandbox.h"
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/io_uring.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

enum { OPENS = 40, THREADS = 2, MANY = 2200, WAITING_MAX = 1024 };

static eddy_op ops[MANY];
static int done_count;
static char fifo[64];

static void done(eddy_op *op)
{
    (void)op;
    done_count++;
}

static eddy_loop *open_loop(void)
{
    setenv("EDDY_THREADS", "2", 1);
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    CHECK(loop);
    return loop;
}

static bool on_ring(const eddy_loop *loop)
{
    return strcmp(eddy_loop_backend(loop), "io_uring") == 0;
}

static void run_until(eddy_loop *loop, int count)
{
    while (done_count < count)
        CHECK_OK(eddy_loop_run_once(loop, 0.002));
    CHECK_INT(done_count, count);
}

/* A moment in which count operations are done, and no more. */
static void expect_done(eddy_loop *loop, int count)
{
    run_until(loop, count);
    for (int i = 0; i < 20; i++)
        CHECK_OK(eddy_loop_run_once(loop, 0.002));
    CHECK_INT(done_count, count);
}

static int threads_alive(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;

    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

static void *ends(void *arg)
{
    return arg;
}

/* The C library gives back the stacks that are beyond its cache when another thread ends, and those
 * of threads that have just ended are not among them. */
static void await_threads(int most)
{
    pthread_t last;

    while (threads_alive() > most)
        usleep(1000);
    CHECK_OK(-pthread_create(&last, NULL, ends, NULL));
    pthread_join(last, NULL);
}

static void make_fifo(void)
{
    snprintf(fifo, sizeof fifo, "/tmp/eddy-op-work-%d", (int)getpid());
    CHECK_OK(mkfifo(fifo, 0600));
}

static void submit_open(eddy_loop *loop, eddy_op *op, const char *path)
{
    *op = (eddy_op){
        .code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = path, .flags = O_CLOEXEC, .done = done};
    CHECK_OK(eddy_loop_submit(loop, op));
}

/* Opens of a FIFO that nobody writes to. */
static void begin_opens(eddy_loop *loop, int count)
{
    for (int i = 0; i < count; i++)
        submit_open(loop, &ops[i], fifo);
}

static ssize_t perform(eddy_loop *loop, eddy_op *op)
{
    int before = done_count;

    op->done = done;
    CHECK_OK(eddy_loop_submit(loop, op));
    run_until(loop, before + 1);
    return op->result;
}

static void nothing(struct eddy__work *work)
{
    (void)work;
}

static void job_done(struct eddy__work *work)
{
    (void)work;
    done_count++;
}

/* Files are opened, read and synced, more of them than the loop has threads, and jobs run. */
static void check_others_go_on(eddy_loop *loop)
{
    char c;
    struct eddy__work jobs[2 * THREADS] = {0};

    for (int i = 0; i < 2 * THREADS; i++) {
        eddy_op op = {
            .code = EDDY_OP_OPEN, .fd = AT_FDCWD, .path = "/proc/self/exe", .flags = O_CLOEXEC};
        int fd = (int)CHECK_OK(perform(loop, &op)), before = done_count;
        op = (eddy_op){.code = EDDY_OP_READ, .fd = fd, .buffer = &c, .size = 1, .offset = 1};
        CHECK_INT(perform(loop, &op), 1);
        CHECK_INT(c, 'E');
        op = (eddy_op){.code = EDDY_OP_FSYNC, .fd = fd};
        CHECK_INT(perform(loop, &op), 0);
        close(fd);
        jobs[i].run = nothing;
        jobs[i].done = job_done;
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[i]));
        run_until(loop, before + 3);
    }
}

/* Some writer comes, and stays until the FIFO is closed. */
static int come(void)
{
    return CHECK_OK(open(fifo, O_RDWR | O_CLOEXEC));
}

static void check_opened(int from, int to)
{
    for (int i = from; i < to; i++)
        close((int)CHECK_OK(ops[i].result));
}

/* U9, U3: also those go on that are cancelled, and what they open in the end is closed. */
TEST_PLAIN(op_work_U9_opens_that_wait_stop_no_others)
{
    eddy_loop *loop = open_loop();
    int before = threads_alive();

    make_fifo();
    begin_opens(loop, OPENS);
    check_others_go_on(loop);
    int count = done_count;
    for (int i = 0; i < OPENS / 2; i++)
        eddy_loop_cancel_op(loop, &ops[i]);
    expect_done(loop, count + OPENS / 2);
    for (int i = 0; i < OPENS / 2; i++)
        CHECK_INT(ops[i].result, EDDY_ECANCELED);
    CHECK_INT(loop->holds, on_ring(loop) ? 0 : OPENS / 2); /* who was left holds nothing */
    check_others_go_on(loop);
    count = done_count;
    int writer = come();
    run_until(loop, count + OPENS / 2);
    check_opened(OPENS / 2, OPENS);
    CHECK_INT(loop->holds, 0);
    if (!on_ring(loop)) /* the threads that are too many end */
        await_threads(before + THREADS);
    check_others_go_on(loop);
    close(writer);
    unlink(fifo);
    eddy_loop_close(loop);
}

/* In the same moment as others: nobody has begun when they are all submitted. */
TEST_PLAIN(op_work_U9_opens_that_wait_before_others)
{
    static eddy_op files[OPENS];
    eddy_loop *loop = open_loop();

    make_fifo();
    begin_opens(loop, OPENS);
    for (int i = 0; i < OPENS; i++)
        submit_open(loop, &files[i], "/proc/self/exe");
    expect_done(loop, OPENS);
    for (int i = 0; i < OPENS; i++)
        close((int)CHECK_OK(files[i].result));
    close(come());
    run_until(loop, 2 * OPENS);
    check_opened(0, OPENS);
    unlink(fifo);
    eddy_loop_close(loop);
}

/* Again and again one is fulfilled: its thread ends, or is another's. */
TEST_PLAIN(op_work_U9_waits_come_and_go)
{
    eddy_loop *loop = open_loop();

    make_fifo();
    for (int round = 0; round < 20; round++) {
        int before = done_count;
        begin_opens(loop, 7);
        for (int i = 0; i < round % 4; i++)
            CHECK_OK(eddy_loop_run_once(loop, 0.001));
        for (int i = 0; i < 7; i += 3)
            if (done_count == before)
                eddy_loop_cancel_op(loop, &ops[i]);
        int writer = come();
        run_until(loop, before + 7);
        for (int i = 0; i < 7; i++)
            if (ops[i].result != EDDY_ECANCELED)
                check_opened(i, i + 1);
        check_others_go_on(loop);
        close(writer);
    }
    unlink(fifo);
    eddy_loop_close(loop);
}

/* U9, T2: the threads that are left do without the loop. */
static void check_end(bool cancelled)
{
    int before = threads_alive();
    eddy_loop *loop = open_loop();

    make_fifo();
    begin_opens(loop, OPENS);
    check_others_go_on(loop);
    int count = done_count;
    for (int i = 0; cancelled && i < OPENS; i++)
        eddy_loop_cancel_op(loop, &ops[i]);
    if (cancelled)
        run_until(loop, count + OPENS);
    int64_t began = eddy__clock_now();
    eddy_loop_close(loop);
    CHECK(eddy__clock_now() - began < (test_is_watched() ? 4 : 1) * NS_PER_SECOND);
    CHECK_INT(done_count, count + OPENS);
    for (int i = 0; i < OPENS; i++)
        CHECK_INT(ops[i].result, EDDY_ECANCELED);
    int writer = come();
    await_threads(before);
    close(writer);
    unlink(fifo);
}

TEST_PLAIN(op_work_U9_the_loop_ends_while_opens_wait)
{
    check_end(false);
}

TEST_PLAIN(op_work_U9_the_loop_ends_while_cancelled_opens_wait)
{
    check_end(true);
}

/* The bound is told, to opens that wait alone. */
TEST_PLAIN(op_work_U9_too_many_opens_wait)
{
    if (test_is_watched())
        SKIP("of more than 1,000 threads");
    eddy_loop *loop = open_loop();
    int refused = MANY - (on_ring(loop) ? 1000 : 0) - WAITING_MAX;

    make_fifo();
    begin_opens(loop, MANY);
    expect_done(loop, refused);
    for (int i = 0; i < MANY; i++)
        if (ops[i].result)
            CHECK_INT(ops[i].result, EDDY_ELIMIT);
    check_others_go_on(loop);
    int count = done_count, left = 0;
    for (int i = 0; i < MANY; i++) {
        if (ops[i].result || i % 2)
            continue;
        eddy_loop_cancel_op(loop, &ops[i]);
        left++;
    }
    expect_done(loop, count + left);
    int writer = come();
    run_until(loop, count + MANY - refused);
    for (int i = 0; i < MANY; i++)
        if (ops[i].result >= 0)
            check_opened(i, i + 1);
    close(writer);
    unlink(fifo);
    eddy_loop_close(loop);
}

/* A ring that may not have more of the kernel's threads: its opens are for those of the loop. */
TEST_PLAIN(op_work_U8_limit_of_kernel_threads_refused)
{
    static const struct sandbox_call call =
        SANDBOX_FLAG(io_uring_register, 1, IORING_REGISTER_IOWQ_MAX_WORKERS);

    sandbox_refuse(&call, 1, EPERM);
    eddy_loop *loop = open_loop();
    make_fifo();
    begin_opens(loop, OPENS);
    check_others_go_on(loop);
    int count = done_count;
    for (int i = 0; i < OPENS; i += 2)
        eddy_loop_cancel_op(loop, &ops[i]);
    expect_done(loop, count + OPENS / 2);
    int writer = come();
    run_until(loop, count + OPENS);
    for (int i = 1; i < OPENS; i += 2)
        check_opened(i, i + 1);
    close(writer);
    unlink(fifo);
    eddy_loop_close(loop);
}
