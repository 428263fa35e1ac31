/* loop.h - the event loop at the level of callbacks: ready calls, timers, descriptor watches,
 * completion operations, wake-up from other threads. Complete in itself; tasks are one client of
 * it. One loop per thread; only functions named _threadsafe, and hold and release, may be called
 * from another. Nothing here suspends. Time is in seconds of the loop's monotonic clock. NULL for
 * a loop is reported as a bug (EDDY_ELOOP). */
#ifndef EDDY_LOOP_H
#define EDDY_LOOP_H

#include <eddy/base.h>
#include <eddy/error.h>

EDDY_BEGIN_DECLS

typedef struct eddy_loop eddy_loop;
typedef struct eddy_task eddy_task;

enum { EDDY_BACKEND_DEFAULT, EDDY_BACKEND_URING, EDDY_BACKEND_EPOLL };
enum { EDDY_CLOCK_DEFAULT, EDDY_CLOCK_REAL, EDDY_CLOCK_VIRTUAL };

/* A timer of the library: the part of an eddy_scope that is the loop's. */
typedef struct eddy_timer_ {
    int64_t deadline;
    void (*fire)(eddy_loop *loop, struct eddy_timer_ *timer);
    struct eddy_timer_ *next;  /* among late ones that have expired, with what points to it */
    struct eddy_timer_ **link; /* NULL: it is not among them */
    uint32_t position;         /* 0: not armed */
    bool late; /* fires after the others of its turn, and after what they made ready */
} eddy_timer_;

typedef struct eddy_loop_opts {
    int backend;        /* io_uring, epoll where it is refused; EDDY_BACKEND overrules 0 */
    int clock;          /* the virtual clock jumps to the next timer when all else is done */
    unsigned long seed; /* shuffles what is ready in a replayable order; 0: first in, first out */
    int debug;          /* checks and slow-callback reports, as EDDY_DEBUG=1; −1: off */
    double spin;        /* busy wait before sleeping, seconds; 0: 50 µs, negative: none */
} eddy_loop_opts;

/* A loop of the calling thread; the caller closes it. NULL with a record when it cannot be made.
 * eddy_loop_close cancels what tasks are left and runs until they have ended; NULL is fine, and
 * closing a running loop is reported as a bug and does nothing. */
EDDY_API eddy_loop *eddy_loop_open_with(const eddy_loop_opts *opts);
#define eddy_loop_open(...) eddy_loop_open_with(&(eddy_loop_opts){__VA_ARGS__})
EDDY_API void eddy_loop_close(eddy_loop *loop);
EDDY_AUTOCLOSE(eddy_loop, eddy_loop_close)

/* The loop that is running in this thread; NULL outside. */
EDDY_API eddy_loop *eddy_loop_running(void);
/* Whether it runs; false for NULL. */
EDDY_API bool eddy_loop_is_running(const eddy_loop *loop);
/* "io_uring", "epoll" or "fake". */
EDDY_API const char *eddy_loop_backend(const eddy_loop *loop);

/* Runs until eddy_loop_stop is called; the batch of calls that the loop is making at that moment is
 * finished. A loop that was stopped before it runs makes one turn. 0, or EDDY_ELOOP when a loop
 * runs in this thread already. When the kernel refuses to tell of events any more, that is
 * reported, and each run fails with the kernel's code. */
EDDY_API int eddy_loop_run_forever(eddy_loop *loop);
EDDY_API void eddy_loop_stop(eddy_loop *loop);
/* One turn: runs what is ready, then waits for events for at most so many seconds (0 or less: only
 * looks for them; INFINITY: no limit), and fires timers. Returns 0 or a failure as above, and
 * EDDY_EINVAL for NaN. */
EDDY_API int eddy_loop_run_once(eddy_loop *loop, double seconds);

/* The loop's clock in seconds, and in nanoseconds; eddy_time asks the running loop. */
EDDY_API double eddy_loop_time(const eddy_loop *loop);
EDDY_API int64_t eddy_loop_time_ns(const eddy_loop *loop);
EDDY_API double eddy_time(void);

/* A callback returns 0, or a failure that goes to the loop's exception handler. */
typedef int eddy_callback(void *arg);

/* Names a call that was asked for. To cancel it after the call was made is safe. */
typedef struct eddy_handle {
    void *call;
    uint64_t id;
} eddy_handle;

/* Calls fn(arg) in the next turn, after delay seconds (0 or less: as soon as it can be), or at a
 * time on the clock of eddy_loop_time. Calls for the same time are made in the order in which they
 * were asked for. Delays that are given in one step of the loop count from one look at the clock,
 * less than a tick of the kernel (1 to 10 ms) ago. The handle's .call is NULL when memory is short,
 * and for NaN. */
EDDY_API eddy_handle eddy_loop_call_soon(eddy_loop *loop, eddy_callback *fn, void *arg);
EDDY_API eddy_handle eddy_loop_call_later(eddy_loop *loop, double delay, eddy_callback *fn,
                                          void *arg);
