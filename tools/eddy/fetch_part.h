/* fetch_part.h - what an earlier run of eddy fetch -C has left of a file, and how its server is
 * asked for the rest. */
#ifndef EDDY_TOOL_FETCH_PART_H
#define EDDY_TOOL_FETCH_PART_H

#include "fetch_job.h"
#include "partial.h"
#include "version.h"

struct fetch_part {
    const struct folder *folder;
    partial *file;
    const char *name;
    char *url; /* without query */
    struct version version;
    uint64_t skip;       /* bytes of the answer's body that are there already */
    eddy_pair fields[3]; /* for the request: Range and If-Range, or nothing */
    char range[40];
};

/* Looks what there is. 0, or a failure with a record: a part that nothing is known of, or that is
 * of something else, is left alone. In any case fetch_part_clear has to follow. */
int fetch_part_prepare(struct fetch_part *self, const struct fetch_session *session,
                       const struct fetch_job *job, partial *file);
void fetch_part_clear(struct fetch_part *self);
/* Whether the request asks for a range. */
bool fetch_part_asks(const struct fetch_part *self);

/* The head of an answer 200, 206 or 416 has come. 0: its body, less .skip bytes, belongs behind
 * what is in the file, which was emptied if it has another version; 1: the file is whole; or a
 * failure with a record, and then the file is as it was. */
int fetch_part_begin(struct fetch_part *self, eddy_response *response);
/* The body has ended: 0, or a failure with a record when this is not the file's length. */
int fetch_part_end(const struct fetch_part *self);
/* The file has its name. */
void fetch_part_finish(const struct fetch_part *self);

#endif
