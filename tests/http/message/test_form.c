/* test_form.c - queries and forms. */
#include "http/message/encode.h"
#include "test.h"

static struct eddy__arena arena;
static struct eddy__fields pairs;

static int parse(const char *text)
{
    return eddy__form_parse(text, strlen(text), 4, &arena, &pairs);
}

TEST(form_is_a_list_of_pairs)
{
    CHECK_INT(parse("a=1&b=x+y%26&&c&a=2=%C3%A4"), 0);
    CHECK_INT(pairs.count, 4);
    CHECK_STR(eddy_pairs_get(pairs.list, "a"), "1");
    CHECK_STR(eddy_pairs_get(pairs.list, "b"), "x y&");
    CHECK_STR(eddy_pairs_get(pairs.list, "c"), "");
    CHECK_STR(pairs.list[3].value, "2=\xc3\xa4");
    CHECK_PTR(pairs.list[4].name, NULL);
    CHECK_INT(parse(""), 0);
    CHECK_INT(pairs.count, 0);
    CHECK_PTR(eddy_pairs_get(pairs.list, "a"), NULL);
    CHECK_INT(parse("&&&&&&&"), 0);
    CHECK_INT(pairs.count, 0);
    CHECK_INT(parse("="), 0);
    CHECK_STR(pairs.list[0].name, "");
    eddy__arena_free(&arena);
}

TEST(form_has_a_limit_and_refuses_bad_escapes)
{
    CHECK_INT(parse("a&b&c&d&"), 0);
    CHECK_INT(parse("a&b&c&d&e"), EDDY_ELIMIT);
    CHECK_INT(parse("a=%"), EDDY_EINVAL);
    CHECK_INT(parse("%zz=a"), EDDY_EINVAL);
    CHECK_INT(parse("a=%00"), EDDY_EINVAL);
    CHECK_INT(eddy__form_parse("a=\0", 3, 4, &arena, &pairs), EDDY_EINVAL);
    eddy__arena_free(&arena);
}

TEST(form_is_written_so_that_it_is_read_again)
{
    char *text = eddy__form_format(eddy_pairs({"a b", "1+2=3"}, {"", "&"}, {"c", NULL}), &arena);

    CHECK_STR(text, "a+b=1%2B2%3D3&=%26&c=");
    CHECK_INT(parse(text), 0);
    CHECK_INT(pairs.count, 3);
    CHECK_STR(pairs.list[0].name, "a b");
    CHECK_STR(pairs.list[0].value, "1+2=3");
    CHECK_STR(pairs.list[1].value, "&");
    CHECK_STR(eddy__form_format(NULL, &arena), "");
    eddy__arena_free(&arena);
}
