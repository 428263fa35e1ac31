/* wait.c - spinning before a wait, and waits that fail: the same for all backends. */
#include "loop/io.h"

enum {
    SKIP_MAX = 1024, /* waits without a spin after many that saw nothing */
    LOOKS = 16,      /* looks between two looks at the clock */
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

static bool look(void *arg)
{
    const struct view *view = arg;

    return view->seen(view->loop) || atomic_load_explicit(&view->loop->inbox, memory_order_relaxed);
}

bool eddy__spin_run(struct eddy__spin *spin, eddy_loop *loop, bool (*seen)(eddy_loop *loop))
{
    return spin_for(spin, loop->spin_ns, look, &(struct view){loop, seen});
}

void eddy__wait_failed(eddy_loop *loop, const char *what, int error)
{
    char message[96];

    if (eddy__io_of(loop)->reported)
        return;
    eddy__io_of(loop)->reported = true;
    snprintf(message, sizeof message, "%s failed: %s", what, eddy_status_message(error));
    eddy__report(loop, &(eddy_report){.message = message});
}
