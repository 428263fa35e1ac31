/* test_gen.c - generators. */
#include "reports.h"

#include <eddy/gen.h>

static struct reports reports;

static int counts_to(int n)
{
    for (int i = 1; i <= n; i++)
        eddy_try(eddy_yield(&i));
    return 0;
}
EDDY_CORO(counts_to, int)

/* Counts, a second for each. */
static int ticks(int n)
{
    for (int i = 1; i <= n; i++) {
        eddy_try(eddy_sleep(1));
        eddy_try(eddy_yield(&i));
    }
    return 0;
}
EDDY_CORO(ticks, int)

/* ---- the quiet course ---- */

TEST(generator_gives_items_and_ends)
{
    int item = 0, r;
    struct notes notes = {0};
    eddy_auto(eddy_gen) *gen = eddy_gen_open(counts_to_coro(4), sizeof item);

    while ((r = eddy_gen_next(gen, &item)) > 0)
        note(&notes, item);
    CHECK_INT(r, 0);
    CHECK_INT(noted(&notes), 1234);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
    CHECK_INT(item, 4);
}

TEST(generator_suspends_between_items)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(ticks_coro(2), sizeof item);

    CHECK_INT(eddy_sleep(5), 0); /* it does not begin before it is asked */
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 6, 1e-6);
    CHECK_INT(eddy_gen_next(gen, NULL), 1);
    CHECK_INT(item, 1);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

static int fails_after_two(void)
{
    eddy_try(counts_to(2));
    return eddy_raise(EDDY_EUSER, "no more than two");
}
EDDY_CORO(fails_after_two)

TEST(failure_of_a_generator_is_told_once)
{
    int item;

    reports_listen(&reports);
    eddy_gen *gen = eddy_gen_open(fails_after_two_coro(), sizeof item);
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(eddy_gen_next(gen, &item), EDDY_EUSER);
    CHECK_STR(last_message(), "no more than two");
    CHECK_CONTAINS(last_text(), "in task fails_after_two\n");
    CHECK_CONTAINS(last_text(), "  awaited by task Task-1 (test_task)\n");
    CHECK_INT(eddy_gen_next(gen, &item), 0);
    eddy_gen_close(gen);
    CHECK_INT(reports.count, 0);
}

static int returns_positive(void)
{
    return 7;
}
EDDY_CORO(returns_positive)

TEST(status_of_a_generator_is_no_item)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(returns_positive_coro(), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 0);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

static int adds_up(void)
{
    int sum = 0;
    const void *value = NULL;

    for (;;) {
        eddy_try(eddy_yield_receive(&sum, &value));
        if (value)
            sum += *(const int *)value;
    }
}
EDDY_CORO(adds_up)

TEST(generator_receives_what_was_sent)
{
    int sum = -1, five = 5, six = 6;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(adds_up_coro(), sizeof sum);

    CHECK_INT(eddy_gen_next(gen, &sum), 1);
    CHECK_INT(sum, 0);
    CHECK_INT(eddy_gen_send(gen, &five, &sum), 1);
    CHECK_INT(sum, 5);
    CHECK_INT(eddy_gen_next(gen, &sum), 1);
    CHECK_INT(sum, 5);
    CHECK_INT(eddy_gen_send(gen, &six, &sum), 1);
    CHECK_INT(sum, 11);
}

static int counts_by_generator(int n)
{
    int item;
    eddy_auto(eddy_gen) *inner = eddy_try(eddy_gen_open(counts_to_coro(n), sizeof item));

    while (eddy_try(eddy_gen_next(inner, &item)) > 0)
        eddy_try(eddy_yield(&item));
    return 0;
}
EDDY_CORO(counts_by_generator, int)

TEST(generators_nest)
{
    int item, sum = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(counts_by_generator_coro(100), sizeof item);

    while (eddy_gen_next(gen, &item) > 0)
        sum += item;
    CHECK_INT(sum, 5050);
}

/* ---- closing ---- */

struct seen {
    int status;
    bool cleaned;
};

static int sees_its_end(struct seen *seen)
{
    int item = 1;

    while ((seen->status = eddy_yield(&item)) == 0)
        item++;
    eddy_shield(5) {
        eddy_ignore(eddy_sleep(2));
        seen->cleaned = true;
    }
    return seen->status;
}
EDDY_CORO(sees_its_end, struct seen *)

