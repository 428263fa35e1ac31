/* fetch_job.h - one download: attempts, the temporary file, the final name. */
#ifndef EDDY_TOOL_FETCH_JOB_H
#define EDDY_TOOL_FETCH_JOB_H

#include "fetch_body.h"
#include "fetch_options.h"
#include "folder.h"
#include "names.h"
#include "progress.h"
#include <eddy/http/client.h>

enum fetch_state { FETCH_OPEN, FETCH_SAVED, FETCH_PRESENT, FETCH_FAILED };

/* What fetch_job_run returns when there were too few descriptors for an attempt. */
enum { FETCH_NO_DESCRIPTOR = 1 };

struct fetch_host;

struct fetch_job {
    const char *url;
    char *label; /* the URL as it is printed, without a password */
    char *name;  /* of the file in the folder */
    enum fetch_state state;
    unsigned attempts;
    int status;     /* of the latest answer; 0: there was none */
    bool sized;     /* progress knows how large it is */
    uint64_t size;  /* of the file that was saved, or is there */
    double began;   /* the first attempt, on the loop's clock; 0: none did */
    double seconds; /* until the outcome */
    double wait;    /* seconds that the server of the last attempt asked for; 0: none */
    char *kept;     /* what there is of it, a file in the folder; NULL: nothing */
    char *reason;   /* why the last attempt failed; NULL when memory was short or none did */
    struct fetch_host *host; /* NULL: hosts are not told apart */
    struct fetch_job *below; /* in a list of fetch_queue.c */
};

/* What all downloads have in common. */
struct fetch_session {
    const struct fetch_options *options;
    eddy_http *http;
    struct folder *folder;
    struct names *names;
    struct progress *progress;
    const struct fetch_body *body;
};

/* Downloads, trying again after transient failures, and writes the outcome into job. buffer has
 * FETCH_BUFFER bytes. Returns 0 whatever the outcome. job->state is FETCH_OPEN when it was
 * cancelled, EDDY_ECANCELED, and when an attempt, which does not count, had too few descriptors,
 * FETCH_NO_DESCRIPTOR: it may run again when others have ended. */
enum { FETCH_BUFFER = 64 * 1024 };
EDDY_SUSPENDS int fetch_job_run(const struct fetch_session *session, struct fetch_job *job,
                                char *buffer);

/* The last attempt's failure is the outcome. */
void fetch_job_give_up(const struct fetch_session *session, struct fetch_job *job);

void fetch_job_clear(struct fetch_job *job);

#endif
