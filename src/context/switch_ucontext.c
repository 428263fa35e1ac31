/* switch_ucontext.c - the switch of the C library, where there is no other. */
#include "context/switch.h"

#ifdef EDDY_CONTEXT_UCONTEXT

#include <ucontext.h>

/* Lies at the top of a fresh stack; sp points to its first member. */
struct start {
    ucontext_t context;
    eddy__entry *entry;
    void *arg;
};

/* makecontext passes on ints only, so the pointer comes in two halves. */
static void ucontext_start(unsigned high, unsigned low)
{
    struct start *s = (struct start *)((uintptr_t)((uint64_t)high << 32 | low));
    s->entry(s->arg);
    __builtin_trap();
}

void *eddy__switch_frame(void *low, void *high, eddy__entry *entry, void *arg)
{
    uintptr_t top = ((uintptr_t)high - sizeof(struct start)) & ~(uintptr_t)63;
    struct start *s = (struct start *)top;
    getcontext(&s->context);
    s->context.uc_stack.ss_sp = low;
    s->context.uc_stack.ss_size = top - (uintptr_t)low;
    s->context.uc_link = NULL;
    s->entry = entry;
    s->arg = arg;
    makecontext(&s->context, (void (*)(void))ucontext_start, 2, (unsigned)((uint64_t)top >> 32),
                (unsigned)top);
    return s;
}

void eddy__switch_to(void **from, void *to)
{
    ucontext_t here;
    *from = &here;
    swapcontext(&here, to);
}

void eddy__switch_last(void *to)
{
    setcontext(to);
    __builtin_trap();
}

#endif
