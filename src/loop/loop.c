/* loop.c - making and ending a loop, its settings, running it. */
#include "loop/loop.h"
#include "base/alloc.h"
#include "loop/call.h"
#include "loop/parts.h"

#include <math.h>
#include <stdlib.h>

static const double DEFAULT_SPIN = 50e-6;
static const double DEFAULT_SLOW = 0.1;

/* ---- options and the environment ---- */

static int choose_backend(int option)
{
    const char *name = getenv("EDDY_BACKEND");

    if (option < 0)
        return eddy__raise(EDDY_EINVAL, ".backend is %d: EDDY_BACKEND_URING or _EPOLL", option);
    if (option || !name || !*name)
        return option;
    if (strcmp(name, "uring") == 0 || strcmp(name, "io_uring") == 0)
        return EDDY_BACKEND_URING;
    if (strcmp(name, "epoll") == 0)
        return EDDY_BACKEND_EPOLL;
    return eddy__raise(EDDY_EINVAL, "EDDY_BACKEND is \"%s\": uring or epoll is expected", name);
}

static int choose_clock(int option)
{
    const char *name = getenv("EDDY_CLOCK");

    if (option < 0 || option > EDDY_CLOCK_VIRTUAL)
        return eddy__raise(EDDY_EINVAL, ".clock is %d: EDDY_CLOCK_REAL or EDDY_CLOCK_VIRTUAL",
                           option);
    if (option || !name || !*name)
        return option ? option : EDDY_CLOCK_REAL;
    if (strcmp(name, "real") == 0)
        return EDDY_CLOCK_REAL;
    if (strcmp(name, "virtual") == 0)
        return EDDY_CLOCK_VIRTUAL;
    return eddy__raise(EDDY_EINVAL, "EDDY_CLOCK is \"%s\": real or virtual is expected", name);
}

/* The number in an environment variable; fallback when it is not set. 0 or EDDY_EINVAL raised. */
static int loop_number_of(const char *variable, double fallback, double *value)
{
    const char *text = getenv(variable);
    char *end;

    *value = fallback;
    if (!text || !*text)
        return 0;
    *value = strtod(text, &end);
    if (*end || !isfinite(*value) || *value < 0)
        return eddy__raise(EDDY_EINVAL, "%s is \"%s\": a number from 0 is expected", variable,
                           text);
    return 0;
}

/* A whole one, all of its 64 bits; 0 when it is not set. */
static int whole_number_of(const char *variable, uint64_t *value)
{
    const char *text = getenv(variable);
    char *end;

    *value = 0;
    if (!text || !*text)
        return 0;
    errno = 0;
    *value = strtoull(text, &end, 10);
    if (*end || errno || *text < '0' || *text > '9')
        return eddy__raise(EDDY_EINVAL, "%s is \"%s\": a whole number from 0 is expected", variable,
                           text);
    return 0;
}

static int choose_seed(unsigned long option, uint64_t *seed)
{
    *seed = option;
    return option ? 0 : whole_number_of("EDDY_SEED", seed);
}

/* It is work.c that takes it, when threads are needed: too late to refuse anything. */
static int check_threads(void)
{
    uint64_t threads;

    return whole_number_of("EDDY_THREADS", &threads);
}

static int configure(eddy_loop *loop, const eddy_loop_opts *opts)
{
    double debug, spin;
    int clock = choose_clock(opts->clock);

    if (clock < 0)
        return clock;
    if (isnan(opts->spin))
        return eddy__raise(EDDY_EINVAL, ".spin is NaN: seconds are expected");
    if (choose_seed(opts->seed, &loop->random) < 0 || loop_number_of("EDDY_DEBUG", 0, &debug) < 0 ||
        loop_number_of("EDDY_SPIN", DEFAULT_SPIN * 1e6, &spin) < 0 || check_threads() < 0)
        return EDDY_EINVAL;
    loop->virtual_clock = clock == EDDY_CLOCK_VIRTUAL;
    loop->debug = opts->debug ? opts->debug > 0 : debug != 0;
    loop->spin_ns = eddy__ns_of_seconds(opts->spin != 0 ? opts->spin : spin * 1e-6);
    return 0;
}

#ifdef EDDY_TESTING
const struct eddy__backend *eddy__backend_instead;
#else
static const struct eddy__backend *const eddy__backend_instead = NULL;
#endif

/* io_uring where it may be used, else epoll without a word; what was asked for by name must work.
 * */
static int open_backend(eddy_loop *loop, int choice)
{
    int r = 0;

    if (eddy__backend_instead) {
        loop->backend = eddy__backend_instead;
        return loop->backend->open(loop);
    }
    switch (choice) {
    case EDDY_BACKEND_DEFAULT:
    case EDDY_BACKEND_URING:
        loop->backend = &eddy__backend_uring;
        r = loop->backend->open(loop);
        if (r >= 0)
            return 0;
        if (choice == EDDY_BACKEND_URING)
            return eddy__raise(r, "io_uring cannot be used here: %s", eddy_status_message(r));
        __attribute__((fallthrough));
    case EDDY_BACKEND_EPOLL:
        loop->backend = &eddy__backend_epoll;
        r = loop->backend->open(loop);
        return r >= 0 ? 0 : eddy__raise(r, "cannot make an epoll: %s", eddy_status_message(r));
    default:
        return eddy__raise(EDDY_EINVAL, ".backend is %d: EDDY_BACKEND_URING or _EPOLL", choice);
    }
}

