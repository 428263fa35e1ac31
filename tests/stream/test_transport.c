/* test_transport.c - J18: streams of a kind that the program has made. */
#include "stream/joined.h"

#include <limits.h>

static struct joined joined[2];

static int read_all(eddy_stream *s, char *buf, size_t size, ssize_t *n)
{
    *n = eddy_read_exactly(s, buf, size);
    return 0;
}
EDDY_CORO(read_all, eddy_stream *, char *, size_t, ssize_t *)

/* ---- one that suspends ---- */

TEST(J18_stream_that_suspends)
{
    eddy_stream *s[2];
    char *line, buf[8];

    joined_make(joined, s);
    CHECK_STR(eddy_stream_peer(s[0]), "two pipes");
    CHECK_STR(eddy_stream_local(s[0]), "?");
    CHECK_INT(eddy_stream_fd(s[0]), -1);
    CHECK_INT(eddy_printf(s[0], "one %d\ntwo", 1), 9);
    CHECK_INT(eddy_read_line(s[1], &line), 5);
    CHECK_STR(line, "one 1");
    CHECK_OK(eddy_write_eof(s[0]));
    CHECK_INT(eddy_read_line(s[1], &line), 3);
    CHECK_STR(line, "two");
    CHECK_INT(eddy_read(s[1], buf, sizeof buf), 0);
    CHECK(eddy_at_eof(s[1]));
    CHECK_INT(eddy_write(s[0], "x", 1), EDDY_EPIPE);
    for (int i = 0; i < 2; i++) {
        eddy_stream_close(s[i]);
        CHECK_INT(joined[i].closed, 1);
        CHECK_INT(joined[i].released, 1);
        CHECK(!joined[i].aborted);
    }
}

/* Longer than all buffers between them, in both directions at once. */
static char large[2][400000], got[2][400000];

static void check_exchange(eddy_stream *s[2])
{
    ssize_t n[4] = {0};
    eddy_task *tasks[4];

    for (size_t i = 0; i < sizeof large[0]; i++)
        for (int k = 0; k < 2; k++)
            large[k][i] = (char)(i * 31 + i / 1000 + (size_t)k);
    for (int i = 0; i < 2; i++) {
        tasks[i] = eddy_create_task(writes_coro(s[i], large[i], sizeof large[i], &n[i]));
        tasks[2 + i] = eddy_create_task(read_all_coro(s[!i], got[i], sizeof got[i], &n[2 + i]));
    }
    for (int i = 0; i < 4; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        CHECK_INT(n[i], sizeof large[0]);
        eddy_task_close(tasks[i]);
    }
    for (int i = 0; i < 2; i++)
        CHECK_MEM(got[i], large[i], sizeof large[i]);
}

