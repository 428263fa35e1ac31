/* test_field.c - lists of header fields, and of pairs. */
#include "test.h"

#include "http/message/field.h"

TEST_PLAIN(fields_are_found_whatever_their_capital_letters)
{
    struct eddy__arena arena = {0};
    struct eddy__fields fields = {0};

    CHECK(eddy__fields_get(&fields, "a") == NULL);
    for (int i = 0; i < 100; i++) {
        const char *name = eddy__arena_printf(&arena, "Name-%d", i % 50);

        CHECK_INT(eddy__fields_add(&fields, &arena, name, eddy__arena_printf(&arena, "%d", i)), 0);
    }
    CHECK_INT(fields.count, 100);
    const char *first = eddy__fields_get(&fields, "nAME-49");
    CHECK_STR(first, "49");
    const char *second = eddy__fields_next(&fields, "name-49", first);
    CHECK_STR(second, "99");
    CHECK(eddy__fields_next(&fields, "name-49", second) == NULL);
    CHECK(eddy__fields_get(&fields, "name-5x") == NULL);
    eddy__arena_free(&arena);
}

TEST_PLAIN(fields_that_are_lists_have_tokens)
{
    struct eddy__arena arena = {0};
    struct eddy__fields fields = {0};

    CHECK_INT(eddy__fields_add(&fields, &arena, "Connection", "a, Keep-Alive ,,b"), 0);
    CHECK_INT(eddy__fields_add(&fields, &arena, "connection", "close"), 0);
    CHECK(eddy__fields_has_token(&fields, "Connection", "keep-alive"));
    CHECK(eddy__fields_has_token(&fields, "CONNECTION", "Close"));
    CHECK(eddy__fields_has_token(&fields, "Connection", "b"));
    CHECK(!eddy__fields_has_token(&fields, "Connection", "keep"));
    CHECK(!eddy__fields_has_token(&fields, "Connection", "alive"));
    CHECK(!eddy__fields_has_token(&fields, "Upgrade", "b"));
    eddy__arena_free(&arena);
}

TEST_PLAIN(pairs)
{
    const eddy_pair *pairs = eddy_pairs({"a", "1"}, {"A", "2"});

    CHECK_STR(eddy_pairs_get(pairs, "A"), "2");
    CHECK_STR(eddy_pairs_header(pairs, "A"), "1");
    CHECK(eddy_pairs_get(pairs, "b") == NULL);
    CHECK(eddy_pairs_get(NULL, "b") == NULL);
    CHECK(eddy_pairs_get(pairs, NULL) == NULL);
    CHECK(eddy_pairs_header(NULL, "b") == NULL);
}
