/* objects.c - locks, semaphores, conditions, events, barriers, queues, futures and select: what
 * people do with them, and what holds whenever nobody is ready to run. */
#include "tasks.h"

enum { LOCKS = 2, SEMAPHORES = 2, PARTIES_MAX = 3 };

struct item {
    uint16_t person, number;
};

static struct {
    struct lock {
        eddy_lock lock;
        const struct person *holder;
        unsigned waiting;
    } locks[LOCKS];
    struct semaphore {
        eddy_semaphore semaphore;
        unsigned limit, held, waiting;
    } semaphores[SEMAPHORES];
    struct condition {
        eddy_condition condition;
        unsigned tokens, waiting;
    } condition;
    eddy_event event;
    int sets;
    eddy_barrier barrier;
    unsigned passed[PARTIES_MAX];
    struct queue {
        eddy_queue *queue;
        size_t capacity;
        unsigned puts, gets, putting, getting;
    } queues[QUEUES];
    eddy_future *future;
    int value;
    unsigned awaiting;
} o;

/* ---- locks and semaphores ---- */

static int stay_inside(struct person *a, unsigned depth)
{
    int r = 0;

    if (depth == 0 || random_percent(&a->r, 60))
        return random_percent(&a->r, 20) ? 0 : tasks_sleep(a, random_between(&a->r, 0, 3));
    eddy_timeout(random_between(&a->r, 0, 5) / 1000.0)
        r = tasks_act(a, depth - 1);
    return r;
}

/* A lock or a semaphore that a task had to wait for is not its own when it is cancelled by then. */
static void expect_wanted(const struct person *a, bool waited)
{
    random_expect(&a->r, !waited || a->shields || !eddy_task_cancelling(eddy_current_task()),
                  "person %u was cancelled and has it", a->index);
}

static int use_lock(struct person *a, unsigned depth)
{
    struct lock *l = &o.locks[random_below(&a->r, LOCKS)];
    struct tasks_wait w = tasks_begin(a);
    bool waits = l->lock.locked;

    l->waiting++;
    int r = tasks_ended(a, &w, "lock", eddy_lock_acquire(&l->lock));
    l->waiting--;
    if (r < 0)
        return r;
    expect_wanted(a, waits);
    random_expect(&a->r, !l->holder && l->lock.owner == eddy_current_task(), "person %u", a->index);
    l->holder = a;
    r = stay_inside(a, depth);
    random_expect(&a->r, l->holder == a && l->lock.locked, "person %u", a->index);
    l->holder = NULL;
    random_expect(&a->r, eddy_lock_release(&l->lock) == 0, "person %u", a->index);
    return r;
}

static int use_semaphore(struct person *a, unsigned depth)
{
    struct semaphore *s = &o.semaphores[random_below(&a->r, SEMAPHORES)];
    struct tasks_wait w = tasks_begin(a);
    bool waits = s->semaphore.value == 0;

    s->waiting++;
    int r = tasks_ended(a, &w, "semaphore", eddy_semaphore_acquire(&s->semaphore));
    s->waiting--;
    if (r < 0)
        return r;
    expect_wanted(a, waits);
    s->held++;
    random_expect(&a->r, s->held <= s->limit, "%u of %u", s->held, s->limit);
    r = stay_inside(a, depth);
    s->held--;
    random_expect(&a->r, eddy_semaphore_release(&s->semaphore) == 0, "person %u", a->index);
    return r;
}

/* ---- conditions, events, barriers ---- */

/* One token, and one notification for each. */
static int use_condition(struct person *a)
{
    struct condition *c = &o.condition;
    struct tasks_wait w = tasks_begin(a);
    bool gives = random_percent(&a->r, 50), stays = random_percent(&a->r, 30);
    int r = tasks_ended(a, &w, "condition", eddy_condition_acquire(&c->condition));

    if (r < 0)
        return r;
    if (gives) {
        c->tokens++;
        random_expect(&a->r, eddy_condition_notify(&c->condition, 1) == 0, "person %u", a->index);
    }
    while (!gives && c->tokens == 0 && r == 0) {
        c->waiting++;
        r = eddy_condition_wait(&c->condition);
        c->waiting--;
        random_expect(&a->r, c->condition.own.owner == eddy_current_task(), "%d", r);
    }
    if (!gives && r == 0)
        c->tokens--;
    if (stays)
        eddy_ignore(tasks_sleep(a, 1));
    random_expect(&a->r, eddy_condition_release(&c->condition) == 0, "person %u", a->index);
    return r;
}

