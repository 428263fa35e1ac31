/* task.c - tasks: making, running, ending. */
#include "task/task.h"

#include "base/alloc.h"
#include "task/local.h"
#include "task/stack_report.h"

/* ---- the end ---- */

static void report_unobserved(eddy_task *task)
{
    if (task->status < 0 && task->status != EDDY_ECANCELED && !task->observed)
        eddy__report(task->loop, &(eddy_report){.message = "a task failed and nobody looked",
                                                .task = task,
                                                .error = task->fiber.error});
}

static void free_task(eddy_task *task)
{
    eddy_loop *loop = task->loop;

    if (unlikely(task->status < 0))
        report_unobserved(task);
    if (unlikely(task->fiber.error != NULL))
        eddy__error_unref(task->fiber.error);
    if (unlikely(task->locals != NULL))
        eddy__locals_unref(task->locals);
    if (unlikely(task->name != NULL))
        eddy__free(task->name);
    if (unlikely(task->reason != NULL))
        eddy__free(task->reason);
    eddy__stack_put(&loop->stacks, &task->fiber.stack);
    if (--loop->task_blocks == 0 && unlikely(atomic_load(&loop->closed)))
        eddy__loop_unref(loop);
}

void eddy__task_unref(eddy_task *task)
{
    if (--task->refs == 0)
        free_task(task);
}

/* Debug mode: a failure without a record of its own has lost its message on the way. */
static void check_record(eddy_task *task)
{
    if (task->status < 0 && eddy_error_code(task->fiber.error) != task->status)
        eddy__report(task->loop,
                     &(eddy_report){.message = "a task returned a failure that eddy_raise did not "
                                               "make: its record, if any, is another's",
                                    .task = task,
                                    .error = task->fiber.error});
}

/* On the loop's stack, after the task's last switch. */
static void task_ended(eddy_loop *loop, struct eddy__fiber *fiber)
{
    eddy_task *task = (eddy_task *)(void *)fiber;

    eddy__thread.fiber = NULL;
    eddy__thread.error = NULL;
    eddy__context_drop(&fiber->context);
    task->state = EDDY__TASK_DONE;
    list_remove(&task->all);
    loop->task_count--;
    eddy__ready_unreserve(loop);
    if (unlikely(loop->debug))
        check_record(task);
    eddy__stack_report_add(task);
    while (task->done_waiters.first)
        eddy__waiter_grant(task->done_waiters.first, 0);
    if (task->on_end)
        task->on_end(task);
    eddy__task_unref(task);
}

/* Runs on the task's own stack, from its first switch to its last. */
static void task_main(void *arg)
{
    eddy_task *task = arg;

    if (unlikely(task->cancels))
        task->status = eddy__raise_interrupt(EDDY_ECANCELED);
    else
        task->status = task->coro.run(task->coro.args);
    if (unlikely(task->packed) && !eddy__stack_check(&task->fiber.stack))
        eddy__overflow_die(&task->fiber.stack);
    task->loop->after = task_ended;
    eddy__context_leave(&task->fiber.context, &task->loop->context);
}

/* ---- making ---- */

static int set_name(eddy_task *task, const eddy_task_opts *opts)
{
    if (!opts || !opts->name) {
        task->number = ++task->loop->task_number;
        return 0;
    }
    task->name = eddy__strdup(opts->name);
    return task->name ? 0 : EDDY_ENOMEM;
}

static void init_task(eddy_task *task, eddy_loop *loop, const eddy_coro *coro)
{
    eddy_task *self = eddy__self();

    memset((char *)task + sizeof task->fiber.stack, 0,
           offsetof(eddy_task, coro) - sizeof task->fiber.stack);
    task->loop = loop;
    task->refs = 2;
    task->id = ++loop->task_id;
    task->coro = *coro;
    if (self && self->locals)
        task->locals = eddy__locals_ref(self->locals);
}

void eddy__task_discard(eddy_task *task)
{
    list_remove(&task->all);
    task->loop->task_count--;
    eddy__ready_unreserve(task->loop);
    eddy__context_drop(&task->fiber.context);
    free_task(task);
}

