/* minimise.c - which steps of a program that failed are needed for it to fail. */
#include "driver.h"
#include "process.h"

enum {
    TRIES_FIRST = 200, /* to see it fail again */
    TRIES_MORE = 3,    /* as many times as that took, a program without a step is tried */
    TRIES_LEAST = 4,
};

struct search {
    const struct random_way *way;
    struct random_failure *failure;
    double deadline;
    unsigned tries;
};

struct repeated {
    const struct random_script *script;
    unsigned left;
    double deadline;
};

static bool same_again(void *arg, struct random_script *next)
{
    struct repeated *r = arg;

    if (!r->left || process_now() > r->deadline)
        return false;
    r->left--;
    *next = *r->script;
    return true;
}

unsigned random_repeat(const struct random_way *way, const struct random_script *script,
                       unsigned times, double deadline, struct random_failure *failure)
{
    struct repeated again = {script, times, deadline};
    struct random_failure new;

    if (!random_run(way, same_again, &again, &new))
        return 0;
    close(failure->output);
    *failure = new;
    return times - again.left;
}

/* -> whether the script fails, which is the failure from then on. */
static bool fails(struct search *s, const struct random_script *script)
{
    return random_repeat(s->way, script, s->tries, s->deadline, s->failure) != 0;
}

static void find_last(struct random_script *script)
{
    while (script->last && !script->is_run[script->last])
        script->last--;
}

/* Without the steps after `last`. */
static bool is_enough_until(struct search *s, unsigned last)
{
    struct random_script script = s->failure->script;

    script.last = last;
    find_last(&script);
    return fails(s, &script);
}

/* Halves the distance between a number of steps that is too small and one that is enough. */
static void shorten(struct search *s)
{
    unsigned too_few = 0;

    if (is_enough_until(s, 0))
        return;
    while (s->failure->script.last > too_few + 1) {
        unsigned middle = too_few + (s->failure->script.last - too_few) / 2;
        if (!is_enough_until(s, middle))
            too_few = middle;
    }
}

/* Leaves out `size` of the steps that are left, wherever the program fails without them. -> whether
 * it did. */
static bool leave_out(struct search *s, unsigned size)
{
    bool did = false;
    unsigned from = 1;

    while (from <= s->failure->script.last && process_now() < s->deadline) {
        struct random_script script = s->failure->script;
        unsigned n = 0, step = from;

        for (; step <= script.last && n < size; step++)
            if (script.is_run[step]) {
                script.is_run[step] = false;
                n++;
            }
        find_last(&script);
        did |= n && fails(s, &script);
        from = step;
    }
    return did;
}

void random_minimise(const struct random_way *way, double seconds, struct random_failure *failure,
                     unsigned *tries)
{
    struct search s = {way, failure, process_now() + seconds, 0};
    struct random_script script = failure->script;
    unsigned first = random_repeat(way, &script, TRIES_FIRST, s.deadline, failure);

    *tries = 0;
    if (!first)
        return;
    s.tries = TRIES_MORE * first;
    if (s.tries < TRIES_LEAST)
        s.tries = TRIES_LEAST;
    *tries = s.tries;
    shorten(&s);
    for (unsigned size = random_steps_count(&failure->script); size;)
        if (!leave_out(&s, size) || size > 1)
            size /= 2;
}
