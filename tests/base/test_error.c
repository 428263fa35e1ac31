/* test_error.c - error records: what they keep, who they come from, how they look. */
#include "task/reports.h"

#include "base/alloc.h"
#include "base/error.h"
#include "base/error_record.h"
#include "base/sanitize.h"
#include "base/thread.h"
#include <dlfcn.h>
#include <pthread.h>

static const char *format(const eddy_error *error)
{
    static char text[8000];

    eddy_error_format(error, text, sizeof text);
    return text;
}

/* ---- what a record keeps ---- */

TEST_PLAIN(error_record_has_message_and_place)
{
    int line = __LINE__ + 1;
    CHECK_INT(eddy_raise(EDDY_EIO, "%d of %s", 3, "four"), EDDY_EIO);
    const eddy_error *error = eddy_last_error();
    CHECK_INT(eddy_error_code(error), EDDY_EIO);
    CHECK_INT(eddy_last_status(), EDDY_EIO);
    CHECK_STR(eddy_error_message(error), "3 of four");
    CHECK_STR(eddy_error_place(error)->file, __FILE__);
    CHECK_STR(eddy_error_place(error)->function, __func__);
    CHECK_INT(eddy_error_place(error)->line, line);
    CHECK_STR(eddy_error_task(error), "");
    CHECK_PTR(eddy_error_next(error), NULL);
    eddy_error_clear();
    CHECK_PTR(eddy_last_error(), NULL);
    CHECK_INT(eddy_last_status(), 0);
}

TEST(error_record_names_its_task)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "x"));
    CHECK_STR(eddy_error_task(eddy_last_error()), "Task-1 (test_task)");
    CHECK_CONTAINS(format(eddy_last_error()), " in task Task-1 (test_task)\n");
}

TEST_PLAIN(error_code_that_is_none_becomes_einval)
{
    CHECK_INT(eddy_raise_at(NULL, 0, "zero"), EDDY_EINVAL);
    CHECK_INT(eddy_raise_at(NULL, 7, "seven"), EDDY_EINVAL);
    CHECK_STR(last_message(), "seven");
    CHECK_PTR(eddy_error_place(eddy_last_error()), NULL);
    eddy_error_clear();
}

/* A new failure may quote the last one. */
TEST_PLAIN(error_message_may_be_made_of_the_last_one)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "inner"));
    eddy_ignore(eddy_raise(EDDY_EINVAL, "outer: %s", eddy_error_message(eddy_last_error())));
    CHECK_STR(last_message(), "outer: inner");
    eddy_error_clear();
}

TEST_PLAIN(error_very_long_message_is_cut)
{
    static char text[5000];

    memset(text, 'x', sizeof text - 1);
    eddy_ignore(eddy_raise(EDDY_EIO, "%s", text));
    CHECK_INT(strlen(last_message()), 1023);
    CHECK_MEM(last_message(), text, 1023);
    text[1023] = '\0';
    eddy_ignore(eddy_raise(EDDY_EIO, "%s", text));
    CHECK_STR(last_message(), text);
    eddy_error_clear();
}

TEST_PLAIN(error_without_memory_is_a_code_without_a_record)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "before"));
    eddy__alloc_fail_at(1);
    CHECK_INT(eddy_raise(EDDY_EPERM, "lost"), EDDY_EPERM);
    CHECK_PTR(eddy_last_error(), NULL); /* not an older failure's */
    eddy__alloc_fail_at(1);
    CHECK_INT(eddy__raise_code(EDDY_EPERM), EDDY_EPERM);
    CHECK_PTR(eddy_last_error(), NULL);
    eddy__alloc_fail_at(0);
    CHECK_STR(format(NULL), "");
}

static void *open_nothing(void)
{
    eddy__alloc_fail_at(1);
    eddy_ignore(eddy_raise(EDDY_EIO, "lost"));
    eddy__alloc_fail_at(0);
    return NULL;
}

