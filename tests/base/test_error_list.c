/* test_error_list.c - several failures as one record, in gathers and groups. */
#include "task/reports.h"

#include <eddy/gather.h>
#include <eddy/group.h>

static int fails_barely_after_another_failure(void)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "dealt with"));
    return EDDY_EUSER;
}
EDDY_CORO(fails_barely_after_another_failure)

TEST(C3_the_same_failure_in_several_lists)
{
    eddy_task *a = eddy_create_task(fails_after_coro(1, EDDY_EUSER));
    eddy_task *b = eddy_create_task(fails_after_coro(2, EDDY_EUSER));
    eddy_task *tasks[] = {a, b, b, a};

    CHECK_INT(eddy_gather_tasks(tasks, 2), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_gather_tasks(tasks, 2), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_gather_tasks(tasks + 2, 2), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_gather_tasks(tasks, 4), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 4);
    CHECK_INT(eddy_await(a), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 1); /* a record is not changed by who looked at it */
    eddy_task_close(a);
    eddy_task_close(b);
}

TEST(C3_a_childs_failure_in_the_lists_of_group_and_gather)
{
    eddy_task *children[2] = {0};
    eddy_auto(eddy_group) *group = eddy_group_open();

    for (int i = 0; i < 2; i++)
        CHECK_INT(eddy_group_start(group, stubborn_coro(i, EDDY_EUSER), .handle = &children[i]), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    CHECK_INT(eddy_gather_tasks(children, 2), EDDY_EUSER);
    CHECK_INT(failures(eddy_last_error()), 2);
    eddy_task_close(children[0]);
    eddy_task_close(children[1]);
}

TEST(C3_many_failures)
{
    enum { MANY = 3000 };
    static eddy_coro coros[MANY];

    for (int i = 0; i < MANY; i++)
        coros[i] = fails_after_coro(1, EDDY_EUSER);
    CHECK_INT(eddy_gather_n(coros, MANY), EDDY_EUSER);
    eddy_error_clear();
}

TEST(C3_a_bare_code_gets_a_record)
{
    CHECK_INT(eddy_gather(returns_coro(EDDY_EIO), fails_after_coro(1, EDDY_EUSER)), EDDY_EIO);
    CHECK_INT(eddy_last_status(), EDDY_EIO);
    CHECK_INT(eddy_error_code(eddy_error_next(eddy_last_error())), EDDY_EUSER);
}

TEST(C6_a_bare_code_of_body_or_child)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_join(group, .body = EDDY_EIO), EDDY_EIO);
    CHECK_INT(eddy_last_status(), EDDY_EIO);
    eddy_auto(eddy_group) *second = eddy_group_open();
    CHECK_INT(eddy_group_start(second, returns_coro(EDDY_EUSER)), 0);
    CHECK_INT(eddy_group_join(second), EDDY_EUSER);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
}

TEST(C3_a_bare_code_of_a_gather_does_not_take_an_older_record)
{
    CHECK_INT(eddy_gather(fails_barely_after_another_failure_coro()), EDDY_EUSER);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
    CHECK(strstr(last_text(), "dealt with") == NULL);
}

TEST(C6_a_bare_code_does_not_take_an_older_record)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_INT(eddy_group_start(group, fails_barely_after_another_failure_coro()), 0);
    CHECK_INT(eddy_group_join(group), EDDY_EUSER);
    CHECK_INT(eddy_last_status(), EDDY_EUSER);
}
