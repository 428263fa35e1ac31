/* test_encode.c - percent escapes and base64. */
#include "http/message/encode.h"
#include "test.h"

static struct eddy__arena arena;

static char *decode(const char *text, bool plus)
{
    return eddy__percent_decode(text, strlen(text), plus, &arena);
}

TEST(encode_escapes_all_but_unreserved_characters)
{
    CHECK_STR(eddy__percent_encode("", &arena), "");
    CHECK_STR(eddy__percent_encode("AZaz09-._~", &arena), "AZaz09-._~");
    CHECK_STR(eddy__percent_encode(" !/%\x01\xff", &arena), "%20%21%2F%25%01%FF");
    eddy__arena_free(&arena);
}

TEST(encode_decodes_escapes_once)
{
    CHECK_STR(decode("", false), "");
    CHECK_STR(decode("a+b%2B%2520%c3%A4", false), "a+b+%20\xc3\xa4");
    CHECK_STR(decode("a+b%2B", true), "a b+");
    eddy__arena_free(&arena);
}

TEST(encode_refuses_escapes_that_are_none)
{
    static const char *const bad[] = {"%", "%4", "a%", "%g0", "%0g", "%%41", "%+1", "%00", "a%00b"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        CHECK_PTR(decode(bad[i], false), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    CHECK_PTR(eddy__percent_decode("a\0b", 3, false, &arena), NULL);
    CHECK_PTR(eddy__percent_decode("%41", 2, false, &arena), NULL);
    eddy__arena_free(&arena);
}

TEST(encode_base64_both_ways)
{
    /* RFC 4648 section 10 */
    static const char *const pairs[][2] = {{"", ""},
                                           {"f", "Zg=="},
                                           {"fo", "Zm8="},
                                           {"foo", "Zm9v"},
                                           {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="},
                                           {"foobar", "Zm9vYmFy"},
                                           {"\xff\xfe\xfb", "//77"}};

    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        size_t length;
        const char *text = pairs[i][1];

        CHECK_STR(eddy__base64_encode(pairs[i][0], strlen(pairs[i][0]), &arena), text);
        CHECK_STR(eddy__base64_decode(text, strlen(text), &length, &arena), pairs[i][0]);
        CHECK_INT(length, strlen(pairs[i][0]));
    }
    eddy__arena_free(&arena);
}

TEST(encode_base64_is_strict)
{
    static const char *const bad[] = {"Zg",    "Zg=",      "Zg===",    "=",    "====",
                                      "Z===",  "Zg==Zg==", "Zh==",     "Zm9=", "Zm 9",
                                      "Zm9\n", "Z-_v",     "Zg==Zm9v", "Zm9v="};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        size_t length;

        if (eddy__base64_decode(bad[i], strlen(bad[i]), &length, &arena))
            test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    }
    eddy__arena_free(&arena);
}