static int tries(void)
{
    eddy_try(open_nothing());
    return 0;
}

TEST_PLAIN(error_of_a_pointer_without_a_record_is_enomem)
{
    CHECK_INT(tries(), EDDY_ENOMEM);
}

/* ---- parts of no record ---- */

TEST_PLAIN(error_parts_of_null)
{
    char text[10] = "before";

    CHECK_INT(eddy_error_code(NULL), 0);
    CHECK_STR(eddy_error_message(NULL), "");
    CHECK_STR(eddy_error_task(NULL), "");
    CHECK_PTR(eddy_error_place(NULL), NULL);
    CHECK_PTR(eddy_error_next(NULL), NULL);
    CHECK_INT(eddy_error_format(NULL, text, sizeof text), 0);
    CHECK_STR(text, "");
    eddy_error_print(NULL);
}

/* ---- text ---- */

static int bottom(void)
{
    return eddy_raise(EDDY_EUSER - 1, "at the bottom");
}

static int descend(int depth);
EDDY_CORO(descend, int)

static int descend(int depth)
{
    if (depth == 0)
        return bottom();
    eddy_auto(eddy_task) *task = eddy_create_task(descend_coro(depth - 1));
    return eddy_await(task);
}

TEST(error_text_has_a_line_for_each_that_awaited)
{
    CHECK_INT(descend(2), EDDY_EUSER - 1);
    const char *text = format(eddy_last_error());
    const char *start = strstr(text, "  bottom (tests/base/test_error.c:");
    const char *third = strstr(text, "in task Task-3 (descend)\n");
    const char *second = strstr(text, "  awaited by task Task-2 (descend)\n");
    const char *first = strstr(text, "  awaited by task Task-1 (test_task)\n");
    const char *end = strstr(text, "EDDY_EUSER: at the bottom\n");

    CHECK(start == text && third && second && first && end);
    CHECK(third < second && second < first && first < end);
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "bottom");
    CHECK_STR(eddy_error_task(eddy_last_error()), "Task-3 (descend)");
}

/* Return addresses: a name where the program exports one, else what addr2line takes, which is the
 * place of the call; nothing for what belongs to no file. */
TEST_PLAIN(error_text_says_what_called)
{
    char expected[300];
    Dl_info info;

    CHECK_INT(eddy_raise(EDDY_EIO, "deep"), EDDY_EIO);
    eddy_error *error = eddy__error_take();
    CHECK(dladdr((void *)(uintptr_t)bottom, &info) && !info.dli_sname);
    const char *slash = strrchr(info.dli_fname, '/');
    error->frames[0] = (char *)(uintptr_t)getenv + 1;
    error->frames[1] = (void *)16;
    error->frames[2] = (char *)(uintptr_t)bottom + 1;
    error->frame_count = 3;
    snprintf(expected, sizeof expected, "    called from getenv < %s+%#tx\n",
             slash ? slash + 1 : info.dli_fname,
             (char *)(uintptr_t)bottom - (char *)info.dli_fbase);
    CHECK_CONTAINS(format(error), expected);
    error->frame_count = 0;
    CHECK_PTR(strstr(format(error), "called from"), NULL);
    eddy__error_unref(error);
}

TEST(error_text_is_cut_to_the_buffer)
{
    char text[100];

    CHECK_INT(descend(2), EDDY_EUSER - 1);
    size_t length = strlen(format(eddy_last_error()));
    for (size_t size = 1; size < sizeof text; size++) {
        memset(text, '#', sizeof text);
        CHECK_INT(eddy_error_format(eddy_last_error(), text, size), length);
        CHECK_INT(strlen(text), size - 1);
        CHECK_MEM(text, format(eddy_last_error()), size - 1);
        CHECK_INT(text[size], '#');
    }
    CHECK_INT(eddy_error_format(eddy_last_error(), NULL, 0), length);
}

