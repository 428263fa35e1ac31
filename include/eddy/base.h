/* base.h - the words every other header uses: visibility, eddy_try, eddy_auto, places. */
#ifndef EDDY_BASE_H
#define EDDY_BASE_H

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#define EDDY_VERSION "0.1.0"

#define EDDY_API __attribute__((visibility("default")))

/* A function so marked may suspend its task. Dropping its result drops a cancellation, so the
 * compiler warns about it; deliberate disregard is spelled eddy_ignore(x). */
#define EDDY_SUSPENDS __attribute__((warn_unused_result))

#define EDDY_CAT_(a, b) a##b
#define EDDY_CAT(a, b) EDDY_CAT_(a, b)

/* A place in the source, for error records and "started at" in reports. */
typedef struct eddy_place {
    const char *file;
    const char *function;
    int line;
} eddy_place;

#define EDDY_HERE                                                                                  \
    __extension__({                                                                                \
        static const eddy_place eddy_place_ = {__FILE__, __func__, __LINE__};                      \
        &eddy_place_;                                                                              \
    })

#ifdef __cplusplus
#define EDDY_BEGIN_DECLS extern "C" {
#define EDDY_END_DECLS }
#else
#define EDDY_BEGIN_DECLS
#define EDDY_END_DECLS
#endif

EDDY_BEGIN_DECLS

/* The code of the current task's last error record, 0 when there is none. Does not suspend. */
EDDY_API int eddy_last_status(void);

/* Said by a hidden return: this place of the program has met the current task's failure, code. Its
 * record keeps the first one. */
EDDY_API void eddy_error_met_(const eddy_place *place, int code) __attribute__((cold));
static inline int eddy_met_(const eddy_place *place, int code)
{
    if (place)
        eddy_error_met_(place, code);
    return code;
}

static inline bool eddy_failed_int_(int v)
{
    return v < 0;
}
static inline bool eddy_failed_long_(long v)
{
    return v < 0;
}
static inline bool eddy_failed_pointer_(const void *v)
{
    return v == NULL;
}
static inline int eddy_status_int_(int v)
{
    return v;
}
static inline int eddy_status_long_(long v)
{
    return (int)v;
}
static inline int eddy_status_pointer_(const void *v)
{
    int status = eddy_last_status();

    (void)v;
    return status < 0 ? status : -ENOMEM; /* there was no memory for a record */
}

EDDY_END_DECLS

#define eddy_failed_(v)                                                                            \
    _Generic((v), int: eddy_failed_int_, long: eddy_failed_long_, default: eddy_failed_pointer_)(v)
#define eddy_status_(v)                                                                            \
    _Generic((v), int: eddy_status_int_, long: eddy_status_long_, default: eddy_status_pointer_)(v)

/* eddy_try(x) evaluates x: an int or ssize_t, which has failed when it is negative, or a pointer,
 * which has when it is NULL. When x failed, the enclosing function, one that returns int or
 * ssize_t, returns its code; otherwise eddy_try has x's value. At most one in a statement. A
 * failure that a function of the library reports has the place of the first eddy_try that it comes
 * through. */
#define eddy_try(expr) eddy_try_(expr, EDDY_HERE)
#define eddy_try_(expr, place)                                                                     \
    __extension__({                                                                                \
        __auto_type eddy_value_ = (expr);                                                          \
        if (__builtin_expect(eddy_failed_(eddy_value_), 0))                                        \
            return eddy_met_(place, eddy_status_(eddy_value_));                                    \
        eddy_value_;                                                                               \
    })

/* Says that a failure does not matter here. */
#define eddy_ignore(expr) ((void)!(expr))

/* eddy_auto(eddy_stream) *s = …; closes s at the end of the block; of several the last one first.
 * eddy_take(s) takes it out of that: it has the value of s, and s is NULL from then on. Of types
 * that begin as {0} (eddy_output, eddy_process_result) it is the variable itself, without *:
 * eddy_auto(eddy_output) out = {0}; */
#define eddy_auto(type) __attribute__((cleanup(type##_autoclose), unused)) type
#define eddy_take(pointer)                                                                         \
    __extension__({                                                                                \
        __auto_type eddy_taken_ = (pointer);                                                       \
        (pointer) = NULL;                                                                          \
        eddy_taken_;                                                                               \
    })

/* Makes eddy_auto work for a type of yours, which has a name of one word (a typedef for a struct):
 * close takes a pointer to it or NULL, and returns nothing. */
#define EDDY_AUTOCLOSE(type, close)                                                                \
    static inline __attribute__((unused)) void type##_autoclose(type **p)                          \
    {                                                                                              \
        close(*p);                                                                                 \
    }

#endif
