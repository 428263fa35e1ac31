/* gen.c - generators: a task of its own that runs only while its consumer waits for an item. */
#include <eddy/gen.h>

#include "base/alloc.h"
#include "task/task.h"

struct eddy_gen {
    eddy_task *task;
    size_t item_size;
    eddy_task *consumer; /* parked in next, or NULL */
    void *item;          /* where the consumer wants it */
    const void *value;   /* what it sent along */
    int aborted;         /* what reached the consumer meanwhile */
    bool started;
    bool yielding;       /* parked in eddy_yield */
    bool told;           /* its end, or failure, has been returned */
};

enum { GEN_ITEM = 1, GEN_END = 0 };

static void gen_ended(eddy_task *task)
{
    eddy_gen *gen = task->owner;

    if (gen->consumer)
        eddy__wake(gen->consumer, GEN_END);
}

eddy_gen *eddy_gen_open(eddy_coro coro, size_t item_size)
{
    eddy_loop *loop = eddy__thread.loop;

    if (!loop) {
        eddy_raise_at(NULL, EDDY_ENOTASK, "no running event loop: open generators in a task");
        return NULL;
    }
    eddy_gen *gen = eddy__alloc_zero(sizeof *gen);
    if (!gen) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    gen->item_size = item_size;
    gen->task = eddy__task_new(loop, &coro, &(eddy_task_opts){.name = coro.name});
    if (!gen->task) {
        eddy__free(gen);
        return NULL;
    }
    gen->task->owner = gen;
    gen->task->on_end = gen_ended;
    return gen;
}

/* ---- the consumer ---- */

/* A cancelled consumer takes the generator along and waits for what it does about it. */
static void next_abort(eddy_task *task, int code)
{
    eddy_gen *gen = task->waiting_on;

    if (!gen->aborted)
        eddy__task_cancel(gen->task, task);
    gen->aborted = code;
}

static const struct eddy__wait_kind waiting_for_item = {"a generator's item", next_abort};

static void resume(eddy_gen *gen)
{
    if (!gen->started) {
        gen->started = true;
        eddy__task_start(gen->task);
    } else if (gen->yielding) {
        gen->yielding = false;
        eddy__wake(gen->task, 0);
    }
}

static int end_of(eddy_gen *gen)
{
    if (gen->told)
        return 0;
    gen->told = true;
    return eddy__task_result(gen->task, gen->aborted);
}

int eddy_gen_send(eddy_gen *gen, const void *value, void *item)
{
    int r = eddy__checkpoint();

    if (r < 0)
        return r;
    if (gen->consumer)
        return eddy_raise_at(NULL, EDDY_EBUSY, "another task waits for the generator's next item");
    if (gen->task == eddy__self())
        return eddy_raise_at(NULL, EDDY_EDEADLOCK, "a generator cannot ask itself for an item");
    if (gen->task->state == EDDY__TASK_DONE)
        return end_of(gen);
    gen->consumer = eddy__self();
    gen->item = item;
    gen->value = value;
    gen->aborted = 0;
    resume(gen);
    r = eddy__park(&waiting_for_item, gen);
    gen->consumer = NULL;
    if (r == GEN_ITEM)
        return 1;
    r = end_of(gen);
    return r < 0 ? r : 0;
}

int eddy_gen_next(eddy_gen *gen, void *item)
{
    return eddy_gen_send(gen, NULL, item);
}

/* ---- the generator ---- */

static void yield_abort(eddy_task *task, int code)
{
    eddy_gen *gen = task->waiting_on;

    gen->yielding = false;
    eddy__wake(task, code);
}

static const struct eddy__wait_kind yielding_item = {"its consumer", yield_abort};

int eddy_yield_receive(const void *item, const void **value)
{
    eddy_task *self = eddy__self();

    int r = eddy__checkpoint();
    if (r < 0)
        return r;
    if (self->on_end != gen_ended)
        return eddy_raise_at(NULL, EDDY_EINVAL, "eddy_yield outside a generator");
    eddy_gen *gen = self->owner;
    if (gen->item_size && gen->item)
        memcpy(gen->item, item, gen->item_size);
    gen->yielding = true;
    eddy__wake(gen->consumer, GEN_ITEM);
    gen->consumer = NULL;
    r = eddy__park(&yielding_item, gen);
    if (value)
        *value = r < 0 ? NULL : gen->value;
    return eddy__raise_if(r);
}

int eddy_yield(const void *item)
{
    return eddy_yield_receive(item, NULL);
}

/* ---- closing ---- */

void eddy_gen_close(eddy_gen *gen)
{
    if (!gen)
        return;
    if (gen->told)
        gen->task->observed = true;
    if (!gen->started) {
        eddy__task_discard(gen->task);
    } else {
        /* outside a task nobody can wait: the generator ends by itself */
        if (!eddy__self())
            gen->task->on_end = NULL;
        eddy_task_close(gen->task);
    }
    eddy__free(gen);
}
