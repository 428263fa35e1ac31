/* sigint.c - Ctrl-C. A process has one disposition of SIGINT, so this is the one thing outside an
 * object: the loop that hears of it. */
#include "task/sigint.h"

#include <signal.h>

static _Atomic(eddy_loop *) listener;
static atomic_bool came;

static void on_sigint(int number)
{
    eddy_loop *loop = atomic_load(&listener);

    if (!loop || atomic_exchange(&came, true)) {
        signal(number, SIG_DFL);
        raise(number);
        return;
    }
    eddy__loop_interrupt(loop);
}

/* A handler that the program has set since then stays. */
static void restore(void)
{
    struct sigaction action;

    if (sigaction(SIGINT, NULL, &action) == 0 && action.sa_handler == on_sigint)
        signal(SIGINT, SIG_DFL);
    atomic_store(&listener, NULL);
}

/* The loop is the parent's (U6). */
static void sigint_in_child(void)
{
    if (atomic_load(&listener))
        restore();
}

static void register_fork_handler(void)
{
    pthread_atfork(NULL, NULL, sigint_in_child);
}

bool eddy__sigint_open(eddy_loop *loop)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct sigaction old, action = {.sa_handler = on_sigint, .sa_flags = SA_ONSTACK};
    eddy_loop *nobody = NULL;

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
        return false;
    if (!atomic_compare_exchange_strong(&listener, &nobody, loop))
        return false;
    pthread_once(&once, register_fork_handler);
    atomic_store(&came, false);
    sigaction(SIGINT, &action, NULL);
    return true;
}

void eddy__sigint_close(void)
{
    restore();
}
