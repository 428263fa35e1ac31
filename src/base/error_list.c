/* error_list.c - several failures as one record. */
#include "base/error.h"

#include "base/alloc.h"
#include "base/error_record.h"

/* A record that leads to another one; NULL without memory. */
static eddy_error *lead_to(eddy_error *inner, int code)
{
    eddy_error *error = eddy_alloc_zero(sizeof *error);

    if (!error)
        return NULL;
    atomic_init(&error->refs, 1);
    error->code = code;
    error->inner = eddy__error_ref(inner);
    if (!inner || inner->code != code)
        error->message = eddy_status_message(code);
    return error;
}

void eddy__error_list_add(struct eddy__error_list *list, eddy_error *error, int code)
{
    if (!list->code)
        list->code = code;
    for (eddy_error *e = error; e || e == error; e = e->next) {
        eddy_error *link = lead_to(e, e ? e->code : code);

        if (!link)
            return;
        if (list->last)
            list->last->next = link;
        else
            list->first = link;
        list->last = link;
        if (!e)
            return;
    }
}

int eddy__error_list_raise(struct eddy__error_list *list)
{
    int code = list->code;

    if (code)
        eddy__error_awaited(list->first, code);
    eddy__error_list_clear(list);
    return code;
}

void eddy__error_list_clear(struct eddy__error_list *list)
{
    eddy__error_unref(list->first);
    *list = (struct eddy__error_list){0};
}
