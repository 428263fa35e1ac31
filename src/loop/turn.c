/* turn.c - one turn of the loop, and turns until it is stopped. */
#include "loop/call.h"
#include "loop/io.h"

enum {
    PREFETCH = 6, /* entries ahead */
    LAP_ENTRIES_MAX = 256,
    LAP_NS = 10000,
    TRIM_AFTER_NS = 500000000,
};

static void step_was_slow(eddy_loop *loop, int64_t ns, uintptr_t entry)
{
    char message[96];

    eddy__thread.fiber = NULL; /* it has stepped aside: who is told cannot suspend it */
    snprintf(message, sizeof message, "a step took %.3f s, longer than %.3f s",
             eddy__seconds_of_ns(ns), eddy__seconds_of_ns(loop->slow_ns));
    eddy__report(loop,
                 &(eddy_report){.message = message, .task = entry & 1 ? NULL : (eddy_task *)entry});
}

/* In debug mode, after each step. */
static COLD void check_step(eddy_loop *loop, uintptr_t entry)
{
    int64_t ns = eddy__clock_now() - loop->step_began;

    if (ns > loop->slow_ns)
        step_was_slow(loop, ns, entry);
}

static NOINLINE void run_after(eddy_loop *loop, uintptr_t entry)
{
    void (*after)(eddy_loop *, struct eddy__fiber *) = loop->after;

    loop->after = NULL;
    after(loop, (struct eddy__fiber *)entry);
}

/* What comes next, fetched in two steps: its control block, and later the end of its stack, whose
 * address stands there. */
static inline void prefetch(const eddy_loop *loop)
{
    uintptr_t far = loop->ring[(loop->ring_head + PREFETCH) & loop->ring_mask];
    uintptr_t near = loop->ring[(loop->ring_head + PREFETCH / 2) & loop->ring_mask];

    __builtin_prefetch((const void *)far);
    __builtin_prefetch((const void *)(far + 64));
    if (!(near & 1)) {
        const char *sp = ((const struct eddy__fiber *)near)->context.sp;

        __builtin_prefetch(sp);
        __builtin_prefetch(sp + 64);
        __builtin_prefetch(sp + 128);
    }
}

