/* coro_types.c - EDDY_CORO takes the types of the function's parameters. Compiles as C and C++, but
 * not with WRONG=1 to 6; run by tests/samples/run. */
#include <eddy.h>

typedef int callback(const char *, int);
typedef int (*callback_pointer)(void);
typedef int numbers[3];
struct pair {
    double a, b;
};
enum colour { RED, BLUE };

static int none(void)
{
    return 0;
}

/* What qualifies a parameter itself is no part of the function's type. */
static int qualified(const int n, char *const text, const char *volatile other)
{
    return n + (text == other);
}
EDDY_CORO(qualified, int, char *, const char *)

#ifndef __cplusplus
static int constant(int n)
{
    return n;
}
EDDY_CORO(constant, const int)
#endif

static int composed(struct pair pair, enum colour colour, const struct pair *const *pairs)
{
    return (int)pair.a + (colour == BLUE) + (pairs != NULL);
}
EDDY_CORO(composed, struct pair, enum colour, const struct pair *const *)

/* An array parameter is a pointer. */
static int arrays(int list[3], const numbers *all)
{
    return list[0] + (*all)[0];
}

static int functions(callback fn, callback_pointer other)
{
    return fn("", 1) + other();
}

static int cuts(long n, double d)
{
    return (int)n + (int)d;
}
static long returns_long(int n)
{
    return n;
}

#if WRONG == 1
EDDY_CORO(cuts, int, int)
#elif WRONG == 2
EDDY_CORO(cuts, long)
#elif WRONG == 3
EDDY_CORO(none, int)
#elif WRONG == 4
EDDY_CORO(arrays, const int *, numbers *)
#elif WRONG == 5
EDDY_CORO(returns_long, int)
#elif WRONG == 6
EDDY_CORO(functions, callback *, callback *)
#else
EDDY_CORO(cuts, long, double)
EDDY_CORO(none)
EDDY_CORO(arrays, int *, const numbers *)
EDDY_CORO(functions, callback *, callback_pointer)
#endif

int main(void)
{
    return (int)returns_long(0) + cuts(0, 0) + none();
}
