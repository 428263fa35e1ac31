/* switch_riscv64.h - the switch for 64-bit RISC-V (LP64 and LP64D). See switch_x86_64.h for the
 * manner.
 *
 * s0 is the frame pointer and s1 clang's second one, so these two are stored by hand. There is no
 * red zone. The jump goes through t1: a jump through t0 would count as a return.
 */
#ifndef EDDY_CONTEXT_SWITCH_RISCV64_H
#define EDDY_CONTEXT_SWITCH_RISCV64_H

#ifdef __riscv_flen
#define EDDY__CLOBBER_FLOAT                                                                        \
    , "ft0", "ft1", "ft2", "ft3", "ft4", "ft5", "ft6", "ft7", "ft8", "ft9", "ft10", "ft11", "fa0", \
        "fa1", "fa2", "fa3", "fa4", "fa5", "fa6", "fa7", "fs0", "fs1", "fs2", "fs3", "fs4", "fs5", \
        "fs6", "fs7", "fs8", "fs9", "fs10", "fs11"
#else
#define EDDY__CLOBBER_FLOAT
#endif
#ifdef __riscv_vector
#define EDDY__CLOBBER_VECTOR                                                                       \
    , "v0", "v1", "v2", "v3", "v4", "v5", "v6", "v7", "v8", "v9", "v10", "v11", "v12", "v13",      \
        "v14", "v15", "v16", "v17", "v18", "v19", "v20", "v21", "v22", "v23", "v24", "v25", "v26", \
        "v27", "v28", "v29", "v30", "v31", "vl", "vtype"
#else
#define EDDY__CLOBBER_VECTOR
#endif

/* Entered by the first switch; defined in assembly. */
void eddy__context_entry(void);

/* Puts on a fresh stack what the first switch takes off: pc, s0, s1, padding. */
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
    register void **a0 __asm__("a0") = from;
    register void *a1 __asm__("a1") = to;
    __asm__ volatile("addi sp, sp, -32\n\t"
                     "lla t2, 1f\n\t"
                     "sd t2, 0(sp)\n\t"
                     "sd s0, 8(sp)\n\t"
                     "sd s1, 16(sp)\n\t"
                     "sd sp, 0(a0)\n\t"
                     "mv sp, a1\n\t"
                     "ld t1, 0(sp)\n\t"
                     "jr t1\n"
                     "1:\n\t"
                     "ld s0, 8(sp)\n\t"
                     "ld s1, 16(sp)\n\t"
                     "addi sp, sp, 32"
                     : "+r"(a0), "+r"(a1)
                     :
                     : "ra", "t0", "t1", "t2", "t3", "t4", "t5", "t6", "a2", "a3", "a4", "a5", "a6",
                       "a7", "s2", "s3", "s4", "s5", "s6", "s7", "s8", "s9", "s10", "s11",
                       "memory" EDDY__CLOBBER_FLOAT EDDY__CLOBBER_VECTOR);
}

__attribute__((noreturn)) static inline __attribute__((always_inline)) void eddy__switch_last(
    void *to)
{
    __asm__ volatile("mv sp, %0\n\t"
                     "ld t1, 0(sp)\n\t"
                     "jr t1"
                     :
                     : "r"(to)
                     : "t1", "memory");
    __builtin_unreachable();
}

#endif
