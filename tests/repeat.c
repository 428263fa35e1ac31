/* repeat.c - runs a test's body with the census around it; runs scenarios again and again with
 * one thing going wrong: a cancellation, an allocation or all from one on, a system call. */
#include "repeat.h"
#include "census.h"

#include "base/alloc.h"
#include "base/fault.h"

#include <signal.h>
#include <sys/mman.h>

/* A scenario is a test of its own size, not a stress: more rounds than this is a mistake. */
enum { MAX_ROUNDS = 20000 };

/* TEST_ROUNDS: about how many rounds there are with each trouble, spread evenly over its occasions;
 * 0, the default: one at every occasion. Under a checker a process costs so much that all rounds of
 * all scenarios would take hours. */
static long wanted_rounds(void)
{
    const char *value = getenv("TEST_ROUNDS");
    return value ? strtol(value, NULL, 10) : 0;
}

/* From one round's occasion to the next one's. */
static long stride_over(long occasions)
{
    long wanted = wanted_rounds();
    return wanted > 0 && occasions > wanted ? (occasions + wanted - 1) / wanted : 1;
}

/* Weak, so that the runner links with as much of the library as there is. */
#if TEST_HAS_LOOP
#pragma weak eddy_run_with
#pragma weak eddy_error_clear
#pragma weak eddy_last_status
#endif
#pragma weak eddy__suspend_count
#pragma weak eddy__cancel_at
long eddy__suspend_count(void);
void eddy__cancel_at(long n);

/* What goes wrong at the n-th occasion of a run. */
struct trouble {
    const char *what;
    void (*arm)(long n);
    long (*count)(void);
};

static const struct trouble cancellation = {"cancelled at suspension", eddy__cancel_at,
                                            eddy__suspend_count};
static const struct trouble no_memory = {"failing allocation", eddy__alloc_fail_at,
                                         eddy__alloc_count};
static const struct trouble no_memory_left = {"failing allocations from", eddy__alloc_fail_from,
                                              eddy__alloc_count};
static const struct trouble no_system_call = {"failing system call", eddy__fault_at,
                                              eddy__fault_count};

struct scenario {
    const struct test *test;
#if TEST_HAS_LOOP
    eddy_coro coro;
#endif
};

static struct census before;

/* Of the last scenario: it failed, and its task's record does not say so. */
static bool is_bare;

#if TEST_HAS_LOOP

static int test_task(const struct test *test)
{
    int status = 0;

    if (test->scenario)
        status = test->scenario();
    else
        test->body();
    is_bare = status < 0 && eddy_last_status && eddy_last_status() != status;
    return status;
}
EDDY_CORO(test_task, const struct test *)

static struct scenario scenario_of(const struct test *test)
{
    return (struct scenario){test, test_task_coro(test)};
}

static int run_scenario(const struct scenario *s)
{
    if (!eddy_run_with)
        test_skip("the loop is not linked in");
    bool real = s->test && s->test->kind == TEST_REAL_TIME;
    int status = eddy_run(s->coro, .clock = real ? EDDY_CLOCK_REAL : EDDY_CLOCK_VIRTUAL);
    if (eddy_error_clear) /* the record of a failed run is the thread's until the next one */
        eddy_error_clear();
    return status;
}

#else

static struct scenario scenario_of(const struct test *test)
{
    return (struct scenario){test};
}

static int run_scenario(const struct scenario *s)
{
    if (s->test)
        test_skip("no loop in this build");
    return 0;
}

#endif

bool test_run_once(const struct test *test)
{
    struct scenario s = scenario_of(test);
    int status = 0;

    census_take(&before);
    if (test->kind == TEST_WITHOUT_LOOP)
        test->body();
    else
        status = run_scenario(&s);
    if (status < 0)
        printf("the run ended with status %d\n", status);
    return census_compare(&before) && status >= 0;
}

