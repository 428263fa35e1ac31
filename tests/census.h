/* census.h - what a test must not leave behind. */
#ifndef TEST_CENSUS_H
#define TEST_CENSUS_H

#include <stdbool.h>

enum { CENSUS_DESCRIPTORS = 4096 };

struct census {
    long allocations;
    int descriptors, threads, mappings;
    unsigned char is_open[CENSUS_DESCRIPTORS];
    char maps[256 * 1024];
};

void census_take(struct census *c);

/* False, after naming what is left on standard output, when there is more than before. */
bool census_compare(const struct census *before);

/* How many threads the process has, those of io_uring's workers among them. */
int census_threads(void);

#endif
