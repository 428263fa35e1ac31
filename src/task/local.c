#include "task/local.h"

#include "base/alloc.h"
#include "task/task.h"

struct eddy__locals {
    size_t refs;
    size_t count;
    struct {
        const eddy_local *key;
        void *value;
    } items[];
};

struct eddy__locals *eddy__locals_ref(struct eddy__locals *locals)
{
    locals->refs++;
    return locals;
}

void eddy__locals_unref(struct eddy__locals *locals)
{
    if (locals && --locals->refs == 0)
        eddy__free(locals);
}

static size_t find(const struct eddy__locals *locals, const eddy_local *key)
{
    size_t i = 0;

    while (i < locals->count && locals->items[i].key != key)
        i++;
    return i;
}

/* A copy for the task alone, with room for one more. */
static struct eddy__locals *copy(const struct eddy__locals *old)
{
    size_t count = old ? old->count : 0;
    struct eddy__locals *locals =
        eddy__alloc_zero(sizeof *locals + (count + 1) * sizeof locals->items[0]);

    if (!locals)
        return NULL;
    locals->refs = 1;
    locals->count = count;
    if (old)
        memcpy(locals->items, old->items, count * sizeof old->items[0]);
    return locals;
}

int eddy_local_set(const eddy_local *local, void *value)
{
    eddy_task *self = eddy__self();

    if (!self)
        return eddy_raise_at(NULL, EDDY_ENOTASK, "task-local values belong to a task");
    if (!eddy__task_more(self))
        return eddy__raise_code(EDDY_ENOMEM);
    struct eddy__locals *locals = copy(self->more->locals);
    if (!locals)
        return eddy__raise_code(EDDY_ENOMEM);
    size_t i = find(locals, local);
    if (i == locals->count)
        locals->items[locals->count++].key = local;
    locals->items[i].value = value;
    eddy__locals_unref(self->more->locals);
    self->more->locals = locals;
    return 0;
}

void *eddy_local_get(const eddy_local *local)
{
    eddy_task *self = eddy__self();

    if (!self || !self->more || !self->more->locals)
        return NULL;
    struct eddy__locals *locals = self->more->locals;
    size_t i = find(locals, local);
    return i < locals->count ? locals->items[i].value : NULL;
}
