/* fetch_job.h - one download: attempts, the temporary file, the final name. */
#ifndef EDDY_TOOL_FETCH_JOB_H
#define EDDY_TOOL_FETCH_JOB_H

#include "curl_loop.h"
#include "folder.h"
#include "names.h"
#include "progress.h"

enum fetch_state { FETCH_OPEN, FETCH_SAVED, FETCH_FAILED };

/* What fetch_job_run returns when there were too few descriptors for an attempt. */
enum { FETCH_NO_DESCRIPTOR = 1 };

struct fetch_job {
    const char *url;
    char *label; /* the URL as it is printed, without a password */
    char *name;  /* of the file in the folder */
    enum fetch_state state;
    unsigned attempts;
    bool sized;              /* progress knows how large it is */
    double wait;             /* seconds that the server of the last attempt asked for; 0: none */
    struct fetch_job *below; /* while it is put back: the one that was put back before */
    char *reason; /* why the last attempt failed; NULL when memory was short or none did */
};

/* What all downloads have in common. */
struct fetch_session {
    curl_loop *curl;
    struct folder *folder;
    struct names *names;
    struct progress *progress;
    double timeout;   /* of one attempt, seconds */
    unsigned retries; /* after the first attempt */
};

/* Downloads, trying again after transient failures, and writes the outcome into job. easy is a
 * handle to work with. Returns 0 whatever the outcome. job->state is FETCH_OPEN when it was
 * cancelled, EDDY_ECANCELED, and when an attempt, which does not count, had too few descriptors,
 * FETCH_NO_DESCRIPTOR: it may run again when others have ended. */
EDDY_SUSPENDS int fetch_job_run(const struct fetch_session *session, struct fetch_job *job,
                                CURL *easy);

/* The last attempt's failure is the outcome. */
void fetch_job_give_up(const struct fetch_session *session, struct fetch_job *job);

#endif
