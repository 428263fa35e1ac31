/* random.c - what a random tester calls: numbers, steps, words. */
#include "random.h"
#include "driver.h"

#include <stdarg.h>

const struct random_script *random_script;

/* A splitmix64: every state is a good one, so a stream is made of any number. */
static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

uint64_t random_bits(struct random *r)
{
    r->state += 0x9e3779b97f4a7c15u;
    return mix(r->state);
}

static void go_to(struct random *r, unsigned step)
{
    r->step = step;
    r->state = mix(mix(r->seed) + step);
}

struct random random_begin(const struct random_script *script)
{
    struct random r = {.seed = script->seed};

    random_script = script;
    go_to(&r, 0);
    return r;
}

bool random_step(struct random *r)
{
    unsigned step = r->step + 1;

    while (step <= random_script->last && !random_script->is_run[step])
        step++;
    bool more = step <= random_script->last;
    go_to(r, more ? step : RANDOM_STEPS_MAX + 1);
    return more;
}

struct random random_branch(struct random *r)
{
    uint64_t seed = random_bits(r);

    return (struct random){.state = seed, .seed = seed, .step = r->step};
}

unsigned random_below(struct random *r, unsigned n)
{
    return (unsigned)(((random_bits(r) >> 32) * n) >> 32);
}

int random_between(struct random *r, int least, int most)
{
    return least + (int)random_below(r, (unsigned)(most - least) + 1);
}

double random_real(struct random *r)
{
    return (double)(random_bits(r) >> 11) * 0x1p-53;
}

bool random_percent(struct random *r, unsigned percent)
{
    return random_below(r, 100) < percent;
}

void random_bytes(struct random *r, void *bytes, size_t size)
{
    unsigned char *p = bytes;

    for (size_t i = 0; i < size; i++)
        p[i] = (unsigned char)(random_bits(r) >> 56);
}

static void say(const struct random *r, const char *result, const char *why, const char *format,
                va_list args)
{
    char text[512];

    vsnprintf(text, sizeof text, format, args);
    if (r->step > RANDOM_STEPS_MAX)
        dprintf(STDERR_FILENO, "%sat the end: %s%s\n", result, why, text);
    else
        dprintf(STDERR_FILENO, "%sstep %u: %s%s\n", result, r->step, why, text);
}

void random_note(const struct random *r, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(r, "", "", format, args);
    va_end(args);
}

void random_fail_because(const struct random *r, const char *why, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    say(r, "BROKEN, ", why, format, args);
    va_end(args);
    fflush(NULL);
    _exit(1);
}
