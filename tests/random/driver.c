/* driver.c - a random tester's main: runs programs until the time is over or one fails, and of that
 * one shows the fewest steps that fail.
 *
 *     NAME [-b uring|epoll] [--seconds S] [--count N] [--seed N] [--steps N] [--jobs N] [--limit S]
 *     NAME [-b uring|epoll] --seed N --only STEPS [--count N] [--here]
 *
 * Programs have 1 to --steps steps (100) and the seeds from --seed (1) on. With --only it is one
 * program, of these steps (1-3,7), run --count times; --here: in this process, for a debugger. Exit
 * status: 0, 1 when one failed, 77 when io_uring is refused here.
 */
#include "driver.h"
#include "process.h"

#include <errno.h>
#include <time.h>

/* ThreadSanitizer's shadow collides with address randomisation on recent kernels. */
#ifdef __SANITIZE_THREAD__
#define BEFORE "setarch -R "
#else
#define BEFORE ""
#endif

enum { LIMIT = 20, MINIMISING = 120, SECONDS = 10, STEPS = 100 };

static struct {
    const char *program, *backend, *only;
    double seconds, limit;
    unsigned long count;
    uint64_t seed;
    unsigned steps;
    int jobs;
    bool here;
} options = {.steps = STEPS, .seed = 1};

static struct {
    uint64_t programs, steps;
    double start, shown;
} done;

/* ---- programs ------------------------------------------------------------------------------ */

static void show_progress(void)
{
    double now = process_now();

    if (!isatty(STDERR_FILENO) || now < done.shown + 1)
        return;
    done.shown = now;
    fprintf(stderr, "\r%s: %llu programs, %llu steps, %.0f s ", options.program,
            (unsigned long long)done.programs, (unsigned long long)done.steps, now - done.start);
}

static bool next_program(void *arg, struct random_script *next)
{
    bool is_over = options.seconds > 0 && process_now() > done.start + options.seconds;

    (void)arg;
    if (is_over || (options.count && done.programs >= options.count))
        return false;
    *next = (struct random_script){.seed = options.seed};
    if (options.only) {
        random_steps_read(next, options.only);
    } else {
        struct random r = {.state = options.seed++};
        next->last = 1 + random_below(&r, options.steps);
        memset(next->is_run + 1, true, next->last);
    }
    done.programs++;
    done.steps += random_steps_count(next);
    return true;
}

/* ---- steps as text ------------------------------------------------------------------------- */

void random_steps_write(const struct random_script *script, FILE *out)
{
    const char *separator = "";

    if (!script->last)
        fputs("0", out);
    for (unsigned from = 1; from <= script->last; from++) {
        unsigned to = from;

        if (!script->is_run[from])
            continue;
        while (to < script->last && script->is_run[to + 1])
            to++;
        fprintf(out, to > from ? "%s%u-%u" : "%s%u", separator, from, to);
        separator = ",";
        from = to;
    }
}

bool random_steps_read(struct random_script *script, const char *text)
{
    char *end;

    do {
        unsigned long from = strtoul(text, &end, 10), to = from;
        bool is_range = *end == '-';
        if (is_range)
            to = strtoul(end + 1, &end, 10);
        if (end == text || to < from || to > RANDOM_STEPS_MAX)
            return false;
        for (unsigned long step = from; step <= to; step++)
            script->is_run[step] = step > 0;
        if (to > script->last)
            script->last = (unsigned)to;
        text = end + 1;
    } while (*end == ',');
    return !*end;
}

unsigned random_steps_count(const struct random_script *script)
{
    unsigned n = 0;

    for (unsigned step = 1; step <= script->last; step++)
        n += script->is_run[step];
    return n;
}

/* ---- reports ------------------------------------------------------------------------------- */

static void show_command(const struct random_script *script, unsigned times)
{
    printf("  " BEFORE "%s%s%s --seed %llu --only ", options.program, options.backend ? " -b " : "",
           options.backend ? options.backend : "", (unsigned long long)script->seed);
    random_steps_write(script, stdout);
    printf(" --count %u\n", times);
}

static const char *name(void)
{
    const char *slash = strrchr(options.program, '/');

    return slash ? slash + 1 : options.program;
}

static void show_failure(const struct random_failure *f)
{
    if (f->seconds > 0)
        printf("no end after %.0f s\n", f->seconds);
    else if (WIFSIGNALED(f->status))
        printf("killed by signal %d, %s\n", WTERMSIG(f->status), strsignal(WTERMSIG(f->status)));
    else
        printf("exit status %d\n", WEXITSTATUS(f->status));
    process_show_output(f->output);
    fflush(stdout);
}

