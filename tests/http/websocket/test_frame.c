/* test_frame.c - headers, masks, UTF-8 and codes, by themselves. */
#include "test.h"

#include "http/websocket/frame.h"

static int parse(struct eddy__frame *frame, const char *bytes, size_t size)
{
    const char *why = NULL;
    int n = eddy__frame_parse(frame, bytes, size, &why);

    CHECK(n >= 0 || why);
    return n;
}

TEST_PLAIN(frame_headers_are_read_as_they_are_written)
{
    static const uint64_t sizes[] = {0, 1, 125, 126, 127, 65535, 65536, 1u << 20, INT64_MAX};

    for (unsigned masked = 0; masked < 2; masked++)
        for (size_t i = 0; i < count_of(sizes); i++) {
            struct eddy__frame frame = {EDDY__FRAME_FIN, EDDY__OP_TEXT, masked, {0}, sizes[i]};
            struct eddy__frame again;
            char header[EDDY__FRAME_HEADER];

            if (masked)
                memcpy(frame.key, "\1\2\3\4", 4);
            size_t n = eddy__frame_format(header, &frame);
            for (size_t size = 0; size < n; size++)
                CHECK_INT(parse(&again, header, size), 0);
            CHECK_INT(parse(&again, header, n), n);
            CHECK_INT(again.size, frame.size);
            CHECK_INT(again.flags, frame.flags);
            CHECK_INT(again.opcode, frame.opcode);
            CHECK_INT(again.masked, frame.masked);
            CHECK_MEM(again.key, frame.key, 4);
        }
}

TEST_PLAIN(frame_headers_that_cannot_be_are_refused_at_once)
{
    static const struct {
        const char *bytes;
        size_t size;
    } bad[] = {
        {"\xa1\x80", 2}, /* RSV2 */
        {"\x91\x80", 2}, /* RSV3 */
        {"\x83\x80", 2}, /* opcodes that mean nothing */
        {"\x87\x80", 2},
        {"\x8b\x80", 2},
        {"\x8f\x80", 2},
        {"\x09\x80", 2},                      /* a ping in fragments */
        {"\xc8\x80", 2},                      /* RSV1 of a close */
        {"\x89\x7e", 2},                      /* a ping of 126 bytes or more */
        {"\x88\x7f", 2},                      /* a long close */
        {"\x82\x7e\x00\x7d", 4},              /* 125 in two bytes */
        {"\x82\x7f\0\0\0\0\0\0\xff\xff", 10}, /* 65535 in eight */
        {"\x82\x7f\x80\0\0\0\0\0\0\0", 10},   /* 2^63 */
    };
    struct eddy__frame frame;

    for (size_t i = 0; i < count_of(bad); i++)
        CHECK_INT(parse(&frame, bad[i].bytes, bad[i].size), -1);
}

TEST_PLAIN(frame_masks_are_their_own_inverse_at_every_offset)
{
    static const unsigned char key[] = {0x37, 0xfa, 0x21, 0x3d};
    char plain[200], masked[201], again[200];

    for (size_t i = 0; i < sizeof plain; i++)
        plain[i] = (char)(i * 7);
    for (size_t size = 0; size < sizeof plain; size += 3)
        for (uint64_t offset = 0; offset < 9; offset++) {
            masked[size] = 'x';
            eddy__frame_mask(masked, plain, size, key, offset);
            CHECK_INT(masked[size], 'x');
            for (size_t i = 0; i < size; i++)
                CHECK_INT((unsigned char)masked[i],
                          (unsigned char)plain[i] ^ key[(offset + i) & 3]);
            for (size_t cut = 0; cut <= size; cut += 13) {
                eddy__frame_mask(again, masked, cut, key, offset);
                eddy__frame_mask(again + cut, masked + cut, size - cut, key, offset + cut);
                CHECK_MEM(again, plain, size);
            }
        }
}

/* Whether it is UTF-8, as a whole, and cut at every byte. */
static bool is_text(const char *text)
{
    size_t size = strlen(text);
    struct eddy__utf8 whole = {0};
    bool good = eddy__utf8_take(&whole, text, size) && eddy__utf8_is_whole(&whole);

    for (size_t cut = 0; cut <= size; cut++) {
        struct eddy__utf8 parts = {0};

        CHECK_INT(eddy__utf8_take(&parts, text, cut) &&
                      eddy__utf8_take(&parts, text + cut, size - cut) &&
                      eddy__utf8_is_whole(&parts),
                  good);
    }
    return good;
}

TEST_PLAIN(frame_texts_are_utf8)
{
    static const char *const good[] = {
        "",
        "Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!",
        "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
        "\x7f",
        "\xc2\x80",
        "\xdf\xbf",
        "\xe0\xa0\x80",
        "\xed\x9f\xbf",
        "\xee\x80\x80",
        "\xef\xbf\xbd",
        "\xef\xbf\xbf",
        "\xf0\x90\x80\x80",
        "\xf4\x8f\xbf\xbf",
        "sixteen letters, and then some \xe2\x82\xac more"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\xaf",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xe0\x9f\xbf",
                                      "\xe0\x80\xaf",
                                      "\xe2\x82",
                                      "\xed\xa0\x80",
                                      "\xed\xbf\xbf",
                                      "\xf0\x8f\xbf\xbf",
                                      "\xf0\x90\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xf8\x88\x80\x80\x80",
                                      "\xfe",
                                      "\xff",
                                      "a\xe2(\xa1",
                                      "sixteen letters, and then some \xe2\x82 more"};

    for (size_t i = 0; i < count_of(good); i++)
        CHECK(is_text(good[i]));
    for (size_t i = 0; i < count_of(bad); i++)
        CHECK(!is_text(bad[i]));
}

TEST_PLAIN(frame_codes_of_a_close)
{
    static const int good[] = {1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010,
                               1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999};
    static const int bad[] = {0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535};

    for (size_t i = 0; i < count_of(good); i++)
        CHECK(eddy__close_code_is_valid(good[i]));
    for (size_t i = 0; i < count_of(bad); i++)
        CHECK(!eddy__close_code_is_valid(bad[i]));
}
