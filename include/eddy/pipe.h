/* pipe.h - streams over pipes, FIFOs, terminals and the standard descriptors. A write to a pipe
 * that nobody reads gives EDDY_EPIPE; no stream ever raises SIGPIPE. */
#ifndef EDDY_PIPE_H
#define EDDY_PIPE_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A pipe inside the program: what is written to ends[1] is read from ends[0]. eddy_write_eof closes
 * the writing end. 0, or a failure (EDDY_EMFILE, …). The caller closes both. */
EDDY_API int eddy_pipe_open(eddy_stream *ends[2]);

/* A stream of any descriptor that read() and write() serve; it is closed with the stream. A pipe,
 * FIFO or terminal is opened anew under its number, so that O_NONBLOCK does not reach other
 * processes that share it; where that cannot be, the flag is set and at the end cleared again.
 * Regular files work, but may block for the disk. opts may be NULL. On failure (NULL, a record) it
 * stays the caller's. */
EDDY_API eddy_stream *eddy_stream_of_fd(int fd, const eddy_stream_opts *opts);

/* The standard descriptors as streams of the running loop, which the caller closes; 0, 1 and 2
 * themselves stay open and as they were. What a stream has read ahead is lost with it. NULL with a
 * record on failure: EDDY_EBUSY while the process has one of the same descriptor open, EDDY_EBADF
 * when it is closed. */
EDDY_API eddy_stream *eddy_stdin(void);
EDDY_API eddy_stream *eddy_stdout(void);
EDDY_API eddy_stream *eddy_stderr(void);

EDDY_END_DECLS

#endif
