/* random.h - a small generator (minstd) that gives the same numbers everywhere. */
#ifndef RANDOM_H
#define RANDOM_H

#include <stdint.h>

struct random {
    int64_t state;
};

static inline int64_t random_next(struct random *random)
{
    random->state = random->state * 48271 % 2147483647;
    return random->state;
}

/* low … high */
static inline int random_int(struct random *random, int low, int high)
{
    return low + (int)(random_next(random) % (high - low + 1));
}

/* low, low + step, … high */
static inline double random_uniform(struct random *random, double low, double high, double step)
{
    int64_t points = (int64_t)((high - low) / step + 0.5) + 1;

    return low + step * (double)(random_next(random) % points);
}

#endif
