/* scope.h - blocks that bound what runs inside them: timeouts and shields.
 *
 *     eddy_timeout(2.0) { … }        suspending calls inside return EDDY_ETIMEDOUT after 2 s
 *     eddy_shield(5.0) { … }         clean-up: cancellation waits outside, at most 5 s
 *
 * The body runs once; break and continue leave it, return is fine. When the task is both cancelled
 * and out of time, suspending calls return EDDY_ECANCELED. Outside a task a scope has no effect.
 *
 * Seconds may be computed, as a deadline less eddy_time(). A negative duration counts as 0,
 * INFINITY is no limit, and inside a scope of NaN seconds suspending calls return EDDY_EINVAL. A
 * scope expires while the task waits: with 0 seconds, too, calls that need not wait succeed until
 * one must, and that one may have begun its work, such as a child process, which it then ends.
 *
 * Clean-up follows a failure, and must not hide it: when a shield is left, eddy_last_error() is
 * again what it was before, if it was anything. What fails inside is looked at inside. */
#ifndef EDDY_SCOPE_H
#define EDDY_SCOPE_H

#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* Its fields belong to the library. */
typedef struct eddy_scope {
    eddy_timer_ timer;
    struct eddy_scope *outer;
    struct eddy_scope *inner;
    eddy_task *task;
    void *error; /* a shield's: the record to restore */
    int status;  /* what suspending calls inside return, 0: nothing */
    bool shield;
    bool expired;
} eddy_scope;

/* What the macros call. Entering makes the scope the innermost one of the running task. */
EDDY_API void eddy_scope_enter(eddy_scope *scope, double seconds);
EDDY_API void eddy_scope_enter_shield(eddy_scope *scope, double seconds);
EDDY_API void eddy_scope_leave(eddy_scope *scope);

/* Whether the deadline of this very scope has passed while it was entered; also answers after it
 * was left. Does not suspend. */
EDDY_API bool eddy_scope_expired(const eddy_scope *scope);

/* A new deadline, seconds from now (INFINITY: none). EDDY_EINVAL for NaN, EDDY_ECLOSED for a scope
 * that was left, EDDY_ETIMEDOUT for one that has expired. Does not suspend. */
EDDY_API int eddy_scope_reschedule(eddy_scope *scope, double seconds);

/* When the caller will be out of time, on the clock of eddy_loop_time: the earliest deadline of the
 * scopes around it, outwards up to the first shield. INFINITY when there is none. */
EDDY_API double eddy_deadline(void);

static inline void eddy_scope_leave_pointer_(eddy_scope **scope)
{
    eddy_scope_leave(*scope);
}

EDDY_END_DECLS

#define eddy_scope_block_(v, once, seconds, enter)                                                 \
    for (eddy_scope v __attribute__((cleanup(eddy_scope_leave))) = {0},                            \
                      *once = (enter(&v, seconds), &v);                                            \
         once; once = NULL)
#define eddy_scope_block_as_(v, once, scope, seconds)                                              \
    for (eddy_scope * v __attribute__((cleanup(eddy_scope_leave_pointer_))) =                      \
             (eddy_scope_enter(&(scope), seconds), &(scope)),                                      \
                        *once = v;                                                                 \
         once; once = NULL)
#define eddy_unique_(prefix, n) EDDY_CAT(prefix, n)
#define eddy_timeout_(seconds, n)                                                                  \
    eddy_scope_block_(eddy_unique_(eddy_s_, n), eddy_unique_(eddy_o_, n), seconds, eddy_scope_enter)
#define eddy_shield_(seconds, n)                                                                   \
    eddy_scope_block_(eddy_unique_(eddy_s_, n), eddy_unique_(eddy_o_, n), seconds,                 \
                      eddy_scope_enter_shield)
#define eddy_timeout_as_(scope, seconds, n)                                                        \
    eddy_scope_block_as_(eddy_unique_(eddy_s_, n), eddy_unique_(eddy_o_, n), scope, seconds)

#define eddy_timeout(seconds) eddy_timeout_(seconds, __COUNTER__)
#define eddy_shield(seconds) eddy_shield_(seconds, __COUNTER__)

/* eddy_scope limit;
 * eddy_timeout_as(limit, 2.0) { … }
 * if (eddy_scope_expired(&limit)) … */
#define eddy_timeout_as(scope, seconds) eddy_timeout_as_(scope, seconds, __COUNTER__)

#endif
