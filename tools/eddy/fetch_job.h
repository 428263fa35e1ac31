/* fetch_job.h - one download: attempts, the temporary file, the final name. */
#ifndef EDDY_TOOL_FETCH_JOB_H
#define EDDY_TOOL_FETCH_JOB_H

#include "curl_loop.h"
#include "folder.h"
#include "names.h"
#include "progress.h"

enum fetch_state { FETCH_OPEN, FETCH_SAVED, FETCH_FAILED };

struct fetch_job {
    const char *url;
    char *label; /* the URL as it is printed, without a password */
    char *name;  /* of the file in the folder */
    enum fetch_state state;
    unsigned attempts;
    bool sized;   /* progress knows how large it is */
    double wait;  /* seconds that the server of the last attempt asked for; 0: none */
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
 * handle to work with. Returns 0 whatever the outcome, or EDDY_ECANCELED when it was cancelled;
 * job->state is FETCH_OPEN then. */
EDDY_SUSPENDS int fetch_job_run(const struct fetch_session *session, struct fetch_job *job,
                                CURL *easy);

#endif
