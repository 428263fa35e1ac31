/* test_coding.c - bodies decoded. Tests with R in their names are rows of the list of hostile input
 * (R4) and of reports (R5). */
/* pkg-config: zlib libbrotlienc libzstd */
#include "base/alloc.h"
#include "http/message/coding.h"
#include "test.h"

#include <brotli/encode.h>
#include <zlib.h>
#include <zstd.h>

enum { TEXT = 150000, ROOM = 200000 };

/* Bytes that come in pieces. */
struct body {
    char data[ROOM];
    size_t size, at, piece;
};
static struct body body;
static char text[TEXT], decoded[ROOM];

static ssize_t read_body(void *arg, void *buf, size_t size)
{
    struct body *b = arg;
    size_t n = b->size - b->at;

    n = n > size ? size : n;
    n = n > b->piece ? b->piece : n;
    memcpy(buf, b->data + b->at, n);
    b->at += n;
    return (ssize_t)n;
}

static void set_body(const void *data, size_t size, size_t piece)
{
    memmove(body.data, data, size);
    body.size = size;
    body.at = 0;
    body.piece = piece;
}

/* Words that can be made smaller, but not to nothing. */
static void make_text(void)
{
    unsigned seed = 1;

    for (size_t i = 0; i < TEXT; i++) {
        seed = seed * 1103515245 + 12345;
        text[i] = "etaoin shrdlu\n"[(seed >> 16) % 14];
    }
}

static size_t deflate_text(char *to, size_t size, int window)
{
    z_stream z = {.next_in = (void *)text, .avail_in = (unsigned)size};

    CHECK_INT(deflateInit2(&z, 6, Z_DEFLATED, window, 8, Z_DEFAULT_STRATEGY), Z_OK);
    z.next_out = (void *)to;
    z.avail_out = ROOM;
    CHECK_INT(deflate(&z, Z_FINISH), Z_STREAM_END);
    deflateEnd(&z);
    return z.total_out;
}

/* Codes the first bytes of text with a coding. */
static size_t code_text(const char *coding, char *to, size_t size)
{
    size_t length = ROOM;

    if (strcmp(coding, "br") == 0)
        CHECK(BrotliEncoderCompress(5, 22, BROTLI_MODE_TEXT, size, (void *)text, &length,
                                    (void *)to));
    else if (strcmp(coding, "zstd") == 0)
        length = ZSTD_compress(to, ROOM, text, size, 3);
    else
        length = deflate_text(to, size, strcmp(coding, "gzip") == 0 ? 31 : 15);
    return length;
}

/* Decodes the body to the end: how many bytes, or the failure. */
static ssize_t decode(const char *coding, size_t at_once)
{
    struct eddy__decoder *decoder;
    ssize_t n, total = 0;

    CHECK_OK(eddy__decoder_open(&decoder, coding, read_body, &body));
    while ((n = eddy__decoder_read(decoder, decoded + total,
                                   at_once < ROOM - (size_t)total ? at_once
                                                                  : ROOM - (size_t)total)) > 0)
        total += n;
    eddy__decoder_close(decoder);
    return n < 0 ? n : total;
}

static ssize_t decode_bytes(const char *coding, const void *data, size_t size)
{
    set_body(data, size, size);
    return decode(coding, ROOM);
}

static const char *const codings[] = {"gzip", "deflate", "br", "zstd"};

TEST(coding_decodes_whatever_the_pieces)
{
    static const size_t pieces[] = {1, 7, 5000, ROOM}, sizes[] = {ROOM, 100, 1};

    make_text();
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < 4; k++)
            for (size_t l = 0; l < 3; l++) {
                set_body(body.data, code_text(codings[i], body.data, TEXT), pieces[k]);
                CHECK_INT(decode(codings[i], sizes[l]), TEXT);
                CHECK_MEM(decoded, text, TEXT);
            }
}

TEST(coding_names_as_servers_write_them)
{
    struct eddy__decoder *decoder;

    make_text();
    set_body(body.data, code_text("gzip", body.data, 100), 10);
    CHECK_INT(decode(" , X-GZip\t,", ROOM), 100);
    CHECK_INT(eddy__decoder_open(&decoder, "", read_body, &body), 0);
    CHECK_PTR(decoder, NULL);
    CHECK_INT(eddy__decoder_open(&decoder, "identity, Identity", read_body, &body), 0);
    CHECK_PTR(decoder, NULL);
    eddy__decoder_close(NULL);
    CHECK_INT(eddy__decoder_open(&decoder, "gzip, compress", read_body, &body), EDDY_ENOTSUP);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "\"compress\""));
    CHECK_INT(eddy__decoder_open(&decoder, "gzipp", read_body, &body), EDDY_ENOTSUP);
}

