/* heard.h - what the loop's exception handler was told during a test. */
#ifndef HEARD_H
#define HEARD_H

#include "test.h"

struct heard {
    int count;
    int status; /* of the last report's record */
    char message[200];
};

static void heard_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    struct heard *heard = arg;

    (void)loop;
    heard->count++;
    heard->status = eddy_error_code(report->error);
    snprintf(heard->message, sizeof heard->message, "%s", report->message);
}

/* From now on, until the loop ends: the struct must live as long, so make it static. */
static inline void heard_listen(struct heard *heard)
{
    *heard = (struct heard){0};
    eddy_loop_set_exception_handler(eddy_loop_running(), heard_report, heard);
}

#endif
