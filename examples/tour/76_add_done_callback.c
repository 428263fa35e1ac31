/* Done callbacks run in the order they were added, before whoever awaits the task goes on. They run
 * outside tasks: what a callback shall know of its context, a task-local value say, is given to it
 * when it is added. */
#include "tour.h"

static const eddy_local who = EDDY_LOCAL("who");

struct listener {
    const char *context;
    const int *result;
};

static int callback(eddy_task *task, void *arg)
{
    const struct listener *listener = arg;

    if (eddy_task_status(task) < 0)
        printf("callback: failed with %s", eddy_error_message(eddy_task_error(task)));
    else
        printf("callback: result %d", *listener->result);
    printf(", context %s\n", listener->context);
    return 0;
}

static int coro(int *result)
{
    eddy_try(eddy_sleep(0.5));
    printf("coro ends\n");
    *result = 42;
    return 0;
}
EDDY_CORO(coro, int *)

static int failing(void)
{
    return eddy_raise(EDDY_EINVAL, "no luck");
}
EDDY_CORO(failing)

static int listen_to_tasks(void)
{
    static char name[] = "main";
    eddy_try(eddy_local_set(&who, name));

    int result = 0;
    struct listener here = {eddy_local_get(&who), &result};
    struct listener other = {"other", &result};
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(coro_coro(&result)));
    eddy_try(eddy_task_add_done_callback(task, callback, &here));
    eddy_try(eddy_task_add_done_callback(task, callback, &other));
    eddy_try(eddy_await(task));
    printf("await returned\n");

    eddy_try(eddy_task_add_done_callback(task, callback, &here));
    printf("added to a finished task\n");
    eddy_try(eddy_sleep(0));

    eddy_auto(eddy_task) *bad = eddy_try(eddy_create_task(failing_coro()));
    eddy_try(eddy_task_add_done_callback(bad, callback, &here));
    eddy_try(eddy_wait(&bad, 1));
    return 0;
}
EDDY_CORO(listen_to_tasks)

int main(void)
{
    return eddy_run(listen_to_tasks_coro()) < 0;
}
