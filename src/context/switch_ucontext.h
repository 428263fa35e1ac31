/* switch_ucontext.h - the switch where no assembly is written: by the C library, with a system
 * call each for the signal mask, and a kilobyte of the stack. */
#ifndef EDDY_CONTEXT_SWITCH_UCONTEXT_H
#define EDDY_CONTEXT_SWITCH_UCONTEXT_H

void *eddy__switch_frame(void *low, void *high, eddy__entry *entry, void *arg);
void eddy__switch_to(void **from, void *to);
__attribute__((noreturn)) void eddy__switch_last(void *to);

#endif
