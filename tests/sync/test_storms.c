/* test_storms.c - rule X4: many tasks that meet at locks, semaphores, conditions, barriers and
 * queues, and are cancelled or out of time at random points. */
#include "task/reports.h"

#include <eddy/group.h>
#include <eddy/queue.h>
#include <eddy/scope.h>
#include <eddy/select.h>

enum { ITEMS_MAX = 20000 };

static struct reports reports;

struct storm {
    unsigned random;
    int to_start; /* tasks that may still be started */
    int begun, ended;

    eddy_lock lock;
    int holders; /* of lock */
    eddy_semaphore semaphore;
    int inside; /* of semaphore */
    eddy_condition condition;
    int stock; /* guarded by condition */
    eddy_event event;
    eddy_barrier barrier;
    eddy_queue *queues[2];
    int items; /* the next one's number */
    /* by number of the item */
    unsigned char put[ITEMS_MAX], got[ITEMS_MAX], dropped[ITEMS_MAX];
};

static struct storm storm;

static unsigned draw(unsigned n)
{
    storm.random = storm.random * 1103515245 + 12345;
    return (storm.random >> 16) % n;
}

static int rests(void)
{
    return eddy_sleep(draw(4) * 0.25);
}

static int holds_lock(void)
{
    eddy_with(&storm.lock) {
        CHECK_INT(storm.holders++, 0);
        int r = rests();
        storm.holders--;
        if (r < 0)
            return r;
    }
    return 0;
}

static int is_let_in(void)
{
    eddy_with(&storm.semaphore) {
        CHECK(storm.inside++ < 3);
        int r = rests();
        storm.inside--;
        if (r < 0)
            return r;
    }
    return 0;
}

static bool is_in_stock(void *arg)
{
    (void)arg;
    return storm.stock > 0;
}

static int takes_or_stocks(void)
{
    eddy_with(&storm.condition) {
        if (draw(2)) {
            storm.stock++;
            CHECK_INT(eddy_condition_notify(&storm.condition, 1), 0);
        } else {
            eddy_try(eddy_condition_wait_for(&storm.condition, is_in_stock, NULL));
            CHECK(storm.stock-- > 0);
        }
    }
    return 0;
}

static int puts_item(eddy_queue *queue)
{
    int item = storm.items;

    if (item == ITEMS_MAX)
        return 0;
    storm.items++;
    eddy_try(eddy_queue_put(queue, &item));
    storm.put[item]++;
    return 0;
}

static int gets_item(eddy_queue *queue)
{
    int item;

    eddy_try(eddy_queue_get(queue, &item));
    storm.got[item]++;
    return eddy_queue_task_done(queue);
}

static int selects(void)
{
    int got[2];
    eddy_select_case cases[] = {EDDY_CASE_GET(storm.queues[0], &got[0]),
                                EDDY_CASE_GET(storm.queues[1], &got[1])};
    int i = eddy_try(eddy_select(cases, 2));

    eddy_try(cases[i].status);
    storm.got[got[i]]++;
    return eddy_queue_task_done(storm.queues[i]);
}

static int waits_for_event(void)
{
    if (draw(3) == 0)
        eddy_event_set(&storm.event);
    if (draw(3) == 0)
        eddy_event_clear(&storm.event);
    return eddy_event_wait(&storm.event);
}

static int meets_others(void)
{
    int index = eddy_barrier_wait(&storm.barrier);

    return index < 0 ? index : 0;
}

static int acts(int levels);
EDDY_CORO(acts, int)

static int starts_group(int levels)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = (int)draw(5); i > 0; i--)
        eddy_ignore(eddy_group_start(group, acts_coro(levels)));
    if (draw(4) == 0)
        eddy_group_cancel(group);
    return eddy_group_join(group, .body = rests());
}

/* Starts a task, lets it run for some time, and waits for it, cancels it or leaves it. */
static int starts_task(int levels)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(acts_coro(levels), .eager = draw(2)));

    if (draw(2))
        eddy_try(rests());
    if (draw(2))
        eddy_cancel(task);
    if (draw(2))
        return eddy_await(task);
    if (draw(2))
        eddy_detach(eddy_take(task));
    return 0;
}

