/* test_stream_writev.c - J20: eddy_writev, on streams of every kind. */
/* pkg-config: openssl */
#include "stream/joined.h"
#include "tls/identity.h"

#include "base/fault.h"
#include <eddy/file.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <unistd.h>

static struct iovec part(const void *bytes, size_t size)
{
    return (struct iovec){(void *)(uintptr_t)bytes, size};
}

static struct iovec text(const char *string)
{
    return part(string, strlen(string));
}

/* ---- one system call ---- */

/* The head and the body leave with one call, and so in one segment. */
static void check_one_call(eddy_stream *to, eddy_stream *from)
{
    struct iovec parts[] = {text("head "), text(""), text("body\n")};
    char *line;

    CHECK_INT(eddy_write(to, "first\n", 6), 6);
    CHECK_INT(eddy_read_line(from, &line), 5);
    long before = eddy__fault_count();
    CHECK_INT(eddy_writev(to, parts, 3), 10);
    CHECK_INT(eddy__fault_count() - before, 1);
    CHECK_INT(eddy_read_line(from, &line), 9);
    CHECK_STR(line, "head body");
    eddy_stream_close(to);
    eddy_stream_close(from);
}

TEST(J20_head_and_body_are_one_system_call_on_tcp)
{
    eddy_stream *s[2];

    streams_open(s, NULL);
    check_one_call(s[0], s[1]);
}

static void unix_open(eddy_stream *s[2])
{
    int fds[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    for (int i = 0; i < 2; i++)
        CHECK((s[i] = eddy_stream_of_socket(fds[i], NULL)) != NULL);
}

TEST(J20_head_and_body_are_one_system_call_on_unix_sockets)
{
    eddy_stream *s[2];

    unix_open(s);
    check_one_call(s[0], s[1]);
}

TEST(J20_head_and_body_are_one_system_call_on_pipes)
{
    eddy_stream *ends[2];

    CHECK_OK(eddy_pipe_open(ends));
    check_one_call(ends[1], ends[0]);
}

/* ---- every kind ---- */

enum { PARTS = 21, LARGE = 400000, SMALL = 7 };

static struct iovec many[PARTS];
static size_t many_size;
static char *got;

/* More parts than one call gets; every third is empty, and some are longer than all buffers. */
static void make_many(void)
{
    many_size = 0;
    got = test_room(PARTS * LARGE);
    for (int i = 0; i < PARTS; i++) {
        size_t size = i % 3 == 0 ? 0 : i % 10 == 1 ? LARGE : SMALL;
        char *bytes = size ? malloc(size) : NULL;

        endless_copy(bytes, many_size, size);
        many[i] = part(bytes, size);
        many_size += size;
    }
}

static void free_many(void)
{
    for (int i = 0; i < PARTS; i++)
        free(many[i].iov_base);
}

static int writes_many(eddy_stream *s, ssize_t *n)
{
    *n = eddy_writev(s, many, PARTS);
    return 0;
}
EDDY_CORO(writes_many, eddy_stream *, ssize_t *)

static void check_parts(eddy_stream *to, eddy_stream *from)
{
    ssize_t n = 0;

    make_many();
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_many_coro(to, &n));
    CHECK_INT(eddy_read_exactly(from, got, many_size), many_size);
    CHECK(endless_equal(got, 0, many_size));
    CHECK_OK(eddy_await(writer));
    CHECK_INT(n, many_size);
    free_many();
    eddy_stream_close(to);
    eddy_stream_close(from);
}

TEST(J20_parts_over_tcp)
{
    eddy_stream *s[2];

    streams_open(s, NULL);
    check_parts(s[0], s[1]);
}

TEST(J20_parts_over_unix_sockets)
{
    eddy_stream *s[2];

    unix_open(s);
    check_parts(s[0], s[1]);
}

TEST(J20_parts_over_a_pipe)
{
    eddy_stream *ends[2];

    CHECK_OK(eddy_pipe_open(ends));
    check_parts(ends[1], ends[0]);
}

TEST(J20_parts_in_memory)
{
    eddy_stream *s[2];

    CHECK_OK(eddy_stream_pair(s));
    check_parts(s[0], s[1]);
}

/* It has no write_parts, and suspends. */
TEST(J20_parts_over_a_kind_of_the_programs_own)
{
    static struct joined joined[2];
    eddy_stream *s[2];

    joined_make(joined, s);
    check_parts(s[0], s[1]);
}

TEST(J20_parts_into_a_file)
{
    char path[] = "/tmp/eddy-test-XXXXXX";
    int fd = mkstemp(path);

    CHECK(fd >= 0);
    close(fd);
    eddy_stream *to = eddy_file_open(path, "w");
    eddy_stream *from = eddy_file_open(path, "r");
    CHECK(to && from);
    unlink(path);
    make_many();
    CHECK_INT(eddy_writev(to, many, PARTS), many_size);
    CHECK_INT(eddy_read_exactly(from, got, many_size), many_size);
    CHECK(endless_equal(got, 0, many_size));
    free_many();
    eddy_stream_close(to);
    eddy_stream_close(from);
}

static struct house h;

static int serves(eddy_stream *s)
{
    return eddy_start_tls(s, .server = true, .cert = h.server.file);
}
EDDY_CORO(serves, eddy_stream *)

TEST_REAL(J20_parts_over_tls)
{
    eddy_stream *s[2];

    house_make(&h);
    streams_open(s, NULL);
    eddy_auto(eddy_task) *server = eddy_create_task(serves_coro(s[1]));
    CHECK_OK(eddy_start_tls(s[0], .server_name = "localhost", .ca_file = h.authority.file));
    CHECK_OK(eddy_await(server));
    check_parts(s[0], s[1]);
    house_free(&h);
}