TEST(coding_deflate_may_be_raw)
{
    make_text();
    for (size_t size = 0; size < 1000; size += 37) {
        set_body(body.data, deflate_text(body.data, size, -15), 3);
        CHECK_INT(decode("deflate", ROOM), size);
        CHECK_MEM(decoded, text, size);
    }
}

TEST(coding_of_nothing_is_nothing)
{
    for (size_t i = 0; i < 4; i++) {
        CHECK_INT(decode_bytes(codings[i], "", 0), 0);
        set_body(body.data, code_text(codings[i], body.data, 0), 1);
        CHECK_INT(decode(codings[i], ROOM), 0);
    }
    CHECK_INT(decode_bytes("gzip, br", "", 0), 0);
}

TEST(coding_R4_20_two_upon_each_other_and_no_more)
{
    struct eddy__decoder *decoder;

    make_text();
    size_t size = code_text("br", body.data, 1000);
    memcpy(text, body.data, size);
    set_body(body.data, code_text("gzip", body.data, size), 10);
    CHECK_INT(decode("br, identity, gzip", ROOM), 1000);
    CHECK_INT(eddy__decoder_open(&decoder, "gzip, gzip, gzip", read_body, &body), EDDY_ENOTSUP);
}

TEST(coding_R4_20_a_bomb_is_decoded_only_as_far_as_it_is_read)
{
    struct eddy__decoder *decoder;

    memset(text, 0, sizeof text);
    for (size_t i = 0; i < 4; i++) {
        set_body(body.data, code_text(codings[i], body.data, TEXT), ROOM);
        CHECK(body.size < 500);
        CHECK_OK(eddy__decoder_open(&decoder, codings[i], read_body, &body));
        for (int k = 0; k < 10; k++) {
            decoded[100] = 'x';
            ssize_t n = CHECK_OK(eddy__decoder_read(decoder, decoded, 100));
            CHECK(n > 0 && n <= 100);
            CHECK_INT(decoded[100], 'x');
        }
        eddy__decoder_close(decoder);
    }
}

TEST(coding_R4_20_a_window_has_a_limit)
{
    ZSTD_CCtx *context = ZSTD_createCCtx();

    ZSTD_CCtx_setParameter(context, ZSTD_c_windowLog, 24);
    make_text();
    ZSTD_inBuffer in = {text, TEXT, 0};
    ZSTD_outBuffer out = {body.data, ROOM, 0};
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_flush);
    ZSTD_compressStream2(context, &out, &in, ZSTD_e_end);
    ZSTD_freeCCtx(context);
    CHECK_INT(decode_bytes("zstd", body.data, out.pos), EDDY_EPROTO);
}

TEST(coding_takes_no_memory_before_the_first_byte)
{
    struct eddy__decoder *decoder;
    long before = eddy__alloc_live();

    CHECK_OK(eddy__decoder_open(&decoder, "gzip", read_body, &body));
    CHECK_INT(eddy__alloc_live(), before + 1);
    set_body("", 0, 1);
    CHECK_INT(eddy__decoder_read(decoder, decoded, ROOM), 0);
    CHECK_INT(eddy__alloc_live(), before + 1);
    eddy__decoder_close(decoder);
}

TEST(coding_R5_12_members_of_gzip_are_joined)
{
    make_text();
    for (size_t piece = 1; piece < 400; piece += 97) {
        size_t size = code_text("gzip", body.data, 100);

        size += code_text("gzip", body.data + size, 0);
        size += code_text("gzip", body.data + size, 200);
        set_body(body.data, size, piece);
        CHECK_INT(decode("gzip", ROOM), 300);
        CHECK_MEM(decoded, text, 100);
        CHECK_MEM(decoded + 100, text, 200);
    }
}

TEST(coding_frames_of_zstd_are_joined)
{
    make_text();
    size_t size = code_text("zstd", body.data, 100);
    memcpy(body.data + size, "\x50\x2a\x4d\x18\x03\0\0\0abc", 11); /* one that is skipped */
    size += 11;
    size += code_text("zstd", body.data + size, 200);
    set_body(body.data, size, 5);
    CHECK_INT(decode("zstd", ROOM), 300);
}

TEST(coding_R5_12_what_follows_the_last_member_is_ignored)
{
    make_text();
    for (size_t i = 0; i < 4; i++)
        for (size_t piece = 1; piece < 400; piece += 133) {
            size_t size = code_text(codings[i], body.data, 1000);

            memcpy(body.data + size, "\x1fgarbage", 8);
            set_body(body.data, size + 8, piece);
            CHECK_INT(decode(codings[i], ROOM), 1000);
            CHECK_INT(body.at, body.size);
            set_body(body.data, size + 1, piece);
            CHECK_INT(decode(codings[i], ROOM), 1000);
        }
}

