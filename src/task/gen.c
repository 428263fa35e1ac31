/* gen.c - generators: a task of its own that runs only while its consumer waits for an item. */
#include <eddy/gen.h>

#include "base/alloc.h"
#include "task/task.h"

/* Counted: by the handle, by the task until its end, and by calls that wait in it. The task is not
 * started before somebody asks. */
struct eddy_gen {
    eddy_task *task;
    size_t item_size;
    unsigned refs;
    struct request *request; /* to be answered with an item or the end; NULL: nobody asks */
    const void *value;       /* what was sent along */
    bool yielding;           /* parked until it is asked */
    bool closing;            /* no item will be asked for any more */
    bool told;               /* its end, or failure, has been returned */
};

/* A call of next, on its task's stack. */
struct request {
    eddy_gen *gen;
    eddy_task *consumer;
    void *item; /* where it goes */
    struct eddy__task_wait wait;
};

enum { GEN_ITEM = 1, GEN_END = 0 };

static void gen_unref(eddy_gen *gen)
{
    if (--gen->refs > 0)
        return;
    eddy__task_unref(gen->task);
    eddy_free(gen);
}

static void gen_answer(eddy_gen *gen, int what)
{
    eddy_task *consumer = gen->request->consumer;

    gen->request = NULL;
    eddy__wake(consumer, what);
}

static void gen_ended(eddy_task *task)
{
    eddy_gen *gen = task->owner;

    if (gen->request)
        gen_answer(gen, GEN_END);
    gen_unref(gen);
}

eddy_gen *eddy_gen_open(eddy_coro coro, size_t item_size)
{
    eddy_loop *loop = eddy__thread.loop;

    if (!loop) {
        eddy__raise(EDDY_ENOTASK, "no running event loop: open generators in a task");
        return NULL;
    }
    eddy_gen *gen = eddy_alloc_zero(sizeof *gen);
    if (!gen) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    gen->refs = 2;
    gen->item_size = item_size;
    gen->task = eddy__task_new(loop, &coro, &(eddy_task_opts){.name = coro.name});
    if (!gen->task) {
        eddy_free(gen);
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
    struct request *request = task->waiting_on;

    eddy__pass_on(&request->wait, task, code);
}

static eddy_task *take_gen(struct eddy__task_wait *wait)
{
    return wait->at == 0 ? container_of(wait, struct request, wait)->gen->task : NULL;
}

static const struct eddy__task_wait_kind wait_for_gen = {take_gen, NULL};
static const struct eddy__wait_kind waiting_for_item = {"a generator's item", next_abort};

/* Ends the generator's wait in eddy_yield. */
static void resume(eddy_gen *gen, int status)
{
    if (!gen->yielding)
        return;
    gen->yielding = false;
    eddy__wake(gen->task, status);
}

static void gen_ask(eddy_gen *gen, struct request *request)
{
    gen->request = request;
    if (gen->task->state == EDDY__TASK_NEW)
        eddy__task_start(gen->task);
    else
        resume(gen, 0);
}

static int end_of(eddy_gen *gen, int aborted)
{
    if (gen->told)
        return 0;
    if (gen->closing && !aborted)
        return eddy__raise(EDDY_ECLOSED, "the generator was closed");
    gen->told = true;
    int r = eddy__task_result(gen->task, aborted);
    return r < 0 ? r : 0;
}

int eddy_gen_send(eddy_gen *gen, const void *value, void *item)
{
    struct request request = {
        .gen = gen, .consumer = eddy__self(), .item = item, .wait.kind = &wait_for_gen};

    int r = eddy__check_interrupt();
    if (r < 0)
        return r;
    if (gen->task == eddy__self())
        return eddy__raise(EDDY_EDEADLOCK, "a generator cannot ask itself for an item");
    if (gen->request)
        return eddy__raise(EDDY_EBUSY, "another task waits for the generator's next item");
    if (gen->task->state == EDDY__TASK_DONE) {
        r = end_of(gen, 0);
        eddy__spend();
        return r;
    }
    gen->value = value;
    gen_ask(gen, &request);
    gen->refs++;
    r = eddy__park_for_tasks(&request.wait, &waiting_for_item, &request);
    if (r != GEN_ITEM)
        r = end_of(gen, request.wait.aborted);
    gen_unref(gen);
    return r;
}

int eddy_gen_next(eddy_gen *gen, void *item)
{
    return eddy_gen_send(gen, NULL, item);
}

/* ---- the generator ---- */

static void yield_abort(eddy_task *task, int code)
{
    resume(task->waiting_on, code);
}

static const struct eddy__wait_kind yielding_item = {"its consumer", yield_abort};

static int wait_to_be_asked(eddy_gen *gen)
{
    if (gen->closing)
        return EDDY_ECANCELED;
    gen->yielding = true;
    return eddy__park(&yielding_item, gen);
}

int eddy_yield_receive(const void *item, const void **value)
{
    eddy_task *self = eddy__self();

    int r = eddy__checkpoint();
    if (r < 0)
        return r;
    if (self->on_end != gen_ended)
        return eddy__raise(EDDY_EINVAL, "eddy_yield outside a generator");
    eddy_gen *gen = self->owner;
    /* after a yield that a deadline of its own has ended, nobody may have asked */
    if (!gen->request)
        r = wait_to_be_asked(gen);
    if (r == 0) {
        if (gen->item_size && gen->request->item)
            memcpy(gen->request->item, item, gen->item_size);
        gen_answer(gen, GEN_ITEM);
        r = wait_to_be_asked(gen);
    }
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
    if (gen->task == eddy__self()) {
        eddy__bug(EDDY_EINVAL, "a generator closes itself: it cannot wait for its own end");
        return;
    }
    if (gen->task->state == EDDY__TASK_NEW) {
        eddy__task_discard(gen->task);
        eddy_free(gen);
        return;
    }
    gen->closing = true;
    resume(gen, EDDY_ECANCELED); /* also in a shield: it has nothing to wait for there */
    gen->task->refs++;
    eddy_task_close(gen->task);
    gen_unref(gen);
}
