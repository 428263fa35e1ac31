/* process.h - what the parts of process*.c share; of process/ only. */
#ifndef EDDY_PROCESS_PROCESS_H
#define EDDY_PROCESS_PROCESS_H

#include "process/keeper.h"
#include "stream/stream.h"
#include <eddy/process.h>

/* fd is the pidfd, or what stands for it, -1 once the child was reaped. It is watched from the
 * first wait on. After the close of a child that lives on a keeper waits for its end. Who talks to
 * it has a reference, and finds it closed. */
struct eddy_process {
    struct eddy__fd fd;
    unsigned refs; /* the owner's, then the keeper's; one for each communicate */
    pid_t pid;
    char *name;
    eddy_stream *ends[3]; /* NULL: no pipe, or closed */
    eddy_waiters_ waiters;
    struct eddy__keeper keeper;
    int status;
    bool by_number; /* fd only tells of the end: there are no pidfds */
    bool ended;
    bool lost; /* somebody else has reaped it */
    bool closed;
    bool kill_on_close;
    bool new_group;
    double grace;
    size_t max_output;
};

/* Starts the child: pid and fd.fd are set, and the ends that are pipes. 0, or a failure raised;
 * what it has made is left to be closed. */
int eddy__process_spawn(eddy_process *p, const char *const *argv, const eddy_process_opts *opts);

/* "standard input", … */
extern const char *const eddy__end_names[3];

void eddy__process_ref(eddy_process *p);
void eddy__process_unref(eddy_process *p);

/* Whether the group of that number has members that have not ended, zombies not counted; true also
 * when it cannot be told. */
bool eddy__group_lives(pid_t group);

/* Sets fd.fd, which is readable when the child has ended. 0 or a code, not raised. */
int eddy__process_watch(eddy_process *p);

#endif
