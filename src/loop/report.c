/* report.c - the exception handler: who is told of what nobody observed. */
#include "loop/loop.h"

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

static void print_aside(void *arg)
{
    const struct telling *telling = arg;
    eddy_loop *loop = telling->loop;
    const eddy_report *report = telling->report;
    char task[256] = "";

    if (loop && report->task && loop->describe_task)
        loop->describe_task(report->task, task, sizeof task);
    flockfile(stderr); /* other loops may report, too */
    fprintf(stderr, "eddy: %s%s%s\n", report->message, task[0] ? "\n  " : "", task);
    if (report->error)
        eddy_error_print(report->error);
    funlockfile(stderr);
}

void eddy_loop_default_exception_handler(eddy_loop *loop, const eddy_report *report)
{
    struct telling telling = {loop, report};

    eddy__aside(print_aside, &telling);
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

/* thread.bug: misuse is told to whoever hears of failures. */
static void report_bug(const char *message)
{
    eddy__report(eddy__thread.loop, &(eddy_report){.message = message,
                                                   .task = (eddy_task *)(void *)eddy__thread.fiber,
                                                   .error = eddy_last_error()});
}

int eddy__loop_enter(eddy_loop *loop)
{
    if (eddy__thread.loop)
        return eddy_raise(EDDY_ELOOP, "a loop is already running in this thread");
    if (!loop || !loop->backend_state)
        return eddy_raise(EDDY_ECLOSED, "Event loop is closed");
    if (loop->task_count && !pthread_equal(loop->thread, pthread_self()))
        return eddy_raise(EDDY_ELOOP, "the loop's tasks belong to another thread");
    loop->running = true;
    loop->thread = pthread_self();
    eddy__context_adopt(&loop->context);
    eddy__thread.loop = loop;
    eddy__thread.bug = report_bug;
    eddy__thread.task_name = loop->name_task;
    eddy__aside_enter(loop);
    return 0;
}

void eddy__loop_leave(eddy_loop *loop)
{
    loop->running = false;
    eddy__thread.loop = NULL;
    eddy__thread.bug = NULL;
    eddy__thread.task_name = NULL;
    eddy__thread.aside = NULL;
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