TEST(error_way_of_many_tasks)
{
    CHECK_INT(descend(300), EDDY_EUSER - 1);
    CHECK_STR(last_message(), "at the bottom");
    CHECK(eddy_error_format(eddy_last_error(), NULL, 0) > 300 * 20);
}

static int print(void *arg)
{
    static char text[900];

    (void)arg;
    memset(text, 'y', sizeof text - 1);
    eddy_ignore(eddy_raise(EDDY_EIO, "%s", text)); /* more than a small buffer takes */
    eddy_error_print(eddy_last_error());
    eddy__alloc_fail_at(1);
    eddy_error_print(eddy_last_error());
    eddy__alloc_fail_at(0);
    eddy_error_clear();
    return 0;
}

TEST_PLAIN(error_print_goes_to_stderr_whole_or_cut_without_memory)
{
    char output[4000];

    CHECK_INT(test_child(print, NULL, output, sizeof output), 0);
    CHECK_CONTAINS(output, "yyyyy\n");
    char *second = strstr(strstr(output, "EDDY_EIO: ") + 1, "  print (");
    CHECK(second && strlen(second) == 511);
}

/* ---- whose record it is ---- */

TEST_PLAIN(error_taken_out_and_put_back)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "mine"));
    eddy_error *saved = eddy__error_take();
    CHECK_PTR(eddy_last_error(), NULL);
    eddy_ignore(eddy_raise(EDDY_EPERM, "clean-up's"));
    eddy__error_put(saved);
    CHECK_STR(last_message(), "mine");
    eddy__error_put(NULL);
    CHECK_PTR(eddy_last_error(), NULL);
}

TEST_PLAIN(error_awaited_leads_to_the_inner_one)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "inner"));
    eddy_error *inner = eddy__error_take();
    CHECK_INT(eddy__error_awaited(inner, EDDY_EIO), EDDY_EIO);
    CHECK_STR(last_message(), "inner");
    CHECK_INT(eddy__error_awaited(inner, EDDY_ECHILDCANCELED), EDDY_ECHILDCANCELED);
    CHECK_STR(last_message(), "the awaited task was cancelled");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, __func__);
    /* the slot may hold what leads to it */
    eddy__error_put(eddy__error_ref(inner));
    CHECK_INT(eddy__error_awaited(inner, EDDY_EIO), EDDY_EIO);
    CHECK_STR(last_message(), "inner");
    eddy__alloc_fail_at(1);
    CHECK_INT(eddy__error_awaited(inner, EDDY_EIO), EDDY_EIO);
    eddy__alloc_fail_at(0);
    CHECK_PTR(eddy_last_error(), NULL);
    eddy__error_unref(inner);
}

static void *fail_in_thread(void *arg)
{
    CHECK_PTR(eddy_last_error(), NULL);
    eddy_ignore(eddy_raise(EDDY_EPERM, "the thread's"));
    CHECK_STR(last_message(), "the thread's");
    return arg; /* and nobody clears it */
}

TEST_PLAIN(error_record_of_a_thread_ends_with_it)
{
    pthread_t thread;

    eddy_ignore(eddy_raise(EDDY_EIO, "mine"));
    CHECK_OK(-pthread_create(&thread, NULL, fail_in_thread, NULL));
    pthread_join(thread, NULL);
    CHECK_STR(last_message(), "mine");
    eddy_error_clear();
}

static int fails_with(int code)
{
    eddy_ignore(eddy_raise(code, "code %d", code));
    turns(2);
    CHECK_INT(eddy_last_status(), code);
    return code;
}
EDDY_CORO(fails_with, int)

TEST(error_record_of_each_task_is_its_own)
{
    eddy_auto(eddy_task) *a = eddy_create_task(fails_with_coro(EDDY_EIO));
    eddy_auto(eddy_task) *b = eddy_create_task(fails_with_coro(EDDY_EPERM));

    eddy_ignore(eddy_raise(EDDY_EUSER, "main's"));
    turns(5);
    CHECK_STR(last_message(), "main's");
    CHECK_INT(eddy_task_status(a), EDDY_EIO);
    CHECK_STR(eddy_error_message(eddy_task_error(b)), "code -1");
}

