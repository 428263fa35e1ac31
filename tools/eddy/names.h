/* names.h - file names that are all different, and different from what a folder has. */
#ifndef EDDY_TOOL_NAMES_H
#define EDDY_TOOL_NAMES_H

#include "folder.h"

struct names {
    const struct folder *folder; /* NULL: what there is does not count */
    void *tree;                  /* of struct claim, by tsearch */
};

/* wanted, or when it is taken the first free of a-1.txt, a-2.txt, … (wanted being a.txt). Claims
 * it: nobody gets it again. To be freed by the caller; NULL when memory is short. */
char *names_claim(struct names *self, const char *wanted);

/* Frees the claims. */
void names_clear(struct names *self);

#endif
