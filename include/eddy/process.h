/* process.h - child processes: starting them, talking to them, waiting for their end. The library
 * waits for each child by a pidfd, or where there are none by a thread: it uses no SIGCHLD, and
 * touches no child that it has not started. */
#ifndef EDDY_PROCESS_H
#define EDDY_PROCESS_H

#include <eddy/stream.h>
#include <stdio.h>

/* musl's are "(stdin)", which no name of a member survives; the objects are named the same. */
#undef stdin
#undef stdout
#undef stderr

EDDY_BEGIN_DECLS

typedef struct eddy_process eddy_process;

/* What a child gets as a standard descriptor: this process's own, a pipe to a stream, /dev/null,
 * and for .stderr what its standard output is. A number above 0 is a descriptor of this process,
 * which stays open here. */
enum { EDDY_INHERIT = 0, EDDY_PIPE = -1, EDDY_NULL = -2, EDDY_STDOUT = -3 };

typedef struct eddy_process_opts {
    int stdin;
    int stdout;
    int stderr;
    const char *cwd;
    const char *const *env; /* "NAME=value", …, NULL; NULL: this process's */
    bool kill_on_close;     /* eddy_process_close ends the child */
    double grace;           /* seconds from SIGTERM to SIGKILL then; 0: 2 s */
    bool new_group;         /* leads a process group: signals and .kill_on_close reach all of it */
    bool inherit_fds;       /* gets descriptors above 2, too, unless they are close-on-exec */
    size_t max_output;      /* the most that communicate takes of each output; 0: 16 MiB */
    const void *input;      /* eddy_process_run: what the child reads */
    size_t input_size;
    eddy_stream_opts stream; /* of the pipes */
} eddy_process_opts;

/* eddy_process_open(EDDY_ARGV("ls", "-l")): an argv that lasts as long as the block. */
#define EDDY_ARGV(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Starts a program, found by PATH unless argv[0] has a slash (then relative to .cwd); argv ends
 * with NULL. The child begins with no signal blocked and SIGPIPE at its default. NULL with a record
 * that names the program (and .cwd where that is at fault): EDDY_ENOENT, EDDY_EACCES, … Blocks
 * until the program was loaded; does not suspend. */
EDDY_API eddy_process *eddy_process_open_with(const char *const *argv,
                                              const eddy_process_opts *opts);
#define eddy_process_open(argv, ...)                                                               \
    eddy_process_open_with((argv), &(eddy_process_opts){__VA_ARGS__})
/* The same for a command of /bin/sh. */
EDDY_API eddy_process *eddy_process_shell_with(const char *command, const eddy_process_opts *opts);
#define eddy_process_shell(command, ...)                                                           \
    eddy_process_shell_with((command), &(eddy_process_opts){__VA_ARGS__})

/* Closes the streams. With .kill_on_close it ends the child, with .new_group its whole group:
 * SIGTERM, SIGKILL when .grace is over, and the call waits for the end inside a shield; from
 * outside a task SIGKILL at once, without waiting. Without .kill_on_close the child lives on, and
 * is reaped when it ends while the loop is open. Tasks that wait for the child get EDDY_ECLOSED, or
 * the status if it has ended. NULL is fine. */
EDDY_API void eddy_process_close(eddy_process *process);
EDDY_AUTOCLOSE(eddy_process, eddy_process_close)

/* From now on eddy_process_close leaves the child at most so many seconds between the signals.
 * Unlike .grace, which is a fixed value of at least 0, these may be computed: with 0 or less
 * SIGKILL follows at once, INFINITY is no limit. 0, or EDDY_EINVAL for NaN. Does not suspend. */
EDDY_API int eddy_process_set_grace(eddy_process *process, double seconds);

/* The pipes of EDDY_PIPE, which are closed with the process; NULL where there is none.
 * eddy_write_eof on the first closes the child's standard input. */
EDDY_API eddy_stream *eddy_process_stdin(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_stdout(const eddy_process *process);
EDDY_API eddy_stream *eddy_process_stderr(const eddy_process *process);
EDDY_API pid_t eddy_process_pid(const eddy_process *process);

/* Waits for the child's end. *status (NULL: not wanted) is its exit code, or minus the number of
 * the signal that ended it. Several tasks may wait, and again later. To cancel the wait does not
 * end the child. EDDY_ECHILD when the kernel gave the status to somebody else: the program ignores
 * SIGCHLD, or has waited for any child. */
EDDY_API EDDY_SUSPENDS int eddy_process_wait(eddy_process *process, int *status);
/* The same without waiting: EDDY_ENOTREADY while it runs. */
EDDY_API int eddy_process_status(eddy_process *process, int *status);

/* Send a signal: any, SIGTERM, SIGKILL. 0 also when the child has ended already; with .new_group
 * the processes that are left of its group get the signal then. */
EDDY_API int eddy_process_signal(eddy_process *process, int number);
EDDY_API int eddy_process_terminate(eddy_process *process);
EDDY_API int eddy_process_kill(eddy_process *process);

/* Bytes, followed by a zero byte that does not count in size; begins as {0}. clear frees them. */
typedef struct eddy_output {
    char *data;
    size_t size;
} eddy_output;
EDDY_API void eddy_output_clear(eddy_output *output);
static inline void eddy_output_autoclose(eddy_output *output)
{
    eddy_output_clear(output);
}

/* Writes the input to the child and closes its standard input, meanwhile reads both outputs up to
 * their end, and waits for the end of the child. A child that does not read is no failure. What is
 * read is added to out and err (NULL: dropped), which the caller clears, also after a failure.
 * EDDY_ELIMIT beyond .max_output, EDDY_ECLOSED when the process is closed meanwhile. To cancel the
 * call does not end the child. */
EDDY_API EDDY_SUSPENDS int eddy_process_communicate(eddy_process *process, const void *input,
                                                    size_t size, eddy_output *out,
                                                    eddy_output *err);

/* What a child left; clear frees the outputs. */
typedef struct eddy_process_result {
    int status; /* as of eddy_process_wait */
    eddy_output out;
    eddy_output err;
} eddy_process_result;
EDDY_API void eddy_process_result_clear(eddy_process_result *result);
static inline void eddy_process_result_autoclose(eddy_process_result *result)
{
    eddy_process_result_clear(result);
}

/* Starts a program, gives it .input or nothing to read, collects what it writes, and waits for its
 * end: 0 whatever the exit code. Where opts say something else than EDDY_INHERIT for a standard
 * descriptor, that holds. The child does not outlive the call, nor does its
 * group with .new_group. *result (NULL: not wanted) begins as {0}, or has what an earlier call left
 * there, which is cleared; the caller clears the last one, also after a failure. */
EDDY_API EDDY_SUSPENDS int eddy_process_run_with(const char *const *argv,
                                                 eddy_process_result *result,
                                                 const eddy_process_opts *opts);
#define eddy_process_run(argv, result, ...)                                                        \
    eddy_process_run_with((argv), (result), &(eddy_process_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif
