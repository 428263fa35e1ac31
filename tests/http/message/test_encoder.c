/* test_encoder.c - bodies coded by gzip, and decoded by ours and by Python's. */
#include "base/alloc.h"
#include "http/message/coding.h"
#include "test.h"

enum { ROOM = 1 << 20 };

struct coded {
    size_t size, at;
    int left; /* calls until the sink fails; 0: it does not */
    char data[ROOM];
};
static struct coded coded;
static char text[ROOM], decoded[ROOM];

static int take(void *arg, const void *data, size_t size)
{
    struct coded *c = arg;

    if (c->left && --c->left == 0)
        return EDDY_EPIPE;
    CHECK(size > 0 && c->size + size <= ROOM);
    memcpy(c->data + c->size, data, size);
    c->size += size;
    return 0;
}

static ssize_t give(void *arg, void *buf, size_t size)
{
    struct coded *c = arg;
    size_t n = c->size - c->at < size ? c->size - c->at : size;

    memcpy(buf, c->data + c->at, n);
    c->at += n;
    return (ssize_t)n;
}

/* Letters that can hardly be made smaller than by half. */
static void make_text(void)
{
    unsigned seed = 1;

    for (size_t i = 0; i < ROOM; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = (char)('a' + (seed >> 16) % 16);
    }
}

/* What of the coded bytes so far can be decoded. */
static size_t decode(void)
{
    struct eddy__decoder *decoder;
    size_t total = 0;
    ssize_t n;

    coded.at = 0;
    CHECK_OK(eddy__decoder_open(&decoder, "gzip", give, &coded));
    while ((n = eddy__decoder_read(decoder, decoded + total, ROOM - total)) > 0)
        total += (size_t)n;
    eddy__decoder_close(decoder);
    return total;
}

static struct eddy__encoder *open_encoder(void)
{
    struct eddy__encoder *encoder;

    coded.size = 0;
    CHECK_OK(eddy__encoder_open(&encoder, take, &coded));
    return encoder;
}

TEST(encoder_codes_what_it_is_given)
{
    static const size_t pieces[] = {ROOM, 100, 30000};

    make_text();
    for (size_t i = 0; i < 3; i++) {
        struct eddy__encoder *encoder = open_encoder();

        for (size_t at = 0; at < ROOM; at += pieces[i])
            CHECK_OK(eddy__encoder_write(encoder, text + at,
                                         ROOM - at < pieces[i] ? ROOM - at : pieces[i]));
        CHECK_OK(eddy__encoder_end(encoder));
        CHECK_OK(eddy__encoder_end(encoder));
        CHECK_INT(eddy__encoder_write(encoder, "x", 1), EDDY_ECLOSED);
        eddy__encoder_close(encoder);
        CHECK(coded.size > ROOM / 4 && coded.size < ROOM * 6 / 10);
        CHECK_INT(decode(), ROOM);
        CHECK_MEM(decoded, text, ROOM);
    }
}

TEST(encoder_of_nothing_codes_nothing)
{
    struct eddy__encoder *encoder = open_encoder();

    CHECK_OK(eddy__encoder_write(encoder, text, 0));
    CHECK_OK(eddy__encoder_flush(encoder));
    CHECK_INT(coded.size, 0);
    CHECK_OK(eddy__encoder_end(encoder));
    eddy__encoder_close(encoder);
    CHECK_INT(coded.size, 20);
    CHECK_INT(decode(), 0);
}

TEST(encoder_flush_gives_all_that_was_written)
{
    struct eddy__encoder *encoder = open_encoder();
    size_t size = 0;

    make_text();
    for (size_t i = 1; i < 50; i++) {
        CHECK_OK(eddy__encoder_write(encoder, text + size, i));
        CHECK_OK(eddy__encoder_flush(encoder));
        size += i;
        size_t before = coded.size;
        CHECK_OK(eddy__encoder_flush(encoder));
        CHECK_INT(coded.size, before);
        CHECK_INT(decode(), size);
        CHECK_MEM(decoded, text, size);
    }
    eddy__encoder_close(encoder);
}

TEST(encoder_takes_no_memory_before_the_first_byte)
{
    long before = eddy__alloc_live();
    struct eddy__encoder *encoder = open_encoder();

    CHECK_INT(eddy__alloc_live(), before + 1);
    eddy__encoder_close(encoder);
    eddy__encoder_close(NULL);
}

TEST(encoder_passes_a_failure_of_its_sink_on)
{
    struct eddy__encoder *encoder = open_encoder();

    make_text();
    coded.left = 2;
    CHECK_INT(eddy__encoder_write(encoder, text, ROOM), EDDY_EPIPE);
    eddy__encoder_close(encoder);
}

TEST_REAL(encoder_is_understood_by_python)
{
    struct eddy__encoder *encoder = open_encoder();

    if (system("python3 -c 'import gzip'") != 0)
        SKIP("no python3");
    for (int i = 0; i < 20000; i++) {
        char line[32];

        CHECK_OK(eddy__encoder_write(encoder, line,
                                     (size_t)snprintf(line, sizeof line, "line %d\n", i)));
        if (i % 1000 == 0)
            CHECK_OK(eddy__encoder_flush(encoder));
    }
    CHECK_OK(eddy__encoder_end(encoder));
    eddy__encoder_close(encoder);
    FILE *python = popen("python3 -c 'import gzip, sys\n"
                         "text = gzip.decompress(sys.stdin.buffer.read())\n"
                         "sys.exit(text != b\"\".join(b\"line %d\\n\" % i for i in range(20000)))'",
                         "w");
    CHECK(python != NULL);
    CHECK_INT(fwrite(coded.data, 1, coded.size, python), coded.size);
    CHECK_INT(pclose(python), 0);
}

/* An encoder that a scenario leaves however it ends. */
static void encoder_cleanup(struct eddy__encoder **encoder)
{
    eddy__encoder_close(*encoder);
}

TORTURE(encoder_without_memory)
{
    __attribute__((cleanup(encoder_cleanup))) struct eddy__encoder *encoder = NULL;

    coded.size = 0;
    eddy_try(eddy__encoder_open(&encoder, take, &coded));
    eddy_try(eddy__encoder_write(encoder, "text", 4));
    eddy_try(eddy__encoder_flush(encoder));
    return eddy__encoder_end(encoder);
}

static int count_turns(unsigned *turns)
{
    for (;; ++*turns)
        eddy_try(eddy_sleep(0));
}
EDDY_CORO(count_turns, unsigned *)

TEST(encoder_D4_lets_others_run)
{
    struct eddy__encoder *encoder = open_encoder();
    unsigned turns = 0;
    eddy_auto(eddy_task) *other = eddy_create_task(count_turns_coro(&turns));

    CHECK_OK(eddy__encoder_write(encoder, text, ROOM));
    CHECK_OK(eddy__encoder_end(encoder));
    CHECK(turns >= 2);
    eddy__encoder_close(encoder);
    CHECK_INT(decode(), ROOM);
}
