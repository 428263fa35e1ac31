/* fetch_attempt.h - one attempt of a download, and what its failure means. */
#ifndef EDDY_TOOL_FETCH_ATTEMPT_H
#define EDDY_TOOL_FETCH_ATTEMPT_H

#include "fetch_job.h"

enum fetch_verdict {
    FETCH_WHOLE, /* the file has its name */
    FETCH_AGAIN, /* the failure may pass */
    FETCH_NEVER,
    FETCH_SHORT_OF_DESCRIPTORS,
};

/* Notes the reason in job. Returns the verdict. */
int fetch_because(struct fetch_job *job, enum fetch_verdict verdict, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Downloads the file and gives it its name. Returns the verdict, with job->reason, ->kept and
 * ->wait, or EDDY_ECANCELED. buffer has FETCH_BUFFER bytes. */
EDDY_SUSPENDS int fetch_attempt(const struct fetch_session *session, struct fetch_job *job,
                                char *buffer);

#endif
