/* coro.h - coroutine objects: a function and its arguments as one value.
 *
 *     static int fetch(const char *url, struct page *out);
 *     EDDY_CORO(fetch, const char *, struct page *)
 *
 * makes fetch_coro(url, out), an eddy_coro that owns nothing: it may be run, started as a task,
 * gathered, given to a group, a timeout or a thread, or dropped. The function returns int. For one
 * without parameters it is EDDY_CORO(fetch). Arguments are copied into it and again to the task's
 * own stack: at most 8, together at most 64 bytes; arrays and function pointers through a typedef.
 * The types are those of the function's parameters, or it does not compile. */
#ifndef EDDY_CORO_H
#define EDDY_CORO_H

#include <eddy/base.h>

typedef struct eddy_coro {
    int (*run)(const void *args);
    const char *name;
    unsigned char args[64];
} eddy_coro;

EDDY_BEGIN_DECLS

/* A coroutine object of fn(pointer), for bindings and generic code. Name is not copied. */
EDDY_API eddy_coro eddy_coro_of(int (*fn)(void *), void *pointer);

/* Runs coro in the current task, by calling its function: for code that is given a coroutine
 * object. A coroutine that is given one takes a pointer to it, since it does not fit into
 * another. */
static inline EDDY_SUSPENDS int eddy_call(const eddy_coro *coro)
{
    return coro->run(coro->args);
}

EDDY_END_DECLS

#define EDDY_CORO(...) EDDY_CAT(EDDY_CORO_, EDDY_COUNT(__VA_ARGS__))(__VA_ARGS__)

#define EDDY_COUNT(...) EDDY_COUNT_(__VA_ARGS__, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)
#define EDDY_COUNT_(a, b, c, d, e, f, g, h, i, n, ...) n
#define EDDY_L(...)                                                                                \
    {                                                                                              \
        __VA_ARGS__                                                                                \
    }

#define EDDY_CORO_1(fn) EDDY_CORO_(fn, (void), char p0;, {0}, ())
#define EDDY_CORO_2(fn, A) EDDY_CORO_(fn, (A p1), A p1;, {p1}, (a.p1))
#define EDDY_CORO_3(fn, A, B)                                                                      \
    EDDY_CORO_(fn, (A p1, B p2), A p1; B p2;, EDDY_L(p1, p2), (a.p1, a.p2))
#define EDDY_CORO_4(fn, A, B, C)                                                                   \
    EDDY_CORO_(fn, (A p1, B p2, C p3), A p1; B p2; C p3;, EDDY_L(p1, p2, p3), (a.p1, a.p2, a.p3))
#define EDDY_CORO_5(fn, A, B, C, D)                                                                \
    EDDY_CORO_(fn, (A p1, B p2, C p3, D p4), A p1; B p2; C p3; D p4;, EDDY_L(p1, p2, p3, p4),      \
               (a.p1, a.p2, a.p3, a.p4))
#define EDDY_CORO_6(fn, A, B, C, D, E)                                                             \
    EDDY_CORO_(fn, (A p1, B p2, C p3, D p4, E p5), A p1; B p2; C p3; D p4; E p5;,                  \
               EDDY_L(p1, p2, p3, p4, p5), (a.p1, a.p2, a.p3, a.p4, a.p5))
#define EDDY_CORO_7(fn, A, B, C, D, E, F)                                                          \
    EDDY_CORO_(fn, (A p1, B p2, C p3, D p4, E p5, F p6), A p1; B p2; C p3; D p4; E p5; F p6;,      \
               EDDY_L(p1, p2, p3, p4, p5, p6), (a.p1, a.p2, a.p3, a.p4, a.p5, a.p6))
#define EDDY_CORO_8(fn, A, B, C, D, E, F, G)                                                       \
    EDDY_CORO_(fn, (A p1, B p2, C p3, D p4, E p5, F p6, G p7), A p1; B p2; C p3; D p4; E p5;       \
               F p6; G p7;, EDDY_L(p1, p2, p3, p4, p5, p6, p7),                                    \
               (a.p1, a.p2, a.p3, a.p4, a.p5, a.p6, a.p7))
#define EDDY_CORO_9(fn, A, B, C, D, E, F, G, H)                                                    \
    EDDY_CORO_(fn, (A p1, B p2, C p3, D p4, E p5, F p6, G p7, H p8), A p1; B p2; C p3; D p4;       \
               E p5; F p6; G p7; H p8;, EDDY_L(p1, p2, p3, p4, p5, p6, p7, p8),                    \
               (a.p1, a.p2, a.p3, a.p4, a.p5, a.p6, a.p7, a.p8))

#define EDDY_CORO_TYPES_(fn)                                                                       \
#fn ": EDDY_CORO has other types than the function, or it returns no int"
#ifdef __cplusplus
#define EDDY_STATIC_ASSERT_ static_assert
#define EDDY_CORO_CHECK_(fn, params)                                                               \
    static_assert(sizeof(static_cast<int(*) params>(fn)) > 0, EDDY_CORO_TYPES_(fn));
#else
#define EDDY_STATIC_ASSERT_ _Static_assert
#define EDDY_CORO_CHECK_(fn, params)                                                               \
    _Static_assert(__builtin_types_compatible_p(__typeof__(*fn), int params), EDDY_CORO_TYPES_(fn));
#endif

#define EDDY_CORO_(fn, params, fields, values, invoke)                                             \
    EDDY_CORO_CHECK_(fn, params)                                                                   \
    struct fn##_args_ {                                                                            \
        fields                                                                                     \
    };                                                                                             \
    EDDY_STATIC_ASSERT_(sizeof(struct fn##_args_) <= sizeof(((eddy_coro *)0)->args),               \
                        #fn ": arguments do not fit in an eddy_coro, pass a pointer");             \
    static int fn##_run_(const void *args)                                                         \
    {                                                                                              \
        struct fn##_args_ a;                                                                       \
        memcpy(&a, args, sizeof a);                                                                \
        (void)a;                                                                                   \
        return fn invoke;                                                                          \
    }                                                                                              \
    __attribute__((unused)) static inline eddy_coro fn##_coro params                               \
    {                                                                                              \
        struct fn##_args_ a = values;                                                              \
        eddy_coro coro = {fn##_run_, #fn, {0}};                                                    \
        memcpy(coro.args, &a, sizeof a);                                                           \
        return coro;                                                                               \
    }

#endif
