/* test_exit_stack.c - closers whose number is known at run time only. */
#include "reports.h"

#include <eddy/exit_stack.h>

/* Something that can be closed. */
struct door {
    struct notes *notes;
    int number;
    double takes;            /* seconds to close, 0: at once */
    eddy_exit_stack *pushes; /* closing it pushes another */
    struct door *other;
};

static void door_close(struct door *door)
{
    if (door->takes > 0)
        CHECK_INT(eddy_sleep(door->takes), 0);
    if (door->pushes)
        CHECK_INT(eddy_exit_stack_push(door->pushes, door, door->other), 0);
    eddy_ignore(eddy_raise(EDDY_EIO, "closing is none of your business"));
    note(door->notes, door->number);
}

static struct door door(struct notes *notes, int number, double takes)
{
    return (struct door){.notes = notes, .number = number, .takes = takes};
}

TEST(exit_stack_closes_in_reverse_order)
{
    struct notes notes = {0};
    struct door doors[] = {door(&notes, 1, 0), door(&notes, 2, 0), door(&notes, 3, 0)};

    {
        eddy_auto(eddy_exit_stack) *stack = eddy_exit_stack_open();
        for (int i = 0; i < 3; i++)
            CHECK_INT(eddy_exit_stack_push(stack, door, &doors[i]), 0);
        CHECK_INT(notes.n, 0);
    }
    CHECK_INT(noted(&notes), 321);
}

TEST(exit_stack_of_nothing)
{
    eddy_auto(eddy_exit_stack) *stack = eddy_exit_stack_open();

    CHECK(stack != NULL);
    eddy_exit_stack_pop_all(stack);
    eddy_exit_stack_close(NULL);
}

TEST(exit_stack_takes_many)
{
    static struct door doors[30];
    struct notes notes = {0};
    eddy_exit_stack *stack = eddy_exit_stack_open();

    for (int i = 0; i < 30; i++) {
        doors[i] = door(&notes, i, 0);
        CHECK_INT(eddy_exit_stack_push(stack, door, &doors[i]), 0);
    }
    eddy_exit_stack_close(stack);
    CHECK_INT(notes.n, 30);
    for (int i = 0; i < 30; i++)
        CHECK_INT(notes.list[i], 29 - i);
}

TEST(exit_stack_pop_all_forgets_without_closing)
{
    struct notes notes = {0};
    struct door a = door(&notes, 1, 0), b = door(&notes, 2, 0);
    eddy_exit_stack *stack = eddy_exit_stack_open();

    CHECK_INT(eddy_exit_stack_push(stack, door, &a), 0);
    eddy_exit_stack_pop_all(stack);
    CHECK_INT(eddy_exit_stack_push(stack, door, &b), 0);
    eddy_exit_stack_close(stack);
    CHECK_INT(noted(&notes), 2);
}

TEST(exit_stack_a_closer_may_push)
{
    struct notes notes = {0};
    struct door other = door(&notes, 2, 0), a = door(&notes, 1, 0);
    eddy_exit_stack *stack = eddy_exit_stack_open();

    a.pushes = stack;
    a.other = &other;
    CHECK_INT(eddy_exit_stack_push(stack, door, &a), 0);
    eddy_exit_stack_close(stack);
    CHECK_INT(noted(&notes), 12);
}

TEST(exit_stack_closes_tasks)
{
    eddy_auto(eddy_exit_stack) *stack = eddy_exit_stack_open();

    for (int i = 0; i < 5; i++)
        CHECK_INT(eddy_exit_stack_push(stack, eddy_task, eddy_create_task(sleeps_coro(i))), 0);
    CHECK_INT(eddy_sleep(2.5), 0);
}

TEST(A13_exit_stack_restores_the_record)
{
    struct notes notes = {0};
    struct door a = door(&notes, 1, 0);
    eddy_exit_stack *stack = eddy_exit_stack_open();

    CHECK_INT(eddy_exit_stack_push(stack, door, &a), 0);
    eddy_ignore(eddy_raise(EDDY_EUSER, "the failure to be returned"));
    eddy_exit_stack_close(stack);
    CHECK_STR(last_message(), "the failure to be returned");
    eddy_error_clear();
    stack = eddy_exit_stack_open();
    CHECK_INT(eddy_exit_stack_push(stack, door, &a), 0);
    eddy_exit_stack_close(stack);
    CHECK_PTR(eddy_last_error(), NULL);
}

static int fails_with_doors_open(struct notes *notes)
{
    struct door a = door(notes, 1, 1), b = door(notes, 2, 1);
    eddy_auto(eddy_exit_stack) *stack = eddy_try(eddy_exit_stack_open());

    eddy_try(eddy_exit_stack_push(stack, door, &a));
    eddy_try(eddy_exit_stack_push(stack, door, &b));
    return eddy_sleep(100);
}
EDDY_CORO(fails_with_doors_open, struct notes *)

TEST(A13_exit_stack_closes_inside_a_shield)
{
    struct notes notes = {0};
    eddy_auto(eddy_task) *a = eddy_create_task(fails_with_doors_open_coro(&notes));

    settle();
    CHECK(eddy_cancel(a));
    CHECK_INT(eddy_await(a), EDDY_ECANCELED);
    CHECK_INT(noted(&notes), 21);
    CHECK_NEAR(eddy_loop_time(eddy_loop_running()), 2, 1e-6);
    CHECK_INT(eddy_wait_for(fails_with_doors_open_coro(&notes), 1), EDDY_ETIMEDOUT);
    CHECK_INT(noted(&notes), 2121);
}

TEST_PLAIN(exit_stack_outside_a_task)
{
    struct notes notes = {0};
    struct door a = door(&notes, 1, 0);
    eddy_exit_stack *stack = eddy_exit_stack_open();

    CHECK_INT(eddy_exit_stack_push(stack, door, &a), 0);
    eddy_exit_stack_close(stack);
    CHECK_INT(notes.n, 1);
    CHECK_PTR(eddy_last_error(), NULL);
}

/* ---- everything that can go wrong ---- */

/* More than the stack has room for at first. */
static int closes_many(void)
{
    eddy_auto(eddy_exit_stack) *stack = eddy_try(eddy_exit_stack_open());

    for (int i = 0; i < 20; i++) {
        eddy_task *task = eddy_try(eddy_create_task(sleeps_coro(i % 4)));
        eddy_try(eddy_exit_stack_push(stack, eddy_task, task)); /* closed when it fails */
    }
    return eddy_sleep(2);
}

SWEEP(exit_stack_cancelled_anywhere)
{
    return closes_many();
}

TORTURE(exit_stack_without_memory)
{
    return closes_many();
}
