/* families.c - people who have others work for them, in tasks, groups, gathers and generators, with
 * timeouts and shields: no call ends before whom it has started. */
#include "tasks.h"

#include "task/task.h"

enum { CHILDREN = 3 };

EDDY_CORO(tasks_child, struct person *, unsigned)

static void expect_alone(const struct person *a, const struct family *f, const char *what)
{
    random_expect(&a->r, f->alive == 0, "%d live on after the %s of %u", f->alive, what, a->index);
}

/* What the caller was told of a child, unless it was interrupted itself. */
static void expect_result(const struct person *a, const struct person *child, int status)
{
    if (!child->ended || status == EDDY_ETIMEDOUT || status == EDDY_ECANCELED)
        return;
    random_expect(&a->r,
                  status == child->result ||
                      (status == EDDY_ECHILDCANCELED && child->result == EDDY_ECANCELED),
                  "child %u of %u has returned %d, its parent was told %d", child->index, a->index,
                  child->result, status);
}

static void close_child(struct person *child)
{
    eddy_task_close(eddy_take(child->task));
}

/* ---- groups ---- */

static void start_children(struct person *a, eddy_group *group, struct family *f, bool may_fail,
                           unsigned depth, struct person *children[CHILDREN])
{
    int n = random_between(&a->r, 1, CHILDREN);

    for (int i = 0; i < n; i++) {
        struct person *child = tasks_add(a, f);

        if (!child)
            return;
        child->fails = may_fail && random_percent(&a->r, 40);
        children[i] = child;
        eddy_ignore(eddy_group_start(group, tasks_child_coro(child, depth),
                                     .handle = random_percent(&a->r, 40) ? &child->task : NULL,
                                     .eager = random_percent(&a->r, 20)));
    }
}

static int use_group(struct person *a, unsigned depth)
{
    struct family f = {.is_group = true};
    struct person *children[CHILDREN] = {NULL};
    bool may_fail = random_percent(&a->r, 30), ends = !may_fail && random_percent(&a->r, 25);
    int r = 0;

    eddy_group *group = eddy_group_open();
    random_expect(&a->r, group, "person %u", a->index);
    a->open++;
    start_children(a, group, &f, may_fail, depth, children);
    if (random_percent(&a->r, 40))
        eddy_ignore(tasks_act(a, depth));
    if (ends) {
        eddy_group_cancel(group);
        f.ends = true;
    }
    if (random_percent(&a->r, 60)) {
        eddy_timeout(random_percent(&a->r, 50) ? 1 : random_between(&a->r, 0, 8) / 1000.0)
            r = eddy_group_join(group);
        expect_alone(a, &f, "join");
        random_expect(&a->r,
                      f.failure ? r == f.failure
                                : r == 0 || r == EDDY_ECANCELED || r == EDDY_ETIMEDOUT,
                      "the group of %u has %d, not %d", a->index, r, f.failure);
        random_expect(&a->r, eddy_group_count(group) == 0, "person %u", a->index);
    }
    eddy_group_close(group);
    a->open--;
    expect_alone(a, &f, "group");
    for (int i = 0; i < CHILDREN; i++)
        if (children[i])
            close_child(children[i]);
    return 0;
}

/* ---- gathers and tasks ---- */

static int use_gather(struct person *a, unsigned depth)
{
    struct family f = {0};
    struct person *children[2] = {tasks_add(a, &f), tasks_add(a, &f)};
    bool kept = random_percent(&a->r, 50);
    int statuses[2] = {1, 1};

    if (!children[1])
        return 0;
    children[0]->fails = random_percent(&a->r, 30);
    int r = eddy_gather_n(((const eddy_coro[]){tasks_child_coro(children[0], depth),
                                               tasks_child_coro(children[1], depth)}),
                          2, .statuses = kept ? statuses : NULL,
                          .cancel_on_error = random_percent(&a->r, 50));
    expect_alone(a, &f, "gather");
    random_expect(&a->r,
                  kept || r == f.failure || r == EDDY_ECANCELED || r == EDDY_ETIMEDOUT ||
                      r == EDDY_ECHILDCANCELED,
                  "%d, not %d", r, f.failure);
    for (int i = 0; kept && i < 2; i++)
        expect_result(a, children[i], statuses[i]);
    return 0;
}

static int use_wait_for(struct person *a, unsigned depth)
{
    struct family f = {0};
    struct person *child = tasks_add(a, &f);

    if (!child)
        return 0;
    int r = eddy_wait_for(tasks_child_coro(child, depth), random_between(&a->r, 0, 8) / 1000.0);
    expect_alone(a, &f, "wait_for");
    expect_result(a, child, r);
    return 0;
}

