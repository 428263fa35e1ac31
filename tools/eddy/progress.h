/* progress.h - what eddy fetch tells while it works: on a terminal one line that changes, elsewhere
 * a line for each file. All of it on stderr. */
#ifndef EDDY_TOOL_PROGRESS_H
#define EDDY_TOOL_PROGRESS_H

#include <eddy/base.h>

struct progress {
    bool live; /* stderr is a terminal */
    size_t files;
    size_t saved;
    size_t present; /* were there before */
    size_t failed;
    uint64_t bytes_saved;  /* in files that are whole */
    uint64_t bytes_open;   /* in files that are not yet */
    uint64_t received;     /* ever, also in attempts that failed: what the rate is made of */
    uint64_t expected;     /* sum of the sizes that are known … */
    size_t expected_files; /* … and of how many files */
    double started;        /* eddy_loop_time */
    double sampled;        /* when the rate was last looked at, and what received was then */
    uint64_t sample;
    double rate; /* bytes a second, smoothed; 0: not known yet */
};

/* files downloads begin now, in the running loop. */
void progress_start(struct progress *self, size_t files);

/* A file's size becomes known; once a file. */
void progress_expect(struct progress *self, uint64_t size);
/* So many bytes are there of an earlier run; so many came; an attempt that had got so many failed;
 * a file is done; it was there before; one is given up. */
void progress_resume(struct progress *self, uint64_t bytes);
void progress_receive(struct progress *self, uint64_t bytes);
void progress_drop(struct progress *self, uint64_t bytes);
void progress_save(struct progress *self, const char *name, uint64_t bytes);
void progress_pass(struct progress *self, const char *name);
void progress_fail(struct progress *self, const char *url, const char *reason);

/* Keeps the line up to date until it is cancelled, then clears it. Does nothing without a
 * terminal. */
EDDY_SUSPENDS int progress_show(struct progress *self);

/* Seconds since the start. */
double progress_elapsed(const struct progress *self);

#endif