TEST(J18_stream_that_suspends_in_both_directions)
{
    eddy_stream *s[2];

    joined_make(joined, s);
    check_exchange(s);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

TEST(J18_cancelled_read_loses_nothing)
{
    eddy_stream *s[2];
    char buf[8];
    ssize_t n = 0;

    joined_make(joined, s);
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(s[1], buf, sizeof buf, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_read(s[1], buf, 1), EDDY_EBUSY);
    eddy_cancel(reader);
    CHECK_OK(eddy_await(reader));
    CHECK_INT(n, EDDY_ECANCELED);
    CHECK_INT(eddy_write(s[0], "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(s[1], buf, 5), 5);
    CHECK_MEM(buf, "hello", 5);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

/* U2: those inside get ECLOSED; the state stays until they have come out. */
TEST(U2_stream_that_suspends_is_closed_under_its_users)
{
    eddy_stream *s[2];
    ssize_t n[3] = {0};
    char byte;
    eddy_task *tasks[3];

    joined_make(joined, s);
    tasks[0] = eddy_create_task(reads_coro(s[0], &byte, 1, &n[0]));
    for (int i = 1; i < 3; i++)
        tasks[i] = eddy_create_task(writes_coro(s[0], large[0], sizeof large[0], &n[i]));
    CHECK_OK(eddy_sleep(0));
    eddy_stream_close(s[0]);
    CHECK_INT(joined[0].closed, 1);
    CHECK_INT(joined[0].released, 0);
    for (int i = 0; i < 3; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        CHECK_INT(n[i], EDDY_ECLOSED);
        eddy_task_close(tasks[i]);
    }
    CHECK_INT(joined[0].released, 1);
    eddy_stream_close(s[1]);
}

TEST(J18_abort_is_told)
{
    eddy_stream *s[2];

    joined_make(joined, s);
    eddy_stream_abort(s[0]);
    CHECK_INT(joined[0].closed, 1);
    CHECK(joined[0].aborted);
    CHECK_INT(joined[0].released, 0);
    eddy_stream_close(s[0]);
    CHECK_INT(joined[0].released, 1);
    eddy_stream_close(s[1]);
}

/* ---- one that tells when it is ready ---- */

struct box {
    eddy_transport *transport;
    char bytes[8]; /* what was written and can be read */
    size_t count;
    int failure;
};

static ssize_t box_read(eddy_transport *t, void *buf, size_t size)
{
    struct box *box = t->state;
    size_t n = size < box->count ? size : box->count;

    if (box->failure || !n)
        return box->failure ? box->failure : EDDY_EAGAIN;
    memcpy(buf, box->bytes, n);
    memmove(box->bytes, box->bytes + n, box->count - n);
    box->count -= n;
    eddy_transport_ready(t, EDDY_WRITABLE);
    return (ssize_t)n;
}

static ssize_t box_write(eddy_transport *t, const void *buf, size_t size)
{
    struct box *box = t->state;
    size_t room = sizeof box->bytes - box->count, n = size < room ? size : room;

    if (!n)
        return EDDY_EAGAIN;
    memcpy(box->bytes + box->count, buf, n);
    box->count += n;
    eddy_transport_ready(t, EDDY_READABLE);
    return (ssize_t)n;
}

static const char *box_reason(const eddy_transport *t, int code)
{
    (void)t;
    return code == EDDY_EIO ? "the box is broken" : NULL;
}

static const eddy_transport_kind box_kind = {
    .read = box_read,
    .write = box_write,
    .reason = box_reason,
};

TEST(J18_stream_that_tells_when_it_is_ready)
{
    struct box box = {0};
    ssize_t n = 0;
    char buf[9] = "";
    eddy_auto(eddy_stream) *s = eddy_stream_open(&box_kind, &box, .peer = "a box", .local = "here",
                                                 .stream = {.high_water = 16});

    CHECK_PTR(eddy_stream_transport(s)->state, &box);
    CHECK_STR(eddy_stream_local(s), "here");
    CHECK_INT(eddy_write(s, "0123456789", 10), 10); /* eight are in the box, two unsent */
    CHECK_INT(box.count, 8);
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_coro(s, "abcdefghijklmnop", 16, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(n, 0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(eddy_read_exactly(s, buf, 8), 8);
    CHECK_MEM(buf, "ghijklmn", 8);
    CHECK_OK(eddy_await(writer));
    CHECK_INT(n, 16);
    CHECK_OK(eddy_flush(s));
    CHECK_INT(eddy_read(s, buf, 8), 2);
    CHECK_INT(eddy_write_eof(s), EDDY_ENOTSUP);
}

TEST(J18_failure_and_its_reason)
{
    struct box box = {.failure = EDDY_EIO};
    eddy_auto(eddy_stream) *s = eddy_stream_open(&box_kind, &box, .peer = "a box");
    char byte;

    CHECK_INT(eddy_read(s, &byte, 1), EDDY_EIO);
    CHECK_STR(last_message(), "cannot read from a box: the box is broken");
    box.failure = 0;
    CHECK_INT(eddy_read(s, &byte, 1), EDDY_EIO); /* a failure is for good */
}

/* ---- transports that lie ---- */

static ssize_t lie;

static ssize_t lying_read(eddy_transport *t, void *buf, size_t size)
{
    (void)t, (void)buf, (void)size;
    return lie;
}

static ssize_t lying_write(eddy_transport *t, const void *buf, size_t size)
{
    (void)t, (void)buf, (void)size;
    return lie;
}

static ssize_t calling_write(eddy_transport *t, const void *buf, size_t size)
{
    (void)buf, (void)size;
    eddy_transport_ready(t, EDDY_WRITABLE);
    return EDDY_EAGAIN;
}

static const eddy_transport_kind lying[2] = {
    {.read = lying_read, .write = lying_write},
    {.read = lying_read, .write = lying_write, .suspends = true},
};

TEST(J18_answers_that_are_none)
{
    static const struct {
        ssize_t lie, read, written;
    } cases[] = {{11, EDDY_EINVAL, EDDY_EINVAL},
                 {LONG_MAX, EDDY_EINVAL, EDDY_EINVAL},
                 {0, 0, EDDY_EINVAL},
                 {EDDY_ECLOSED, EDDY_ECONNABORTED, EDDY_ECONNABORTED},
                 {-999999, -999999, -999999}};
    char buf[10];

    for (size_t i = 0; i < 2 * count_of(cases); i++) {
        eddy_auto(eddy_stream) *s = eddy_stream_open(&lying[i % 2], NULL);
        size_t n = i / 2;

        lie = cases[n].lie;
        CHECK_INT(eddy_read(s, buf, sizeof buf), cases[n].read);
        CHECK_INT(eddy_write(s, buf, sizeof buf), cases[n].written);
        CHECK_INT(eddy_flush(s), cases[n].written);
        CHECK_INT(eddy_write_eof(s), cases[n].written);
    }
}

TEST(J18_ready_from_within_write)
{
    static const eddy_transport_kind kind = {.read = lying_read, .write = calling_write};
    eddy_stream *s = eddy_stream_open(&kind, NULL);

    CHECK_INT(eddy_write(s, "unsent", 6), 6);
    eddy_transport_ready(eddy_stream_transport(s), EDDY_WRITABLE);
    eddy_stream_abort(s);
    eddy_stream_close(s);
}

/* ---- what is refused ---- */

TEST(J18_options_are_checked)
{
    static const eddy_transport_kind half = {.read = box_read};

    CHECK_PTR(eddy_stream_open(NULL, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_stream_open(&half, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_STR(last_message(), "a kind of transport needs read and write");
    CHECK_PTR(eddy_stream_open(&box_kind, NULL, .stream = {.low_water = SIZE_MAX}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_stream_transport(NULL), NULL);
    eddy_transport_ready(NULL, EDDY_READABLE);
    eddy_error_clear();
}

TEST_PLAIN(J18_needs_a_loop)
{
    CHECK_PTR(eddy_stream_open(&box_kind, NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELOOP);
    eddy_error_clear();
}
