/* run.c - loops with tasks: opening, entering, closing, run_until_complete. */
#include "task/run.h"
#include "base/alloc.h"
#include "task/aside.h"
#include "task/stack_report.h"
#include <math.h>

/* A call that asks for another one each time does not keep the loop from closing. */
enum { LAST_TURNS = 16 };

/* For error records. */
static void name_running(char *buf, size_t size)
{
    eddy_task *self = eddy__self();

    buf[0] = '\0';
    if (!self)
        return;
    if (self->number == 0)
        snprintf(buf, size, "%s", self->more->name);
    else
        snprintf(buf, size, "Task-%u (%s)", self->number, eddy_task_function(self));
}

/* ---- what the loop asks of its tasks ---- */

static bool trim(eddy_loop *loop)
{
    return eddy__stack_trim(&eddy__tasks_of(loop)->stacks);
}

static void free_tasks(eddy_loop *loop)
{
    struct eddy__tasks *tasks = eddy__tasks_of(loop);

    slab_pool_close(&tasks->block_slabs);
    slab_pool_close(&tasks->launch_slabs);
    eddy_free(tasks);
}

static const struct eddy__loop_client client = {eddy__task_begin, eddy__run_interrupt, trim,
                                                eddy__task_describe, free_tasks};

/* ---- opening ---- */

/* Control blocks stay as long as somebody has a handle of one, what cannot be ended keeps its
 * stack. */
static void run_shut(struct eddy__tasks *tasks)
{
    tasks->blocks++; /* so that the last handle, wherever it goes, does not free it under us */
    eddy__loop_shut(&tasks->loop);
    if (tasks->count == 0) {
        eddy__aside_close(tasks);
        eddy__stack_pool_close(&tasks->stacks);
    }
    if (--tasks->blocks == 0)
        eddy__loop_unref(&tasks->loop);
}

static int open_tasks(struct eddy__tasks *tasks, const eddy_loop_opts *opts)
{
    int r = eddy__stack_pool_open(&tasks->stacks, sizeof(struct eddy__stack));

    if (r < 0)
        return eddy__raise_code(r);
    if ((r = eddy__loop_open(&tasks->loop, &client, opts)) < 0) {
        eddy__stack_pool_close(&tasks->stacks);
        return r;
    }
    eddy__task_slabs_open(tasks);
    return 0;
}

eddy_loop *eddy_loop_open_with(const eddy_loop_opts *opts)
{
    struct eddy__tasks *tasks = eddy_alloc_zero(sizeof *tasks);

    if (!tasks) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    if (open_tasks(tasks, opts) < 0) {
        eddy_free(tasks);
        return NULL;
    }
    if (eddy__stack_report_open(tasks) < 0) {
        run_shut(tasks);
        return NULL;
    }
    return &tasks->loop;
}

/* ---- entering ---- */

static bool is_elsewhere(const eddy_loop *loop)
{
    return !pthread_equal(loop->thread, pthread_self());
}

static int run_enter(eddy_loop *loop)
{
    if (loop && !atomic_load(&loop->closed) && eddy__tasks_of(loop)->count && is_elsewhere(loop))
        return eddy__raise(EDDY_ELOOP, "the loop's tasks belong to another thread");
    int r = eddy__loop_enter(loop);
    if (r < 0)
        return r;
    eddy__thread.task_name = name_running;
    eddy__aside_enter(eddy__tasks_of(loop));
    return 0;
}

/* From its first run in a thread to its end the loop catches overflows there: it costs system
 * calls, which a program that steps the loop would pay at each step. */
int eddy__run_enter(eddy_loop *loop)
{
    bool catches = loop && eddy__tasks_of(loop)->catches_overflows && !is_elsewhere(loop);
    int r = run_enter(loop);

    if (r < 0 || catches)
        return r;
    if ((r = eddy__overflow_open(eddy__overflow_describe_task)) < 0) {
        eddy__loop_leave(loop);
        return eddy__raise(r, "no alternate signal stack: %s", eddy_status_message(r));
    }
    eddy__tasks_of(loop)->catches_overflows = true;
    return 0;
}

static void stop_catching(eddy_loop *loop)
{
    if (eddy__tasks_of(loop)->catches_overflows && !is_elsewhere(loop))
        eddy__overflow_close();
}

/* ---- closing ---- */

/* A generator's that nobody has asked is started, to end before its first step. */
static void cancel_one(eddy_task *task, void *arg)
{
    (void)arg;
    eddy__task_cancel(task, NULL);
    if (task->state == EDDY__TASK_NEW)
        eddy__task_start(task);
}

/* Tasks that nothing will wake again, such as one that waits for one that waits for it. */
static void run_report_stuck(eddy_task *task, void *arg)
{
    (void)arg;
    eddy__report(
        task->loop,
        &(eddy_report){.message = "a task cannot be ended: nothing will wake it", .task = task});
}

struct older {
    uint32_t id;
    size_t count;
};

