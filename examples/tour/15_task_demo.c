/* A task begins when its creator first waits, not when it is made. What tasks write is declared
 * before them: a handle that goes out of scope still waits for its task. */
#include "tour.h"

static int slow_operation(const char *name, int delay, struct text *result)
{
    printf("%s started\n", name);
    eddy_try(eddy_sleep(delay));
    printf("%s completed after %ds\n", name, delay);
    text_set(result, "Result of %s", name);
    return 0;
}
EDDY_CORO(slow_operation, const char *, int, struct text *)

static int task_demo(void)
{
    struct text result1, result2;

    printf("=== Task Demo ===\n");
    eddy_auto(eddy_task) *task1 =
        eddy_try(eddy_create_task(slow_operation_coro("Task 1", 2, &result1)));
    eddy_auto(eddy_task) *task2 =
        eddy_try(eddy_create_task(slow_operation_coro("Task 2", 1, &result2)));
    printf("Task 1 done: %s\n", truth(eddy_task_done(task1)));
    printf("Task 2 done: %s\n", truth(eddy_task_done(task2)));

    eddy_try(eddy_await(task1));
    eddy_try(eddy_await(task2));
    printf("Task 1 done: %s\n", truth(eddy_task_done(task1)));
    printf("Task 2 done: %s\n", truth(eddy_task_done(task2)));
    printf("Results: %s, %s\n", result1.s, result2.s);
    return 0;
}
EDDY_CORO(task_demo)

int main(void)
{
    return eddy_run(task_demo_coro()) < 0;
}
