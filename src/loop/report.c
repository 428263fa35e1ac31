/* report.c - the exception handler: who is told of what nobody observed. */
#include "loop/parts.h"

#include <stdlib.h>
#include <unistd.h>

struct telling {
    eddy_loop *loop;
    const eddy_report *report;
};

/* On a stack that others will need a handler must not suspend: it is outside tasks there. */
static void tell_aside(void *arg)
{
    const struct telling *telling = arg;
    eddy_loop *loop = telling->loop;
    struct eddy__fiber *fiber = eddy__thread.fiber;

    if (eddy__thread.aside_from)
        eddy__thread.fiber = NULL;
    if (loop && loop->handler)
        loop->handler(loop, telling->report, loop->handler_arg);
    else
        eddy_loop_default_exception_handler(loop, telling->report);
    if (eddy__thread.aside_from)
        eddy__thread.fiber = fiber;
}

void eddy__report(eddy_loop *loop, const eddy_report *report)
{
    struct telling telling = {loop, report};

    eddy__aside(tell_aside, &telling);
}

static void report_print_aside(void *arg)
{
    const struct telling *telling = arg;
    eddy_loop *loop = telling->loop;
    const eddy_report *report = telling->report;
    char task[256] = "";

    if (loop && report->task)
        loop->client->describe(report->task, task, sizeof task);
    flockfile(stderr); /* other loops may report, too */
    fprintf(stderr, "eddy: %s%s%s\n", report->message, task[0] ? "\n  " : "", task);
    if (report->error)
        eddy_error_print(report->error);
    funlockfile(stderr);
}

void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_report *report)
{
    struct telling telling = {loop, report};

    eddy__aside(report_print_aside, &telling);
}

void eddy_loop_set_exception_handler(eddy_loop *loop, eddy_exception_handler *handler, void *arg)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    loop->handler = handler;
    loop->handler_arg = arg;
}

void eddy_loop_call_exception_handler(eddy_loop *loop, const eddy_report *report)
{
    if (eddy__loop_check_thread(loop, __func__))
        eddy__report(loop, report);
}

void eddy__report_bug(const char *message)
{
    eddy__report(eddy__thread.loop, &(eddy_report){.message = message,
                                                   .task = (eddy_task *)(void *)eddy__thread.fiber,
                                                   .error = eddy_last_error()});
}

bool eddy__loop_missing(const char *function)
{
    eddy__bug(EDDY_ELOOP,
              "%s: the loop is NULL; eddy_loop_running() gives the loop only while it runs",
              function);
    return false;
}

bool eddy__loop_is_ours(const eddy_loop *loop, const char *function)
{
    if (!loop->running || pthread_equal(loop->thread, pthread_self()))
        return true;
    eddy__bug(EDDY_ELOOP,
              "%s was called from another thread than the loop's: "
              "use eddy_loop_call_soon_threadsafe",
              function);
    return false;
}