/* A smallest one that hangs is run again with all its time, to see where it does. */
static void show_minimal(const struct random_way *way, struct random_failure *f)
{
    struct random_way quick = {way->jobs, way->limit / 4, false, way->tick};
    struct random_script first = f->script;
    unsigned tries;

    random_minimise(&quick, MINIMISING * process_time_factor(), f, &tries);
    if (!tries) {
        printf("it did not fail again; perhaps by:\n");
        show_command(&first, 1000);
        return;
    }
    struct random_script least = f->script;
    if (f->seconds > 0)
        random_repeat(way, &least, tries, INFINITY, f);
    printf("%u steps fail: ", random_steps_count(&least));
    show_failure(f);
    printf("again:\n");
    show_command(&least, tries);
}

static void show_sum(void)
{
    if (isatty(STDERR_FILENO))
        fprintf(stderr, "\r\033[K");
    printf("%s%s%s: %llu programs of %llu steps in %.0f s\n", options.program,
           options.backend ? " on " : "", options.backend ? options.backend : "",
           (unsigned long long)done.programs, (unsigned long long)done.steps,
           process_now() - done.start);
    fflush(stdout);
}

/* ---- main ---------------------------------------------------------------------------------- */

static _Noreturn void usage(void)
{
    fprintf(stderr,
            "usage: %s [-b uring|epoll] [--seconds S] [--count N] [--seed N] [--steps N] "
            "[--jobs N] [--limit S]\n"
            "       %s [-b uring|epoll] --seed N --only STEPS [--count N] [--here]\n",
            options.program, options.program);
    exit(2);
}

static void set_option(const char *name, const char *value)
{
    if (strcmp(name, "-b") == 0)
        options.backend = value;
    else if (strcmp(name, "--seconds") == 0)
        options.seconds = strtod(value, NULL);
    else if (strcmp(name, "--limit") == 0)
        options.limit = strtod(value, NULL);
    else if (strcmp(name, "--count") == 0)
        options.count = strtoul(value, NULL, 10);
    else if (strcmp(name, "--seed") == 0)
        options.seed = strtoull(value, NULL, 10);
    else if (strcmp(name, "--steps") == 0)
        options.steps = (unsigned)strtoul(value, NULL, 10);
    else if (strcmp(name, "--jobs") == 0)
        options.jobs = (int)strtol(value, NULL, 10);
    else if (strcmp(name, "--only") == 0)
        options.only = value;
    else
        usage();
}

static void parse_options(int argc, char **argv)
{
    struct random_script script = {0};

    options.program = argv[0];
    options.limit = LIMIT * process_time_factor();
    options.jobs = (int)sysconf(_SC_NPROCESSORS_ONLN);
    for (int i = 1; i < argc; i++)
        if (strcmp(argv[i], "--here") == 0)
            options.here = true;
        else if (i + 1 < argc)
            set_option(argv[i], argv[i + 1]), i++;
        else
            usage();
    if (options.jobs < 1 || options.limit <= 0 || options.steps < 1 ||
        options.steps > RANDOM_STEPS_MAX ||
        (options.only && !random_steps_read(&script, options.only)))
        usage();
    if (!options.count && options.only)
        options.count = 1;
    if (!options.count && options.seconds <= 0)
        options.seconds = SECONDS;
}

static int run_all(void)
{
    struct random_way way = {options.jobs, options.limit, true, show_progress};
    struct random_failure failure;

    bool failed = random_run(&way, next_program, NULL, &failure);
    show_sum();
    if (!failed)
        return 0;
    printf("FAIL random_%s: ", name());
    show_failure(&failure);
    show_command(&failure.script, 1);
    if (!options.only)
        show_minimal(&way, &failure);
    return 1;
}

int main(int argc, char **argv)
{
    process_begin(argv);
    parse_options(argc, argv);
    if (options.backend && strcmp(options.backend, "uring") == 0 && process_uring_is_refused()) {
        printf("io_uring is refused here: %s\n", strerror(errno));
        return 77;
    }
    if (options.backend)
        setenv("EDDY_BACKEND", options.backend, 1);
    done.start = process_now();
    if (!options.here)
        return run_all();
    bool good = true;
    for (struct random_script script; good && next_program(NULL, &script);) {
        good = random_run_here(&script);
        random_folder_remove(getpid());
    }
    return !good;
}
