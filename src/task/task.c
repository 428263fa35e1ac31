/* task.c - tasks: making, running, ending. */
#include "task/task.h"

#include "base/alloc.h"
#include "base/die.h"
#include "task/aside.h"
#include "task/local.h"
#include "task/stack_report.h"

#include <unistd.h>

void eddy__task_slabs_open(struct eddy__tasks *tasks)
{
    slab_pool_open(&tasks->block_slabs, sizeof(eddy_task), offsetof(eddy_task, slot));
    slab_pool_open(&tasks->launch_slabs, sizeof(struct eddy__launch),
                   offsetof(struct eddy__launch, slot));
    /* so that handles of those that are gone are told of */
    tasks->block_slabs.careful |= tasks->loop.debug;
}

/* ---- the end ---- */

static COLD void report_unobserved(eddy_task *task)
{
    struct eddy__error_list failure = {0};

    if (task->status == EDDY_ECANCELED || task->observed)
        return;
    eddy__error_list_add(&failure, eddy__task_record(task), task->status);
    eddy__report(task->loop, &(eddy_report){.message = "a task failed and nobody looked",
                                            .task = task,
                                            .error = failure.first});
    eddy__error_list_clear(&failure);
}

static void free_more(struct eddy__task_more *more)
{
    eddy_free(more->name);
    eddy_free(more->reason);
    eddy__locals_unref(more->locals);
    eddy_free(more);
}