static int use_event(struct person *a)
{
    unsigned kind = random_below(&a->r, 5);

    if (kind == 0)
        eddy_event_clear(&o.event);
    if (kind == 1 || kind == 2) {
        eddy_event_set(&o.event);
        o.sets++;
    }
    if (kind == 2)
        eddy_event_clear(&o.event);
    if (kind < 3)
        return 0;
    struct tasks_wait w = tasks_begin(a);
    a->waits_for_sets = o.sets;
    int r = tasks_ended(a, &w, "event", eddy_event_wait(&o.event));
    a->waits_for_sets = -1;
    return r;
}

static int use_barrier(struct person *a)
{
    struct tasks_wait w = tasks_begin(a);
    int r = tasks_ended(a, &w, "barrier", eddy_barrier_wait(&o.barrier));

    if (r < 0)
        return r;
    random_expect(&a->r, r < (int)o.barrier.parties, "%d", r);
    o.passed[r]++;
    return 0;
}

/* ---- queues, futures, select ---- */

static void has_put(struct person *a, struct queue *q, struct item item, int status)
{
    if (status < 0)
        return;
    q->puts++;
    a->sent[item.number] = true;
}

static void has_got(struct person *a, struct queue *q, struct item item)
{
    struct person *from = &tasks_p.people[item.person];

    random_expect(&a->r, item.person < tasks_p.count && item.number < from->tried, "%u %u",
                  item.person, item.number);
    random_expect(&a->r, !from->out[item.number], "item %u of %u came twice", item.number,
                  item.person);
    from->out[item.number] = true;
    q->gets++;
    int8_t *last = &a->last[q - o.queues][item.person];
    random_expect(&a->r, *last < (int)item.number, "item %u of %u came after %d", item.number,
                  item.person, *last);
    *last = (int8_t)item.number;
}

static int use_queue(struct person *a)
{
    struct queue *q = &o.queues[random_below(&a->r, QUEUES)];
    bool puts = random_percent(&a->r, 50), at_once = random_percent(&a->r, 15);
    struct item item = {(uint16_t)a->index, (uint16_t)a->tried};
    struct tasks_wait w = tasks_begin(a);
    int r;

    if (puts && a->tried == ITEMS_MAX)
        return 0;
    if (puts) {
        a->tried++;
        q->putting++;
        r = at_once ? eddy_queue_put_nowait(q->queue, &item)
                    : tasks_ended(a, &w, "put", eddy_queue_put(q->queue, &item));
        q->putting--;
        has_put(a, q, item, r);
        return r;
    }
    q->getting++;
    r = at_once ? eddy_queue_get_nowait(q->queue, &item)
                : tasks_ended(a, &w, "get", eddy_queue_get(q->queue, &item));
    q->getting--;
    if (r == 0)
        has_got(a, q, item);
    return r;
}

static int use_future(struct person *a)
{
    int value = 0;

    if (random_percent(&a->r, 25)) {
        bool first = !eddy_future_done(o.future);
        if (first)
            o.value = value = 1 + (int)a->index;
        int r = eddy_future_set_result(o.future, &value);
        random_expect(&a->r, r == (first ? 0 : EDDY_EALREADYDONE), "%d", r);
        return 0;
    }
    struct tasks_wait w = tasks_begin(a);
    o.awaiting++;
    int r = tasks_ended(a, &w, "future", eddy_future_await(o.future, &value));
    o.awaiting--;
    random_expect(&a->r, r < 0 || (o.value && value == o.value), "%d, not %d", value, o.value);
    return r;
}

static int use_select(struct person *a)
{
    struct queue *from = &o.queues[0], *to = &o.queues[1];
    struct item got, put = {(uint16_t)a->index, (uint16_t)a->tried};
    int value = 0;
    eddy_select_case cases[] = {EDDY_CASE_GET(from->queue, &got),
                                EDDY_CASE_FUTURE(o.future, &value), EDDY_CASE_PUT(to->queue, &put)};
    bool puts = a->tried < ITEMS_MAX && random_percent(&a->r, 50);
    struct tasks_wait w = tasks_begin(a);

    a->tried += puts;
    from->getting++, o.awaiting++, to->putting += puts;
    int r = tasks_ended(a, &w, "select", eddy_select(cases, puts ? 3 : 2));
    from->getting--, o.awaiting--, to->putting -= puts;
    if (r < 0)
        return r;
    random_expect(&a->r, cases[r].status == 0, "case %d: %d", r, cases[r].status);
    if (r == 0)
        has_got(a, from, got);
    if (r == 1)
        random_expect(&a->r, o.value && value == o.value, "%d, not %d", value, o.value);
    if (r == 2)
        has_put(a, to, put, 0);
    return 0;
}