/* ---- life ---- */

static void init(eddy_loop *loop)
{
    list_init(&loop->call_slabs);
    list_init(&loop->guests);
    list_init(&loop->submitted);
    loop->late_end = &loop->late;
    loop->lap_entries = 1;
    loop->slow_ns = eddy__ns_of_seconds(DEFAULT_SLOW);
    loop->thread = pthread_self();
    atomic_store(&loop->refs, 1);
}

static int open_parts(eddy_loop *loop, const eddy_loop_opts *opts)
{
    int backend = choose_backend(opts->backend);

    if (backend < 0)
        return backend;
    int r = configure(loop, opts);
    if (r < 0 || (r = open_backend(loop, backend)) < 0)
        return r;
    if ((r = eddy__inbox_open(loop)) < 0) {
        loop->backend->close(loop);
        return eddy__raise(r, "cannot make an eventfd: %s", eddy_status_message(r));
    }
    return 0;
}

int eddy__loop_open(eddy_loop *loop, const struct eddy__loop_client *client,
                    const eddy_loop_opts *opts)
{
    static const eddy_loop_opts defaults;

    init(loop);
    loop->client = client;
    int r = open_parts(loop, opts ? opts : &defaults);
    if (r < 0)
        return r;
    eddy__fork_register(loop);
    loop->now = loop->virtual_clock ? 0 : eddy__clock_now();
    return 0;
}

void eddy__guest_add(eddy_loop *loop, struct eddy__guest *guest)
{
    list_add_tail(&loop->guests, &guest->link);
}

struct eddy__guest *eddy__guest_find(const eddy_loop *loop,
                                     void (*close)(struct eddy__guest *guest))
{
    list_each(link, &loop->guests) {
        struct eddy__guest *guest = container_of(link, struct eddy__guest, link);

        if (guest->close == close)
            return guest;
    }
    return NULL;
}

static void close_guests(eddy_loop *loop)
{
    struct list *link;

    while ((link = list_take_first(&loop->guests))) {
        struct eddy__guest *guest = container_of(link, struct eddy__guest, link);

        guest->close(guest);
    }
}

void eddy__loop_shut(eddy_loop *loop)
{
    eddy__fork_forget(loop);
    close_guests(loop);
    eddy__ops_cancel(loop); /* threads that are in opens of FIFOs are not waited for */
    eddy__work_close(loop, 5 * NS_PER_SECOND);
    atomic_store(&loop->closed, true);
    eddy__inbox_close(loop);
    loop->backend->close(loop);
    eddy__calls_close(loop);
    eddy_free(loop->timers.entries);
    eddy_free(loop->ring);
    loop->timers = (struct eddy__timers){0};
    loop->ring = NULL;
    loop->ring_capacity = 0;
    loop->ring_head = loop->ring_tail = 0;
}

/* ---- running ---- */

eddy_loop *eddy_loop_running(void)
{
    return eddy__thread.loop;
}

bool eddy_loop_is_running(const eddy_loop *loop)
{
    return loop && loop->running;
}

const char *eddy_loop_backend(const eddy_loop *loop)
{
    return eddy__loop_given(loop, __func__) ? loop->backend->name : NULL;
}

void eddy_loop_stop(eddy_loop *loop)
{
    if (eddy__loop_check_thread(loop, __func__))
        loop->stopping = true;
}

/* ---- settings ---- */

int64_t eddy_loop_time_ns(const eddy_loop *loop)
{
    bool virtual_clock = eddy__loop_given(loop, __func__) && loop->virtual_clock;

    return virtual_clock ? loop->now : eddy__clock_now();
}

double eddy_loop_time(const eddy_loop *loop)
{
    return eddy__seconds_of_ns(eddy_loop_time_ns(loop));
}

double eddy_time(void)
{
    return eddy__thread.loop ? eddy_loop_time(eddy__thread.loop)
                             : eddy__seconds_of_ns(eddy__clock_now());
}

void eddy_loop_set_poll_hook(eddy_loop *loop, eddy_poll_hook *hook, void *arg)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    loop->poll_hook = hook;
    loop->poll_hook_arg = arg;
}

void eddy_loop_set_debug(eddy_loop *loop, bool on)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    loop->debug = on;
    loop->step_began = eddy__clock_now();
}

bool eddy_loop_debug(const eddy_loop *loop)
{
    return eddy__loop_given(loop, __func__) && loop->debug;
}

void eddy_loop_set_slow_callback_duration(eddy_loop *loop, double seconds)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    loop->slow_ns = isnan(seconds) ? NS_NEVER : eddy__ns_of_seconds(seconds);
}
