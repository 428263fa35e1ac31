/* switch_aarch64.h - the switch for 64-bit ARM (AAPCS64). See switch_x86_64.h for the manner.
 *
 * x29 is the frame pointer and x19 clang's second one, so these two are stored by hand. There is
 * no red zone.
 */
#ifndef EDDY_CONTEXT_SWITCH_AARCH64_H
#define EDDY_CONTEXT_SWITCH_AARCH64_H

#ifdef __ARM_FEATURE_SVE
#define EDDY__CLOBBER_SVE                                                                          \
    , "p0", "p1", "p2", "p3", "p4", "p5", "p6", "p7", "p8", "p9", "p10", "p11", "p12", "p13",      \
        "p14", "p15"
#else
#define EDDY__CLOBBER_SVE
#endif

/* Entered by the first switch; defined in assembly. */
void eddy__context_entry(void);

/* Puts on a fresh stack what the first switch takes off: pc, x29, x19, padding. */
static inline void *eddy__switch_frame(void *low, void *high, eddy__entry *entry, void *arg)
{
    void **sp = (void **)((uintptr_t)high & ~(uintptr_t)15) - 4;
    (void)low;
    sp[0] = (void *)eddy__context_entry;
    sp[1] = (void *)entry;
    sp[2] = arg;
    sp[3] = NULL;
    return sp;
}

static inline __attribute__((always_inline)) void eddy__switch_to(void **from, void *to)
{
    register void **x0 __asm__("x0") = from;
    register void *x1 __asm__("x1") = to;
    __asm__ volatile("sub sp, sp, #32\n\t"
                     "adr x9, 1f\n\t"
                     "stp x29, x19, [sp, #8]\n\t"
                     "str x9, [sp]\n\t"
                     "mov x10, sp\n\t"
                     "str x10, [x0]\n\t"
                     "mov sp, x1\n\t"
                     "ldr x16, [sp]\n\t"
                     "br x16\n"
                     "1:\n\t"
                     "hint #36\n\t" /* bti j: a landing place for br */
                     "ldp x29, x19, [sp, #8]\n\t"
                     "add sp, sp, #32"
                     : "+r"(x0), "+r"(x1)
                     :
                     : "x2", "x3", "x4", "x5", "x6", "x7", "x8", "x9", "x10", "x11", "x12", "x13",
                       "x14", "x15", "x16", "x17", "x18", "x20", "x21", "x22", "x23", "x24", "x25",
                       "x26", "x27", "x28", "x30", "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7",
                       "v8", "v9", "v10", "v11", "v12", "v13", "v14", "v15", "v16", "v17", "v18",
                       "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", "v27", "v28", "v29",
                       "v30", "v31", "memory", "cc" EDDY__CLOBBER_SVE);
}

__attribute__((noreturn)) static inline __attribute__((always_inline)) void eddy__switch_last(
    void *to)
{
    __asm__ volatile("mov sp, %0\n\t"
                     "ldr x16, [sp]\n\t"
                     "br x16"
                     :
                     : "r"(to)
                     : "x16", "memory");
    __builtin_unreachable();
}

#endif
