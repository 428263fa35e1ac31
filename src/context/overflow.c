/* overflow.c - the handler of faults that hit a guard. */
#include "context/overflow.h"

#include "base/alloc.h"
#include "base/sys.h"
#include "base/thread.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#define ALTERNATE ((size_t)32 << 10) /* room for the description, besides the kernel's frame */

/* Per thread. own: this layer's alternate stack, NULL where the program has its own. */
static _Thread_local struct {
    int opened;
    char *own;
} thread;

/* Handlers belong to the process, hence these: how many threads need ours, and what was before.
 * installed: ours is in place, or a later one may still call it. */
static struct {
    pthread_mutex_t lock;
    int opened;
    bool installed;
    eddy__overflow_describe *describe;
    struct sigaction before[2];
} overflow_process = {.lock = PTHREAD_MUTEX_INITIALIZER};

static const int faults[2] = {SIGSEGV, SIGBUS};

/* The instruction runs again after this and ends the program, with the core as it should be. */
static void take_default(int number)
{
    struct sigaction action = {.sa_handler = SIG_DFL};

    sigaction(number, &action, NULL);
}

static void overflow_pass_on(int number, siginfo_t *info, void *context)
{
    const struct sigaction *before = &overflow_process.before[number == SIGSEGV ? 0 : 1];

    if (before->sa_flags & SA_SIGINFO) {
        before->sa_sigaction(number, info, context);
    } else if (before->sa_handler == SIG_DFL) {
        take_default(number);
        if (info->si_code <= 0) /* sent by a process: nothing faults again */
            raise(number);
    } else if (before->sa_handler == SIG_IGN) {
        if (info->si_code > 0)
            take_default(number);
    } else {
        before->sa_handler(number);
    }
}

/* A fiber begins with the pointer to its stack. */
static const struct eddy__stack *running_stack(void)
{
    return eddy__thread.fiber ? *(struct eddy__stack **)(void *)eddy__thread.fiber : NULL;
}

/* How far below its end a fault is the stack's. A packed one has no guard: it runs into its
 * neighbour, or, at the start of a slab, into nothing. */
static size_t reach(const struct eddy__stack *stack)
{
    return stack->packed ? eddy__stack_size(stack) : eddy__stack_guard_size(stack);
}

static void on_fault(int number, siginfo_t *info, void *context)
{
    const struct eddy__stack *stack = running_stack();
    const char *address = info->si_addr;

    if (stack && info->si_code > 0 && address < stack->low &&
        address >= stack->low - reach(stack)) {
        overflow_process.describe(stack, STDERR_FILENO);
        take_default(number);
        return;
    }
    overflow_pass_on(number, info, context);
}

static int thread_open(void)
{
    size_t size = ALTERNATE + (size_t)sysconf(_SC_MINSIGSTKSZ);
    stack_t stack;

    if (sigaltstack(NULL, &stack) == 0 && !(stack.ss_flags & SS_DISABLE))
        return 0;
    thread.own = eddy_alloc(size);
    if (!thread.own)
        return -ENOMEM;
    stack = (stack_t){.ss_sp = thread.own, .ss_size = size};
    int r = eddy__sys(sigaltstack(&stack, NULL));
    if (r >= 0)
        return 0;
    eddy_free(thread.own);
    thread.own = NULL;
    return r;
}

static void process_open(eddy__overflow_describe *describe)
{
    struct sigaction action = {.sa_sigaction = on_fault, .sa_flags = SA_SIGINFO | SA_ONSTACK};

    pthread_mutex_lock(&overflow_process.lock);
    overflow_process.describe = describe;
    overflow_process.opened++;
    if (!overflow_process.installed)
        for (int i = 0; i < 2; i++)
            sigaction(faults[i], &action, &overflow_process.before[i]);
    overflow_process.installed = true;
    pthread_mutex_unlock(&overflow_process.lock);
}

/* Somebody who came after us keeps his handler, and ours stays behind it. */
static void process_close(void)
{
    struct sigaction now[2];

    pthread_mutex_lock(&overflow_process.lock);
    for (int i = 0; i < 2; i++)
        sigaction(faults[i], NULL, &now[i]);
    if (--overflow_process.opened == 0 && now[0].sa_sigaction == on_fault &&
        now[1].sa_sigaction == on_fault) {
        for (int i = 0; i < 2; i++)
            sigaction(faults[i], &overflow_process.before[i], NULL);
        overflow_process.installed = false;
    }
    pthread_mutex_unlock(&overflow_process.lock);
}

int eddy__overflow_open(eddy__overflow_describe *describe)
{
    int r;

    if (EDDY__ASAN) /* it tells more itself */
        return 0;
    if (thread.opened == 0 && (r = thread_open()) < 0)
        return r;
    thread.opened++;
    process_open(describe);
    return 0;
}

void eddy__overflow_close(void)
{
    stack_t off = {.ss_flags = SS_DISABLE};

    if (EDDY__ASAN || thread.opened == 0)
        return;
    process_close();
    if (--thread.opened > 0 || !thread.own)
        return;
    sigaltstack(&off, NULL);
    eddy_free(thread.own);
    thread.own = NULL;
}