static void free_task(eddy_task *task)
{
    struct eddy__tasks *tasks = eddy__tasks_of(task->loop);

    if (unlikely(task->status < 0))
        report_unobserved(task);
    if (unlikely(task->fiber.error != NULL))
        eddy__error_unref(task->fiber.error);
    if (unlikely(task->more != NULL))
        free_more(task->more);
    task->state = EDDY__TASK_FREE;
    slab_put(&tasks->block_slabs, task);
    if (--tasks->blocks == 0 && unlikely(atomic_load(&tasks->loop.closed)))
        eddy__loop_unref(&tasks->loop);
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

/* On the loop's stack: its function has returned, or never ran. */
static void end_task(eddy_loop *loop, eddy_task *task)
{
    eddy__thread.fiber = NULL;
    task->state = EDDY__TASK_DONE;
    eddy__tasks_of(loop)->count--;
    eddy__ready_unreserve(loop);
    if (unlikely(loop->debug))
        check_record(task);
    while (task->done_waiters.first)
        eddy__waiter_grant(task->done_waiters.first, 0);
    if (task->on_end)
        task->on_end(task);
    eddy__task_unref(task);
}

/* On the loop's stack, after the task's last switch. */
static void task_ended(eddy_loop *loop, struct eddy__fiber *fiber)
{
    eddy_task *task = (eddy_task *)(void *)fiber;

    eddy__context_drop(&fiber->context);
    eddy__stack_report_add(task);
    eddy__stack_put(&eddy__tasks_of(loop)->stacks, fiber->stack);
    fiber->stack = NULL;
    end_task(loop, task);
}

/* The child of a fork has come to where its parent's loop would go on, and there is none. */
static COLD void child_returned(void)
{
    eddy__put(STDERR_FILENO,
              "eddy: the child of a fork returned from its parent's task and ends here: "
              "it should call _exit, exec or eddy_run\n");
    eddy__exit_failure();
}

/* Runs on the task's own stack, from its first switch to its last. */
static void task_main(void *arg)
{
    eddy_task *task = arg;
    eddy_loop *loop = task->loop;
    eddy_coro coro = task->launch->coro;

    slab_put(&eddy__tasks_of(loop)->launch_slabs, task->launch);
    task->function = coro.name;
    task->begun = true;
    task->status = coro.run(coro.args);
    if (unlikely(task->packed) && !eddy__stack_check(task->fiber.stack))
        eddy__overflow_die(task->fiber.stack);
    if (unlikely(eddy__thread.loop != loop))
        child_returned();
    loop->after = task_ended;
    eddy__context_leave(&task->fiber.context, &loop->context);
}

/* A task that was cancelled before its first step, or for which there is no stack, ends here. */
static COLD bool never_runs(eddy_task *task, int status)
{
    struct eddy__launch *launch = task->launch;

    task->status = status;
    task->function = launch->coro.name;
    task->begun = true;
    slab_put(&eddy__tasks_of(task->loop)->launch_slabs, launch);
    end_task(task->loop, task);
    return false;
}

bool eddy__task_begin(eddy_loop *loop, struct eddy__fiber *fiber)
{
    eddy_task *task = (eddy_task *)(void *)fiber;
    const struct eddy__launch *launch = task->launch;
    struct eddy__tasks *tasks = eddy__tasks_of(loop);

    if (unlikely(task->cancels))
        return never_runs(task, eddy__raise_interrupt(EDDY_ECANCELED));
    if (likely(!launch->packed) || tasks->aside || eddy__aside_open(tasks))
        fiber->stack = eddy__stack_get(&tasks->stacks, launch->stack_size, launch->packed);
    if (unlikely(!fiber->stack))
        return never_runs(
            task, eddy_raise_at(task->place, EDDY_ENOMEM, "no memory for the stack of a task"));
    eddy__context_make(&fiber->context, fiber->stack->low, fiber->stack, task_main, task);
    return true;
}

/* ---- making ---- */

struct eddy__task_more *eddy__task_more(eddy_task *task)
{
    if (!task->more)
        task->more = eddy_alloc_zero(sizeof *task->more);
    return task->more;
}

/* A name and inherited values, which few tasks have. */
static int set_more(eddy_task *task, const char *name)
{
    struct eddy__locals *locals = eddy__locals_current();

    if (!name)
        task->number = ++eddy__tasks_of(task->loop)->last_number;
    if (likely(!name && !locals))
        return 0;
    struct eddy__task_more *more = eddy__task_more(task);
    if (!more)
        return EDDY_ENOMEM;
    if (locals)
        more->locals = eddy__locals_ref(locals);
    if (name && !(more->name = eddy_strdup(name)))
        return EDDY_ENOMEM;
    return 0;
}

static struct eddy__launch *make_launch(eddy_loop *loop, const eddy_coro *coro,
                                        const eddy_task_opts *opts)
{
    struct eddy__launch *launch = slab_get(&eddy__tasks_of(loop)->launch_slabs);

    if (!launch)
        return NULL;
    launch->coro = *coro;
    launch->stack_size = opts ? (uint32_t)opts->stack_size : 0;
    launch->packed = opts && opts->packed;
    return launch;
}

/* In halves, for which gcc takes stores of vectors: for the whole it takes rep stos, which needs 5
 * ns to begin. */
static inline void clear(eddy_task *task)
{
    _Static_assert(sizeof *task % 2 == 0, "two halves");
    memset(task, 0, sizeof *task / 2);
    memset((char *)task + sizeof *task / 2, 0, sizeof *task / 2);
}

/* A control block that is zero but for what is always set. */
static eddy_task *make_block(eddy_loop *loop, struct eddy__launch *launch, const eddy_place *place)
{
    struct eddy__tasks *tasks = eddy__tasks_of(loop);
    eddy_task *task = slab_get(&tasks->block_slabs);

    if (!task)
        return NULL;
    uint16_t slot = task->slot;
    clear(task);
    task->loop = loop;
    task->state = EDDY__TASK_NEW;
    task->refs = 2;
    task->handle = true;
    task->id = ++tasks->last_id;
    task->slot = slot;
    task->packed = launch->packed;
    task->place = place;
    task->launch = launch;
    tasks->count++;
    tasks->blocks++;
    return task;
}

/* Frees a task that never was in the ring. */
void eddy__task_discard(eddy_task *task)
{
    eddy__tasks_of(task->loop)->count--;
    eddy__ready_unreserve(task->loop);
    slab_put(&eddy__tasks_of(task->loop)->launch_slabs, task->launch);
    free_task(task);
}

static COLD eddy_task *no_memory(const eddy_coro *coro, const eddy_place *place)
{
    eddy_raise_at(place, EDDY_ENOMEM, "no memory for a task (%s)", coro->name);
    return NULL;
}

static COLD eddy_task *too_large(const eddy_task_opts *opts)
{
    eddy_raise_at(opts->place, EDDY_EINVAL, "a stack of %zu bytes is too large: at most %u",
                  opts->stack_size, EDDY__TASK_STACK_MAX);
    return NULL;
}

eddy_task *eddy__task_new(eddy_loop *loop, const eddy_coro *coro, const eddy_task_opts *opts)
{
    const eddy_place *place = opts ? opts->place : NULL;

    if (unlikely(opts && opts->stack_size > EDDY__TASK_STACK_MAX))
        return too_large(opts);
    if (unlikely(eddy__ready_reserve(loop) < 0))
        return no_memory(coro, place);
    struct eddy__launch *launch = make_launch(loop, coro, opts);
    eddy_task *task = launch ? make_block(loop, launch, place) : NULL;
    if (unlikely(!task)) {
        if (launch)
            slab_put(&eddy__tasks_of(loop)->launch_slabs, launch);
        eddy__ready_unreserve(loop);
        return no_memory(coro, place);
    }
    if (unlikely(set_more(task, opts ? opts->name : NULL) < 0)) {
        eddy__task_discard(task);
        return no_memory(coro, place);
    }
    return task;
}

void eddy__task_start(eddy_task *task)
{
    task->state = EDDY__TASK_READY;
    eddy__ready_push(task->loop, (uintptr_t)task);
}

/* The creator waits behind it for one turn, so that "at once" needs no second way of switching. A
 * seed may shuffle the two. */
void eddy__task_start_eagerly(eddy_task *task)
{
    eddy_task *self = eddy__self();

    if (!self || self->loop != task->loop) {
        eddy__task_start(task);
        return;
    }
    task->state = EDDY__TASK_READY;
    eddy__ready_push_front(task->loop, (uintptr_t)self);
    eddy__ready_push_front(task->loop, (uintptr_t)task);
    task->refs++;
    eddy__step_aside();
    task->loop->now_step = task->loop->ring_head - 1; /* the ring went back: time did not */
    while (!task->begun)
        eddy__yield_turn();
    eddy__task_unref(task);
}

static inline eddy_task *task_create(eddy_loop *loop, const eddy_coro *coro,
                                     const eddy_task_opts *opts)
{
    eddy_task *task = eddy__task_new(loop, coro, opts);

    if (unlikely(!task))
        return NULL;
    if (unlikely(opts && opts->eager))
        eddy__task_start_eagerly(task);
    else
        eddy__task_start(task);
    return task;
}

static COLD eddy_task *task_no_loop(const eddy_task_opts *opts, int code, const char *why)
{
    eddy_raise_at(opts ? opts->place : NULL, code, "%s", why);
    return NULL;
}

eddy_task *eddy_loop_create_task_with(eddy_loop *loop, eddy_coro coro, const eddy_task_opts *opts)
{
    if (!loop)
        return task_no_loop(opts, EDDY_ECLOSED, "Event loop is closed");
    if (!eddy__loop_check_thread(loop, "eddy_create_task"))
        return NULL;
    return task_create(loop, &coro, opts);
}

eddy_task *eddy_create_task_with(eddy_coro coro, const eddy_task_opts *opts)
{
    eddy_loop *loop = eddy__thread.loop;

    if (unlikely(!loop))
        return task_no_loop(opts, EDDY_ENOTASK,
                            "no running event loop: start tasks inside eddy_run");
    return task_create(loop, &coro, opts);
}

/* ---- asking ---- */

bool eddy_task_done(const eddy_task *task)
{
    if (eddy__task_is_gone(task, __func__))
        return true;
    return task->state == EDDY__TASK_DONE;
}

bool eddy_task_cancelled(const eddy_task *task)
{
    if (eddy__task_is_gone(task, __func__))
        return false;
    return task->state == EDDY__TASK_DONE && task->status == EDDY_ECANCELED;
}

int eddy_task_status(eddy_task *task)
{
    if (eddy__task_is_gone(task, __func__))
        return EDDY_EINVAL;
    if (task->state != EDDY__TASK_DONE)
        return eddy__raise_code(EDDY_ENOTREADY);
    task->observed = true;
    return task->status;
}

const eddy_error *eddy_task_error(eddy_task *task)
{
    if (eddy__task_is_gone(task, __func__))
        return NULL;
    if (task->state != EDDY__TASK_DONE || task->status >= 0)
        return NULL;
    task->observed = true;
    return task->fiber.error;
}

const char *eddy_task_function(const eddy_task *task)
{
    if (eddy__task_is_gone(task, __func__))
        return "?";
    return task->begun ? task->function : task->launch->coro.name;
}

struct naming {
    const eddy_task *task;
    char *buf;
    size_t size;
};

static void name_aside(void *arg)
{
    const struct naming *naming = arg;

    snprintf(naming->buf, naming->size, "Task-%u", naming->task->number);
}

const char *eddy__task_name_in(const eddy_task *task, char *buf, size_t size)
{
    struct naming naming = {task, buf, size};

    if (task->more && task->more->name)
        return task->more->name;
    eddy__aside(name_aside, &naming);
    return buf;
}

const char *eddy_task_name(eddy_task *task)
{
    char buf[24];

    if (eddy__task_is_gone(task, __func__))
        return "?";
    if (task->more && task->more->name)
        return task->more->name;
    eddy__task_name_in(task, buf, sizeof buf);
    struct eddy__task_more *more = eddy__task_more(task);
    if (more)
        more->name = eddy_strdup(buf);
    return more && more->name ? more->name : eddy_task_function(task);
}

int eddy_task_set_name(eddy_task *task, const char *name)
{
    if (!name)
        return eddy__raise(EDDY_EINVAL, "a task's name is a string, not NULL");
    if (!task)
        return eddy__raise(EDDY_EINVAL, "eddy_task_set_name: the task is NULL");
    if (eddy__task_is_gone(task, __func__))
        return EDDY_EINVAL;
    struct eddy__task_more *more = eddy__task_more(task);
    char *copy = more ? eddy_strdup(name) : NULL;
    if (!copy)
        return eddy__raise_code(EDDY_ENOMEM);
    eddy_free(more->name);
    more->name = copy;
    task->number = 0;
    return 0;
}

eddy_task *eddy_current_task(void)
{
    return eddy__self();
}
