/* random.h - how a random tester is written.
 *
 *     #include "random.h"
 *
 *     void random_program(struct random *r)
 *     {
 *         ... set up, by drawing from r ...
 *         while (random_step(r))
 *             switch (random_below(r, 3)) {
 *             case 0: ... one step, by drawing from r ...
 *             }
 *         ... clean up; random_expect(what always holds) ...
 *     }
 *
 * A tester is tests/random/random_NAME.c, with a folder NAME beside it where one file is too small.
 * It is found by the build and linked with the library's testing objects as build/random/NAME. Its
 * function runs one program of random steps, in a process of its own, outside of any loop: mostly
 * it calls eddy_run. The program has failed when it calls random_fail, a CHECK of test.h does not
 * hold, it crashes, does not end (by 20 s), leaves an allocation, descriptor, thread or mapping, or
 * a sanitizer has seen something.
 *
 * From a program that fails the driver leaves out steps, until those are found that are needed: so
 * each step draws from a stream of its own, which does not change with the steps before it, and
 * must do something sensible whichever of them are missing. What runs at the same time as others, a
 * task or a thread, draws from a branch.
 */
#ifndef RANDOM_H
#define RANDOM_H

#include "test.h"

#include <stdint.h>

struct random {
    uint64_t state;
    uint64_t seed;
    unsigned step; /* from 1; 0: before the first */
};

void random_program(struct random *r); /* the tester's */

/* Goes to the next step of the program; false after the last. Only for the r that the program was
 * given. What is drawn before the first step and after the last does not depend on the steps. */
bool random_step(struct random *r);

/* A generator of its own for a task or a thread; the next branch is another one. */
struct random random_branch(struct random *r);

uint64_t random_bits(struct random *r);
/* 0 to n - 1; 0 for n = 0. */
unsigned random_below(struct random *r, unsigned n);
/* Both may come. */
int random_between(struct random *r, int least, int most);
/* At least 0 and less than 1. */
double random_real(struct random *r);
/* True in so many of a hundred cases. */
bool random_percent(struct random *r, unsigned percent);
void random_bytes(struct random *r, void *bytes, size_t size);

/* A folder for this program, empty at first. When the program has ended, however it did, the driver
 * removes it with all that is in it. */
const char *random_folder(void);

/* Writes a line that is seen when the program fails: what the step does. From any thread. */
__attribute__((format(printf, 2, 3))) void random_note(const struct random *r, const char *format,
                                                       ...);

/* Says what is broken and ends the program as failed. From any thread. */
#define random_fail(r, ...) random_fail_because((r), "", __VA_ARGS__)

/* random_expect(r, got == put, "%d were put and %d got", put, got) */
#define random_expect(r, condition, ...)                                                           \
    ((condition) ? (void)0 : random_fail_because((r), "not so: " #condition ": ", __VA_ARGS__))

__attribute__((noreturn, format(printf, 3, 4))) void random_fail_because(const struct random *r,
                                                                         const char *why,
                                                                         const char *format, ...);

#endif
