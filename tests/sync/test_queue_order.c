/* test_queue_order.c - how queues keep their items: rings, stacks, heaps, and how they grow. */
#include "task/reports.h"

static int put_nowait(eddy_queue *queue, int item)
{
    return eddy_queue_put_nowait(queue, &item);
}

static int take(eddy_queue *queue)
{
    int item = -1;

    CHECK_INT(eddy_queue_get_nowait(queue, &item), 0);
    return item;
}

static int by_number(const void *a, const void *b)
{
    const int *x = a, *y = b;

    return (*x > *y) - (*x < *y);
}

static int dropped[64], drops;

static void drop_number(void *item)
{
    const int *number = item;

    dropped[drops++] = *number;
}

TEST(F2_unbounded_queue_grows_around_its_head)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 0);
    int in = 0, out = 0;

    for (int round = 0; round < 200; round++) {
        for (int i = 0; i < 7; i++)
            CHECK_INT(put_nowait(queue, in++), 0);
        for (int i = 0; i < 3; i++)
            CHECK_INT(take(queue), out++);
    }
    CHECK(!eddy_queue_full(queue));
    CHECK_INT(eddy_queue_size(queue), 800);
    while (out < in)
        CHECK_INT(take(queue), out++);
}

TEST(F2_capacity_that_is_no_power_of_two)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 100);
    int in = 0, out = 0;

    while (put_nowait(queue, in) == 0)
        in++;
    CHECK_INT(in, 100);
    for (int i = 0; i < 250; i++) {
        CHECK_INT(take(queue), out++);
        CHECK_INT(put_nowait(queue, in++), 0);
        CHECK_INT(put_nowait(queue, in), EDDY_EFULL);
    }
}

TEST(queue_items_of_many_sizes)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 8, 12, 16, 24, 100, 3000};
    unsigned char in[3000], out[3000];

    for (size_t k = 0; k < 3 * sizeof sizes / sizeof sizes[0]; k++) {
        size_t size = sizes[k / 3];
        eddy_auto(eddy_queue) *queue =
            eddy_queue_open(size, 0, .kind = (int)(k % 3), .compare = by_number);

        if (k % 3 == EDDY_PRIORITY && size < sizeof(int))
            continue;
        for (int i = 0; i < 40; i++) {
            memset(in, i, size);
            CHECK_INT(eddy_queue_put_nowait(queue, in), 0);
        }
        for (int i = 0; i < 40; i++) {
            memset(in, k % 3 == EDDY_LIFO ? 39 - i : i, size);
            CHECK_INT(eddy_queue_get_nowait(queue, out), 0);
            CHECK_MEM(out, in, size);
        }
    }
}

TEST(F4_priority_leaves_least_first)
{
    eddy_auto(eddy_queue) *queue =
        eddy_queue_open(sizeof(int), 0, .kind = EDDY_PRIORITY, .compare = by_number);
    unsigned random = 1;
    int last = -1;

    for (int i = 0; i < 500; i++) {
        random = random * 1103515245u + 12345u;
        CHECK_INT(put_nowait(queue, (int)(random >> 16) % 1000), 0);
    }
    for (int i = 0; i < 500; i++) {
        int item = take(queue);
        CHECK(item >= last);
        last = item;
    }
}

struct job {
    int priority;
    int number;
};

static int by_priority(const void *a, const void *b)
{
    const struct job *x = a, *y = b;

    return x->priority - y->priority;
}

TEST(F4_equal_priorities_leave_in_order_of_entry)
{
    eddy_auto(eddy_queue) *queue =
        eddy_queue_open(sizeof(struct job), 0, .kind = EDDY_PRIORITY, .compare = by_priority);
    struct job job, last = {-1, -1};
    unsigned random = 7;

    for (int i = 0; i < 400; i++) {
        random = random * 1103515245u + 12345u;
        job = (struct job){(int)(random >> 16) % 5, i};
        CHECK_INT(eddy_queue_put_nowait(queue, &job), 0);
        if (i % 3 == 2)
            CHECK_INT(eddy_queue_get_nowait(queue, &job), 0);
    }
    while (eddy_queue_get_nowait(queue, &job) == 0) {
        CHECK(job.priority > last.priority ||
              (job.priority == last.priority && job.number > last.number));
        last = job;
    }
}

TEST(F4_lifo_leaves_last_first)
{
    eddy_auto(eddy_queue) *queue = eddy_queue_open(sizeof(int), 3, .kind = EDDY_LIFO);

    for (int i = 0; i < 3; i++)
        CHECK_INT(put_nowait(queue, i), 0);
    CHECK_INT(put_nowait(queue, 3), EDDY_EFULL);
    CHECK_INT(take(queue), 2);
    CHECK_INT(put_nowait(queue, 5), 0);
    CHECK_INT(take(queue), 5);
    CHECK_INT(take(queue), 1);
    CHECK_INT(take(queue), 0);
}

static int put_one(eddy_queue *queue, int item)
{
    return eddy_queue_put(queue, &item);
}
EDDY_CORO(put_one, eddy_queue *, int)

TEST(F4_waiting_putters_of_a_priority_queue)
{
    eddy_auto(eddy_queue) *queue =
        eddy_queue_open(sizeof(int), 1, .kind = EDDY_PRIORITY, .compare = by_number);

    CHECK_INT(put_nowait(queue, 5), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(put_one_coro(queue, 1));
    settle();
    CHECK_INT(take(queue), 5);
    CHECK_INT(take(queue), 1);
    CHECK_INT(eddy_await(a), 0);
}

TEST(queue_drops_stacks_and_heaps_too)
{
    eddy_queue *stack = eddy_queue_open(sizeof(int), 0, .kind = EDDY_LIFO, .drop = drop_number);
    eddy_queue *heap = eddy_queue_open(sizeof(int), 0, .kind = EDDY_PRIORITY, .drop = drop_number,
                                       .compare = by_number);
    int sum = 0;

    for (int i = 1; i <= 20; i++) {
        CHECK_INT(put_nowait(stack, i), 0);
        CHECK_INT(put_nowait(heap, i), 0);
    }
    eddy_queue_close(stack);
    eddy_queue_close(heap);
    CHECK_INT(drops, 40);
    for (int i = 0; i < 40; i++)
        sum += dropped[i];
    CHECK_INT(sum, 420);
}

static int grow(int kind)
{
    eddy_auto(eddy_queue) *queue =
        eddy_try(eddy_queue_open(sizeof(int), 0, .kind = kind, .compare = by_number));
    int in = 0, out = 0, r = 0;

    for (; r == 0 && in < 200; in += r == 0) {
        r = put_nowait(queue, in);
        if (r < 0)
            CHECK_INT(r, EDDY_ENOMEM);
        if (r == 0 && kind == EDDY_FIFO && in % 5 == 1)
            CHECK_INT(take(queue), out++);
    }
    CHECK_INT(eddy_queue_size(queue), in - out);
    if (kind != EDDY_LIFO)
        CHECK_INT(in > out ? take(queue) : out, out);
    return r;
}

TORTURE(queue_that_cannot_grow_keeps_its_items)
{
    eddy_try(grow(EDDY_FIFO));
    eddy_try(grow(EDDY_LIFO));
    return grow(EDDY_PRIORITY);
}
