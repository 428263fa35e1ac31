/* partial.h - a file that is being written: until it is whole it has no name, or a temporary one;
 * or that of a part, which a later run goes on with. */
#ifndef EDDY_TOOL_PARTIAL_H
#define EDDY_TOOL_PARTIAL_H

#include "folder.h"
#include <eddy/base.h>

typedef struct partial partial;

/* Finds out whether files in folder can do without a temporary name. Before any is opened. */
void partial_probe(struct folder *folder);

/* A new file in folder. NULL with a record. Close removes it unless it was published; NULL is
 * fine. */
partial *partial_open(struct folder *folder);
void partial_close(partial *self);
EDDY_AUTOCLOSE(partial, partial_close)

/* The part of the file called name, as an earlier run has left it, or a new and empty one; nobody
 * else has it open. NULL with a record, EDDY_EBUSY when another process has it. Close keeps it when
 * partial_keep was the last word on that, and removes it otherwise. */
partial *partial_continue(struct folder *folder, const char *name);
void partial_keep(partial *self, bool keep);
bool partial_is_kept(const partial *self);

/* How the file is called, NULL: it has no name that anybody should know. */
const char *partial_name(const partial *self);
uint64_t partial_size(const partial *self);
int partial_fd(const partial *self);

/* Appends all of it; 0 or -errno. May be called outside a task: it makes no record. */
int partial_write(partial *self, const void *data, size_t size);
/* Takes back all that was written; 0 or a failure with a record. */
int partial_empty(partial *self);

/* Gives it its name, never in place of another file: EDDY_EEXIST then, and it may be tried again
 * with another. 0 or a failure with a record. */
int partial_publish(partial *self, const char *name);

#endif
