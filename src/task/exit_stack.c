/* exit_stack.c - closers in reverse order. */
#include <eddy/exit_stack.h>

#include "base/alloc.h"
#include "task/task.h"
#include <math.h>

struct entry {
    eddy_closer *closer;
    void *object;
};

struct eddy_exit_stack {
    struct entry *entries;
    size_t count;
    size_t capacity;
};

eddy_exit_stack *eddy_exit_stack_open(void)
{
    eddy_exit_stack *stack = eddy_alloc_zero(sizeof *stack);

    if (!stack)
        eddy__raise_code(EDDY_ENOMEM);
    return stack;
}

static int exit_stack_reserve(eddy_exit_stack *stack)
{
    if (stack->count < stack->capacity)
        return 0;
    size_t capacity = stack->capacity ? 2 * stack->capacity : 8;
    struct entry *entries = eddy_realloc(stack->entries, capacity * sizeof *entries);
    if (!entries)
        return EDDY_ENOMEM;
    stack->entries = entries;
    stack->capacity = capacity;
    return 0;
}

int eddy_exit_stack_push_closer(eddy_exit_stack *stack, eddy_closer *closer, void *object)
{
    if (exit_stack_reserve(stack) < 0) {
        closer(object);
        return eddy__raise_code(EDDY_ENOMEM);
    }
    stack->entries[stack->count++] = (struct entry){closer, object};
    return 0;
}

void eddy_exit_stack_pop_all(eddy_exit_stack *stack)
{
    stack->count = 0;
}

void eddy_exit_stack_close(eddy_exit_stack *stack)
{
    struct eddy__closer shield;

    if (!stack)
        return;
    eddy__closer_enter(&shield, (double)INFINITY);
    while (stack->count > 0) {
        struct entry entry = stack->entries[--stack->count];

        entry.closer(entry.object);
    }
    eddy__closer_leave(&shield);
    eddy_free(stack->entries);
    eddy_free(stack);
}
