/* Timers: against a sorted reference, and the invariants of heap and pile under stress. */
#include "test.h"

#include "base/alloc.h"
#include "loop/parts.h"

struct probe {
    eddy_timer_ timer;
    int64_t deadline;
    int number; /* of arming */
    bool cancelled;
    int fired;
};

static struct probe probes[10000];
static int order[10000], fired;
static uint64_t state = 42;

static uint32_t random_number(void)
{
    state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(state >> 33);
}

static eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.clock = EDDY_CLOCK_VIRTUAL);

    CHECK(loop);
    return loop;
}

static size_t armed(const eddy_loop *loop)
{
    return loop->timers.near + loop->timers.far;
}

/* Every entry knows its place, and in the heap is not before its parent. */
static void check_heap(const eddy_loop *loop)
{
    const struct eddy__timers *heap = &loop->timers;

    for (size_t i = 0; i < heap->far; i++) {
        const struct eddy__timer_entry *entry = &heap->entries[heap->capacity - 1 - i];

        CHECK_INT(entry->timer->position, (UINT32_C(1) << 31) + i);
        CHECK_INT(entry->timer->deadline, entry->deadline);
        CHECK(entry->deadline >= heap->horizon);
    }
    for (size_t i = 0; i < heap->near; i++) {
        const struct eddy__timer_entry *parent = &heap->entries[i ? (i - 1) / 4 : 0];

        CHECK_INT(heap->entries[i].timer->position, i + 1);
        CHECK_INT(heap->entries[i].timer->deadline, heap->entries[i].deadline);
        CHECK(parent->deadline <= heap->entries[i].deadline);
        if (i && parent->deadline == heap->entries[i].deadline)
            CHECK(parent->sequence < heap->entries[i].sequence);
    }
}

static void note_fire(eddy_loop *loop, eddy_timer_ *timer)
{
    struct probe *probe = container_of(timer, struct probe, timer);

    CHECK(loop->now >= probe->deadline);
    CHECK(!probe->cancelled);
    probe->fired++;
    order[fired++] = probe->number;
}

static void arm(eddy_loop *loop, struct probe *probe, int number, int64_t deadline)
{
    *probe = (struct probe){.timer = {.fire = note_fire}, .deadline = deadline, .number = number};
    CHECK_OK(eddy__timer_arm(loop, &probe->timer, deadline));
}

static int by_deadline(const void *a, const void *b)
{
    const struct probe *x = a, *y = b;

    if (x->deadline != y->deadline)
        return x->deadline < y->deadline ? -1 : 1;
    return x->number - y->number;
}

/* Few deadlines, so that many are equal; a third is cancelled, from anywhere in the heap. */
TEST_PLAIN(timer_G1_ten_thousand_against_a_sorted_reference)
{
    enum { COUNT = 10000 };
    static struct probe expected[COUNT];
    eddy_auto(eddy_loop) *loop = open_loop();
    int left = 0;

    for (int i = 0; i < COUNT; i++)
        arm(loop, &probes[i], i, random_number() % 3000);
    check_heap(loop);
    for (int i = 0; i < COUNT / 3; i++) {
        struct probe *probe = &probes[random_number() % COUNT];

        eddy__timer_cancel(loop, &probe->timer);
        probe->cancelled = true;
    }
    check_heap(loop);
    for (int i = 0; i < COUNT; i++)
        if (!probes[i].cancelled)
            expected[left++] = probes[i];
    qsort(expected, (size_t)left, sizeof *expected, by_deadline);
    CHECK_INT(armed(loop), left);

    for (loop->now = 0; loop->now < 3000; loop->now += 7)
        eddy__timers_fire(loop);
    eddy__timers_fire(loop);
    CHECK_INT(fired, left);
    for (int i = 0; i < left; i++)
        CHECK_INT(order[i], expected[i].number);
}

/* From nanoseconds to years, so that the horizon moves by steps of all sizes; each fires at its
 * very time, as the next one says. */
TEST_PLAIN(timer_G1_deadlines_of_all_sizes)
{
    enum { COUNT = 3000 };
    eddy_auto(eddy_loop) *loop = open_loop();
    int64_t next, last = 0;

    for (int i = 0; i < COUNT; i++) {
        arm(loop, &probes[i], i, (int64_t)random_number() << (random_number() % 31));
        if (i % 100 == 0)
            check_heap(loop);
    }
    while ((next = eddy__timers_next_exact(loop)) != NS_NEVER) {
        int before = fired;

        CHECK(next >= last);
        loop->now = next - 1;
        eddy__timers_fire(loop);
        CHECK_INT(fired, before);
        loop->now = last = next;
        eddy__timers_fire(loop);
        CHECK(fired > before);
        CHECK_INT(probes[order[before]].deadline, next);
        check_heap(loop);
    }
    CHECK_INT(fired, COUNT);
}

/* Nine of ten never leave the pile. */
TEST_PLAIN(timer_timeouts_that_are_cancelled_stay_out_of_the_heap)
{
    enum { COUNT = 1000 };
    eddy_auto(eddy_loop) *loop = open_loop();

    for (int round = 0; round < 100; round++) {
        for (int i = 0; i < COUNT; i++)
            arm(loop, &probes[i], i, loop->now + 1000000 + i);
        loop->now += 1000;
        eddy__timers_fire(loop);
        CHECK(eddy__timers_next_exact(loop) > loop->now);
        CHECK(loop->timers.near < COUNT / 8);
        for (int i = 0; i < COUNT; i++)
            eddy__timer_cancel(loop, &probes[i].timer);
    }
    CHECK_INT(armed(loop), 0);
    CHECK_INT(fired, 0);
}

