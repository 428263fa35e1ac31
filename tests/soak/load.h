/* load.h - what the clients of a soak share: so many users, each of which does one thing after the
 * other until the time is over. A client is called: client PORT CONNECTIONS SECONDS SEED [ROOTS].
 * It prints what it has counted; with SOAK_PROGRESS set a line to standard error each second. */
#ifndef SOAK_LOAD_H
#define SOAK_LOAD_H

#include <math.h>

static const double MAX_THINK = 2;
enum { ADDRESSES = 32 }; /* to connect from, 127.0.0.2 and up: each has its own ports */

static struct {
    int port;
    unsigned users;
    double seconds;
    uint64_t seed;
    const char *roots; /* NULL: in the clear */
    double think;      /* mean seconds between messages */
} load;

static struct {
    unsigned long opened;
    unsigned long closed;
    unsigned long not_opened; /* hasty ones that may have been accepted none the less */
    unsigned long failed;
} counts;

static double end_at;

/* What a user does next, and which plan that is. The client defines it. */
static int visit_next(unsigned index, enum plan *plan, uint64_t *random);

static double fraction(uint64_t *random)
{
    return (double)(random_next(random) >> 11) * 0x1p-53;
}

static eddy_stream *connect_from(unsigned index, const char *roots)
{
    char from[16];

    snprintf(from, sizeof from, "127.0.0.%u", 2 + index % ADDRESSES);
    return eddy_connect("127.0.0.1", .port = load.port, .local_host = from, .tls = roots,
                        .tls_opts.ca_file = roots);
}

static void note_failure(enum plan plan, int status)
{
    if (counts.failed++ < 20) {
        fprintf(stderr, "client: %s: %s\n", plan < PLAN_COUNT ? plan_names[plan] : "-",
                eddy_status_name(status));
        eddy_error_print(eddy_last_error());
    }
}

static int use(unsigned index)
{
    uint64_t random = load.seed * 1000003 + index;

    eddy_try(eddy_sleep(load.seconds / 10 * fraction(&random)));
    while (eddy_loop_time(eddy_loop_running()) < end_at) {
        enum plan plan = PLAN_COUNT;
        int status = visit_next(index, &plan, &random);

        if (status < 0)
            note_failure(plan, status);
    }
    return 0;
}
EDDY_CORO(use, unsigned)

static int show_progress(void)
{
    for (;;) {
        double left = end_at - eddy_loop_time(eddy_loop_running());

        fprintf(stderr, "\r%5.0f s left, %lu connections open, %lu closed, %lu failures \033[K",
                left > 0 ? left : 0.0, counts.opened - counts.closed, counts.closed, counts.failed);
        eddy_try(eddy_sleep(1));
    }
}
EDDY_CORO(show_progress)

static int run_load(void)
{
    eddy_auto(eddy_task) *progress = NULL;
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    end_at = eddy_loop_time(eddy_loop_running()) + load.seconds;
    if (getenv("SOAK_PROGRESS"))
        progress = eddy_try(eddy_create_task(show_progress_coro()));
    for (unsigned i = 0; i < load.users; i++)
        eddy_try(eddy_group_start(group, use_coro(i)));
    return eddy_group_join(group);
}
EDDY_CORO(run_load)

static int run_client(int argc, char **argv)
{
    if (argc < 5)
        return 2;
    load.port = (int)strtol(argv[1], NULL, 10);
    load.users = (unsigned)strtoul(argv[2], NULL, 10);
    load.seconds = strtod(argv[3], NULL);
    load.seed = strtoull(argv[4], NULL, 10);
    load.roots = argv[5];
    load.think = fmin(load.seconds / 60, MAX_THINK);
    int status = run_counted(run_load_coro());

    printf("opened %lu\nclosed %lu\nnot_opened %lu\nfailed %lu\n", counts.opened, counts.closed,
           counts.not_opened, counts.failed);
    return status < 0;
}

#endif
