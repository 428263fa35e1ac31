/* Talking to child processes: pipes, communicate, run. */
#include "process/children.h"

/* ---- talking ---- */

CHILD_TEST(process_lines_back_and_forth)
{
    char *line;

    eddy_auto(eddy_process) *p =
        eddy_process_open(ARGV("cat"), .stdin = EDDY_PIPE, .stdout = EDDY_PIPE);
    for (int i = 0; i < 10; i++) {
        CHECK_OK(eddy_printf(eddy_process_stdin(p), "line %d\n", i));
        CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 6);
        CHECK_INT(line[5], '0' + i);
    }
    CHECK_INT(eddy_write_eof(eddy_process_stdin(p)), 0);
    CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 0);
    CHECK_INT(eddy_process_wait(p, NULL), 0);
    CHECK_INT(eddy_write(eddy_process_stdin(p), "x", 1), EDDY_EPIPE);
    CHECK_CONTAINS(last_message(), "the standard input of cat");
}

enum { LARGE = 5 << 20 };

/* More than any pipe takes, in both directions at once. */
CHILD_TEST(P1_communicate_megabytes_both_ways)
{
    size_t size = test_is_watched() ? LARGE : (size_t)64 << 20;
    char *input = malloc(size);
    eddy_auto(eddy_output) out = {0};

    endless_copy(input, 0, size);
    eddy_auto(eddy_process) *p =
        eddy_process_open(ARGV("cat"), .stdin = EDDY_PIPE, .stdout = EDDY_PIPE, .max_output = size);
    CHECK_INT(eddy_process_communicate(p, input, size, &out, NULL), 0);
    CHECK_INT(out.size, size);
    CHECK_MEM(out.data, input, size);
    CHECK_INT(out.data[size], 0);
    free(input);
}

/* A child that fills one pipe while nobody reads it would never come to the other. */
CHILD_TEST(P1_communicate_reads_both_pipes)
{
    eddy_auto(eddy_output) out = {0};
    eddy_auto(eddy_output) err = {0};

    eddy_auto(eddy_process) *p =
        eddy_process_shell("head -c 1000000 /dev/zero >&2; echo done", .stdin = EDDY_PIPE,
                           .stdout = EDDY_PIPE, .stderr = EDDY_PIPE);
    CHECK_INT(eddy_process_communicate(p, NULL, 0, &out, &err), 0);
    CHECK_STR(out.data, "done\n");
    CHECK_INT(err.size, 1000000);
    eddy_auto(eddy_process) *q =
        eddy_process_shell("head -c 1000000 /dev/zero >&2; exit 5", .stderr = EDDY_PIPE);
    int status = 0;
    CHECK_INT(eddy_process_communicate(q, NULL, 0, NULL, NULL), 0);
    CHECK_INT(eddy_process_status(q, &status), 0);
    CHECK_INT(status, 5);
}

CHILD_TEST(P1_communicate_ignores_epipe)
{
    char *input = calloc(1, LARGE);
    eddy_auto(eddy_output) out = {0};

    signal(SIGPIPE, SIG_DFL);
    eddy_auto(eddy_process) *p =
        eddy_process_shell("exec 0<&-; echo gone", .stdin = EDDY_PIPE, .stdout = EDDY_PIPE);
    CHECK_INT(eddy_process_communicate(p, input, LARGE, &out, NULL), 0);
    CHECK_STR(out.data, "gone\n");
    CHECK_PTR(eddy_last_error(), NULL);
    free(input);
}

CHILD_TEST(communicate_has_a_maximum)
{
    eddy_auto(eddy_output) out = {0};

    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("cat", "/dev/zero"), .stdout = EDDY_PIPE,
                                                   .max_output = 100000, .kill_on_close = true);
    CHECK_INT(eddy_process_communicate(p, NULL, 0, &out, NULL), EDDY_ELIMIT);
    CHECK_CONTAINS(last_message(),
                   "the standard output of cat is over its maximum of 100000 bytes");
    CHECK_INT(out.size, 100000);
    eddy_auto(eddy_process_result) exact = {0};
    CHECK_INT(eddy_process_run(ARGV("head", "-c", "5000", "/dev/zero"), &exact, .max_output = 5000),
              0);
    CHECK_INT(exact.out.size, 5000);
}

CHILD_TEST(P1_communicate_out_of_time_goes_on_later)
{
    eddy_auto(eddy_output) out = {0};
    int r = EDDY_ETIMEDOUT;

    eddy_auto(eddy_process) *p =
        eddy_process_shell("echo one; sleep 1; echo two", .stdout = EDDY_PIPE);
    while (r == EDDY_ETIMEDOUT && !out.size)
        eddy_timeout(0.1)
            r = eddy_process_communicate(p, NULL, 0, &out, NULL);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    CHECK_STR(out.data, "one\n");
    CHECK(is_alive(eddy_process_pid(p)));
    CHECK_INT(eddy_process_communicate(p, NULL, 0, &out, NULL), 0);
    CHECK_STR(out.data, "one\ntwo\n");
}

/* ---- closed meanwhile ---- */

struct talk {
    eddy_process *process;
    const char *input;
    size_t size;
    eddy_output out;
};

static int communicates(struct talk *talk)
{
    return eddy_process_communicate(talk->process, talk->input, talk->size, &talk->out, NULL);
}
EDDY_CORO(communicates, struct talk *)

