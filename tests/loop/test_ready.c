/* The ready ring: room that was reserved is there, and the order holds while it grows. */
#include "test.h"

#include "base/alloc.h"
#include "loop/loop.h"

static eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK(loop);
    return loop;
}

static uintptr_t pop(eddy_loop *loop)
{
    CHECK(eddy__ready_count(loop) > 0);
    return loop->ring[loop->ring_head++ & loop->ring_mask];
}

static size_t capacity(const eddy_loop *loop)
{
    return loop->ring ? loop->ring_mask + 1 : 0;
}

TEST_PLAIN(ready_grows_by_what_is_reserved_and_keeps_the_order)
{
    eddy_auto(eddy_loop) *loop = open_loop();
    uintptr_t in = 0, out = 0;

    for (int i = 0; i < 1000; i++) {
        CHECK_OK(eddy__ready_reserve(loop));
        CHECK(capacity(loop) >= loop->ring_reserved);
        eddy__ready_push(loop, 2 * in++);
        if (i % 3 == 0) { /* the head wanders, so that growing meets a ring that wraps */
            CHECK_INT(pop(loop), 2 * out++);
            eddy__ready_unreserve(loop);
        }
    }
    CHECK_INT(eddy__ready_count(loop), in - out);
    while (out < in) {
        CHECK_INT(pop(loop), 2 * out++);
        eddy__ready_unreserve(loop);
    }
    CHECK_INT(loop->ring_reserved, 0);
}

TEST_PLAIN(ready_in_front)
{
    eddy_auto(eddy_loop) *loop = open_loop();

    for (int i = 0; i < 3; i++)
        CHECK_OK(eddy__ready_reserve(loop));
    eddy__ready_push(loop, 2);
    eddy__ready_push_front(loop, 4); /* below 0, at the start */
    eddy__ready_push_front(loop, 6);
    CHECK_INT(pop(loop), 6);
    CHECK_INT(pop(loop), 4);
    CHECK_INT(pop(loop), 2);
    CHECK_INT(eddy__ready_count(loop), 0);
    loop->ring_reserved -= 3;
}

/* All that is alive may become ready in one turn. */
TEST_PLAIN(ready_has_room_for_all_at_once)
{
    eddy_auto(eddy_loop) *loop = open_loop();
    size_t n = 64;

    for (size_t i = 0; i < n; i++)
        CHECK_OK(eddy__ready_reserve(loop));
    CHECK_INT(capacity(loop), n);
    CHECK_OK(eddy__ready_reserve(loop));
    CHECK_INT(capacity(loop), 2 * n);
    for (size_t i = 0; i <= n; i++)
        eddy__ready_push(loop, 2 * i);
    for (size_t i = 0; i <= n; i++)
        CHECK_INT(pop(loop), 2 * i);
    loop->ring_reserved = 0;
}

TEST_PLAIN(ready_without_memory_stays_as_it_was)
{
    eddy_auto(eddy_loop) *loop = open_loop();

    eddy__alloc_fail_at(1);
    CHECK_INT(eddy__ready_reserve(loop), EDDY_ENOMEM);
    CHECK_INT(loop->ring_reserved, 0);
    CHECK_OK(eddy__ready_reserve(loop));
    eddy__ready_push(loop, 8);
    for (size_t i = 1; i < capacity(loop); i++)
        CHECK_OK(eddy__ready_reserve(loop));
    eddy__alloc_fail_at(1);
    CHECK_INT(eddy__ready_reserve(loop), EDDY_ENOMEM);
    eddy__alloc_fail_at(0);
    CHECK_INT(loop->ring_reserved, capacity(loop));
    CHECK_INT(pop(loop), 8);
    loop->ring_reserved = 0;
}