EDDY_API eddy_handle eddy_loop_call_at(eddy_loop *loop, double when, eddy_callback *fn, void *arg);
/* True when the call had not been made and now never will be. */
EDDY_API bool eddy_loop_cancel_call(eddy_loop *loop, eddy_handle handle);

/* From any thread: calls fn(arg) in the loop's thread and wakes it. 0, EDDY_ECLOSED once the loop
 * is closing, EDDY_ENOMEM. */
EDDY_API int eddy_loop_call_soon_threadsafe(eddy_loop *loop, eddy_callback *fn, void *arg);
/* A thread that will call the loop later holds it until then: meanwhile the loop takes no wait for
 * a deadlock, virtual time does not jump, and the loop's memory stays. From any thread; each hold
 * needs its release. */
EDDY_API void eddy_loop_hold(eddy_loop *loop);
EDDY_API void eddy_loop_release(eddy_loop *loop);

enum { EDDY_READABLE = 1, EDDY_WRITABLE = 2 };

/* Level-triggered watch of a descriptor: fn is called in each turn in which one of the asked events
 * (EDDY_READABLE | EDDY_WRITABLE) holds. A hang-up or an error counts as both, the end of what the
 * peer sends as readable. NULL with a record on failure. eddy_watch_set changes the events; 0
 * pauses the watch. Close the watch before the descriptor: a number that is closed, or belongs to
 * somebody else by then, cannot be taken out of epoll. */
typedef struct eddy_watch eddy_watch;
typedef void eddy_watch_callback(eddy_watch *watch, unsigned events, void *arg);
EDDY_API eddy_watch *eddy_watch_open(eddy_loop *loop, int fd, unsigned events,
                                     eddy_watch_callback *fn, void *arg);
EDDY_API int eddy_watch_set(eddy_watch *watch, unsigned events);
EDDY_API int eddy_watch_fd(const eddy_watch *watch);
EDDY_API void eddy_watch_close(eddy_watch *watch);
EDDY_AUTOCLOSE(eddy_watch, eddy_watch_close)

enum { EDDY_OP_READ = 1, EDDY_OP_WRITE, EDDY_OP_FSYNC, EDDY_OP_OPEN };

/* A completion operation. The caller fills in the fields up to arg, and leaves the struct, the
 * buffer and the path alone until done is called. result is then a number of bytes, a descriptor or
 * 0, or -errno when the operation failed. */
typedef struct eddy_op eddy_op;
struct eddy_op {
    int code;
    int fd;       /* READ, WRITE, FSYNC: open until done; OPEN: the folder or AT_FDCWD */
    void *buffer; /* READ, WRITE */
    size_t size;
    /* READ, WRITE: in the file; −1: its own position. Pipes and sockets have no other: ESPIPE. */
    int64_t offset;
    const char *path; /* OPEN */
    int flags;        /* OPEN: of open; WRITE: RWF_NOSIGNAL for no SIGPIPE, on any kernel; or 0 */
    unsigned mode;
    void (*done)(eddy_op *op);
    void *arg;
    ssize_t result;
    void *private_[10];
};

/* Starts op: 0, or a failure, and then done is never called. cancel asks op to end early: done is
 * called all the same, with the result -ECANCELED, or with the operation's own if that came first.
 * An OPEN that waits, as that of a FIFO does, stops no other operation; EDDY_ELIMIT when more than
 * 1,024 wait. */
EDDY_API int eddy_loop_submit(eddy_loop *loop, eddy_op *op);
EDDY_API void eddy_loop_cancel_op(eddy_loop *loop, eddy_op *op);

/* Called before each wait for events; returns the longest wait it allows in seconds (0 or less:
 * none; INFINITY: as long as the loop likes). For libraries that keep timers of their own. NULL
 * removes it. */
typedef double eddy_poll_hook(eddy_loop *loop, void *arg);
EDDY_API void eddy_loop_set_poll_hook(eddy_loop *loop, eddy_poll_hook *hook, void *arg);

/* What the exception handler is told: a sentence, the task (or NULL) and the record (or NULL). */
typedef struct eddy_report {
    const char *message;
    eddy_task *task;
    const eddy_error *error;
} eddy_report;
typedef void eddy_exception_handler(eddy_loop *loop, const eddy_report *report, void *arg);

/* Sets the handler that is told of failures that nobody observed, slow callbacks and misuse; NULL
 * sets the default one, which writes to stderr. A handler must not suspend. When a task on a packed
 * stack is the cause, calls in the handler count as calls from outside a task. */
EDDY_API void eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler *handler,
                                              void *arg);
EDDY_API void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_report *report);
/* Tells the handler of a failure that nobody else hears of. To be called in the loop's thread. */
EDDY_API void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_report *report);

/* Debug mode: slow steps, calls from foreign threads, wrong owners and cycles are reported. */
EDDY_API void eddy_loop_set_debug(eddy_loop *loop, bool on);
EDDY_API bool eddy_loop_debug(const eddy_loop *loop);
/* In debug mode a step that takes longer than this many seconds is reported; 0.1 at first. */
EDDY_API void eddy_loop_set_slow_callback_duration(eddy_loop *loop, double seconds);

EDDY_END_DECLS

#endif
