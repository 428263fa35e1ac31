/* closing.h - the objects of random_closing.c: how each kind is opened, used and closed. */
#ifndef RANDOM_CLOSING_H
#define RANDOM_CLOSING_H

#include "random/random.h"

enum { CLOSING_SLOTS = 6, CLOSING_KINDS = 16 };

struct closing_slot {
    const struct closing_kind *kind;
    void *object; /* NULL: there is none, or it is being closed */
    int number;   /* of what was opened: a task returns it */
};

struct closing_kind {
    const char *name;
    void *(*open)(struct random *r, int number);
    void (*close)(void *object);
    /* One call, of which what comes is nobody's business. */
    int (*use)(struct random *r, const struct closing_slot *slot);
};

extern const struct closing_kind closing_kinds[CLOSING_KINDS];
extern struct closing_slot closing_slots[CLOSING_SLOTS];
extern int closing_number; /* of what was opened last */

#endif
