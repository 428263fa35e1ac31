/* What a loop does, as a toy: tasks are generators that say for how long they are busy with I/O;
 * the list of them is gone through again and again until it is empty. */
#include "tour.h"

enum state { READY, RUNNING, IN_IO, FINISHED };
static const char *const state_names[] = {"待执行", "正在执行", "IO状态", "已完成"};

struct toy_task {
    const char *name;
    eddy_gen *steps;
    enum state state;
    double ready_at;
};

static int work(const char *name, const double *waits, int n)
{
    for (int i = 0; i < n; i++) {
        printf("%s: 第%d步, 等待 %.1f 秒\n", name, i + 1, waits[i]);
        eddy_try(eddy_yield(&waits[i]));
    }
    return 0;
}
EDDY_CORO(work, const char *, const double *, int)

static bool can_run(const struct toy_task *task)
{
    return task->state == READY || (task->state == IN_IO && task->ready_at <= eddy_time());
}

static int step(struct toy_task *task)
{
    double wait = 0;

    task->state = RUNNING;
    int more = eddy_try(eddy_gen_next(task->steps, &wait));
    task->ready_at = eddy_time() + wait;
    task->state = more ? IN_IO : FINISHED;
    printf("%s: %s -> %s\n", task->name, state_names[RUNNING], state_names[task->state]);
    return 0;
}

/* Returns how many tasks are left. */
static int remove_finished(struct toy_task *tasks, int n)
{
    int left = 0;

    for (int i = 0; i < n; i++) {
        if (tasks[i].state == FINISHED)
            printf("移除 %s\n", tasks[i].name);
        else
            tasks[left++] = tasks[i];
    }
    return left;
}

static int run_all(struct toy_task *tasks, int n)
{
    while (n > 0) {
        for (int i = 0; i < n; i++)
            if (can_run(&tasks[i]))
                eddy_try(step(&tasks[i]));
        n = remove_finished(tasks, n);
        eddy_try(eddy_sleep(0.001));
    }
    printf("循环终止\n");
    return 0;
}

static int toy_loop(void)
{
    static const double waits1[] = {0.3, 0.4}, waits2[] = {0.5};
    eddy_auto(eddy_gen) *steps1 =
        eddy_try(eddy_gen_open(work_coro("任务1", waits1, 2), sizeof(double)));
    eddy_auto(eddy_gen) *steps2 =
        eddy_try(eddy_gen_open(work_coro("任务2", waits2, 1), sizeof(double)));
    eddy_auto(eddy_gen) *steps3 =
        eddy_try(eddy_gen_open(work_coro("任务3", NULL, 0), sizeof(double)));
    struct toy_task tasks[] = {
        {"任务1", steps1, READY, 0},
        {"任务2", steps2, READY, 0},
        {"任务3", steps3, READY, 0},
    };

    return run_all(tasks, 3);
}
EDDY_CORO(toy_loop)

int main(void)
{
    return eddy_run(toy_loop_coro()) < 0;
}
