/* pipe.h - streams over pipes, FIFOs, terminals and the standard descriptors. A write to a pipe
 * that nobody reads gives EDDY_EPIPE; no stream ever raises SIGPIPE. */
#ifndef EDDY_PIPE_H
#define EDDY_PIPE_H

#include <eddy/stream.h>

EDDY_BEGIN_DECLS

/* A pipe inside the program: what is written to ends[1] is read from ends[0]. eddy_write_eof closes
 * the writing end. 0, or a failure (EDDY_EMFILE, …). The caller closes both. */
EDDY_API int eddy_pipe_open(eddy_stream *ends[2]);

/* A stream of any descriptor that read() and write() serve; fd is closed with the stream. A pipe,
 * FIFO or terminal is opened once more and takes the place of fd, so that other processes that
 * share it do not see O_NONBLOCK; where that cannot be done, the flag is set, and cleared again
 * when the stream is closed. Regular files work, but may block the loop for the disk. opts may be
 * NULL. On failure (NULL, a record) fd stays the caller's. */
EDDY_API eddy_stream *eddy_stream_of_fd(int fd, const eddy_stream_opts *opts);

/* The standard descriptors as streams of the running loop, which the caller closes; the descriptors
 * 0, 1 and 2 themselves stay open and as they were. Bytes that a stream has read ahead are lost
 * when it is closed. NULL with a record on failure: EDDY_EBUSY while the process has another stream
 * of the same descriptor open, EDDY_EBADF when the descriptor is closed. */
EDDY_API eddy_stream *eddy_stdin(void);
EDDY_API eddy_stream *eddy_stdout(void);
EDDY_API eddy_stream *eddy_stderr(void);

EDDY_END_DECLS

#endif