/* After so many turns: at 1 the tasks for the pipes have not begun. */
static void close_in_turn(int turns, bool kill_on_close)
{
    char *input = calloc(1, LARGE);
    struct talk talk = {.input = input, .size = LARGE};

    talk.process = eddy_process_shell("exec sleep 0.2", .stdin = EDDY_PIPE, .stdout = EDDY_PIPE,
                                      .stderr = EDDY_PIPE, .kill_on_close = kill_on_close);
    eddy_auto(eddy_task) *task = eddy_create_task(communicates_coro(&talk));
    for (int i = 0; i < turns; i++)
        CHECK_INT(eddy_sleep(0), 0);
    eddy_process_close(talk.process);
    CHECK_INT(eddy_await(task), EDDY_ECLOSED);
    eddy_output_clear(&talk.out);
    free(input);
}

CHILD_TEST(P1_communicate_whose_process_is_closed)
{
    for (int turns = 1; turns < 5; turns++) {
        close_in_turn(turns, false);
        close_in_turn(turns, true);
    }
}

/* ---- run ---- */

CHILD_TEST(run_gives_status_and_output)
{
    eddy_auto(eddy_process_result) result = {0};

    RUN(&result, "cat; echo err >&2; exit 9", .input = "hello", .input_size = 5);
    CHECK_INT(result.status, 9);
    CHECK_STR(result.out.data, "hello");
    CHECK_STR(result.err.data, "err\n");
}

CHILD_TEST(run_without_input_reads_nothing)
{
    eddy_auto(eddy_process_result) result = {0};

    CHECK_INT(eddy_process_run(ARGV("cat"), &result), 0);
    CHECK_INT(result.out.size, 0);
    CHECK_STR(result.out.data, "");
}

/* One result for several calls: each clears what the one before has left. */
CHILD_TEST(run_clears_an_earlier_result)
{
    eddy_auto(eddy_process_result) result = {0};

    RUN(&result, "echo one; echo err >&2; exit 9", .cwd = NULL);
    RUN(&result, "echo two", .cwd = NULL);
    CHECK_STR(result.out.data, "two\n");
    CHECK_INT(result.err.size, 0);
    CHECK_INT(result.status, 0);
    CHECK_INT(eddy_process_run(ARGV("/no/such"), &result), EDDY_ENOENT);
    CHECK_PTR(result.out.data, NULL);
}

CHILD_TEST(run_out_of_time_leaves_no_child)
{
    eddy_auto(eddy_process_result) result = {0};
    int r = 0;

    eddy_timeout(0.05)
        r = eddy_process_run(ARGV("sleep", "100"), &result);
    CHECK_INT(r, EDDY_ETIMEDOUT);
    check_no_child();
}

static int runs_one(int n, int *sum)
{
    char text[16];
    eddy_auto(eddy_process_result) result = {0};

    snprintf(text, sizeof text, "exit %d", n);
    eddy_try(eddy_process_run(ARGV("/bin/sh", "-c", text), &result));
    *sum += result.status;
    return 0;
}
EDDY_CORO(runs_one, int, int *)

CHILD_TEST(run_many_at_once)
{
    enum { MANY = 40 };
    eddy_coro coros[MANY];
    int sum = 0;

    for (int i = 0; i < MANY; i++)
        coros[i] = runs_one_coro(i, &sum);
    CHECK_INT(eddy_gather_n(coros, MANY), 0);
    CHECK_INT(sum, MANY * (MANY - 1) / 2);
    check_no_child();
}

/* ---- with things going wrong ---- */

static int talks(void)
{
    eddy_auto(eddy_output) out = {0};
    eddy_auto(eddy_output) err = {0};
    int status;

    eddy_auto(eddy_process) *p =
        eddy_try(eddy_process_shell("cat; echo err >&2", .stdin = EDDY_PIPE, .stdout = EDDY_PIPE,
                                    .stderr = EDDY_PIPE, .kill_on_close = true, .new_group = true));
    eddy_try(eddy_process_communicate(p, "hello\n", 6, &out, &err));
    eddy_try(eddy_process_wait(p, &status));
    CHECK_STR(out.data, "hello\n");
    CHECK_STR(err.data, "err\n");
    return 0;
}

SWEEP(P1_communicate_cancelled_anywhere)
{
    needs_pidfd();
    int r = talks();

    check_no_child();
    return r;
}

SWEEP(P1_run_cancelled_anywhere)
{
    needs_pidfd();
    int r = eddy_process_run(ARGV("sleep", "0.02"), NULL, .grace = 1);

    check_no_child();
    return r;
}

TORTURE(process_with_failures)
{
    needs_pidfd();
    return checked(talks());
}

CHILD_TEST(communicate_refuses_what_it_cannot_write)
{
    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("true"));

    CHECK_INT(eddy_process_communicate(NULL, NULL, 0, NULL, NULL), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "the process is NULL");
    CHECK_INT(eddy_process_communicate(p, NULL, 2, NULL, NULL), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "an input of 2 bytes is expected");
    CHECK_INT(eddy_process_communicate(p, "x", 1, NULL, NULL), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "not an EDDY_PIPE");
    CHECK_INT(eddy_process_wait(p, NULL), 0);
}