/* Output of rounds that went well would bury the one that did not. */
static void forget_output_since(off_t start)
{
    if (start >= 0 && ftruncate(STDOUT_FILENO, start) == 0)
        lseek(STDOUT_FILENO, start, SEEK_SET);
}

/* A failure has its record, unless there was no memory for it. */
static bool is_told(const struct trouble *t, int status)
{
    bool told = !is_bare || t->count == eddy__alloc_count;

    if (!told)
        printf("status %d without a record that says so\n", status);
    return told;
}

/* One round in a process of its own, trouble at the n-th occasion (0: none). *occasions: how many
 * there were. -> wait status. */
static int run_round(const struct scenario *s, const struct trouble *t, long n, long *occasions)
{
    int status = -1;

    fflush(NULL);
    *occasions = 0;
    pid_t pid = fork();
    if (pid < 0)
        test_fail(__FILE__, __LINE__, "fork: no process");
    if (pid == 0) {
        alarm(test_seconds());
        test_limit_cpu();
        census_take(&before);
        long start = t->count();
        if (n > 0)
            t->arm(n);
        int result = run_scenario(s);
        *occasions = t->count() - start;
        t->arm(0);
        bool clean = census_compare(&before) && is_told(t, result);
        if (n == 0 && result < 0)
            printf("without any trouble the status is %d\n", result);
        exit(clean && (n > 0 || result >= 0) ? 0 : 1);
    }
    while (waitpid(pid, &status, 0) < 0)
        continue;
    return status;
}

static void explain(const struct trouble *t, long n, int status)
{
    printf("%s %ld: ", n ? t->what : "no", n);
    if (WIFSIGNALED(status) && WTERMSIG(status) == SIGALRM)
        printf("no end after %u s\n", test_seconds());
    else if (WIFSIGNALED(status))
        printf("killed by signal %d, %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)));
    else
        printf("exit status %d\n", WEXITSTATUS(status));
}

/* -> true when every round ended clean. */
static bool run_rounds(const struct scenario *s, const struct trouble *t)
{
    long *occasions =
        mmap(NULL, sizeof *occasions, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    long n = 0, stride = 1, rounds = 0;
    bool clean = true, more = true;

    if (occasions == MAP_FAILED)
        test_fail(__FILE__, __LINE__, "mmap: no memory");
    while (clean && more && rounds < MAX_ROUNDS) {
        off_t start = lseek(STDOUT_FILENO, 0, SEEK_CUR);
        int status = run_round(s, t, n, occasions);
        if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
            _exit(77);
        clean = status == 0;
        if (clean)
            forget_output_since(start);
        else
            explain(t, n, status);
        more = *occasions >= n; /* otherwise this round met no trouble and was the last one */
        if (n == 0)
            stride = stride_over(*occasions);
        n += n == 0 ? 1 : stride;
        rounds++;
    }
    munmap(occasions, sizeof *occasions);
    if (rounds >= MAX_ROUNDS) {
        printf("more than %d rounds\n", MAX_ROUNDS);
        return false;
    }
    if (clean)
        printf("%ld rounds: %s\n", rounds - 2, t->what);
    return clean;
}

bool test_run_sweep(const struct test *test)
{
    struct scenario s = scenario_of(test);

    if (!eddy__cancel_at || !eddy__suspend_count)
        test_skip("no cancellation can be injected in this build");
    return run_rounds(&s, &cancellation);
}

bool test_run_torture(const struct test *test)
{
    struct scenario s = scenario_of(test);
    bool once = run_rounds(&s, &no_memory), from = run_rounds(&s, &no_memory_left);

    return run_rounds(&s, &no_system_call) && once && from;
}

#if TEST_HAS_LOOP
void sweep_cancellation(eddy_coro coro)
{
    struct scenario s = {NULL, coro};

    if (!eddy__cancel_at || !eddy__suspend_count)
        test_skip("no cancellation can be injected in this build");
    if (!run_rounds(&s, &cancellation))
        test_fail(__FILE__, __LINE__, "the sweep of %s is not clean", coro.name);
}
#endif
