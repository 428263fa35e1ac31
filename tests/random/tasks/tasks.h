/* tasks.h - the people of random_tasks.c, each a task, and what they use. */
#ifndef RANDOM_TASKS_H
#define RANDOM_TASKS_H

#include "random/random.h"

#include <eddy.h>

enum { PEOPLE_MAX = 120, ITEMS_MAX = 24, DEPTH = 2, QUEUES = 2, FAILED = EDDY_EBROKEN };

/* The children of one call. */
struct family {
    int alive;
    int failure;         /* of the first that failed */
    bool is_group, ends; /* then it ends with the first failure, or because it was told to */
};

struct person {
    struct random r;
    unsigned index;
    eddy_task *task;        /* by which others may cancel it, or NULL */
    struct family *family;  /* of whom it is a child */
    int64_t cancelled_at;   /* by its handle, the first time that counts; -1: it was not */
    unsigned shields, open; /* scopes that it is in; groups that may abort it */
    bool fails, ended;
    int result;
    unsigned tried; /* items, of which each was sent, came out, or both */
    bool sent[ITEMS_MAX], out[ITEMS_MAX];
    int8_t last[QUEUES][PEOPLE_MAX]; /* the last item that it has got of each */
    int waits_for_sets;              /* of the event, when the wait began; -1: does not wait */
};

extern struct people {
    struct person people[PEOPLE_MAX];
    unsigned count, actors;
    bool cancels, yields;
    uint64_t trace; /* of all that happened, in its order */
} tasks_p;

/* A child of a, NULL when there are too many people. */
struct person *tasks_add(struct person *a, struct family *family);
int tasks_child(struct person *a, unsigned depth);

/* One call that does nothing but wait: ended checks its status and the moment of its end, and gives
 * the status. */
struct tasks_wait {
    int64_t start, deadline;
    bool cancelled;
};
struct tasks_wait tasks_begin(const struct person *a);
int tasks_ended(struct person *a, const struct tasks_wait *w, const char *what, int status);
int tasks_sleep(struct person *a, int ms);
int64_t tasks_now(void);

/* Something random, in which more may be nested, so deep at most. */
int tasks_act(struct person *a, unsigned depth);

/* Objects: for a run they are opened, used, looked at when nobody is ready, and closed. */
void tasks_open(struct random *r);
int tasks_use_object(struct person *a, unsigned depth);
void tasks_observe(const struct random *r);
void tasks_close(const struct random *r);

/* Families: tasks, groups, gathers, generators, scopes. */
int tasks_use_family(struct person *a, unsigned depth);

#endif
