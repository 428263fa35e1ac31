/* reports.h - what the tests of tasks share: the order of events, what the loop's exception
 * handler was told, what a record says. */
#ifndef REPORTS_H
#define REPORTS_H

#include "test.h"

#include "task/task.h"

/* ---- reports ---- */

struct reports {
    int count;
    int status; /* of the last one's record */
    char message[300];
    char task[200]; /* "'Task-2' (fails), started at test_task.c:12" */
};

static inline void reports_note(eddy_loop *loop, const eddy_report *report, void *arg)
{
    struct reports *reports = arg;

    (void)loop;
    reports->count++;
    reports->status = eddy_error_code(report->error);
    snprintf(reports->message, sizeof reports->message, "%s", report->message);
    reports->task[0] = '\0';
    if (report->task)
        eddy__task_describe(report->task, reports->task, sizeof reports->task);
}

/* From now on, until the loop ends: the struct must live as long, so make it static. */
static inline void reports_listen(struct reports *reports)
{
    *reports = (struct reports){0};
    eddy_loop_set_exception_handler(eddy_loop_running(), reports_note, reports);
}

#define CHECK_CONTAINS(text, part)                                                                 \
    (strstr((text), (part)) ? (void)0                                                              \
                            : test_fail(__FILE__, __LINE__, "no \"%s\" in:\n%s", (part), (text)))

/* ---- records ---- */

/* What the current task's record says, whole. */
static inline const char *last_text(void)
{
    static char text[4096];

    eddy_error_format(eddy_last_error(), text, sizeof text);
    return text;
}

static inline const char *last_message(void)
{
    return eddy_error_message(eddy_last_error());
}

/* How many failures hang on a record. */
static inline int failures(const eddy_error *error)
{
    int n = 0;

    for (; error && n < 100; error = eddy_error_next(error))
        n++;
    return n;
}

/* ---- order ---- */

struct notes {
    int n;
    int list[32];
};

static inline void note(struct notes *notes, int what)
{
    CHECK(notes->n < 32);
    notes->list[notes->n++] = what;
}

/* The notes as a number in decimal digits: 1, 2, 3 is 123. */
static inline long noted(const struct notes *notes)
{
    long number = 0;

    for (int i = 0; i < notes->n; i++)
        number = 10 * number + notes->list[i];
    return number;
}

/* First line of a test of an order that a seed shuffles on purpose. */
#define NEEDS_ORDER()                                                                              \
    do {                                                                                           \
        const char *seed = getenv("EDDY_SEED");                                                    \
        if (seed && strtol(seed, NULL, 10) != 0)                                                   \
            SKIP("the order is shuffled");                                                         \
    } while (0)

/* Lets everybody else run as often; with a seed perhaps once less. */
static inline void turns(int n)
{
    while (n-- > 0)
        eddy_ignore(eddy_sleep(0));
}

/* Lets everybody else run until nobody can: the virtual clock stands still meanwhile. */
static inline void settle(void)
{
    eddy_ignore(eddy_sleep(1e-9));
}

/* ---- coroutines ---- */

static inline int sleeps(double seconds)
{
    return eddy_sleep(seconds);
}
EDDY_CORO(sleeps, double)

static inline int returns(int status)
{
    return status;
}
EDDY_CORO(returns, int)

static inline int fails_after(double seconds, int code)
{
    eddy_try(eddy_sleep(seconds));
    return eddy_raise(code, "failed after %g s", seconds);
}
EDDY_CORO(fails_after, double, int)

/* Ignores its cancellation: ends well after so many seconds, whatever happens. */
static inline int stubborn(double seconds, int status)
{
    eddy_shield(INFINITY)
        eddy_ignore(eddy_sleep(seconds));
    return status;
}
EDDY_CORO(stubborn, double, int)

#endif
