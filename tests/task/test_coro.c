/* test_coro.c - coroutine objects: copies of a function's arguments that own nothing. */
#include "reports.h"

typedef int numbers[3];
typedef int callback(int);

static int sum;

static int none(void)
{
    return 10;
}
EDDY_CORO(none)

static int one(int a)
{
    return a;
}
EDDY_CORO(one, int)

static int two(char a, double b)
{
    return a + (int)b;
}
EDDY_CORO(two, char, double)

static int three(short a, int *b, long c)
{
    return a + *b + (int)c;
}
EDDY_CORO(three, short, int *, long)

static int four(int a, int b, int c, int d)
{
    return a + b + c + d;
}
EDDY_CORO(four, int, int, int, int)

static int five(int a, int b, int c, int d, int e)
{
    return a + b + c + d + e;
}
EDDY_CORO(five, int, int, int, int, int)

static int six(int a, int b, int c, int d, int e, int f)
{
    return a + b + c + d + e + f;
}
EDDY_CORO(six, int, int, int, int, int, int)

static int seven(int a, int b, int c, int d, int e, int f, int g)
{
    return a + b + c + d + e + f + g;
}
EDDY_CORO(seven, int, int, int, int, int, int, int)

/* 64 bytes, as many as there is room for. */
static int eight(long a, long b, long c, long d, long e, long f, long g, long h)
{
    return (int)(a + b + c + d + e + f + g + h);
}
EDDY_CORO(eight, long, long, long, long, long, long, long, long)

static int call(callback *fn, const numbers *list)
{
    return fn((*list)[0] + (*list)[1] + (*list)[2]);
}
EDDY_CORO(call, callback *, const numbers *)

struct large {
    char bytes[64];
};

static int takes_struct(struct large large)
{
    return large.bytes[0] + large.bytes[63];
}
EDDY_CORO(takes_struct, struct large)

static int await(eddy_coro coro)
{
    eddy_auto(eddy_task) *task = eddy_create_task(coro);

    return eddy_await(task);
}

TEST(coro_of_any_number_of_arguments)
{
    int twenty = 20;
    numbers list = {1, 2, 3};
    struct large large = {{0}};

    large.bytes[0] = 3, large.bytes[63] = 4;
    eddy_coro coros[] = {none_coro(),
                         one_coro(1),
                         two_coro(1, 2.5),
                         three_coro(1, &twenty, 3),
                         four_coro(1, 2, 3, 4),
                         five_coro(1, 2, 3, 4, 5),
                         six_coro(1, 2, 3, 4, 5, 6),
                         seven_coro(1, 2, 3, 4, 5, 6, 7),
                         eight_coro(1, 2, 3, 4, 5, 6, 7, 8),
                         call_coro(one, &list),
                         takes_struct_coro(large)};
    static const int results[] = {10, 1, 3, 24, 10, 15, 21, 28, 36, 6, 7};

    for (size_t i = 0; i < count_of(coros); i++) {
        CHECK_INT(eddy_call(&coros[i]), results[i]);
        CHECK_INT(await(coros[i]), results[i]);
    }
}

TEST(coro_is_named_like_its_function)
{
    CHECK_STR(one_coro(1).name, "one");
    eddy_auto(eddy_task) *task = eddy_create_task(one_coro(1));
    CHECK_STR(eddy_task_function(task), "one");
}

/* It may be run often, dropped, and changed after it was given away. */
TEST(coro_is_a_value)
{
    eddy_coro coro = one_coro(1), copy = coro;
    eddy_auto(eddy_task) *task = eddy_create_task(coro);

    memset(&coro, 0, sizeof coro);
    CHECK_INT(eddy_await(task), 1);
    for (int i = 0; i < 3; i++)
        CHECK_INT(await(copy), 1);
}

/* eddy_call suspends the caller, and its failure is the caller's own. */
static int fails_later(void)
{
    eddy_try(eddy_sleep(1));
    return eddy_raise(EDDY_EUSER, "later");
}
EDDY_CORO(fails_later)

TEST(coro_called_runs_in_the_current_task)
{
    eddy_coro coro = fails_later_coro();

    CHECK_INT(eddy_call(&coro), EDDY_EUSER);
    CHECK_NEAR(eddy_time(), 1, 1e-9);
    CHECK_STR(eddy_error_task(eddy_last_error()), "Task-1 (test_task)");
}

static int adds(void *pointer)
{
    sum += *(int *)pointer;
    return sum;
}

TEST(coro_of_a_function_and_a_pointer)
{
    int seven_ = 7;

    CHECK_INT(await(eddy_coro_of(adds, &seven_)), 7);
    CHECK_INT(await(eddy_coro_of(adds, &seven_)), 14);
    CHECK_STR(eddy_coro_of(adds, NULL).name, "coroutine");
}

TEST_PLAIN(coro_run_as_main)
{
    CHECK_INT(eddy_run(eight_coro(1, 1, 1, 1, 1, 1, 1, 1)), 8);
}
