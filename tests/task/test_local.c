/* test_local.c - task-local values. */
#include "reports.h"

#include <eddy/local.h>

static eddy_local user = EDDY_LOCAL("user");
static eddy_local request = EDDY_LOCAL("request");

static char ann[] = "ann", bob[] = "bob", first[] = "1";

static int sees(const char **user_seen)
{
    *user_seen = eddy_local_get(&user);
    return 0;
}
EDDY_CORO(sees, const char **)

static int changes(const char **before)
{
    *before = eddy_local_get(&user);
    eddy_try(eddy_local_set(&user, bob));
    eddy_try(eddy_sleep(1));
    return strcmp(eddy_local_get(&user), "bob") == 0 ? 0 : EDDY_EINVAL;
}
EDDY_CORO(changes, const char **)

TEST(G9_unset_is_NULL)
{
    CHECK_PTR(eddy_local_get(&user), NULL);
    CHECK_INT(eddy_local_set(&user, ann), 0);
    CHECK_STR(eddy_local_get(&user), "ann");
    CHECK_PTR(eddy_local_get(&request), NULL);
    CHECK_INT(eddy_local_set(&request, first), 0);
    CHECK_INT(eddy_local_set(&user, bob), 0);
    CHECK_STR(eddy_local_get(&user), "bob");
    CHECK_STR(eddy_local_get(&request), "1");
    CHECK_INT(eddy_local_set(&user, NULL), 0);
    CHECK_PTR(eddy_local_get(&user), NULL);
    CHECK_STR(eddy_local_get(&request), "1");
}

TEST(G9_values_are_inherited_by_copy_at_creation)
{
    const char *seen = NULL;

    CHECK_INT(eddy_local_set(&user, ann), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(sees_coro(&seen));
    CHECK_INT(eddy_local_set(&user, bob), 0); /* after the creation, before the first step */
    CHECK_INT(eddy_await(a), 0);
    CHECK_STR(seen, "ann");
}

TEST(G9_what_a_child_sets_its_parent_does_not_see)
{
    const char *before = NULL;

    CHECK_INT(eddy_local_set(&user, ann), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(changes_coro(&before));
    CHECK_INT(eddy_sleep(0.5), 0);
    CHECK_STR(before, "ann");
    CHECK_STR(eddy_local_get(&user), "ann");
    CHECK_INT(eddy_await(a), 0);
    CHECK_STR(eddy_local_get(&user), "ann");
}

TEST(G9_siblings_do_not_see_each_other)
{
    const char *a = NULL, *b = NULL;

    CHECK_INT(eddy_gather(changes_coro(&a), changes_coro(&b)), 0);
    CHECK_PTR(a, NULL);
    CHECK_PTR(b, NULL);
    CHECK_PTR(eddy_local_get(&user), NULL);
}

TEST(G9_inherited_by_eager_tasks_and_grandchildren)
{
    const char *seen = NULL;

    CHECK_INT(eddy_local_set(&user, ann), 0);
    eddy_auto(eddy_task) *a = eddy_create_task(sees_coro(&seen), .eager = true);
    CHECK_STR(seen, "ann");
    seen = NULL;
    CHECK_INT(eddy_wait_for(sees_coro(&seen), 1), 0);
    CHECK_STR(seen, "ann");
}

static int sets_in_callback(void *arg)
{
    CHECK_PTR(eddy_local_get(&user), NULL); /* not those of the task that asked for the call */
    CHECK_INT(eddy_local_set(&user, bob), 0);
    CHECK_STR(eddy_local_get(&user), "bob");
    *(bool *)arg = true;
    return 0;
}

static int clears_in_callback(void *arg)
{
    CHECK_STR(eddy_local_get(&user), "bob");
    CHECK_INT(eddy_local_set(&user, NULL), 0);
    *(bool *)arg = true;
    return 0;
}

TEST(values_outside_tasks_belong_to_the_thread)
{
    bool called = false;

    CHECK_INT(eddy_local_set(&user, ann), 0);
    CHECK(eddy_loop_call_soon(eddy_loop_running(), sets_in_callback, &called).call);
    settle();
    CHECK(called);
    CHECK_STR(eddy_local_get(&user), "ann");
    CHECK(eddy_loop_call_soon(eddy_loop_running(), clears_in_callback, &called).call);
    settle();
}

static const char *seen_by_main;

TEST_PLAIN(G9_the_main_task_inherits_the_threads_values)
{
    CHECK_PTR(eddy_local_get(&user), NULL);
    CHECK_INT(eddy_local_set(&user, ann), 0);
    CHECK_INT(eddy_run(sees_coro(&seen_by_main)), 0);
    CHECK_STR(seen_by_main, "ann");
    CHECK_STR(eddy_local_get(&user), "ann");
    CHECK_INT(eddy_local_set(&user, NULL), 0); /* nothing is left of it */
    CHECK_PTR(eddy_local_get(&user), NULL);
}

TEST(many_values)
{
    static eddy_local locals[50];
    static int values[50];

    for (int i = 0; i < 50; i++)
        CHECK_INT(eddy_local_set(&locals[i], &values[i]), 0);
    for (int i = 0; i < 50; i++)
        CHECK_PTR(eddy_local_get(&locals[i]), &values[i]);
}

/* ---- everything that can go wrong ---- */

static int inherits_and_changes(void)
{
    const char *a = NULL, *b = NULL;

    eddy_try(eddy_local_set(&user, ann));
    eddy_try(eddy_gather(changes_coro(&a), changes_coro(&b)));
    return eddy_local_set(&request, first);
}

SWEEP(locals_cancelled_anywhere)
{
    return inherits_and_changes();
}

TORTURE(locals_without_memory)
{
    return inherits_and_changes();
}
