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

bool eddy__spin_due(struct eddy__spin *spin, const eddy_loop *loop, int64_t timeout_ns)
{
    if (loop->spin_ns <= 0 || timeout_ns <= loop->spin_ns)
        return false;
    if (spin->skip == 0)
        return true;
    spin->skip--;
    return false;
}

static bool look(eddy_loop *loop, bool (*seen)(eddy_loop *loop))
{
    for (int i = 0; i < LOOKS; i++) {
        if (seen(loop) || atomic_load_explicit(&loop->inbox, memory_order_relaxed))
            return true;
        relax();
    }
    return false;
}

bool eddy__spin_run(struct eddy__spin *spin, eddy_loop *loop, bool (*seen)(eddy_loop *loop))
{
    int64_t end = eddy__clock_now() + loop->spin_ns;

    do {
        if (look(loop, seen)) {
            spin->penalty /= 2;
            return true;
        }
    } while (eddy__clock_now() < end);
    spin->penalty = spin->penalty ? spin->penalty * 2 : 1;
    if (spin->penalty > SKIP_MAX)
        spin->penalty = SKIP_MAX;
    spin->skip = spin->penalty;
    return false;
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
