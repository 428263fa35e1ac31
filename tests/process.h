/* process.h - what the programs share that run tests in processes of their own. */
#ifndef TEST_PROCESS_H
#define TEST_PROCESS_H

#include <signal.h>
#include <stdbool.h>

/* At the start of main: whatever the program was started from, it goes on as from a shell, and, in
 * a new image once, without the C library's caches of stacks and arenas. */
void process_begin(char **argv);

/* In a test's process, just forked: a group of its own, the mask of before, no core, nothing to
 * read, and what it writes goes to output, which is closed. It dies with its parent, and a debugger
 * may attach. */
void process_enter(int output, const sigset_t *mask);

/* What a test's process wrote, each line indented; of much only the end. */
void process_show_output(int fd);

bool process_uring_is_refused(void);

/* Seconds of the monotonic clock. */
double process_now(void);

/* TEST_TIME_FACTOR: how many times as long all takes under a checker; 1 when it is not set. */
double process_time_factor(void);

#endif
