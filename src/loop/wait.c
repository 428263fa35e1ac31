/* wait.c - spinning before a wait, and waits that fail: the same for all backends. */
#include "base/sys.h"
#include "loop/io.h"

#include <poll.h>
#include <time.h>
#include <unistd.h>

static const int64_t PAUSE_NS = 1000000; /* after each wait that fails */

enum {
    SKIP_MAX = 1024, /* waits without a spin after many that saw nothing */
    LOOKS = 16,      /* looks between two looks at the clock */
    FAILURES = 16,   /* waits that fail one after the other before it is given up */
};

static inline void relax(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

static bool skips(struct eddy__spin *spin)
{
    if (spin->skip == 0)
        return false;
    spin->skip--;
    return true;
}

bool eddy__spin_due(struct eddy__spin *spin, const eddy_loop *loop, int64_t timeout_ns)
{
    return loop->spin_ns > 0 && timeout_ns > loop->spin_ns && !skips(spin);
}

static bool spin_for(struct eddy__spin *spin, int64_t ns, bool (*seen)(void *arg), void *arg)
{
    int64_t end = eddy__ns_after(eddy__clock_now(), ns);

    do {
        for (int i = 0; i < LOOKS; i++) {
            if (seen(arg)) {
                spin->penalty /= 2;
                return true;
            }
            relax();
        }
    } while (eddy__clock_now() < end);
    spin->penalty = spin->penalty ? spin->penalty * 2 : 1;
    if (spin->penalty > SKIP_MAX)
        spin->penalty = SKIP_MAX;
    spin->skip = spin->penalty;
    return false;
}

bool eddy__spin_look(struct eddy__spin *spin, int64_t ns, bool (*seen)(void *arg), void *arg)
{
    return ns > 0 && !skips(spin) && spin_for(spin, ns, seen, arg);
}

struct view {
    eddy_loop *loop;
    bool (*seen)(eddy_loop *loop);
};

static bool wait_look(void *arg)
{
    const struct view *view = arg;

    return view->seen(view->loop) || atomic_load_explicit(&view->loop->inbox, memory_order_relaxed);
}

bool eddy__spin_run(struct eddy__spin *spin, eddy_loop *loop, bool (*seen)(eddy_loop *loop))
{
    return spin_for(spin, loop->spin_ns, wait_look, &(struct view){loop, seen});
}

/* ---- waits that fail ---- */

static COLD void wait_tell(eddy_loop *loop, const char *words, const char *what, int error)
{
    char message[160];

    snprintf(message, sizeof message, "%s%s failed: %s", words, what, eddy_status_message(error));
    eddy__report(loop, &(eddy_report){.message = message});
}

void eddy__wait_failed(eddy_loop *loop, const char *what, int error)
{
    struct eddy__io *io = eddy__io_of(loop);

    if (loop->failed)
        return;
    if (eddy__sys_refused(error) || ++io->failures == FAILURES) {
        loop->failed = error;
        wait_tell(loop, "the loop cannot wait for events any more, and ends: ", what, error);
        return;
    }
    if (!io->reported)
        wait_tell(loop, "", what, error);
    io->reported = true;
    if (io->failures > 1)
        ppoll(NULL, 0, &(struct timespec){.tv_nsec = PAUSE_NS}, NULL);
}

void eddy__wait_for_threads(eddy_loop *loop, int64_t timeout_ns)
{
    struct pollfd p = {.fd = loop->wake_fd.fd, .events = POLLIN};
    struct timespec ts = {.tv_sec = (time_t)(timeout_ns / NS_PER_SECOND),
                          .tv_nsec = (long)(timeout_ns % NS_PER_SECOND)};

    if (eddy__sleep_begin(loop) && ppoll(&p, 1, timeout_ns == NS_NEVER ? NULL : &ts, NULL) > 0) {
        uint64_t count;

        eddy_ignore(read(p.fd, &count, sizeof count));
    }
    eddy__sleep_end(loop);
}

void eddy__poll_failed(eddy_loop *loop, int64_t timeout_ns)
{
    if (eddy__fd_run_again(loop) && timeout_ns > PAUSE_NS) /* arming may fail each time */
        timeout_ns = PAUSE_NS;
    eddy__wait_for_threads(loop, timeout_ns);
}
