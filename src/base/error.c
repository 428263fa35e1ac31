/* error.c - error records: making, keeping, taking over. error_format.c has what they look like. */
#include "base/error.h"

#include "base/alloc.h"
#include "base/error_record.h"
#include "base/thread.h"
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>

static struct eddy__fiber_head *fiber(void)
{
    return (struct eddy__fiber_head *)(void *)eddy__thread.fiber;
}

static eddy_error **error_slot(void)
{
    return fiber() ? &fiber()->error : &eddy__thread.error;
}

eddy_error *eddy__error_ref(eddy_error *error)
{
    if (error)
        atomic_fetch_add_explicit(&error->refs, 1, memory_order_relaxed);
    return error;
}

/* True when that was the last reference. Who holds the only one need not count atomically. */
static bool dropped_last(eddy_error *error)
{
    return atomic_load_explicit(&error->refs, memory_order_acquire) == 1 ||
           atomic_fetch_sub_explicit(&error->refs, 1, memory_order_acq_rel) == 1;
}

/* Without recursion: lists and ways may be longer than a small stack takes. Those to be freed hang
 * on each other by next, which has been followed already. */
void eddy__error_unref(eddy_error *error)
{
    eddy_error *dead = NULL;

    for (;;) {
        while (error && dropped_last(error)) {
            eddy_error *next = error->next;

            error->next = dead;
            dead = error;
            error = next;
        }
        if (!dead)
            return;
        eddy_error *gone = dead;
        dead = gone->next;
        error = gone->inner;
        eddy_free(gone);
    }
}

/* ---- the record of a thread outside tasks goes with the thread ---- */

static pthread_key_t thread_key;
static bool have_key;

static void thread_ends(void *arg)
{
    struct eddy__thread *thread = arg;

    eddy__error_unref(thread->error);
    thread->error = NULL;
}

static void make_key(void)
{
    have_key = pthread_key_create(&thread_key, thread_ends) == 0;
}

static void keep_until_thread_ends(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, make_key);
    if (have_key)
        pthread_setspecific(thread_key, &eddy__thread);
}

/* ---- the record of what runs ---- */

eddy_error *eddy__error_take(void)
{
    eddy_error *error = *error_slot();

    *error_slot() = NULL;
    return error;
}

void eddy__error_put(eddy_error *error)
{
    eddy_error *old = *error_slot();

    *error_slot() = error;
    if (error && !eddy__thread.fiber)
        keep_until_thread_ends();
    eddy__error_unref(old);
}

void eddy_error_clear(void)
{
    eddy__error_put(NULL);
}

/* The return addresses of the running task's frames; outside tasks the stack's bounds are unknown.
 * The frame pointers of code that was compiled without them are garbage, so each must lie above the
 * last and below the stack's top; what is read may be anything, also what a sanitizer forbids. */
static READS_STACK unsigned error_walk(void **frames, unsigned max)
{
    uintptr_t top = fiber() ? (uintptr_t)fiber()->stack_top : 0;
    void *aside_from = eddy__thread.aside_from;
    uintptr_t frame = (uintptr_t)(aside_from ? aside_from : __builtin_frame_address(0));
    unsigned n = 0;

    while (n < max && frame % sizeof(void *) == 0 && frame + 2 * sizeof(void *) <= top) {
        void *const *words = (void *const *)frame;
        uintptr_t next = (uintptr_t)words[0];

        if (!words[1])
            break;
        frames[n++] = words[1];
        if (next <= frame)
            break;
        frame = next;
    }
    return n;
}

/* A record with room for so many bytes of message. */
struct making {
    int code;
    size_t message_size;
    eddy_error *error; /* NULL without memory, and then none is kept */
};

static void make_aside(void *arg)
{
    struct making *making = arg;
    eddy_error *error = eddy_alloc(sizeof *error + making->message_size);

    making->error = error;
    eddy__error_put(error);
    if (!error)
        return;
    memset(error, 0, sizeof *error);
    atomic_init(&error->refs, 1);
    error->code = making->code;
    if (eddy__thread.task_name)
        eddy__thread.task_name(error->task, sizeof error->task);
    error->frame_count = error_walk(error->frames, count_of(error->frames));
}

