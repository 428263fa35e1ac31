#include "context/switch.h"

/* ---- where the first switch to a context arrives --------------------------------------------- */

/* The words that eddy__switch_frame left become a call of entry(arg) without a way back. A jump,
 * since a call that never returns would put the return predictor out of step. For debuggers and
 * profilers the stack ends here: no frame pointer, and a return address whose own caller is
 * undefined; they look it up at the address minus one, hence the nop before each label. */
#if defined(EDDY_CONTEXT_UCONTEXT)
/* The C library has its own. */
#elif defined(__x86_64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy__context_entry\n"
        ".hidden eddy__context_entry\n"
        ".type eddy__context_entry, @function\n"
        ".cfi_startproc\n"
        ".cfi_undefined rip\n"
        "\tnop\n"
        "eddy__context_entry:\n"
        "\t" EDDY__LANDING "\n"
        "\tpopq %rax\n"
        "\tpopq %rdi\n"
        "\txorl %ebp, %ebp\n"
        "\tleaq 1f(%rip), %rcx\n"
        "\tpushq %rcx\n"
        "\tjmp *%rax\n"
        "\tnop\n"
        "1:\tud2\n"
        ".cfi_endproc\n"
        ".size eddy__context_entry, . - eddy__context_entry\n");
#elif defined(__aarch64__)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy__context_entry\n"
        ".hidden eddy__context_entry\n"
        ".type eddy__context_entry, @function\n"
        ".cfi_startproc\n"
        ".cfi_undefined x30\n"
        "\tnop\n"
        "eddy__context_entry:\n"
        "\thint #36\n"
        "\tldp x16, x0, [sp, #8]\n"
        "\tadd sp, sp, #32\n"
        "\tmov x29, xzr\n"
        "\tadr x30, 1f\n"
        "\tbr x16\n"
        "\tnop\n"
        "1:\tbrk #0\n"
        ".cfi_endproc\n"
        ".size eddy__context_entry, . - eddy__context_entry\n");
#elif defined(__riscv)
__asm__(".text\n"
        ".p2align 4\n"
        ".globl eddy__context_entry\n"
        ".hidden eddy__context_entry\n"
        ".type eddy__context_entry, @function\n"
        ".cfi_startproc\n"
        ".cfi_undefined ra\n"
        "\tnop\n"
        "eddy__context_entry:\n"
        "\tld t1, 8(sp)\n"
        "\tld a0, 16(sp)\n"
        "\taddi sp, sp, 32\n"
        "\tli s0, 0\n"
        "\tlla ra, 1f\n"
        "\tjr t1\n"
        "\tnop\n"
        "1:\tebreak\n"
        ".cfi_endproc\n"
        ".size eddy__context_entry, . - eddy__context_entry\n");
#endif

/* ---- what AddressSanitizer must hear --------------------------------------------------------- */

#if EDDY__ASAN
/* Who was left by the switch under way: the side that arrives is told the bounds of that stack,
 * and an adopted context learns them so. NULL when nobody comes back to it. */
static _Thread_local struct eddy__context *left;

void eddy__context_depart(struct eddy__context *from, struct eddy__context *to)
{
    left = from;
    __sanitizer_start_switch_fiber(from ? &from->fake_stack : NULL, to->bottom, to->size);
}

void eddy__context_arrive(struct eddy__context *self)
{
    const void *bottom;
    size_t size;

    __sanitizer_finish_switch_fiber(self->fake_stack, &bottom, &size);
    if (left) {
        left->bottom = bottom;
        left->size = size;
    }
}

static void switch_start(void *arg)
{
    struct eddy__context *c = arg;

    eddy__context_arrive(c);
    c->entry(c->arg);
}
#endif

/* ---- a context's life ------------------------------------------------------------------------ */

void eddy__context_make(struct eddy__context *c, void *low, void *high, eddy__entry *entry,
                        void *arg)
{
#if EDDY__ASAN
    c->fake_stack = NULL;
    c->bottom = low;
    c->size = (size_t)((char *)high - (char *)low);
    c->entry = entry;
    c->arg = arg;
    entry = switch_start;
    arg = c;
#endif
#if EDDY__TSAN
    c->fiber = __tsan_create_fiber(0);
    c->made = true;
#endif
    c->sp = eddy__switch_frame(low, high, entry, arg);
}

void eddy__context_adopt(struct eddy__context *c)
{
    *c = (struct eddy__context){0};
#if EDDY__TSAN
    c->fiber = __tsan_get_current_fiber();
#endif
}

void eddy__context_drop(struct eddy__context *c)
{
#if EDDY__TSAN
    if (c->made)
        __tsan_destroy_fiber(c->fiber);
    c->fiber = NULL;
    c->made = false;
#endif
    c->sp = NULL;
}
