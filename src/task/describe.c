/* describe.c - tasks in words: reports, dumps, the list of all. */
#include "base/alloc.h"
#include "base/die.h"
#include "task/task.h"

#include <stdlib.h>
#include <unistd.h>

static const char *describe_file_name(const char *path)
{
    const char *slash = strrchr(path, '/');

    return slash ? slash + 1 : path;
}

void eddy__task_describe(eddy_task *task, char *buf, size_t size)
{
    const eddy_place *place = task->place;
    char name[32];

    const char *shown = eddy__task_name_in(task, name, sizeof name);
    if (place)
        snprintf(buf, size, "'%s' (%s), started at %s:%d", shown, eddy_task_function(task),
                 describe_file_name(place->file), place->line);
    else
        snprintf(buf, size, "'%s' (%s)", shown, eddy_task_function(task));
}

eddy_error *eddy__task_record(const eddy_task *task)
{
    /* one of another code is that of an earlier failure, which the task had dealt with */
    return eddy_error_code(task->fiber.error) == task->status ? task->fiber.error : NULL;
}

/* ---- all of them ---- */

struct each {
    void (*fn)(eddy_task *task, void *arg);
    void *arg;
};

static void call_if_alive(void *object, void *arg)
{
    eddy_task *task = object;
    const struct each *each = arg;

    if (task->state != EDDY__TASK_FREE && task->state != EDDY__TASK_DONE)
        each->fn(task, each->arg);
}

void eddy__tasks_each(eddy_loop *loop, void (*fn)(eddy_task *task, void *arg), void *arg)
{
    struct each each = {fn, arg};

    slab_each(&eddy__tasks_of(loop)->block_slabs, call_if_alive, &each);
}

struct census {
    eddy_task **tasks;
    size_t count;
};

static void count_in(eddy_task *task, void *arg)
{
    struct census *census = arg;

    census->tasks[census->count++] = task;
}

static int by_age(const void *a, const void *b)
{
    uint32_t x = (*(eddy_task *const *)a)->id, y = (*(eddy_task *const *)b)->id;

    return (x > y) - (x < y);
}

/* All tasks of the loop in order of creation, to be freed; count 0 without memory. */
static struct census take_census(eddy_loop *loop)
{
    struct census census = {eddy_alloc((eddy__tasks_of(loop)->count + 1) * sizeof(eddy_task *)), 0};

    if (!census.tasks)
        return census;
    eddy__tasks_each(loop, count_in, &census);
    qsort(census.tasks, census.count, sizeof(eddy_task *), by_age);
    return census;
}

/* The oldest tasks, as many as fit, in no order; needs no memory. */
struct oldest {
    eddy_task **tasks;
    size_t size;
    size_t count;
    size_t youngest; /* index */
};

static void keep_oldest(eddy_task *task, void *arg)
{
    struct oldest *oldest = arg;

    if (oldest->count < oldest->size)
        oldest->tasks[oldest->count++] = task;
    else if (task->id < oldest->tasks[oldest->youngest]->id)
        oldest->tasks[oldest->youngest] = task;
    else
        return;
    if (oldest->count < oldest->size)
        return;
    oldest->youngest = 0;
    for (size_t i = 1; i < oldest->count; i++)
        if (oldest->tasks[i]->id > oldest->tasks[oldest->youngest]->id)
            oldest->youngest = i;
}

size_t eddy_all_tasks(eddy_task **tasks, size_t n)
{
    eddy_loop *loop = eddy__thread.loop;
    struct oldest oldest = {.tasks = tasks, .size = n};

    if (!loop)
        return 0;
    if (n > 0) {
        eddy__tasks_each(loop, keep_oldest, &oldest);
        qsort(tasks, oldest.count, sizeof(eddy_task *), by_age);
    }
    return eddy__tasks_of(loop)->count;
}

static const char *state_of(const eddy_task *task)
{
    if (task == eddy__self())
        return "runs";
    return task->state == EDDY__TASK_PARKED ? "waits for"
           : task->state == EDDY__TASK_NEW  ? "was not asked for an item yet"
                                            : "is ready";
}

static void dump_task(FILE *stream, eddy_task *task)
{
    bool parked = task->state == EDDY__TASK_PARKED && task != eddy__self();
    char what[256];

    eddy__task_describe(task, what, sizeof what);
    fprintf(stream, "  %s: %s%s%s%s\n", what, state_of(task), parked ? " " : "",
            parked ? task->waiting->what : "", task->interrupt ? ", interrupted" : "");
}

static void dump_aside(void *arg)
{
    FILE *stream = arg;
    eddy_loop *loop = eddy__thread.loop;

    if (!loop) {
        fprintf(stream, "no loop runs in this thread\n");
        return;
    }
    struct census census = take_census(loop);
    size_t count = eddy__tasks_of(loop)->count;
    fprintf(stream, "%zu task%s:\n", count, count == 1 ? "" : "s");
    for (size_t i = 0; i < census.count; i++)
        dump_task(stream, census.tasks[i]);
    eddy_free(census.tasks);
}

void eddy_dump(FILE *stream)
{
    eddy__aside(dump_aside, stream);
}

/* ---- a stack that was too small ---- */

void eddy__overflow_describe_task(const struct eddy__stack *stack, int fd)
{
    const eddy_task *task = eddy__self();

    eddy__put(fd, "eddy: stack overflow in task '");
    if (task->number == 0 && task->more) {
        eddy__put(fd, task->more->name);
    } else {
        eddy__put(fd, "Task-");
        eddy__put_number(fd, task->number);
    }
    eddy__put(fd, "' (");
    eddy__put(fd, task->function);
    eddy__put(fd, "): its stack has ");
    eddy__put_number(fd, eddy__stack_size(stack));
    eddy__put(fd, " bytes; give it more with .stack_size\n");
    if (task->place) {
        eddy__put(fd, "  started at ");
        eddy__put(fd, task->place->file);
        eddy__put(fd, ":");
        eddy__put_number(fd, (size_t)task->place->line);
        eddy__put(fd, "\n");
    }
}

void eddy__overflow_die(const struct eddy__stack *stack)
{
    eddy__overflow_describe_task(stack, STDERR_FILENO);
    eddy__abort();
}
