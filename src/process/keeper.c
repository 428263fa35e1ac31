/* keeper.c - what stays in a loop without anybody's waiting for it. */
#include "process/keeper.h"

static int keeps(struct eddy__keeper *keeper)
{
    while (!keeper->over && !eddy__self()->loop->closing)
        eddy__park(&keeper->kind, keeper);
    return 0;
}
EDDY_CORO(keeps, struct eddy__keeper *)

static void wait_aborted(eddy_task *task, int code)
{
    if (task->loop->closing)
        eddy__wake(task, code);
}

static void keeper_task_ended(eddy_task *task)
{
    struct eddy__keeper *keeper = task->owner;

    keeper->task = NULL;
    keeper->ended(keeper);
}

int eddy__keeper_start(struct eddy__keeper *keeper, eddy_loop *loop, const char *what,
                       void (*ended)(struct eddy__keeper *keeper))
{
    eddy_coro coro = keeps_coro(keeper);
    eddy_task *task = eddy__task_new(loop, &coro, NULL);

    if (!task)
        return EDDY_ENOMEM;
    keeper->task = task;
    keeper->kind = (struct eddy__wait_kind){what, wait_aborted};
    keeper->over = false;
    keeper->ended = ended;
    task->owner = keeper;
    task->on_end = keeper_task_ended;
    eddy__task_start(task);
    eddy_detach(task);
    return 0;
}

void eddy__keeper_end(struct eddy__keeper *keeper)
{
    keeper->over = true;
    if (keeper->task && keeper->task->state == EDDY__TASK_PARKED)
        eddy__wake(keeper->task, 0);
}