eddy_task *eddy__task_new(eddy_loop *loop, const eddy_coro *coro, const eddy_task_opts *opts)
{
    struct eddy__stack *stack = NULL;

    if (likely(eddy__ready_reserve(loop) == 0)) {
        stack = eddy__stack_get(&loop->stacks, opts ? opts->stack_size : 0, opts && opts->packed);
        if (!stack)
            eddy__ready_unreserve(loop);
    }
    if (!stack) {
        eddy_raise_at(opts ? opts->place : NULL, EDDY_ENOMEM,
                      "no memory for the stack of a task (%s)", coro->name);
        return NULL;
    }
    eddy_task *task = (eddy_task *)(void *)stack;
    init_task(task, loop, coro);
    task->packed = opts && opts->packed;
    task->place = opts ? opts->place : NULL;
    eddy__context_make(&task->fiber.context, stack->low, stack, task_main, task);
    list_add_tail(&loop->tasks, &task->all);
    loop->task_count++;
    loop->task_blocks++;
    if (set_name(task, opts) < 0) {
        eddy__task_discard(task);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    return task;
}

void eddy__task_start(eddy_task *task)
{
    task->state = EDDY__TASK_READY;
    eddy__ready_push(task->loop, (uintptr_t)task);
}

/* Runs a new task at once: the creator waits behind it for one turn, so that "at once" needs no second
 * way of switching. Others that are ready run first. */
static void start_eagerly(eddy_task *task)
{
    eddy_loop *loop = task->loop;

    task->state = EDDY__TASK_READY;
    if (!eddy__self()) {
        eddy__ready_push(loop, (uintptr_t)task);
        return;
    }
    eddy__ready_push_front(loop, (uintptr_t)eddy__self());
    eddy__ready_push_front(loop, (uintptr_t)task);
    eddy__step_aside();
}

eddy_task *eddy_loop_create_task_with(eddy_loop *loop, eddy_coro coro, const eddy_task_opts *opts)
{
    if (!eddy__loop_check_thread(loop, "eddy_create_task"))
        return NULL;
    eddy_task *task = eddy__task_new(loop, &coro, opts);
    if (!task)
        return NULL;
    if (unlikely(opts && opts->eager))
        start_eagerly(task);
    else
        eddy__task_start(task);
    return task;
}

eddy_task *eddy_create_task_with(eddy_coro coro, const eddy_task_opts *opts)
{
    eddy_loop *loop = eddy__thread.loop;

    if (!loop) {
        eddy_raise_at(opts ? opts->place : NULL, EDDY_ENOTASK,
                      "no running event loop: start tasks inside eddy_run");
        return NULL;
    }
    return eddy_loop_create_task_with(loop, coro, opts);
}

/* ---- asking ---- */

bool eddy_task_done(const eddy_task *task)
{
    return task->state == EDDY__TASK_DONE;
}

bool eddy_task_cancelled(const eddy_task *task)
{
    return task->state == EDDY__TASK_DONE && task->status == EDDY_ECANCELED;
}

int eddy_task_status(eddy_task *task)
{
    if (task->state != EDDY__TASK_DONE)
        return eddy__raise_code(EDDY_ENOTREADY);
    task->observed = true;
    return task->status;
}

const eddy_error *eddy_task_error(eddy_task *task)
{
    if (task->state != EDDY__TASK_DONE || task->status >= 0)
        return NULL;
    task->observed = true;
    return task->fiber.error;
}

const char *eddy_task_function(const eddy_task *task)
{
    return task->coro.name;
}

const char *eddy_task_name(eddy_task *task)
{
    char name[24];

    if (task->name)
        return task->name;
    snprintf(name, sizeof name, "Task-%u", task->number);
    task->name = eddy__strdup(name);
    return task->name ? task->name : task->coro.name;
}

int eddy_task_set_name(eddy_task *task, const char *name)
{
    char *copy = name ? eddy__strdup(name) : NULL;

    if (!copy)
        return name ? eddy__raise_code(EDDY_ENOMEM)
                    : eddy_raise_at(NULL, EDDY_EINVAL, "a task's name is a string, not NULL");
    eddy__free(task->name);
    task->name = copy;
    return 0;
}

eddy_task *eddy_current_task(void)
{
    return eddy__self();
}
