/* local.c - task-local values. */
#include "task/local.h"

#include "base/alloc.h"

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
        eddy_free(locals);
}

static size_t local_find(const struct eddy__locals *locals, const eddy_local *key)
{
    size_t i = 0;

    while (i < locals->count && locals->items[i].key != key)
        i++;
    return i;
}

/* A copy with room for one more. */
static struct eddy__locals *local_copy(const struct eddy__locals *old)
{
    size_t count = old ? old->count : 0;
    struct eddy__locals *locals =
        eddy_alloc_zero(sizeof *locals + (count + 1) * sizeof locals->items[0]);

    if (!locals)
        return NULL;
    locals->refs = 1;
    locals->count = count;
    if (old)
        memcpy(locals->items, old->items, count * sizeof old->items[0]);
    return locals;
}

/* Where the values of the caller are kept; NULL without memory. */
static struct eddy__locals **local_place(void)
{
    eddy_task *self = eddy__self();

    if (!self)
        return &eddy__thread.locals;
    return eddy__task_more(self) ? &self->more->locals : NULL;
}

/* One that the caller may change, with room for one more; NULL without memory. */
static struct eddy__locals *own(struct eddy__locals **at, bool known)
{
    if (*at && (*at)->refs == 1 && known)
        return *at;
    struct eddy__locals *locals = local_copy(*at);
    if (locals) {
        eddy__locals_unref(*at);
        *at = locals;
    }
    return locals;
}

int eddy_local_set(const eddy_local *local, void *value)
{
    struct eddy__locals **at = local_place();

    if (!at)
        return eddy__raise_code(EDDY_ENOMEM);
    size_t count = *at ? (*at)->count : 0;
    size_t i = *at ? local_find(*at, local) : 0;
    if (!value && i == count)
        return 0;
    struct eddy__locals *locals = own(at, i < count);
    if (!locals)
        return eddy__raise_code(EDDY_ENOMEM);
    if (value) {
        locals->count = count + (i == count);
        locals->items[i].key = local;
        locals->items[i].value = value;
        return 0;
    }
    locals->items[i] = locals->items[--locals->count];
    if (locals->count == 0) {
        eddy__locals_unref(locals);
        *at = NULL;
    }
    return 0;
}

void *eddy_local_get(const eddy_local *local)
{
    const struct eddy__locals *locals = eddy__locals_current();

    if (!locals)
        return NULL;
    size_t i = local_find(locals, local);
    return i < locals->count ? locals->items[i].value : NULL;
}