/* splitmix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014). */
static uint64_t next_random(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* Changes the order of the tasks that are ready; callbacks keep their places, for their order is
 * promised. */
static void shuffle(eddy_loop *loop, size_t n)
{
    for (size_t i = n; i > 1; i--) {
        uintptr_t *a = &loop->ring[(loop->ring_head + i - 1) & loop->ring_mask];
        size_t j = next_random(&loop->random) % i;
        uintptr_t *b = &loop->ring[(loop->ring_head + j) & loop->ring_mask];

        if (!(*a & 1) && !(*b & 1)) {
            uintptr_t c = *a;

            *a = *b;
            *b = c;
        }
    }
}

/* Something besides what is ready. */
static bool has_other_work(eddy_loop *loop)
{
    return loop->late || loop->stopping ||
           atomic_load_explicit(&loop->inbox, memory_order_acquire) ||
           atomic_load_explicit(&loop->interrupted, memory_order_relaxed);
}

static bool has_work(eddy_loop *loop)
{
    return eddy__ready_count(loop) || has_other_work(loop);
}

static bool timer_is_due(const eddy_loop *loop)
{
    return eddy__timers_next(loop) <= loop->now;
}

/* Runs what is ready, a batch at a time, until there is nothing, or something else to look after,
 * or so many entries have been run. Returns how many.
 *
 * The switch is written out here, once, and short batches follow each other without leaving the
 * function: its return would find the processor's stack of return addresses out of step, for the
 * tasks that run in between have calls open that return later. After a switch the loop is read from
 * the thread again: what was kept on this stack is known later, when the stack pointer is. */
static NOINLINE size_t run_ready(size_t most)
{
    eddy_loop *loop = eddy__thread.loop;
    size_t first = loop->ring_head;

    do {
        size_t end = loop->ring_tail;

        if (unlikely(loop->random))
            shuffle(loop, end - loop->ring_head);
        while (loop->ring_head != end) {
            if (end - loop->ring_head > PREFETCH)
                prefetch(loop);
            uintptr_t entry = loop->ring[loop->ring_head++ & loop->ring_mask];

            if (unlikely(loop->debug))
                loop->step_began = eddy__clock_now();
            if (entry & 1) {
                eddy__thread.fiber = NULL;
                eddy__call_run(loop, (struct eddy__call *)(entry & ~(uintptr_t)1));
            } else {
                struct eddy__fiber *fiber = (struct eddy__fiber *)entry;

                eddy__thread.fiber = fiber;
                eddy__thread.budget = eddy__budget;
                if (!fiber->stack && !loop->client->begin(loop, fiber))
                    continue;
                eddy__context_switch(&loop->context, &fiber->context);
                loop = eddy__thread.loop;
            }
            if (unlikely(loop->debug))
                check_step(loop, entry);
            if (loop->after)
                run_after(loop, entry);
        }
    } while (eddy__ready_count(loop) && loop->ring_head - first < most && !has_other_work(loop) &&
             !timer_is_due(loop));
    eddy__thread.fiber = NULL;
    return loop->ring_head - first;
}

static bool nothing_can_happen(eddy_loop *loop)
{
    return (loop->io_waits == 0 || loop->failed) && atomic_load(&loop->holds) == 0 &&
           !has_work(loop);
}

static void poll_backend(eddy_loop *loop, int64_t timeout_ns)
{
    if (timeout_ns == 0 && !loop->backend->pending(loop))
        return;
    loop->backend->poll(loop, timeout_ns);
}

/* At its end the clock stands: no timer lies there. */
static void turn_advance(eddy_loop *loop, int64_t ns)
{
    int64_t now = eddy__ns_after(loop->now, ns);

    loop->now = now < NS_NEVER ? now : NS_NEVER - 1;
}

/* The virtual clock jumps to the next timer when nothing real is under way. Otherwise it goes with
 * the real one: first a look without waiting, so that what needs no time takes none. */
static void poll_virtual(eddy_loop *loop, int64_t timeout_ns)
{
    unsigned told = eddy__io_of(loop)->told;
    int64_t began = eddy__clock_now();

    poll_backend(loop, 0);
    if (timeout_ns == 0 || has_work(loop))
        return;
    if (told != eddy__io_of(loop)->told) { /* callbacks alone: the turn has had its events */
        int64_t took = eddy__clock_now() - began;
        turn_advance(loop, took < timeout_ns ? took : timeout_ns);
        return;
    }
    if (loop->io_waits == 0 && atomic_load(&loop->holds) == 0) {
        if (timeout_ns == NS_NEVER)
            loop->backend->poll(loop, NS_NEVER);
        else
            turn_advance(loop, timeout_ns);
        return;
    }
    began = eddy__clock_now();
    loop->backend->poll(loop, timeout_ns);
    int64_t elapsed = eddy__clock_now() - began;
    /* A wait may end early without work: by a signal, a release, a watch that wakes nobody. */
    turn_advance(loop, elapsed < timeout_ns ? elapsed : timeout_ns);
}

static int64_t allowed_by_hook(eddy_loop *loop, int64_t timeout_ns)
{
    if (!loop->poll_hook)
        return timeout_ns;
    int64_t ns = eddy__ns_of_seconds(loop->poll_hook(loop, loop->poll_hook_arg));
    return ns < timeout_ns ? ns : timeout_ns;
}

static int64_t time_to_next_timer(eddy_loop *loop)
{
    int64_t next = eddy__timers_next_exact(loop);

    if (next == NS_NEVER)
        return NS_NEVER;
    int64_t now = eddy__loop_now_exact(loop);
    return next > now ? next - now : 0;
}

/* Waits for events, and when for some time there were none, has idle memory given back: before
 * that, a burst would only have to fetch it again. */
static void wait_or_trim(eddy_loop *loop, int64_t timeout_ns)
{
    if (loop->trimmed || timeout_ns <= TRIM_AFTER_NS) {
        poll_backend(loop, timeout_ns);
        return;
    }
    poll_backend(loop, TRIM_AFTER_NS);
    if (!has_work(loop))
        loop->trimmed = !loop->client->trim(loop);
}

static bool only_others_can_wake(eddy_loop *loop, int64_t timeout_ns)
{
    return timeout_ns == NS_NEVER && loop->report_deadlock && nothing_can_happen(loop);
}

static void turn_give_up(eddy_loop *loop)
{
    loop->deadlocked = true;
    loop->stopping = true;
}

/* Hands in and reaps I/O, at most timeout_ns, and fires timers. */
static void poll_and_fire(eddy_loop *loop, int64_t timeout_ns)
{
    if (!list_empty(&loop->submitted))
        eddy__workers_wake_due(loop);
    if (has_work(loop))
        timeout_ns = 0;
    if (timeout_ns > 0) {
        int64_t next = time_to_next_timer(loop);

        if (next < timeout_ns)
            timeout_ns = next;
    }
    timeout_ns = allowed_by_hook(loop, timeout_ns);
    if (has_work(loop))
        timeout_ns = 0;
    bool stuck = only_others_can_wake(loop, timeout_ns);
    bool idle = stuck && !loop->failed; /* others wait for no answer of one that has */
    if (stuck && (!idle || !loop->peers || eddy__peers_idle(loop))) {
        turn_give_up(loop);
        timeout_ns = 0;
    }
    if (loop->virtual_clock)
        poll_virtual(loop, timeout_ns);
    else
        wait_or_trim(loop, timeout_ns);
    if (idle && loop->peers && eddy__peers_awake(loop))
        turn_give_up(loop);
    if (unlikely(loop->failed) && !loop->closing)
        loop->stopping = true;
    if (eddy__timers_next(loop) != NS_NEVER) {
        eddy__loop_now_exact(loop);
        eddy__timers_fire(loop);
    }
    loop->now_step = loop->ring_head - 1;
}

/* Runs at least one batch, and what is to be done after it. Returns how many entries were run. */
static size_t run_batches(eddy_loop *loop, size_t most)
{
    size_t entries = run_ready(most);

    if (entries)
        loop->trimmed = false;

    if (loop->late)
        eddy__timers_deliver_late(loop);
    if (atomic_load_explicit(&loop->inbox, memory_order_acquire))
        eddy__inbox_drain(loop);
    if (unlikely(atomic_load_explicit(&loop->interrupted, memory_order_relaxed)) &&
        atomic_exchange(&loop->interrupted, false))
        loop->client->interrupt(loop);
    return entries;
}

void eddy__loop_turn(eddy_loop *loop, int64_t timeout_ns)
{
    run_batches(loop, 1);
    poll_and_fire(loop, timeout_ns);
}

/* While tasks keep each other busy with short steps, asking the kernel and the clock in each turn
 * would cost more than the steps. A lap is as many entries as take about LAP_NS. */
static void adapt_lap(eddy_loop *loop, int64_t ns, size_t entries)
{
    int64_t lap = ns > 0 ? (int64_t)entries * LAP_NS / ns : LAP_ENTRIES_MAX;

    loop->lap_entries = lap < 1 ? 1 : lap > LAP_ENTRIES_MAX ? LAP_ENTRIES_MAX : (unsigned)lap;
}

static void lap(eddy_loop *loop)
{
    bool busy = eddy__ready_count(loop) > 0;
    int64_t began = busy ? eddy__clock_now() : 0;
    size_t entries = run_batches(loop, loop->lap_entries);

    if (busy && eddy__ready_count(loop))
        adapt_lap(loop, eddy__clock_now() - began, entries);
    poll_and_fire(loop, NS_NEVER);
}

void eddy__loop_turns(eddy_loop *loop)
{
    do
        lap(loop);
    while (!loop->stopping);
    loop->stopping = false;
}

/* ---- the thread that runs it ---- */

int eddy__loop_enter(eddy_loop *loop)
{
    if (eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "a loop is already running in this thread");
    if (!loop || !loop->backend_state)
        return eddy__raise(EDDY_ECLOSED, "Event loop is closed");
    loop->running = true;
    loop->thread = pthread_self();
    eddy__context_adopt(&loop->context);
    eddy__thread.loop = loop;
    eddy__thread.bug = eddy__report_bug;
    return 0;
}

void eddy__loop_leave(eddy_loop *loop)
{
    loop->running = false;
    eddy__thread_leave_loop();
}