static eddy_error *error_make(int code, size_t message_size)
{
    struct making making = {code, message_size, NULL};

    eddy__aside(make_aside, &making);
    return making.error;
}

/* What a caller gave to format, on its way to another stack. */
struct words {
    const eddy_place *place;
    int code;
    const char *format;
    va_list args;
};

static void raise_aside(void *arg)
{
    struct words *words = arg;
    va_list args;

    va_copy(args, words->args);
    int length = vsnprintf(NULL, 0, words->format, args);
    va_end(args);
    if (length < 0)
        length = 0;
    else if (length > EDDY__MESSAGE_MAX)
        length = EDDY__MESSAGE_MAX;

    /* the arguments may point into the record that make drops */
    eddy_error *old = eddy__error_take();
    eddy_error *error = error_make(words->code, (size_t)length + 1);
    if (error) {
        vsnprintf(error->text, (size_t)length + 1, words->format, words->args);
        error->message = error->text;
        error->place = words->place;
    }
    eddy__error_unref(old);
}

int eddy_raise_at(const eddy_place *place, int code, const char *format, ...)
{
    struct words words = {.place = place, .code = code < 0 ? code : EDDY_EINVAL, .format = format};

    va_start(words.args, format);
    eddy__aside(raise_aside, &words);
    va_end(words.args);
    return words.code;
}

int eddy__raise_code(int code)
{
    eddy_error *error = error_make(code, 0);

    if (error)
        error->message = eddy_status_message(code);
    return code;
}

int eddy__raise_cancelled(int code, const char *before, const char *reason)
{
    size_t at = strlen(before) + strlen(": ");

    eddy__raise(code, "%s: %s", before, reason);
    if (*error_slot() && at < EDDY__MESSAGE_MAX)
        (*error_slot())->reason = (*error_slot())->text + at;
    return code;
}

int eddy__error_awaited(eddy_error *inner, int code)
{
    /* the slot may hold inner itself, or something that leads to it */
    eddy_error *held = eddy__error_ref(inner);
    eddy_error *error = error_make(code, 0);

    if (!error) {
        eddy__error_unref(held);
        return code;
    }
    error->inner = held;
    if (held)
        error->next = eddy__error_ref(held->next);
    if (held && held->code == code)
        error->message = NULL; /* the root's */
    else
        error->message = eddy_status_message(code);
    return code;
}

static void explain_aside(void *arg)
{
    struct words *words = arg;
    int code = words->code;
    eddy_error *inner = eddy__error_take();
    bool told = inner && inner->code == code;
    char before[128];

    vsnprintf(before, sizeof before, words->format, words->args);
    eddy__raise(code, "%s: %s", before,
                told ? eddy_error_message(inner) : eddy_status_message(code));
    eddy_error *error = *error_slot();
    if (error && told) {
        error->inner = inner;
        error->task[0] = '\0'; /* nobody has awaited it here */
    } else {
        eddy__error_unref(inner);
    }
}

int eddy__error_explain(int code, const char *format, ...)
{
    struct words words = {.code = code, .format = format};

    va_start(words.args, format);
    eddy__aside(explain_aside, &words);
    va_end(words.args);
    return code;
}

/* Not one that somebody else has. Of a failure for which its own task has given no place, the first
 * who awaited it and gives one names the line. */
void eddy_error_met_(const eddy_place *place, int code)
{
    eddy_error *error = *error_slot();

    if (!error || error->code != code || eddy_error_place(error) ||
        atomic_load_explicit(&error->refs, memory_order_acquire) != 1)
        return;
    error->place = place;
}

const eddy_error *eddy_last_error(void)
{
    return *error_slot();
}

int eddy_last_status(void)
{
    return eddy_error_code(*error_slot());
}

static void bug_aside(void *arg)
{
    struct words *words = arg;
    char message[256];

    vsnprintf(message, sizeof message, words->format, words->args);
    eddy__raise(words->code, "%s", message);
    if (eddy__thread.bug)
        eddy__thread.bug(message);
    else
        fprintf(stderr, "eddy: %s\n", message);
}

int eddy__bug(int code, const char *format, ...)
{
    struct words words = {.code = code, .format = format};

    va_start(words.args, format);
    eddy__aside(bug_aside, &words);
    va_end(words.args);
    return code;
}