TEST(coding_ignores_not_more_than_64_KiB)
{
    make_text();
    size_t size = code_text("gzip", body.data, 1000);
    memset(body.data + size, 0, ROOM - size);
    set_body(body.data, ROOM, 10000);
    CHECK_INT(decode("gzip", ROOM), 1000);
    CHECK(body.at < 100000);
}

TEST(coding_R5_12_truncated_is_a_failure)
{
    make_text();
    for (size_t i = 0; i < 4; i++) {
        size_t size = code_text(codings[i], body.data, 200);

        for (size_t cut = 1; cut < size; cut++) {
            set_body(body.data, cut, 50);
            CHECK_INT(decode(codings[i], ROOM), EDDY_EOF);
        }
    }
}

TEST(coding_refuses_what_it_is_not)
{
    make_text();
    for (size_t i = 0; i < 4; i++) {
        struct eddy__decoder *decoder;

        set_body("\xff\xff\xff\xff, this is a text", 20, 20);
        CHECK_OK(eddy__decoder_open(&decoder, codings[i], read_body, &body));
        CHECK_INT(eddy__decoder_read(decoder, decoded, ROOM), EDDY_EPROTO);
        CHECK(strstr(eddy_error_message(eddy_last_error()), codings[i]));
        CHECK_INT(eddy__decoder_read(decoder, decoded, ROOM), EDDY_EPROTO);
        eddy__decoder_close(decoder);
    }
    size_t size = code_text("gzip", body.data, 200);
    body.data[size - 5] ^= 1; /* of the check sum */
    CHECK_INT(decode_bytes("gzip", body.data, size), EDDY_EPROTO);
}

static ssize_t fail_once(void *arg, void *buf, size_t size)
{
    static int calls;

    return calls++ == 1 ? EDDY_ETIMEDOUT : read_body(arg, buf, size);
}

TEST(coding_goes_on_after_a_failure_of_its_source)
{
    struct eddy__decoder *decoder;
    ssize_t total = 0;

    make_text();
    set_body(body.data, code_text("gzip", body.data, 1000), 20);
    CHECK_OK(eddy__decoder_open(&decoder, "gzip", fail_once, &body));
    for (int i = 0; i < 3; i++) {
        ssize_t n;

        while ((n = eddy__decoder_read(decoder, decoded + total, 1000)) > 0)
            total += n;
        CHECK_INT(n, i ? 0 : EDDY_ETIMEDOUT);
    }
    CHECK_MEM(decoded, text, 1000);
    eddy__decoder_close(decoder);
}

/* A decoder that a scenario leaves however it ends. */
static void decoder_cleanup(struct eddy__decoder **decoder)
{
    eddy__decoder_close(*decoder);
}

TORTURE(coding_without_memory)
{
    __attribute__((cleanup(decoder_cleanup))) struct eddy__decoder *decoder = NULL;

    make_text();
    size_t size = code_text("br", body.data, 1000);
    memcpy(text, body.data, size);
    set_body(body.data, code_text("gzip", body.data, size), 100);
    eddy_try(eddy__decoder_open(&decoder, "br, gzip", read_body, &body));
    while (eddy_try(eddy__decoder_read(decoder, decoded, ROOM)))
        ;
    return 0;
}

/* ---- others run meanwhile ---- */

struct members {
    size_t left;
    char one[64];
    size_t size;
};

/* As many members as there is room for. */
static ssize_t read_members(void *arg, void *buf, size_t size)
{
    struct members *m = arg;
    size_t n = size / m->size < m->left ? size / m->size : m->left;

    for (size_t i = 0; i < n; i++)
        memcpy((char *)buf + i * m->size, m->one, m->size);
    m->left -= n;
    return (ssize_t)(n * m->size);
}

static int count_turns(unsigned *turns)
{
    for (;; ++*turns)
        eddy_try(eddy_sleep(0));
}
EDDY_CORO(count_turns, unsigned *)

TEST(coding_D4_lets_others_run)
{
    struct eddy__decoder *decoder;
    unsigned turns = 0;
    eddy_auto(eddy_task) *other = eddy_create_task(count_turns_coro(&turns));

    make_text();
    for (size_t inside = 0; inside < 2; inside++) {
        struct members m = {.left = 20000};
        ssize_t n;

        turns = 0;
        m.size = code_text("gzip", body.data, inside);
        memcpy(m.one, body.data, m.size);
        CHECK_OK(eddy__decoder_open(&decoder, "gzip", read_members, &m));
        while ((n = eddy__decoder_read(decoder, decoded, ROOM)) > 0)
            ;
        CHECK_INT(n, 0);
        CHECK(turns > 5 && turns < 1000);
        eddy__decoder_close(decoder);
    }
}