static int acts_once(int levels)
{
    switch (draw(12)) {
    case 0:
        return holds_lock();
    case 1:
        return is_let_in();
    case 2:
        return takes_or_stocks();
    case 3:
    case 4:
        return puts_item(storm.queues[draw(2)]);
    case 5:
        return gets_item(storm.queues[draw(2)]);
    case 6:
        return selects();
    case 7:
        return waits_for_event();
    case 8:
        return meets_others();
    case 9:
        return starts_group(levels - 1);
    case 10:
        return starts_task(levels - 1);
    default:
        return rests();
    }
}

static int acts_in_time(int levels)
{
    int r = 0;

    eddy_timeout(1 + draw(4))
        r = acts_once(levels);
    return r;
}

/* What it waits for may never come: all of it is limited in time. */
static int acts(int levels)
{
    int r = 0;

    storm.begun++;
    for (int i = (int)draw(6); i > 0 && levels > 0 && storm.to_start-- > 0; i--) {
        r = acts_in_time(levels);
        if (r < 0 && r != EDDY_ETIMEDOUT)
            break;
    }
    storm.ended++;
    return draw(20) ? 0 : r;
}

static void drop_item(void *item)
{
    storm.dropped[*(int *)item]++;
}

static void check_items(void)
{
    for (int i = 0; i < storm.items; i++)
        if (storm.got[i] + storm.dropped[i] != storm.put[i] || storm.put[i] > 1)
            test_fail(__FILE__, __LINE__, "item %d: put %d times, got %d, dropped %d", i,
                      storm.put[i], storm.got[i], storm.dropped[i]);
}

static void check_nobody_is_left(void)
{
    CHECK_INT(storm.ended, storm.begun);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
    CHECK(!eddy_lock_locked(&storm.lock) && !storm.lock.waiters.first);
    CHECK_INT(storm.semaphore.value, 3);
    CHECK_PTR(storm.semaphore.waiters.first, NULL);
    CHECK(!eddy_lock_locked(&storm.condition.own) && !storm.condition.own.waiters.first);
    CHECK_PTR(storm.condition.waiters.first, NULL);
    CHECK_PTR(storm.event.waiters.first, NULL);
    CHECK_PTR(storm.barrier.waiters.first, NULL);
    CHECK_INT(storm.barrier.waiting, 0);
}

/* n tasks in a row, each of which starts others. */
static int rages(unsigned random, int n)
{
    storm = (struct storm){
        .random = random, .semaphore = EDDY_BOUNDED_SEMAPHORE(3), .barrier = EDDY_BARRIER(3)};
    reports_listen(&reports); /* tasks that were left may fail */
    storm.queues[0] = eddy_try(eddy_queue_open(sizeof(int), 2, .drop = drop_item));
    storm.queues[1] = eddy_queue_open(sizeof(int), 0, .drop = drop_item);
    int r = storm.queues[1] ? 0 : eddy_last_status();
    for (int i = 0; r == 0 && i < n; i++) {
        storm.to_start += 10;
        eddy_detach(eddy_create_task(acts_coro(6)));
        if (i % 8 == 0)
            r = rests();
    }
    while (eddy_all_tasks(NULL, 0) > 1)
        r = eddy_sleep(1);
    eddy_queue_close(storm.queues[0]);
    eddy_queue_close(storm.queues[1]);
    check_items();
    check_nobody_is_left();
    return r;
}
EDDY_CORO(rages, unsigned, int)

TEST_PLAIN(X4_storms_at_locks_and_queues)
{
    int n = test_is_watched() ? 500 : 5000;

    for (unsigned i = 1; i <= 6; i++) {
        printf("storm %u\n", i);
        CHECK_INT(eddy_run(rages_coro(i, n), .clock = EDDY_CLOCK_VIRTUAL, .seed = i / 2), 0);
        printf("%d tasks, %d items\n", storm.begun, storm.items);
    }
}

TORTURE(storm_without_memory)
{
    return rages(7, 12);
}