TEST(error_explained_keeps_where_it_was)
{
    eddy_ignore(eddy_raise(EDDY_EIO, "no space"));
    CHECK_INT(eddy__error_explain(EDDY_EIO, "item %d", 3), EDDY_EIO);
    CHECK_STR(last_message(), "item 3: no space");
    CHECK_STR(eddy_error_place(eddy_last_error())->function, __func__);
    CHECK_CONTAINS(format(eddy_last_error()), "in task Task-1 (test_task)");
    CHECK(!strstr(format(eddy_last_error()), "awaited"));
    CHECK_INT(eddy__error_explain(EDDY_EBUSY, "item %d", 4), EDDY_EBUSY); /* of another failure */
    CHECK_CONTAINS(last_message(), eddy_status_message(EDDY_EBUSY));
    eddy_error_clear();
    CHECK_INT(eddy__error_explain(EDDY_EBUSY, "item %d", 5), EDDY_EBUSY);
    CHECK_CONTAINS(last_message(), eddy_status_message(EDDY_EBUSY));
}

/* ---- frames of code without frame pointers ---- */

#if defined(__x86_64__)

/* Calls fn with a value in the register that would be the frame pointer: code that is compiled
 * without frame pointers keeps what it likes there. */
int test_call_with_register(const void *value, int (*fn)(void));
__asm__(".text\n"
        "test_call_with_register:\n"
        "    push %rbp\n"
        "    mov %rdi, %rbp\n"
        "    call *%rsi\n"
        "    pop %rbp\n"
        "    ret\n");

static int fails(void)
{
    return eddy_raise(EDDY_EIO, "with a strange register");
}

/* Its variables are on the task's own stack whatever the sanitizer, which forbids this one. */
__attribute__((noinline, no_sanitize("address"))) static void fail_with_registers_into_poison(void)
{
    _Alignas(8) char forbidden[64];

    memset(forbidden, 1, sizeof forbidden);
#if EDDY__ASAN
    ASAN_POISON_MEMORY_REGION(forbidden, sizeof forbidden);
#endif
    for (int i = -16; i < 64; i++) {
        CHECK_INT(test_call_with_register(forbidden + i, fails), EDDY_EIO);
        CHECK(eddy_last_error()->frame_count > 0);
        CHECK_STR(eddy_error_message(eddy_last_error()), "with a strange register");
    }
#if EDDY__ASAN
    ASAN_UNPOISON_MEMORY_REGION(forbidden, sizeof forbidden);
#endif
}

TEST(error_frames_of_code_without_frame_pointers)
{
#ifdef EDDY_VALGRIND
    SKIP("the words that are read as frames were never written, which Valgrind tells");
#endif
    fail_with_registers_into_poison();
}

#endif

/* ---- D7: the place is a line of the program: of a failed call the first that met it ---- */

#define CHECK_PLACE(error, function_name, line_number)                                             \
    do {                                                                                           \
        const eddy_place *place_ = eddy_error_place(error);                                        \
        CHECK(place_ != NULL);                                                                     \
        CHECK_STR(place_->file, __FILE__);                                                         \
        CHECK_STR(place_->function, function_name);                                                \
        CHECK_INT(place_->line, line_number);                                                      \
    } while (0)

static int line_of_try;

static int reads_the_end(eddy_stream *stream)
{
    char buf[4];

    line_of_try = __LINE__ + 1;
    eddy_try(eddy_read_exactly(stream, buf, sizeof buf));
    return 0;
}

static int calls_what_reads(eddy_stream *stream)
{
    eddy_try(reads_the_end(stream));
    return 0;
}