/* ---- as one write ---- */

static int writes_parts(eddy_stream *s, const struct iovec *parts, int count, ssize_t *n)
{
    *n = eddy_writev(s, parts, count);
    return 0;
}
EDDY_CORO(writes_parts, eddy_stream *, const struct iovec *, int, ssize_t *)

TEST(J20_nothing_comes_between_the_parts)
{
    static char a[100000], b[100000];
    struct iovec as[] = {part(a, 50000), part(a, 50000)}, bs[] = {part(b, 1), part(b, 99999)};
    char *both = test_room(200000);
    eddy_stream *s[2];
    ssize_t n[2] = {0};

    CHECK_OK(eddy_stream_pair(s, .high_water = 1000));
    memset(a, 'a', sizeof a);
    memset(b, 'b', sizeof b);
    eddy_auto(eddy_task) *first = eddy_create_task(writes_parts_coro(s[0], as, 2, &n[0]));
    eddy_auto(eddy_task) *second = eddy_create_task(writes_parts_coro(s[0], bs, 2, &n[1]));
    CHECK_INT(eddy_read_exactly(s[1], both, 200000), 200000);
    CHECK_MEM(both, a, sizeof a);
    CHECK_MEM(both + sizeof a, b, sizeof b);
    CHECK_OK(eddy_await(first));
    CHECK_OK(eddy_await(second));
    CHECK_INT(n[0], 100000);
    CHECK_INT(n[1], 100000);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

/* What does not fit is not begun, so a cancellation leaves the stream as it was. */
TEST(J20_cancelled_before_it_began_sends_nothing)
{
    struct iovec parts[] = {text("head "), text("body")};
    char full[100], buf[200];
    eddy_stream *s[2];
    ssize_t n = 0;

    memset(full, 'f', sizeof full);
    CHECK_OK(eddy_stream_pair(s, .high_water = sizeof full));
    CHECK_INT(eddy_write(s[0], full, sizeof full), sizeof full); /* lies between them */
    CHECK_INT(eddy_write(s[0], full, sizeof full), sizeof full); /* is unsent */
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_parts_coro(s[0], parts, 2, &n));
    CHECK_OK(eddy_sleep(1));
    CHECK(eddy_cancel(writer));
    eddy_ignore(eddy_await(writer));
    CHECK_INT(n, EDDY_ECANCELED);
    CHECK_INT(eddy_read_exactly(s[1], buf, sizeof buf), sizeof buf);
    CHECK_INT(eddy_writev(s[0], parts, 2), 9);
    CHECK_INT(eddy_read_exactly(s[1], buf, 9), 9);
    CHECK_MEM(buf, "head body", 9);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

TEST(J20_cancelled_in_its_middle_ends_the_writing)
{
    static char large[10000];
    struct iovec parts[] = {text("head "), part(large, sizeof large)};
    eddy_stream *s[2];
    ssize_t n = 0;

    CHECK_OK(eddy_stream_pair(s, .high_water = 100));
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_parts_coro(s[0], parts, 2, &n));
    CHECK_OK(eddy_sleep(1));
    CHECK(eddy_cancel(writer));
    eddy_ignore(eddy_await(writer));
    CHECK_INT(n, EDDY_ECANCELED);
    CHECK_INT(eddy_writev(s[0], parts, 2), EDDY_EPIPE);
    eddy_stream_abort(s[0]);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

/* What the socket does not take is kept, within high_water, and nobody waits. */
TEST(J20_rest_of_the_parts_is_kept)
{
    struct iovec parts[] = {text("0123"), text("456789"), text("abc")};
    eddy_stream *s[2];
    char buf[13];

    CHECK_OK(eddy_stream_pair(s, .high_water = 8));
    CHECK_INT(eddy_write(s[0], "xx", 2), 2);
    CHECK_INT(eddy_writev(s[0], parts, 3), 13); /* 6 of them lie between the two, 7 are unsent */
    CHECK_INT(eddy_read_exactly(s[1], buf, 2), 2);
    CHECK_INT(eddy_read_exactly(s[1], buf, 13), 13);
    CHECK_MEM(buf, "0123456789abc", 13);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
}

TEST(J20_bad_arguments)
{
    struct iovec null = {NULL, 1}, empty = {NULL, 0};
    struct iovec huge[] = {part("x", SSIZE_MAX), part("x", 1)};
    eddy_stream *s[2];

    CHECK_OK(eddy_stream_pair(s));
    CHECK_INT(eddy_writev(NULL, &empty, 1), EDDY_EINVAL);
    CHECK_INT(eddy_writev(s[0], NULL, 1), EDDY_EINVAL);
    CHECK_INT(eddy_writev(s[0], &empty, -1), EDDY_EINVAL);
    CHECK_INT(eddy_writev(s[0], &null, 1), EDDY_EINVAL);
    CHECK_INT(eddy_writev(s[0], huge, 2), EDDY_EINVAL);
    CHECK_INT(eddy_writev(s[0], NULL, 0), 0);
    CHECK_INT(eddy_writev(s[0], &empty, 1), 0);
    eddy_stream_close(s[0]);
    eddy_stream_close(s[1]);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    eddy_error_clear();
}

TORTURE(J20_parts_when_calls_fail)
{
    struct iovec parts[] = {text("head "), text("body")};
    eddy_stream *ends[2];
    char buf[9];

    eddy_try(eddy_pipe_open(ends));
    ssize_t n = eddy_writev(ends[1], parts, 2);
    if (n == 9) {
        n = eddy_read_exactly(ends[0], buf, 9);
        CHECK(n != 9 || memcmp(buf, "head body", 9) == 0);
    }
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
    return n < 0 ? (int)n : 0;
}
