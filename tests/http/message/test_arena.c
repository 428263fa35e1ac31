/* test_arena.c - the memory of one message. */
#include "test.h"

#include "http/message/arena.h"

TEST_PLAIN(arena_gives_aligned_memory_of_any_size)
{
    struct eddy__arena arena = {0};

    for (size_t size = 0; size < 5000; size += 37) {
        char *p = eddy__arena_alloc(&arena, size);

        CHECK(p && (uintptr_t)p % _Alignof(max_align_t) == 0);
        memset(p, 1, size);
    }
    eddy__arena_reset(&arena);
    CHECK_STR(eddy__arena_copy(&arena, "abcd", 3), "abc");
    CHECK_STR(eddy__arena_copy(&arena, NULL, 0), "");
    CHECK_STR(eddy__arena_printf(&arena, "%d-%s", 7, "x"), "7-x");
    eddy__arena_free(&arena);
    eddy__arena_free(&arena);
}

TEST_PLAIN(arena_keeps_its_first_block_and_no_other)
{
    struct eddy__arena arena = {0};

    char *first = eddy__arena_alloc(&arena, 10);
    CHECK(eddy__arena_alloc(&arena, 100000) != NULL);
    eddy__arena_reset(&arena);
    CHECK(eddy__arena_alloc(&arena, 10) == first);
    eddy__arena_free(&arena);
    /* A first block that is large does not stay. */
    CHECK(eddy__arena_alloc(&arena, 100000) != NULL);
    eddy__arena_reset(&arena);
    CHECK(arena.block == NULL);
}

TEST_PLAIN(arena_formats_text_that_does_not_fit_into_what_is_left)
{
    struct eddy__arena arena = {0};
    char *texts[200];
    size_t room;

    CHECK(eddy__arena_rest(&arena, &room) == NULL && room == 0);
    for (int i = 0; i < 200; i++) {
        texts[i] = eddy__arena_printf(&arena, "%d:%*d", i, i, 7);
        char *rest = eddy__arena_rest(&arena, &room);
        CHECK(room == 0 || (uintptr_t)rest % _Alignof(max_align_t) == 0);
    }
    for (int i = 0; i < 200; i++) {
        char expected[256];

        snprintf(expected, sizeof expected, "%d:%*d", i, i, 7);
        CHECK_STR(texts[i], expected);
    }
    CHECK_INT(strlen(eddy__arena_printf(&arena, "%*d", 5000, 1)), 5000);
    eddy__arena_free(&arena);
}

TEST_PLAIN(arena_without_memory)
{
    struct eddy__arena arena = {0};

    CHECK(eddy__arena_alloc(&arena, SIZE_MAX - 1) == NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOMEM);
    CHECK(eddy__arena_alloc(&arena, SIZE_MAX / 2 + 1) == NULL);
    eddy__arena_free(&arena);
    eddy_error_clear();
}
