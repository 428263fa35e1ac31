/* file.h - what the parts of files share; of fs/ only.
 *
 * Two ways to wait: an operation of the ring (struct eddy__file_op, on the stack of the task that
 * waits to its end: U1), and a job in a worker thread (struct eddy__job, which owns what it uses
 * and may be left behind). */
#ifndef EDDY_FS_FILE_H
#define EDDY_FS_FILE_H

#include "stream/stream.h"
#include <eddy/file.h>

/* The state of a stream that is a file. The descriptor is closed when the stream is and nothing is
 * in flight on it. */
struct eddy__file {
    int64_t position;       /* in the file, of the next byte to be received; −1: it has none */
    bool append;            /* writes go to the end */
    bool shared;            /* reading and writing move the position */
    bool written;           /* closing it may have to wait for the disk */
    int left;               /* the descriptor of a stream that was closed, to be closed yet */
    unsigned busy;          /* operations and jobs in flight */
    struct list operations; /* of them, to be cancelled by a close */
};

extern const eddy_transport_kind eddy__file_transport;

static inline struct eddy__file *eddy__file_of(const eddy_stream *s)
{
    return s->base.state;
}

/* ---- opening (file.c) ---- */

/* A descriptor, or a code, unraised. path is relative to the folder, a descriptor or AT_FDCWD. */
int eddy__file_open_fd(int folder, const char *path, int flags, unsigned mode);
/* The same of a path that is not to lead out of opts->beneath, EDDY_EXDEV (beneath.c). */
int eddy__file_open_beneath(const eddy_file_opts *opts, const char *path, int flags, unsigned mode);
/* Makes a stream of it, which owns it, also on failure: NULL, raised. */
eddy_stream *eddy__file_stream(int fd, const char *path, int flags, const eddy_stream_opts *opts);
/* The first lines of every call on a file: 0, or a failure, raised. */
int eddy__file_begin(const eddy_stream *s);
/* Around what uses the descriptor. end: status, or EDDY_ECLOSED when the stream was closed
 * meanwhile and may be gone. */
void eddy__file_hold(eddy_stream *s);
ssize_t eddy__file_let_go(eddy_stream *s, ssize_t status);
/* Raises "cannot VERB PATH: …", or the interrupt that code is; returns code. */
int eddy__path_fail(const char *verb, const char *path, int code) __attribute__((cold));

/* ---- operations of the ring (file_op.c) ---- */

struct eddy__file_op {
    eddy_op op;
    eddy_task *task;
    int aborted;    /* the code that asked for an early end */
    bool in_flight; /* not done: may be cancelled */
    struct list link;
};

/* Runs it to its end, whatever happens to the task. A result, or a code, unraised: that of the
 * interrupt when it ended early. */
ssize_t eddy__file_op_run(struct eddy__file_op *operation);
/* READ, WRITE or FSYNC on the file, not on its position. EDDY_ECLOSED: s may be gone. */
ssize_t eddy__file_transfer(eddy_stream *s, int code, void *buf, size_t size, int64_t offset);
/* Writes all of it at *offset, which moves along; −1: at the end, or there are no positions. 0 or a
 * code. */
int eddy__file_write_all(eddy_stream *s, const char *buf, size_t size, int64_t *offset);
/* Forgets what was read ahead: the position is that of the next byte to be read. */
void eddy__file_drop_ahead(eddy_stream *s);

/* ---- jobs in a worker thread (file_job.c) ---- */

/* eddy__job_run of a file system call. */
int eddy__file_job_run(struct eddy__job *job);
/* Closes it in a worker thread, waiting at most some seconds for that; in the loop where there is
 * no task or no thread. */
void eddy__file_close_fd(int fd);

#endif
