/* pipe.h - what pipes and processes share; of io/ only. */
#ifndef EDDY_IO_PIPE_H
#define EDDY_IO_PIPE_H

#include "io/io.h"
#include <eddy/pipe.h>

/* A pipe whose ends do not block and close on exec: a descriptor for reading and one for writing. 0
 * or -errno, not raised. */
int eddy__pipe_make(int fds[2]);
/* The stream of such an end, which owns it from then on; name is for reports. NULL with a record,
 * and fd stays open. */
eddy_stream *eddy__pipe_stream(int fd, const char *name, const eddy_stream_opts *opts);

#endif
