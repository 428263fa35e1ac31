/* signal.h - signals as events of a loop, by signalfd.
 *
 * While a signal is asked for it is blocked in the loop's thread and in threads started from it;
 * another thread that gets it passes it on. Programs that are started by other means than
 * eddy_process_open inherit the blocked signal. Signals of one number that come before they are
 * taken are one. Everybody who has asked for a signal gets it, in one loop or in the loops of
 * several threads. */
#ifndef EDDY_SIGNAL_H
#define EDDY_SIGNAL_H

#include <eddy/loop.h>
#include <signal.h>

EDDY_BEGIN_DECLS

typedef struct eddy_signal eddy_signal;

/* From now on these signals come to eddy_signal_next: eddy_signal_open(SIGTERM, SIGHUP), or n of an
 * array. NULL with a record: EDDY_EINVAL for SIGKILL and SIGSTOP, which no program sees, for the
 * signals of faults (SIGSEGV, SIGBUS, SIGFPE, SIGILL) and when there is no signal. Close restores
 * what the signals did before, and the thread's mask; tasks that wait get EDDY_ECLOSED. NULL is
 * fine. */
EDDY_API eddy_signal *eddy_signal_open_n(const int *numbers, size_t n);
#define eddy_signal_open(...)                                                                      \
    eddy_signal_open_n((const int[]){__VA_ARGS__}, sizeof((const int[]){__VA_ARGS__}) / sizeof(int))
EDDY_API void eddy_signal_close(eddy_signal *signals);
EDDY_AUTOCLOSE(eddy_signal, eddy_signal_close)

/* Waits for one of the signals and returns its number; several are returned in the order in which
 * they came. Of several tasks that wait, the one that has waited longest gets it. */
EDDY_API EDDY_SUSPENDS int eddy_signal_next(eddy_signal *signals);

/* Calls fn(arg) in the loop each time the signal comes, in place of the handler that the loop had
 * for it. While there is one the loop takes no wait for a deadlock. The same signals are refused as
 * above. Handlers end with the loop; remove is true when there was one. */
EDDY_API int eddy_loop_add_signal_handler(eddy_loop *loop, int number, eddy_callback *fn,
                                          void *arg);
EDDY_API bool eddy_loop_remove_signal_handler(eddy_loop *loop, int number);

EDDY_END_DECLS

#endif