TEST(D5_close_ends_the_generator_and_waits)
{
    int item;
    struct seen seen = {0};
    eddy_gen *gen = eddy_gen_open(sees_its_end_coro(&seen), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 1);
    eddy_ignore(eddy_raise(EDDY_EIO, "mine"));
    eddy_gen_close(gen);
    CHECK_INT(seen.status, EDDY_ECANCELED);
    CHECK(seen.cleaned);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 2, 1e-6);
    CHECK_STR(last_message(), "mine");
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(generator_that_was_never_asked)
{
    struct seen seen = {0};

    eddy_gen_close(eddy_gen_open(sees_its_end_coro(&seen), sizeof(int)));
    eddy_gen_close(NULL);
    CHECK_INT(seen.status, 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

static int yields_in_its_clean_up(void)
{
    int item = 1;

    if (eddy_yield(&item) < 0)
        eddy_shield(INFINITY)
            return eddy_yield(&item);
    return 0;
}
EDDY_CORO(yields_in_its_clean_up)

TEST(yield_in_the_clean_up_of_a_closed_generator_fails)
{
    int item;
    eddy_gen *gen = eddy_gen_open(yields_in_its_clean_up_coro(), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 1);
    eddy_gen_close(gen);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

TEST(D5_failure_that_no_next_has_told_is_reported)
{
    int item;

    reports_listen(&reports);
    eddy_gen *gen = eddy_gen_open(fails_after_two_coro(), sizeof item);
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    eddy_gen_close(gen); /* eddy_yield fails, which the generator returns: no failure */
    CHECK_INT(reports.count, 0);
}

static int closes(eddy_gen **gen)
{
    eddy_gen_close(eddy_take(*gen));
    return 0;
}
EDDY_CORO(closes, eddy_gen **)

TEST(generator_closed_while_another_task_waits_for_its_item)
{
    int item;
    eddy_gen *gen = eddy_gen_open(ticks_coro(5), sizeof item);
    eddy_auto(eddy_task) *closer = eddy_create_task(closes_coro(&gen));

    CHECK_INT(eddy_gen_next(gen, &item), EDDY_ECLOSED);
    CHECK_INT(eddy_await(closer), 0);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

static eddy_gen *self_closing;

static int closes_itself(void)
{
    int item = 1;

    eddy_try(eddy_yield(&item));
    eddy_gen_close(self_closing);
    return eddy_yield(&item);
}
EDDY_CORO(closes_itself)

TEST(generator_cannot_close_itself)
{
    int item;

    reports_listen(&reports);
    self_closing = eddy_gen_open(closes_itself_coro(), sizeof item);
    CHECK_INT(eddy_gen_next(self_closing, &item), 1);
    CHECK_INT(eddy_gen_next(self_closing, &item), 1);
    CHECK_INT(reports.count, 1);
    CHECK_INT(eddy_gen_next(self_closing, &item), 0);
    eddy_gen_close(self_closing);
}

static int close_in_callback(void *gen)
{
    eddy_gen_close(gen);
    return 0;
}

TEST(X8_generator_closed_in_a_callback_ends_by_itself)
{
    int item;
    struct seen seen = {0};
    eddy_gen *gen = eddy_gen_open(sees_its_end_coro(&seen), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK(eddy_loop_call_soon(eddy_loop_running(), close_in_callback, gen).call);
    CHECK_INT(eddy_sleep(5), 0);
    CHECK(seen.cleaned);
    CHECK_INT(eddy_all_tasks(NULL, 0), 1);
}

/* ---- cancellation and deadlines ---- */

static int takes_next(eddy_gen *gen, int *item)
{
    return eddy_gen_next(gen, item);
}
EDDY_CORO(takes_next, eddy_gen *, int *)

TEST(cancelling_the_consumer_cancels_the_generator)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(ticks_coro(5), sizeof item);
    eddy_auto(eddy_task) *a = eddy_create_task(takes_next_coro(gen, &item));

    CHECK_INT(eddy_sleep(0.5), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

TEST(A1_consumer_cancelled_before_the_generators_first_step)
{
    int item = 0;
    struct seen seen = {0};
    eddy_auto(eddy_gen) *gen = eddy_gen_open(sees_its_end_coro(&seen), sizeof item);
    eddy_auto(eddy_task) *a = eddy_create_task(takes_next_coro(gen, &item), .eager = true);

    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(item, 0);
    CHECK_INT(seen.status, 0);
}

static int gives_although_cancelled(void)
{
    int item = 7;

    eddy_shield(INFINITY) {
        eddy_ignore(eddy_sleep(2));
        eddy_try(eddy_yield(&item));
    }
    return 0;
}
EDDY_CORO(gives_although_cancelled)

TEST(D1_an_item_given_all_the_same_is_returned)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(gives_although_cancelled_coro(), sizeof item);
    eddy_auto(eddy_task) *a = eddy_create_task(takes_next_coro(gen, &item));

    CHECK_INT(eddy_sleep(1), 0);
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), 1);
    CHECK_INT(item, 7);
}

TEST(D3_deadline_around_next)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(ticks_coro(5), sizeof item);

    eddy_timeout(0.5)
        CHECK_INT(eddy_gen_next(gen, &item), EDDY_ETIMEDOUT);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

/* Gives one item at a time and, when its deadline passes, another without being asked. */
static int hurries(void)
{
    int item = 1;

    eddy_timeout(1)
        eddy_ignore(eddy_yield(&item));
    item = 2;
    eddy_try(eddy_yield(&item));
    item = 3;
    return eddy_yield(&item);
}
EDDY_CORO(hurries)

TEST(generator_whose_own_deadline_passes_waits_to_be_asked)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(hurries_coro(), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(item, 1);
    CHECK_INT(eddy_sleep(5), 0);
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(item, 2);
    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(item, 3);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

static int goes_on_by_itself(void)
{
    int item = 1;

    eddy_timeout(1)
        eddy_ignore(eddy_yield(&item));
    eddy_try(eddy_sleep(2));
    return 9;
}
EDDY_CORO(goes_on_by_itself)

TEST(generator_that_ended_while_nobody_asked)
{
    int item = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(goes_on_by_itself_coro(), sizeof item);

    CHECK_INT(eddy_gen_next(gen, &item), 1);
    CHECK_INT(eddy_sleep(5), 0);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
}

/* ---- two consumers ---- */

TEST(second_consumer_is_told_to_come_later)
{
    int first = 0, second = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(ticks_coro(3), sizeof first);
    eddy_auto(eddy_task) *a = eddy_create_task(takes_next_coro(gen, &first));

    settle();
    CHECK_INT(eddy_gen_next(gen, &second), EDDY_EBUSY);
    CHECK_INT(eddy_await(a), 1);
    CHECK_INT(eddy_gen_next(gen, &second), 1);
    CHECK_INT(first, 1);
    CHECK_INT(second, 2);
}

static int takes_all(eddy_gen *gen, int *sum)
{
    int item, r;

    while ((r = eddy_gen_next(gen, &item)) != 0) {
        if (r == EDDY_EBUSY)
            eddy_try(eddy_sleep(0));
        else if (r < 0)
            return r;
        else
            *sum += item;
    }
    return 0;
}
EDDY_CORO(takes_all, eddy_gen *, int *)

TEST(two_consumers_share_the_items)
{
    int first = 0, second = 0;
    eddy_auto(eddy_gen) *gen = eddy_gen_open(counts_to_coro(100), sizeof first);
    eddy_auto(eddy_task) *a = eddy_create_task(takes_all_coro(gen, &first));
    eddy_auto(eddy_task) *b = eddy_create_task(takes_all_coro(gen, &second));

    CHECK_INT(eddy_await(a), 0);
    CHECK_INT(eddy_await(b), 0);
    CHECK_INT(first + second, 5050);
}

/* ---- bad use ---- */

static int yields_outside(void)
{
    int item = 1;

    return eddy_yield(&item);
}
EDDY_CORO(yields_outside)

TEST(yield_outside_a_generator)
{
    eddy_auto(eddy_task) *a = eddy_create_task(yields_outside_coro());

    CHECK_INT(yields_outside(), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "outside a generator");
    CHECK_INT(eddy_await(a), EDDY_EINVAL);
}

static int asks_itself(eddy_gen **gen)
{
    int item;

    CHECK_INT(eddy_gen_next(*gen, &item), EDDY_EDEADLOCK);
    return 0;
}
EDDY_CORO(asks_itself, eddy_gen **)

TEST(generator_cannot_ask_itself)
{
    int item;
    eddy_gen *gen = NULL;

    gen = eddy_gen_open(asks_itself_coro(&gen), sizeof item);
    CHECK_INT(eddy_gen_next(gen, &item), 0);
    eddy_gen_close(gen);
}

TEST_PLAIN(X8_generator_without_a_loop)
{
    CHECK_PTR(eddy_gen_open(counts_to_coro(1), sizeof(int)), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOTASK);
    eddy_error_clear();
}

static int opens(eddy_gen **gen)
{
    reports_listen(&reports);
    *gen = eddy_gen_open(counts_to_coro(1), sizeof(int));
    return 0;
}
EDDY_CORO(opens, eddy_gen **)

/* Neither asked nor closed: the end of the loop ends it, as it does other tasks. */
TEST_PLAIN(D5_generator_neither_asked_nor_closed)
{
    eddy_gen *gen = NULL;
    int item;

    CHECK_INT(eddy_run(opens_coro(&gen)), 0);
    CHECK_INT(reports.count, 0);
    CHECK_INT(eddy_gen_next(gen, &item), EDDY_ENOTASK);
    eddy_gen_close(gen);
    eddy_error_clear();
}

/* ---- everything that can go wrong ---- */

static int uses_generators(void)
{
    int item, r;
    eddy_auto(eddy_gen) *gen = eddy_try(eddy_gen_open(counts_by_generator_coro(3), sizeof item));
    eddy_auto(eddy_gen) *slow = eddy_try(eddy_gen_open(ticks_coro(3), sizeof item));
    eddy_auto(eddy_gen) *unused = eddy_try(eddy_gen_open(ticks_coro(3), sizeof item));

    eddy_try(eddy_gen_next(slow, &item));
    while ((r = eddy_gen_next(gen, &item)) > 0)
        continue;
    return r;
}

SWEEP(generators_cancelled_anywhere)
{
    return uses_generators();
}

TORTURE(generators_without_memory)
{
    return uses_generators();
}
