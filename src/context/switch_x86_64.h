/* switch_x86_64.h - the switch for x86-64 (System V ABI).
 *
 * Inline, and every register is declared lost: the compiler saves those that are alive and no
 * others. rbx and rbp cannot be declared (the compiler may reach its frame by them), so they are
 * pushed. There is neither call nor ret, so the processor's return predictor stays in step with
 * the calls around it.
 */
#ifndef EDDY_CONTEXT_SWITCH_X86_64_H
#define EDDY_CONTEXT_SWITCH_X86_64_H

#if defined(__CET__) && (__CET__ & 1)
#define EDDY__LANDING "endbr64\n\t"
#else
#define EDDY__LANDING ""
#endif

#ifdef __AVX512F__
#define EDDY__CLOBBER_AVX512                                                                       \
    , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",    \
        "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k1", "k2", "k3", "k4", "k5", "k6",  \
        "k7"
#else
#define EDDY__CLOBBER_AVX512
#endif

/* Entered by the first switch; defined in assembly. */
void eddy__context_entry(void);

/* Puts on a fresh stack what the first switch takes off: rip, rbx, rbp. */
static inline void *eddy__switch_frame(void *low, void *high, eddy__entry *entry, void *arg)
{
    void **sp = (void **)((uintptr_t)high & ~(uintptr_t)15) - 3;
    (void)low;
    sp[0] = (void *)eddy__context_entry;
    sp[1] = (void *)entry;
    sp[2] = arg;
    return sp;
}

static inline __attribute__((always_inline)) void eddy__switch_to(void **from, void *to)
{
    __asm__ volatile("leaq -128(%%rsp), %%rsp\n\t" /* step over the red zone */
                     "leaq 1f(%%rip), %%rax\n\t"
                     "pushq %%rbp\n\t"
                     "pushq %%rbx\n\t"
                     "pushq %%rax\n\t"
                     "movq %%rsp, (%%rdi)\n\t"
                     "movq %%rsi, %%rsp\n\t"
                     "popq %%rcx\n\t"
                     "jmp *%%rcx\n"
                     "1:\n\t" EDDY__LANDING "popq %%rbx\n\t"
                     "popq %%rbp\n\t"
                     "leaq 128(%%rsp), %%rsp"
                     : "+D"(from), "+S"(to)
                     :
                     : "rax", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15",
                       "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8",
                       "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)",
                       "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)", "memory",
                       "cc" EDDY__CLOBBER_AVX512);
}

__attribute__((noreturn)) static inline __attribute__((always_inline)) void eddy__switch_last(
    void *to)
{
    __asm__ volatile("movq %0, %%rsp\n\t"
                     "popq %%rcx\n\t"
                     "jmp *%%rcx"
                     :
                     : "r"(to)
                     : "rcx", "memory");
    __builtin_unreachable();
}

#endif
