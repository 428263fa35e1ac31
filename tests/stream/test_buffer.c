/* A run of bytes that is filled at one end and emptied at the other. */
#include "test.h"

#include "stream/stream.h"

static void put(struct eddy__buffer *b, const char *text)
{
    CHECK_INT(eddy__buffer_reserve(b, strlen(text)), 0);
    memcpy(b->data + b->end, text, strlen(text));
    b->end += strlen(text);
}

TEST_PLAIN(buffer_keeps_room_for_a_final_zero)
{
    struct eddy__buffer b = {0};

    for (size_t size = 0; size < 300; size++) {
        CHECK_INT(eddy__buffer_reserve(&b, size), 0);
        CHECK(b.capacity > b.end + size);
    }
    eddy__buffer_free(&b);
    CHECK_PTR(b.data, NULL);
}

TEST_PLAIN(buffer_moves_its_bytes_before_it_grows)
{
    struct eddy__buffer b = {0};
    char out[64];

    put(&b, "0123456789012345678901234567890123456789");
    size_t capacity = b.capacity;
    CHECK_INT(eddy__buffer_take(&b, out, 38), 38);
    put(&b, "abcdefghijklmnopqrstuvwxyz");
    CHECK_INT(b.capacity, capacity);
    CHECK_INT(eddy__buffer_take(&b, out, sizeof out), 28);
    CHECK_MEM(out, "89abcdefghijklmnopqrstuvwxyz", 28);
    eddy__buffer_free(&b);
}

TEST_PLAIN(buffer_gives_large_blocks_back)
{
    struct eddy__buffer b = {0};

    CHECK_INT(eddy__buffer_reserve(&b, 100), 0);
    eddy__buffer_trim(&b);
    CHECK(b.data != NULL);
    CHECK_INT(eddy__buffer_reserve(&b, 100000), 0);
    eddy__buffer_trim(&b);
    CHECK_PTR(b.data, NULL);
}

TEST_PLAIN(buffer_refuses_what_no_machine_has)
{
    struct eddy__buffer b = {0};

    CHECK_INT(eddy__buffer_reserve(&b, SIZE_MAX / 2), EDDY_ENOMEM);
    eddy__buffer_free(&b);
}