static int use_task(struct person *a, unsigned depth)
{
    struct family f = {0};
    struct person *child = tasks_add(a, &f);
    bool shielded = random_percent(&a->r, 50);
    int r = 0;

    if (!child)
        return 0;
    child->task =
        eddy_create_task(tasks_child_coro(child, depth), .eager = random_percent(&a->r, 30));
    random_expect(&a->r, child->task, "person %u", a->index);
    eddy_timeout(random_between(&a->r, 0, 8) / 1000.0)
        r = shielded ? eddy_await_shielded(child->task) : eddy_await(child->task);
    expect_result(a, child, r);
    if (shielded) {
        random_expect(
            &a->r, child->cancelled_at >= 0 || child->ended || !eddy_task_cancelling(child->task),
            "the shielded child of %u is cancelled", a->index);
        a->shields++;
        eddy_shield(0.02) /* the child may wait for what its parent holds */
            r = eddy_await(child->task);
        a->shields--;
        random_expect(&a->r, eddy_task_done(child->task), "%d", r);
        expect_result(a, child, r);
    }
    close_child(child);
    expect_alone(a, &f, "task");
    return 0;
}

static int use_wait(struct person *a)
{
    eddy_task *tasks[CHILDREN];

    for (int i = 0; i < CHILDREN; i++)
        tasks[i] = tasks_p.people[random_below(&a->r, tasks_p.actors)].task;
    int r = eddy_wait_at_most(tasks, CHILDREN, random_between(&a->r, 0, 5) / 1000.0,
                              .return_when = (int)random_below(&a->r, 3));
    random_expect(&a->r, r <= CHILDREN, "%d", r);
    return r;
}

/* ---- generators ---- */

static int counts(struct family *f, int n)
{
    int r = 0;

    f->alive++;
    for (int i = 0; i < n && r == 0; i++) {
        r = eddy_sleep(i % 2 ? 0.001 : 0);
        if (r == 0)
            r = eddy_yield(&i);
    }
    f->alive--;
    return r;
}
EDDY_CORO(counts, struct family *, int)

static int use_gen(struct person *a)
{
    struct family f = {0};
    int n = random_between(&a->r, 0, 5), item = -1, r = 1;
    eddy_gen *gen = eddy_gen_open(counts_coro(&f, n), sizeof item);

    random_expect(&a->r, gen, "person %u", a->index);
    int times = random_between(&a->r, 0, 7);
    eddy_timeout(random_between(&a->r, 0, 5) / 1000.0)
        for (int i = 0; i < times && r > 0; i++) {
            r = eddy_gen_next(gen, &item);
            random_expect(&a->r, r < 0 || (r == 0 ? i == n : item == i), "%d: %d after %d", r, item,
                          i);
        }
    eddy_gen_close(gen);
    expect_alone(a, &f, "generator");
    return 0;
}

/* ---- shields, cancellations ---- */

static int use_shield(struct person *a)
{
    int limit = random_between(&a->r, 1, 5), ms = random_between(&a->r, 0, 6), r = 0;
    int64_t start = tasks_now();

    a->shields++;
    eddy_shield(limit / 1000.0)
        r = tasks_sleep(a, ms);
    a->shields--;
    random_expect(&a->r, ms == limit || r == (ms < limit ? 0 : EDDY_ETIMEDOUT), "%d: %d of %d ms",
                  r, ms, limit);
    random_expect(&a->r, tasks_now() - start == (ms < limit ? ms : limit) * 1000000LL,
                  "after %lld ns", (long long)(tasks_now() - start));
    return 0;
}

static int cancel_somebody(struct person *a)
{
    struct person *victim = &tasks_p.people[random_below(&a->r, tasks_p.count)];

    if (!tasks_p.cancels || !victim->task || eddy_task_done(victim->task))
        return 0;
    if (!eddy_task_cancelling(victim->task))
        victim->cancelled_at = tasks_now();
    random_expect(&a->r, eddy_cancel(victim->task), "%u cancels %u", a->index, victim->index);
    return 0;
}

int tasks_use_family(struct person *a, unsigned depth)
{
    unsigned kind = random_below(&a->r, 12);

    if (kind < 4)
        return cancel_somebody(a);
    if (kind == 4)
        return use_shield(a);
    if (kind == 5)
        return use_gen(a);
    if (kind == 6)
        return use_wait(a);
    if (depth == 0)
        return 0;
    if (kind == 7)
        return use_gather(a, depth - 1);
    if (kind == 8)
        return use_wait_for(a, depth - 1);
    return kind == 9 ? use_task(a, depth - 1) : use_group(a, depth - 1);
}
