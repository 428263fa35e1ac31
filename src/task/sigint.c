/* sigint.c - Ctrl-C. A process has one disposition of SIGINT, so this is the one thing outside an
 * object: the loop that hears of it. */
#include "task/run.h"

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

bool eddy__sigint_open(eddy_loop *loop)
{
    struct sigaction old, action = {.sa_handler = on_sigint, .sa_flags = SA_ONSTACK};
    eddy_loop *nobody = NULL;

    sigemptyset(&action.sa_mask);
    if (sigaction(SIGINT, NULL, &old) < 0 || old.sa_handler != SIG_DFL)
        return false;
    if (!atomic_compare_exchange_strong(&listener, &nobody, loop))
        return false;
    atomic_store(&came, false);
    sigaction(SIGINT, &action, NULL);
    return true;
}

void eddy__sigint_close(void)
{
    signal(SIGINT, SIG_DFL);
    atomic_store(&listener, NULL);
}

bool eddy__sigint_came(void)
{
    return atomic_load(&came);
}