TEST(error_D7_place_of_a_failed_call_is_the_first_try)
{
    eddy_stream *ends[2];
    char buf[4];

    CHECK_INT(eddy_stream_pair(ends), 0);
    eddy_stream_close(ends[1]);
    CHECK_INT(eddy_read_exactly(ends[0], buf, sizeof buf), EDDY_EOF);
    CHECK_PTR(eddy_error_place(eddy_last_error()), NULL); /* no line of the library either */
    CHECK_INT(calls_what_reads(ends[0]), EDDY_EOF);
    CHECK_PLACE(eddy_last_error(), "reads_the_end", line_of_try);
    CHECK_CONTAINS(format(eddy_last_error()), "  reads_the_end (");
    CHECK_CONTAINS(format(eddy_last_error()), " in task Task-1 (test_task)\n");
    CHECK_INT(eddy_read_exactly(ends[0], buf, sizeof buf), EDDY_EOF);
    CHECK_PTR(eddy_error_place(eddy_last_error()), NULL); /* a new failure, a new place */
    eddy_stream_close(ends[0]);
}

static int reads_no_file(void)
{
    char *text;
    size_t size;

    line_of_try = __LINE__ + 1;
    eddy_try(eddy_read_file("/nonexistent/file", &text, &size));
    return 0;
}
EDDY_CORO(reads_no_file)

static int connects_to_nobody(void)
{
    line_of_try = __LINE__ + 1;
    eddy_auto(eddy_stream) *stream = eddy_try(eddy_connect("no host at all", .port = 1));
    return 0;
}

TEST_REAL(error_D7_place_of_a_failure_that_is_put_into_other_words)
{
    CHECK_INT(reads_no_file(), EDDY_ENOENT);
    CHECK_PLACE(eddy_last_error(), "reads_no_file", line_of_try);
    CHECK_CONTAINS(format(eddy_last_error()), "  reads_no_file (");
    CHECK(connects_to_nobody() < 0);
    CHECK_PLACE(eddy_last_error(), "connects_to_nobody", line_of_try);
    eddy_ignore(eddy__raise(EDDY_EIO, "no space"));
    CHECK_INT(eddy__error_explain(EDDY_EIO, "item %d", 3), EDDY_EIO);
    eddy_error_met_(EDDY_HERE, EDDY_EIO);
    CHECK_PLACE(eddy_last_error(), __func__, __LINE__ - 1);
}

static int sleeps_long(void)
{
    line_of_try = __LINE__ + 1;
    eddy_try(eddy_sleep(1000));
    return 0;
}
EDDY_CORO(sleeps_long)

static int awaits(eddy_task *task)
{
    eddy_try(eddy_await(task));
    return 0;
}

/* The place is where the failing task met it, not where somebody awaited that task. */
TEST_REAL(error_D7_place_of_a_failed_task_is_its_own)
{
    eddy_auto(eddy_task) *reader = eddy_create_task(reads_no_file_coro());

    CHECK_INT(awaits(reader), EDDY_ENOENT);
    CHECK_PLACE(eddy_last_error(), "reads_no_file", line_of_try);
    CHECK_PLACE(eddy_task_error(reader), "reads_no_file", line_of_try);
    eddy_auto(eddy_task) *sleeper = eddy_create_task(sleeps_long_coro());
    turns(2);
    eddy_cancel(sleeper);
    CHECK(awaits(sleeper) < 0);
    CHECK_PLACE(eddy_last_error(), "sleeps_long", line_of_try);
}

static int returns_what_a_call_gives(void)
{
    return eddy_sleep(NAN);
}
EDDY_CORO(returns_what_a_call_gives)

static int awaits_future(eddy_future *future)
{
    line_of_try = __LINE__ + 1;
    eddy_try(eddy_future_await(future, NULL));
    return 0;
}

static int starts_tls(eddy_stream *stream)
{
    line_of_try = __LINE__ + 1;
    eddy_try(eddy_start_tls(stream, .server = true, .cert = "/no/such", .key = "/no/such"));
    return 0;
}

static int starts_in(eddy_group *group)
{
    line_of_try = __LINE__ + 1;
    eddy_try(eddy_group_start(group, sleeps_long_coro()));
    return 0;
}

