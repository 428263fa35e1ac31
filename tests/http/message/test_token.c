/* The alphabets, and names and values that the program gives. */
#include "http/message/token.h"

#include "test.h"

TEST(http_row_13_names_and_values_from_the_program)
{
    static const char *const bad_names[] = {"",      "a b",  "a:",  "a\r\nb", "a\n",
                                            "a\x7f", "\xe9", "(a)", "a\t",    NULL};
    static const char *const bad_values[] = {"a\r\nX: y", "a\n",     "\r",  "a\x01", "\x7f",
                                             " a",        "a ",      "\ta", "a\t",   " ",
                                             "a\vb",      "\x1b[0m", NULL};
    static const char *const good_values[] = {"", "a", "a b", "a\tb", "\xc3\xa9", "\"a\"", NULL};

    for (int i = 0; bad_names[i]; i++)
        CHECK_INT(eddy__check_field(bad_names[i], "x"), EDDY_EINVAL);
    for (int i = 0; bad_values[i]; i++)
        CHECK_INT(eddy__check_field("X", bad_values[i]), EDDY_EINVAL);
    for (int i = 0; good_values[i]; i++)
        CHECK_INT(eddy__check_field("X-y", good_values[i]), 0);
    CHECK_INT(eddy__check_field(NULL, "x"), EDDY_EINVAL);
    CHECK_INT(eddy__check_field("X", NULL), EDDY_EINVAL);
    eddy_error_clear();
}

TEST_PLAIN(http_token_numbers)
{
    CHECK_INT(eddy__parse_number("0", 1), 0);
    CHECK_INT(eddy__parse_number("00000000000000000012", 19), 1);
    CHECK(eddy__parse_number("9223372036854775807", 19) == INT64_MAX);
    CHECK_INT(eddy__parse_number("9223372036854775808", 19), -1);
    CHECK_INT(eddy__parse_number("00000000000000000012", 20), -1);
    CHECK_INT(eddy__parse_number("", 0), -1);
    CHECK_INT(eddy__parse_number("1a", 2), -1);
    CHECK_INT(eddy__parse_number("-1", 2), -1);
}

TEST_PLAIN(http_token_words)
{
    CHECK(eddy__same_word("Content-Length", "cONTENT-lENGTH"));
    CHECK(!eddy__same_word("a", "ab"));
    CHECK(!eddy__same_word("ab", "a"));
    CHECK(!eddy__same_word("a@", "a`"));
    CHECK(eddy__same_words("abX", "ABy", 2));
    CHECK(!eddy__same_words("a[", "a{", 2));
}