static void count_older(eddy_task *task, void *arg)
{
    struct older *older = arg;

    older->count += (int32_t)(task->id - older->id) <= 0;
}

/* Whether the tasks made up to that one have ended. */
static bool have_ended(eddy_loop *loop, uint32_t id)
{
    const struct eddy__tasks *tasks = eddy__tasks_of(loop);
    struct older older = {id, 0};

    if (tasks->last_id == id)
        return tasks->count == 0;
    eddy__tasks_each(loop, count_older, &older);
    return older.count == 0;
}

/* What is started meanwhile helps others to end, and is cancelled if it is there after them. */
bool eddy__run_end_tasks(eddy_loop *loop)
{
    const struct eddy__tasks *tasks = eddy__tasks_of(loop);

    if (loop->closing && loop->deadlocked) /* it was tried, and told */
        return tasks->count == 0;
    loop->closing = true;
    loop->deadlocked = false;
    loop->report_deadlock = true;
    for (int i = 0;
         i < LAST_TURNS && !loop->deadlocked && (tasks->count || eddy__ready_count(loop)); i++) {
        uint32_t last = tasks->last_id;

        eddy__tasks_each(loop, cancel_one, NULL);
        while (!have_ended(loop, last) && !loop->deadlocked) {
            loop->stopping = false;
            eddy__loop_turn(loop, NS_NEVER);
        }
        eddy__loop_turn(loop, 0);
    }
    loop->stopping = false;
    if (tasks->count)
        eddy__tasks_each(loop, run_report_stuck, NULL);
    return tasks->count == 0;
}

void eddy_loop_close(eddy_loop *loop)
{
    if (!loop || atomic_load(&loop->closed)) /* twice, or a copy in the child of a fork */
        return;
    if (loop->running) {
        eddy__bug(EDDY_ELOOP, "Cannot close a running event loop");
        return;
    }
    eddy_error *error = eddy__error_take();
    /* inside another loop the tasks of this one cannot run: they stay as they are */
    if (eddy__run_enter(loop) == 0) {
        eddy__run_end_tasks(loop);
        eddy__loop_leave(loop);
    }
    stop_catching(loop);
    loop->closing = true;
    eddy__stack_report_close(eddy__tasks_of(loop));
    run_shut(eddy__tasks_of(loop));
    eddy__error_put(error);
}

/* ---- running ---- */

static void run_main_ended(eddy_task *task)
{
    task->loop->stopping = true;
}

/* How a run has ended: 0, or the failure of the loop itself, which was told. */
static int run_outcome(eddy_loop *loop)
{
    eddy__loop_leave(loop);
    if (likely(!loop->failed))
        return 0;
    return eddy__raise(loop->failed, "the loop cannot wait for events any more: %s",
                       eddy_status_message(loop->failed));
}

int eddy_loop_run_forever(eddy_loop *loop)
{
    int r = eddy__run_enter(loop);

    if (r < 0)
        return r;
    eddy__loop_turns(loop);
    return run_outcome(loop);
}

int eddy_loop_run_once(eddy_loop *loop, double seconds)
{
    if (isnan(seconds))
        return eddy__raise(EDDY_EINVAL, "the timeout is NaN: seconds are expected");
    int r = eddy__run_enter(loop);
    if (r < 0)
        return r;
    eddy__loop_turn(loop, eddy__ns_of_seconds(seconds));
    loop->stopping = false;
    return run_outcome(loop);
}

static COLD int stopped_before(void)
{
    return eddy__raise(EDDY_ELOOP, "Event loop stopped before Future completed.");
}

int eddy_loop_run_until_done(eddy_loop *loop, eddy_task *task)
{
    if (loop && task->loop != loop)
        return eddy__raise(EDDY_ELOOP, "the task belongs to another loop");
    int r = eddy__run_enter(loop);

    if (r < 0)
        return r;
    task->refs++;
    if (task->state != EDDY__TASK_DONE) {
        if (task->on_end) {
            eddy__loop_leave(loop);
            eddy__task_unref(task);
            return eddy__raise(EDDY_EINVAL, "the task belongs to a group or generator");
        }
        task->on_end = run_main_ended;
        eddy__loop_turns(loop);
        task->on_end = NULL;
    }
    int left = run_outcome(loop);
    if (task->state == EDDY__TASK_DONE)
        r = eddy__task_result(task, EDDY_ECANCELED);
    else
        r = left < 0 ? left : stopped_before();
    eddy__task_unref(task);
    return r;
}

int eddy_loop_run_until_complete(eddy_loop *loop, eddy_coro coro)
{
    if (!loop)
        return eddy__raise(EDDY_ECLOSED, "Event loop is closed");
    if (eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "This event loop is already running");
    eddy_task *task = eddy_loop_create_task_with(loop, coro, NULL);
    if (!task)
        return eddy_status_(task);
    int r = eddy_loop_run_until_done(loop, task);
    eddy_detach(task);
    return r;
}