/* Arming, cancelling and firing in any order; the array grows, heap and pile do and shrink. */
TEST_PLAIN(timer_heap_stress)
{
    enum { PROBES = 500, STEPS = 40000 };
    eddy_auto(eddy_loop) *loop = open_loop();

    for (int i = 0; i < STEPS; i++) {
        struct probe *probe = &probes[random_number() % PROBES];

        if (probe->timer.position) {
            CHECK_INT(probe->fired, 0);
            eddy__timer_cancel(loop, &probe->timer);
            CHECK_INT(probe->timer.position, 0);
            probe->cancelled = true;
        } else {
            arm(loop, probe, i, loop->now + random_number() % 1000);
        }
        if (random_number() % 8 == 0) {
            loop->now += random_number() % 100;
            eddy__timers_fire(loop);
            CHECK(eddy__timers_next(loop) > loop->now);
            fired = 0;
        }
        if (i % 500 == 0)
            check_heap(loop);
    }
    for (int i = 0; i < PROBES; i++)
        eddy__timer_cancel(loop, &probes[i].timer);
    CHECK_INT(armed(loop), 0);
    CHECK_INT(eddy__timers_next(loop), NS_NEVER);
}

TEST_PLAIN(timer_cancelled_when_it_is_not_armed)
{
    eddy_auto(eddy_loop) *loop = open_loop();

    eddy__timer_cancel(loop, &probes[0].timer); /* zero */
    arm(loop, &probes[0], 0, NS_NEVER);
    CHECK_INT(armed(loop), 0);
    eddy__timer_cancel(loop, &probes[0].timer);
    arm(loop, &probes[0], 1, 5);
    loop->now = 5;
    eddy__timers_fire(loop);
    eddy__timer_cancel(loop, &probes[0].timer); /* has fired */
    CHECK_INT(fired, 1);
}

static struct probe second, third;

/* The third is due with the first two, and must not be called by their firing. */
static void fire_and_change(eddy_loop *loop, eddy_timer_ *timer)
{
    note_fire(loop, timer);
    eddy__timer_cancel(loop, &second.timer);
    second.cancelled = true;
    arm(loop, &third, 3, loop->now + 1);
}

TEST_PLAIN(timer_changed_while_others_fire)
{
    eddy_auto(eddy_loop) *loop = open_loop();
    struct probe first;

    arm(loop, &first, 1, 5);
    first.timer.fire = fire_and_change;
    arm(loop, &second, 2, 5);
    loop->now = 5;
    eddy__timers_fire(loop);
    CHECK_INT(fired, 1);
    loop->now = 6;
    eddy__timers_fire(loop);
    CHECK_INT(fired, 2);
    CHECK_INT(order[1], 3);
    check_heap(loop);
}

TEST_PLAIN(timer_without_memory_is_not_armed)
{
    eddy_auto(eddy_loop) *loop = open_loop();
    struct probe probe = {.timer = {.fire = note_fire}};

    eddy__alloc_fail_at(1);
    CHECK_INT(eddy__timer_arm(loop, &probe.timer, 5), EDDY_ENOMEM);
    eddy__alloc_fail_at(0);
    eddy__timer_cancel(loop, &probe.timer);
    CHECK_INT(armed(loop), 0);
}

/* ---- late ones: scopes, delivered after the batch that runs ---- */

TEST_PLAIN(timer_D1_late_ones_wait_for_the_batch)
{
    eddy_auto(eddy_loop) *loop = open_loop();

    for (int i = 0; i < 4; i++) {
        arm(loop, &probes[i], i, 5);
        probes[i].timer.late = i % 2;
    }
    loop->now = 5;
    eddy__timers_fire(loop);
    CHECK_INT(fired, 2);
    eddy__timer_cancel(loop, &probes[1].timer);
    probes[1].cancelled = true;
    eddy__timers_deliver_late(loop);
    CHECK_INT(fired, 3);
    CHECK_INT(order[0], 0);
    CHECK_INT(order[1], 2);
    CHECK_INT(order[2], 3);
    CHECK_PTR(loop->late, NULL);
    eddy__timer_fire_late(loop, &probes[3].timer); /* the list's end is right again */
    eddy__timers_deliver_late(loop);
    CHECK_INT(fired, 4);
}

TEST_PLAIN(timer_last_late_one_cancelled)
{
    eddy_auto(eddy_loop) *loop = open_loop();

    for (int i = 0; i < 3; i++) {
        probes[i] = (struct probe){.timer = {.fire = note_fire, .late = true}, .number = i};
        eddy__timer_fire_late(loop, &probes[i].timer);
    }
    eddy__timer_cancel(loop, &probes[2].timer);
    eddy__timer_fire_late(loop, &probes[2].timer);
    eddy__timers_deliver_late(loop);
    CHECK_INT(fired, 3);
    CHECK_INT(order[2], 2);
}

/* ---- the clock ---- */

TEST_REAL(timer_never_fires_early)
{
    for (int i = 0; i < 20; i++) {
        double began = eddy_time(), seconds = 0.0001 * i + 0.00001;

        CHECK_OK(eddy_sleep(seconds));
        CHECK(eddy_time() - began > seconds - 1e-6);
    }
}

static int scenario(void)
{
    for (int i = 0; i < 3; i++)
        eddy_try(eddy_sleep(i));
    eddy_timeout(5)
        eddy_ignore(eddy_sleep(10));
    return eddy_sleep(1);
}

SWEEP(timers_cancelled_anywhere)
{
    return scenario();
}

TORTURE(timers_without_memory)
{
    return scenario();
}
