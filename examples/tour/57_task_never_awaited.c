/* A failure that nobody can see any more goes to the loop's exception handler: here when the task
 * ends, since its handle was given away. This handler words it as asyncio does. */
#include "tour.h"

static void report_as_asyncio(eddy_loop *loop, const eddy_report *report, void *arg)
{
    const char *kind = eddy_error_code(report->error) == EDDY_EINVAL ? "ValueError" : "Exception";
    const char *message = eddy_error_message(report->error);

    (void)loop;
    (void)arg;
    fprintf(stderr, "Task exception was never retrieved\n");
    fprintf(stderr, "future: <Task finished name='%s' coro=<%s()> exception=%s('%s')>\n",
            eddy_task_name(report->task), eddy_task_function(report->task), kind, message);
    fprintf(stderr, "%s: %s\n", kind, message);
}

static int task_that_fails(void)
{
    eddy_try(eddy_sleep(0.5));
    return eddy_raise(EDDY_EINVAL, "Task failed!");
}
EDDY_CORO(task_that_fails)

static int careless_caller(void)
{
    eddy_loop_set_exception_handler(eddy_loop_running(), report_as_asyncio, NULL);
    eddy_detach(eddy_try(eddy_create_task(task_that_fails_coro())));
    eddy_try(eddy_sleep(1));
    printf("The program goes on\n");
    return 0;
}
EDDY_CORO(careless_caller)

int main(void)
{
    if (eddy_run(careless_caller_coro()) < 0)
        return 1;
    printf("The program ends normally\n");
    return 0;
}
