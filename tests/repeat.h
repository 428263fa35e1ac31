/* repeat.h - the body of a test's process. */
#ifndef TEST_REPEAT_H
#define TEST_REPEAT_H

#include "test.h"

/* Each runs the test in this process, or in children of it, and is true when all went well and
 * nothing is left. */
bool test_run_once(const struct test *test);
bool test_run_sweep(const struct test *test);
bool test_run_torture(const struct test *test);

/* The limits of one run: how long it may take, and, for the calling process, how much of the
 * processor. TEST_TIME_FACTOR is taken into account. */
unsigned test_seconds(void);
void test_limit_cpu(void);

#endif
