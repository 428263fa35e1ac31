/* fetch_report.h - what is told when all is over: in words on stderr, as JSON on stdout. */
#ifndef EDDY_TOOL_FETCH_REPORT_H
#define EDDY_TOOL_FETCH_REPORT_H

#include "fetch_job.h"

struct fetch_outcome {
    const struct fetch_job *jobs;
    size_t count;
    const struct progress *progress;
    double seconds;
    int signal; /* that ended it early; 0: none */
};

void fetch_report(const struct fetch_outcome *outcome);
/* One document, whose form docs/man/eddy.1 has. */
void fetch_report_json(const struct fetch_outcome *outcome);

#endif
