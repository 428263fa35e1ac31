/* partial.h - a file that is being written: until it is whole it has no name, or a
 * temporary one. */
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

/* Appends all of it; 0 or -errno. May be called outside a task: it makes no record. */
int partial_write(partial *self, const void *data, size_t size);

/* Gives it its name, never in place of another file: EDDY_EEXIST then, and it may be tried again
 * with another. 0 or a failure with a record. */
int partial_publish(partial *self, const char *name);

#endif
