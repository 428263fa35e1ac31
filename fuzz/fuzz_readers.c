/* fuzz_readers.c - lines, separators, counts and copies from a stream that gets its bytes in pieces
 * of any size, held against the same cut out of the whole. */
#include "fuzz.h"

struct script {
    struct input ops;
    const uint8_t *bytes;
    size_t size;
    size_t at; /* up to here they have been read */
    size_t limit;
    eddy_stream *in[2];
    eddy_stream *out[2];
};

/* ---- the bytes as the writer sends them ---- */

static int sends(eddy_stream *s, struct input pieces, const uint8_t *bytes, size_t size)
{
    while (size > 0) {
        size_t n = take_byte(&pieces) + 1;

        n = n < size ? n : size;
        eddy_try(eddy_write(s, bytes, n));
        eddy_try(eddy_sleep(0));
        bytes += n;
        size -= n;
    }
    return eddy_write_eof(s);
}
EDDY_CORO(sends, eddy_stream *, struct input, const uint8_t *, size_t)

/* ---- what each call must give ---- */

static const uint8_t *rest(const struct script *s)
{
    return s->bytes + s->at;
}

static size_t left(const struct script *s)
{
    return s->size - s->at;
}

static void advance(struct script *s, const void *got, size_t n)
{
    MUST(n <= left(s) && (n == 0 || memcmp(got, rest(s), n) == 0));
    s->at += n;
}

static void read_some(struct script *s, size_t size)
{
    uint8_t buf[300];
    ssize_t n = eddy_read(s->in[1], buf, size);

    MUST(n >= 0 && n <= (ssize_t)size && (n > 0 || !left(s)));
    advance(s, buf, (size_t)n);
}

static void read_exactly(struct script *s, size_t size)
{
    static uint8_t buf[16384];
    ssize_t n = eddy_read_exactly(s->in[1], buf, size);

    MUST(n == (size <= left(s) ? (ssize_t)size : EDDY_EOF));
    if (n > 0)
        advance(s, buf, size);
}

/* After a refusal the bytes are still there. */
static void read_until(struct script *s, const char *separator)
{
    size_t length = strlen(separator);
    const uint8_t *found = memmem(rest(s), left(s), separator, length);
    size_t before = found ? (size_t)(found - rest(s)) : left(s);
    char *data = NULL;
    ssize_t n = eddy_read_until(s->in[1], separator, &data);

    if (found && before <= s->limit) {
        MUST(n == (ssize_t)(before + length) && data[n] == '\0');
        advance(s, data, (size_t)n);
        return;
    }
    MUST(n == (found || left(s) >= s->limit + length ? EDDY_ELIMIT : EDDY_EOF));
    read_some(s, 300);
}

static void read_line(struct script *s)
{
    const uint8_t *found = memchr(rest(s), '\n', left(s));
    size_t length = found ? (size_t)(found - rest(s)) : left(s);
    char *line = NULL;
    ssize_t n = eddy_read_line(s->in[1], &line);

    if (length > s->limit) {
        MUST(n == EDDY_ELIMIT);
        read_some(s, 300);
        return;
    }
    size_t shown = length - (found && length && rest(s)[length - 1] == '\r');
    MUST(n == (ssize_t)shown && (line != NULL) == (found || length));
    MUST(!line || line[n] == '\0');
    advance(s, line, shown);
    s->at += length - shown + (found != NULL);
}

static void copy(struct script *s, int64_t size)
{
    uint8_t buf[256];
    int64_t n = eddy_copy(s->out[0], s->in[1], .size = size);
    int64_t expected = size < (int64_t)left(s) ? size : (int64_t)left(s);

    MUST(n == expected);
    MUST(eddy_read_exactly(s->out[1], buf, (size_t)n) == n);
    advance(s, buf, (size_t)n);
}

/* ---- running ---- */

static void do_next(struct script *s)
{
    static const char *const separators[] = {"\n", "\r\n", "ab", "aab", "\n\n"};
    unsigned op = take_byte(&s->ops), argument = take_byte(&s->ops);

    switch (op % 6) {
    case 0:
        read_line(s);
        break;
    case 1:
        read_until(s, separators[argument % 5]);
        break;
    case 2:
        read_exactly(s, argument);
        break;
    case 3:
        read_exactly(s, 37 * argument);
        break;
    case 4:
        copy(s, 1 + argument);
        break;
    default:
        read_some(s, 1 + argument);
    }
}

/* limit; how many bytes are operations, and pieces; these; the bytes of the stream */
static int plays(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct script s = {.limit = 1 + take_byte(&in)};
    size_t count = take_byte(&in);

    count = count < in.size ? count : in.size;
    s.ops = (struct input){in.data, count};
    s.bytes = in.data + count;
    s.size = in.size - count;
    eddy_try(eddy_stream_pair(s.in, .limit = s.limit, .high_water = 512));
    eddy_try(eddy_stream_pair(s.out));
    eddy_auto(eddy_task) *sender =
        eddy_try(eddy_create_task(sends_coro(s.in[0], s.ops, s.bytes, s.size)));
    while (left(&s))
        do_next(&s);
    read_some(&s, 1);
    MUST(eddy_at_eof(s.in[1]));
    MUST(eddy_await(sender) == 0);
    for (int i = 0; i < 2; i++) {
        eddy_stream_close(s.in[i]);
        eddy_stream_close(s.out[i]);
    }
    return 0;
}
EDDY_CORO(plays, const uint8_t *, size_t)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    MUST(run_in_loop(plays_coro(data, size)) == 0);
    return 0;
}