/* ---- all ---- */

/* What may last for ever has its time. */
int tasks_use_object(struct person *a, unsigned depth)
{
    unsigned kind = random_below(&a->r, 10);
    int r = 0;

    if (kind < 2)
        return use_lock(a, depth);
    if (kind < 4)
        return use_semaphore(a, depth);
    eddy_timeout(random_between(&a->r, 0, 9) / 1000.0)
        switch (kind) {
        case 4:
            r = use_condition(a);
            break;
        case 5:
            r = use_event(a);
            break;
        case 6:
            r = use_barrier(a);
            break;
        case 7:
            r = use_future(a);
            break;
        case 8:
            r = use_select(a);
            break;
        default:
            r = use_queue(a);
        }
    return r;
}

void tasks_open(struct random *r)
{
    memset(&o, 0, sizeof o);
    for (int i = 0; i < SEMAPHORES; i++) {
        unsigned limit = (unsigned)random_between(r, 1, 3);

        o.semaphores[i].semaphore = (eddy_semaphore)EDDY_BOUNDED_SEMAPHORE(limit);
        o.semaphores[i].limit = limit;
    }
    o.barrier = (eddy_barrier)EDDY_BARRIER((unsigned)random_between(r, 1, PARTIES_MAX));
    for (int i = 0; i < QUEUES; i++) {
        o.queues[i].capacity = (size_t)random_between(r, 1, 3);
        o.queues[i].queue = eddy_queue_open(sizeof(struct item), o.queues[i].capacity);
        CHECK(o.queues[i].queue);
    }
    o.future = eddy_future_open(sizeof(int));
    CHECK(o.future);
}

static void observe_queue(const struct random *r, const struct queue *q)
{
    size_t size = eddy_queue_size(q->queue);

    random_expect(r, size == q->puts - q->gets, "%zu of %u - %u items", size, q->puts, q->gets);
    random_expect(r, !q->getting || !size, "%u wait for one of %zu items", q->getting, size);
    random_expect(r, !q->putting || size == q->capacity, "%u wait to put, with %zu of %zu items",
                  q->putting, size, q->capacity);
}

void tasks_observe(const struct random *r)
{
    const struct condition *c = &o.condition;

    for (int i = 0; i < LOCKS; i++) {
        const struct lock *l = &o.locks[i];

        random_expect(r, l->lock.locked == !!l->holder, "lock %d", i);
        random_expect(r, l->holder || !l->waiting, "%u wait for free lock %d", l->waiting, i);
    }
    for (int i = 0; i < SEMAPHORES; i++) {
        const struct semaphore *s = &o.semaphores[i];

        random_expect(r, s->semaphore.value + s->held == s->limit, "%u + %u of %u",
                      s->semaphore.value, s->held, s->limit);
        random_expect(r, !s->semaphore.value || !s->waiting,
                      "%u wait for semaphore %d, which is %u", s->waiting, i, s->semaphore.value);
    }
    random_expect(r, !c->tokens || !c->waiting || c->condition.own.locked,
                  "%u wait for one of %u tokens", c->waiting, c->tokens);
    for (unsigned i = 0; i < tasks_p.count; i++) {
        int sets = tasks_p.people[i].waits_for_sets;

        random_expect(r, sets < 0 || !o.event.is_set, "%u waits for an event that is set", i);
        random_expect(r, sets < 0 || sets == o.sets || tasks_p.yields,
                      "%u waits for an event that was set since", i);
    }
    for (unsigned i = 1; i < o.barrier.parties; i++)
        random_expect(r, o.passed[i] == o.passed[0], "%u and %u have passed", o.passed[i],
                      o.passed[0]);
    random_expect(r, !o.awaiting || !eddy_future_done(o.future), "%u await what is done",
                  o.awaiting);
    for (int i = 0; i < QUEUES; i++)
        observe_queue(r, &o.queues[i]);
}

void tasks_close(const struct random *r)
{
    struct item item;

    for (int i = 0; i < QUEUES; i++) {
        while (eddy_queue_get_nowait(o.queues[i].queue, &item) == 0)
            tasks_p.people[item.person].out[item.number] = true;
        eddy_queue_close(o.queues[i].queue);
    }
    eddy_future_close(o.future);
    for (unsigned i = 0; i < tasks_p.count; i++)
        for (unsigned n = 0; n < tasks_p.people[i].tried; n++)
            random_expect(r, tasks_p.people[i].sent[n] == tasks_p.people[i].out[n],
                          "item %u of %u was %ssent", n, i,
                          tasks_p.people[i].sent[n] ? "" : "not ");
}