/* When the line that failed has none, the first that awaited it and met the failure. */
TEST_REAL(error_D7_place_of_what_was_awaited_without_one)
{
    eddy_auto(eddy_task) *task = eddy_create_task(returns_what_a_call_gives_coro());
    eddy_auto(eddy_future) *future = eddy_future_open(0);
    eddy_stream *ends[2];
    char text[1024];

    CHECK_INT(awaits(task), EDDY_EINVAL);
    CHECK_STR(eddy_error_place(eddy_last_error())->function, "awaits");
    CHECK_PTR(eddy_error_place(eddy_task_error(task)), NULL);
    eddy_error_format(eddy_last_error(), text, sizeof text);
    CHECK(strstr(text, " in awaits (" __FILE__ ":"));
    CHECK_OK(eddy_future_set_error(future, EDDY_EIO, "disk"));
    CHECK_INT(awaits_future(future), EDDY_EIO);
    CHECK_PLACE(eddy_last_error(), "awaits_future", line_of_try);
    CHECK_OK(eddy_stream_pair(ends));
    CHECK(starts_tls(ends[0]) < 0);
    CHECK_PLACE(eddy_last_error(), "starts_tls", line_of_try);
    eddy_stream_close(ends[0]);
    eddy_stream_close(ends[1]);
}

TEST(error_D7_place_of_a_start_that_a_group_refuses)
{
    eddy_auto(eddy_group) *group = eddy_group_open();

    CHECK_OK(eddy_group_join(group));
    CHECK_INT(starts_in(group), EDDY_ECLOSED);
    CHECK_PLACE(eddy_last_error(), "starts_in", line_of_try);
}

static int raises_itself(void)
{
    line_of_try = __LINE__ + 1;
    return eddy_raise(EDDY_EUSER, "mine");
}

static int tries_what_raises(void)
{
    eddy_try(raises_itself());
    return 0;
}

static int with_a_lock(eddy_lock *lock)
{
    line_of_try = __LINE__ + 1;
    eddy_with(lock)
        return 1;
    return 0;
}

TEST(error_D7_place_of_eddy_raise_stays_and_eddy_with_has_one)
{
    eddy_lock lock = {0};

    CHECK_INT(tries_what_raises(), EDDY_EUSER);
    CHECK_PLACE(eddy_last_error(), "raises_itself", line_of_try);
    eddy_timeout(0) {
        eddy_ignore(eddy_sleep(1));
        CHECK_INT(with_a_lock(&lock), EDDY_ETIMEDOUT);
        CHECK_PLACE(eddy_last_error(), "with_a_lock", line_of_try);
    }
}

static int returns_a_bare(int code)
{
    return code;
}

static int tries_a_bare(int code)
{
    eddy_try(returns_a_bare(code));
    return 0;
}

/* What somebody else has does not change, and a bare code names no older failure's record. */
TEST_PLAIN(error_D7_place_is_not_put_where_it_does_not_belong)
{
    CHECK_INT(eddy__raise(EDDY_EIO, "older"), EDDY_EIO);
    CHECK_INT(tries_a_bare(EDDY_EPERM), EDDY_EPERM);
    CHECK_PTR(eddy_error_place(eddy_last_error()), NULL);
    eddy_error *shared = eddy__error_ref((eddy_error *)(uintptr_t)eddy_last_error());
    CHECK_INT(tries_a_bare(EDDY_EIO), EDDY_EIO);
    CHECK_PTR(eddy_error_place(shared), NULL);
    eddy__error_unref(shared);
    CHECK_INT(tries_a_bare(EDDY_EIO), EDDY_EIO);
    CHECK(eddy_error_place(eddy_last_error()) != NULL);
    eddy_error_clear();
    CHECK_INT(tries_a_bare(EDDY_EIO), EDDY_EIO); /* there is no record */
    CHECK_PTR(eddy_last_error(), NULL);
}
