/* checks.c - the checks of test.h: print both sides with their place and end the test. */
#include "test.h"

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/resource.h>

static void complain(const char *file, int line, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

static void complain(const char *file, int line, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    fflush(stdout);
    fprintf(stderr, "%s:%d: ", file, line);
    vfprintf(stderr, format, args);
    fputc('\n', stderr);
    va_end(args);
}

/* Without atexit handlers: what the failed test holds is not worth a leak report. */
static _Noreturn void leave(int status)
{
    fflush(NULL);
    _exit(status);
}

void test_fail(const char *file, int line, const char *format, ...)
{
    char text[1024];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    complain(file, line, "%s", text);
    leave(1);
}

void test_skip(const char *why)
{
    printf("skipped: %s\n", why);
    leave(77);
}

void test_check_int(const char *file, int line, const char *what, long long actual,
                    long long expected)
{
    if (actual == expected)
        return;
    complain(file, line, "CHECK_INT(%s): got %lld, expected %lld", what, actual, expected);
    leave(1);
}

void test_check_str(const char *file, int line, const char *what, const char *actual,
                    const char *expected)
{
    if (actual == expected || (actual && expected && strcmp(actual, expected) == 0))
        return;
    complain(file, line, "CHECK_STR(%s):\n       got: %s\n  expected: %s", what,
             actual ? actual : "(NULL)", expected ? expected : "(NULL)");
    leave(1);
}

void test_check_ptr(const char *file, int line, const char *what, const void *actual,
                    const void *expected)
{
    if (actual == expected)
        return;
    complain(file, line, "CHECK_PTR(%s): got %p, expected %p", what, actual, expected);
    leave(1);
}

void test_check_mem(const char *file, int line, const char *what, const void *actual,
                    const void *expected, size_t size)
{
    const unsigned char *a = actual, *b = expected;

    for (size_t i = 0; i < size; i++) {
        if (a[i] == b[i])
            continue;
        complain(file, line, "CHECK_MEM(%s): byte %zu of %zu: got 0x%02x, expected 0x%02x", what, i,
                 size, a[i], b[i]);
        leave(1);
    }
}

void test_check_near(const char *file, int line, const char *what, double actual, double expected,
                     double epsilon)
{
    if (fabs(actual - expected) <= epsilon)
        return;
    complain(file, line, "CHECK_NEAR(%s): got %.9g, expected %.9g within %g", what, actual,
             expected, epsilon);
    leave(1);
}

static size_t read_all(int fd, char *output, size_t size)
{
    char rest[4096];
    size_t used = 0;

    for (;;) {
        bool keep = output && used + 1 < size;
        ssize_t n = keep ? read(fd, output + used, size - 1 - used) : read(fd, rest, sizeof rest);
        if (n <= 0)
            break;
        if (keep)
            used += (size_t)n;
    }
    return used;
}

void *test_room(size_t size)
{
    void *room = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

    if (room == MAP_FAILED)
        test_fail(__FILE__, __LINE__, "mmap: no memory");
    return room;
}

int test_child(int (*fn)(void *arg), void *arg, char *output, size_t size)
{
    int ends[2], status = -1;
    struct rlimit no_core = {0, 0};

    fflush(NULL);
    if (pipe(ends) < 0)
        test_fail(__FILE__, __LINE__, "pipe: no descriptors");
    pid_t pid = fork();
    if (pid < 0)
        test_fail(__FILE__, __LINE__, "fork: no process");
    if (pid == 0) {
        setrlimit(RLIMIT_CORE, &no_core);
        dup2(ends[1], 1);
        dup2(ends[1], 2);
        close(ends[0]);
        close(ends[1]);
        leave(fn(arg));
    }
    close(ends[1]);
    size_t used = read_all(ends[0], output, size);
    if (output && size)
        output[used] = '\0';
    close(ends[0]);
    while (waitpid(pid, &status, 0) < 0)
        continue;
    return status;
}
