/* signal.c - signals as events: iterators and handlers over signalfds.
 *
 * A disposition belongs to the process and a mask to a thread, so those who ask for signals stand
 * in one list of the process; the last one who leaves restores what was before. The disposition
 * while it is asked for is a function that passes the signal on to the thread which has it blocked:
 * other threads may have been there before, and would otherwise end the program. */
#include "base/descriptor.h"
#include "process/keeper.h"
#include "stream/stream.h"
#include <eddy/signal.h>

#include <pthread.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { NUMBERS = _NSIG };

struct eddy_signal {
    struct eddy__fd fd; /* the signalfd */
    struct list link;   /* of askers */
    pthread_t owner;
    pid_t thread;
    sigset_t set;
    sigset_t unblock; /* what this one has blocked; handed on to others of the thread who ask */
    unsigned count;
    unsigned char came[NUMBERS]; /* not taken yet, each number once */
    eddy_waiters_ waiters;
    int number; /* of a handler; 0: an iterator */
    bool calling;
    eddy_handle call;
    eddy_callback *fn;
    void *arg;
    struct eddy__keeper keeper;
};

static pthread_mutex_t signal_lock = PTHREAD_MUTEX_INITIALIZER; /* of the next two */
static struct list askers = {&askers, &askers};
static struct sigaction former[NUMBERS];
static _Atomic(pid_t) listeners[NUMBERS]; /* a thread that has it blocked, 0: none */

/* Where signal_pass_on has sent it last, 0 once it was taken there. What pends in a thread is one,
 * so this tells when it was merged into one by tell_threads. */
static _Atomic(pid_t) passed_to[NUMBERS];

static eddy_signal *asker_of(struct list *link)
{
    return container_of(link, eddy_signal, link);
}

/* Other threads may not know of it: it did not come by tell_threads, or not by that alone. */
static bool is_news(int number, int code, pid_t sender, uintptr_t value)
{
    pid_t self = (pid_t)syscall(SYS_gettid);
    bool passed = atomic_compare_exchange_strong(&passed_to[number], &self, 0);

    return passed || code != SI_QUEUE || sender != getpid() || value != (uintptr_t)&askers;
}

/* ---- dispositions and masks ---- */

/* A listener that has left and ended since it was looked up has an heir. */
static void signal_pass_on(int number)
{
    int saved = errno;
    pid_t self = (pid_t)syscall(SYS_gettid), thread, gone = 0;

    while ((thread = atomic_load(&listeners[number])) && thread != self && thread != gone) {
        atomic_store(&passed_to[number], thread);
        if (syscall(SYS_tgkill, getpid(), thread, number) == 0)
            break;
        gone = thread;
    }
    errno = saved;
}

/* Somebody who asks for it; one of that thread, if there is one. */
static eddy_signal *asker_for(int number, pid_t thread)
{
    eddy_signal *found = NULL;

    list_each(link, &askers) {
        eddy_signal *s = asker_of(link);

        if (sigismember(&s->set, number) > 0 && (!found || s->thread == thread))
            found = s;
    }
    return found;
}

static void set_disposition(int number)
{
    struct sigaction action = {.sa_handler = signal_pass_on, .sa_flags = SA_RESTART | SA_ONSTACK};

    sigemptyset(&action.sa_mask);
    atomic_store(&passed_to[number], 0); /* one that reached nobody when the last asker left */
    sigaction(number, &action, &former[number]);
}

/* A handler that the program has set since then stays. */
static void restore_disposition(int number)
{
    struct sigaction action;

    if (sigaction(number, NULL, &action) == 0 && action.sa_handler == signal_pass_on)
        sigaction(number, &former[number], NULL);
}

/* From now on other threads look at s. Blocked before the disposition changes, so that none comes
 * to signal_pass_on in this thread. */
static void claim(eddy_signal *s)
{
    sigset_t before;

    pthread_mutex_lock(&signal_lock);
    pthread_sigmask(SIG_BLOCK, &s->set, &before);
    for (int n = 1; n < NUMBERS; n++) {
        if (sigismember(&s->set, n) <= 0)
            continue;
        if (sigismember(&before, n) == 0)
            sigaddset(&s->unblock, n);
        if (!asker_for(n, s->thread))
            set_disposition(n);
        atomic_store(&listeners[n], s->thread);
    }
    list_add_tail(&askers, &s->link);
    pthread_mutex_unlock(&signal_lock);
}

/* s has left the list: what becomes of its signal number n. */
static void leave_to_others(eddy_signal *s, int n)
{
    eddy_signal *heir = asker_for(n, s->thread);

    atomic_store(&listeners[n], heir ? heir->thread : 0);
    if (!heir)
        restore_disposition(n);
    if (!heir || heir->thread != s->thread)
        return;
    if (sigismember(&s->unblock, n) > 0)
        sigaddset(&heir->unblock, n);
    sigdelset(&s->unblock, n);
    sigdelset(&s->set, n);
}

/* Takes the pending ones of set, which others may know already: the rest goes on to who still
 * listens, or does in this thread what it did before. */
static void hand_on_pending(const sigset_t *set)
{
    const struct timespec at_once = {0};
    siginfo_t info;
    sigset_t news;
    int number;

    sigemptyset(&news);
    while ((number = sigtimedwait(set, &info, &at_once)) > 0)
        if (is_news(number, info.si_code, info.si_pid, (uintptr_t)info.si_value.sival_ptr))
            sigaddset(&news, number);
    for (int n = 1; n < NUMBERS; n++) {
        if (sigismember(&news, n) <= 0)
            continue;
        if (atomic_load(&listeners[n]))
            signal_pass_on(n);
        else
            raise(n);
    }
}

static void signal_release(eddy_signal *s)
{
    pthread_mutex_lock(&signal_lock);
    list_remove(&s->link);
    for (int n = 1; n < NUMBERS; n++)
        if (sigismember(&s->set, n) > 0)
            leave_to_others(s, n);
    hand_on_pending(&s->set);
    pthread_mutex_unlock(&signal_lock);
    pthread_sigmask(SIG_UNBLOCK, &s->unblock, NULL);
}

/* ---- fork: the child's signals do what they did before ---- */

static void signal_before_fork(void)
{
    pthread_mutex_lock(&signal_lock);
}

static void signal_in_parent(void)
{
    pthread_mutex_unlock(&signal_lock);
}

static void signal_in_child(void)
{
    for (int n = 1; n < NUMBERS; n++)
        if (atomic_exchange(&listeners[n], 0))
            restore_disposition(n);
    list_each(link, &askers)
        if (pthread_equal(asker_of(link)->owner, pthread_self()))
            pthread_sigmask(SIG_UNBLOCK, &asker_of(link)->unblock, NULL);
    list_init(&askers);
    pthread_mutex_unlock(&signal_lock);
}

static void register_fork_handlers(void)
{
    pthread_atfork(signal_before_fork, signal_in_parent, signal_in_child);
}

/* ---- what comes ---- */

static int run_handler(void *arg)
{
    eddy_signal *s = arg;

    s->calling = false;
    return s->fn(s->arg);
}

/* False without memory for the call. */
static bool call_handler(eddy_signal *s)
{
    if (s->calling)
        return true;
    s->call = eddy_loop_call_soon(s->fd.loop, run_handler, s);
    s->calling = s->call.call != NULL;
    return s->calling;
}

static bool signal_deliver(eddy_signal *s, int number)
{
    struct eddy_waiter_ *w = s->waiters.first;

    if (s->number)
        return call_handler(s);
    if (w) {
        *(int *)w->slot = number;
        eddy__waiter_grant(w, 0);
    } else if (!memchr(s->came, number, s->count)) {
        s->came[s->count++] = (unsigned char)number;
    }
    return true;
}

/* Whose signalfd it came by does not matter: all of the loop are told. */
static void tell_loop(eddy_loop *loop, int number)
{
    bool told = true;

    pthread_mutex_lock(&signal_lock);
    list_each(link, &askers) {
        eddy_signal *s = asker_of(link);

        if (s->fd.loop == loop && sigismember(&s->set, number) > 0)
            told &= signal_deliver(s, number);
    }
    pthread_mutex_unlock(&signal_lock);
    if (!told)
        eddy__report(loop, &(eddy_report){.message = "no memory to call a signal handler"});
}

/* Sent on to the other threads that ask, with a mark, so that they do not send it back. */
static void tell_threads(int number)
{
    pid_t self = (pid_t)syscall(SYS_gettid);
    siginfo_t info = {.si_code = SI_QUEUE};

    info.si_signo = number;
    info.si_pid = getpid();
    info.si_uid = getuid();
    info.si_value.sival_ptr = &askers;
    pthread_mutex_lock(&signal_lock);
    list_each(link, &askers) {
        eddy_signal *s = asker_of(link);

        if (s->thread != self && sigismember(&s->set, number) > 0 &&
            asker_for(number, s->thread) == s)
            syscall(SYS_rt_tgsigqueueinfo, info.si_pid, s->thread, number, &info);
    }
    pthread_mutex_unlock(&signal_lock);
}

static void signal_on_ready(struct eddy__fd *fd, unsigned events)
{
    struct signalfd_siginfo infos[8];
    eddy_loop *loop = fd->loop;
    ssize_t size = eddy__sys_once(read(fd->fd, infos, sizeof infos));

    (void)events;
    for (size_t i = 0; size > 0 && i < (size_t)size / sizeof infos[0]; i++) {
        int number = (int)infos[i].ssi_signo;

        if (is_news(number, infos[i].ssi_code, (pid_t)infos[i].ssi_pid,
                    (uintptr_t)infos[i].ssi_ptr))
            tell_threads(number);
        tell_loop(loop, number);
    }
}

/* ---- opening and closing ---- */

static int check_number(int number)
{
    sigset_t set;

    sigemptyset(&set);
    switch (number) {
    case SIGKILL:
    case SIGSTOP:
        return eddy__raise(EDDY_EINVAL, "SIG%s cannot be caught: no program ever sees it",
                           number == SIGKILL ? "KILL" : "STOP");
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
        return eddy__raise(EDDY_EINVAL,
                           "signal %d (%s) comes of a fault of the program, which "
                           "cannot go on: it is no event",
                           number, strsignal(number));
    default: /* the C library keeps two to itself */
        if (number > 0 && number < NUMBERS && sigaddset(&set, number) == 0)
            return 0;
        return eddy__raise(EDDY_EINVAL, "%d is no signal", number);
    }
}

static int open_signalfd(eddy_signal *s)
{
    int fd = eddy__sys(eddy__above_standard(signalfd(-1, &s->set, SFD_CLOEXEC | SFD_NONBLOCK)));
    int r;

    if (fd < 0)
        return eddy__raise(fd, "cannot make a signalfd: %s", eddy__words(fd).text);
    s->fd.fd = fd;
    r = eddy__fd_want(&s->fd, EDDY_READABLE);
    if (r >= 0)
        return 0;
    eddy__fd_forget(&s->fd);
    eddy__socket_close(fd);
    return eddy__raise(r, "cannot watch a signalfd: %s", eddy__words(r).text);
}

static void free_signals(eddy_signal *s)
{
    eddy__loop_unref(s->fd.loop);
    eddy_free(s);
}

static eddy_signal *open_signals(eddy_loop *loop, const int *numbers, size_t n)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    eddy_signal *s = eddy_alloc_zero(sizeof *s);

    if (!s) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    pthread_once(&once, register_fork_handlers);
    eddy__fd_init(&s->fd, loop, -1, signal_on_ready);
    eddy__loop_ref(loop); /* it may be closed after the loop */
    s->fd.level = true;
    s->owner = pthread_self();
    s->thread = (pid_t)syscall(SYS_gettid);
    for (size_t i = 0; i < n; i++)
        sigaddset(&s->set, numbers[i]);
    if (open_signalfd(s) < 0) {
        free_signals(s);
        return NULL;
    }
    claim(s); /* complete: now other threads see it */
    return s;
}

static void signal_shut(eddy_signal *s)
{
    eddy__fd_forget(&s->fd);
    eddy__socket_close(s->fd.fd);
    signal_release(s);
    eddy__waiters_grant_all(&s->waiters, EDDY_ECLOSED);
}

/* ---- iterators ---- */

eddy_signal *eddy_signal_open_n(const int *numbers, size_t n)
{
    if (!eddy__thread.loop) {
        eddy__raise(EDDY_ELOOP, "signals are for a running loop, and none runs here");
        return NULL;
    }
    if (!numbers || !n) {
        eddy__raise(EDDY_EINVAL, "eddy_signal_open needs a signal");
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        if (check_number(numbers[i]) < 0)
            return NULL;
    return open_signals(eddy__thread.loop, numbers, n);
}

void eddy_signal_close(eddy_signal *s)
{
    if (!s)
        return;
    signal_shut(s);
    free_signals(s);
}

/* The one that came first. */
static int signal_take(eddy_signal *s)
{
    int number = s->came[0];

    s->count--;
    memmove(s->came, s->came + 1, s->count);
    return number;
}

int eddy_signal_next(eddy_signal *s)
{
    static const struct eddy__wait_kind kind = {"a signal", eddy__waiter_abort};
    int number = 0, r = eddy__check_interrupt();
    struct eddy_waiter_ waiter = {.slot = &number};
    eddy_task *self = eddy__self();

    if (r < 0)
        return r;
    if (!s)
        return eddy__raise(EDDY_EINVAL, "the signals are NULL");
    if (s->count)
        return eddy__spent(signal_take(s));
    self->loop->io_waits++;
    r = eddy__wait_in(&s->waiters, &waiter, &kind);
    self->loop->io_waits--;
    return r < 0 ? eddy__raise_interrupt(r) : number;
}

/* ---- handlers ---- */

static eddy_signal *handler_of(const eddy_loop *loop, int number)
{
    eddy_signal *found = NULL;

    pthread_mutex_lock(&signal_lock);
    list_each(link, &askers)
        if (asker_of(link)->fd.loop == loop && asker_of(link)->number == number)
            found = asker_of(link);
    pthread_mutex_unlock(&signal_lock);
    return found;
}

static void shut_handler(eddy_signal *s)
{
    if (s->calling)
        eddy_loop_cancel_call(s->fd.loop, s->call);
    s->fd.loop->io_waits--;
    signal_shut(s);
    s->number = 0;
}

/* The loop is being closed, or the handler was removed. */
static void signal_keeper_ended(struct eddy__keeper *keeper)
{
    eddy_signal *s = container_of(keeper, eddy_signal, keeper);

    if (s->number)
        shut_handler(s);
    free_signals(s);
}

int eddy_loop_add_signal_handler(eddy_loop *loop, int number, eddy_callback *fn, void *arg)
{
    eddy_signal *s;

    if (!eddy__loop_check_thread(loop, __func__))
        return EDDY_ELOOP;
    if (!fn)
        return eddy__raise(EDDY_EINVAL, "fn is NULL");
    if (check_number(number) < 0)
        return EDDY_EINVAL;
    s = handler_of(loop, number);
    if (!s) {
        s = open_signals(loop, &number, 1);
        if (!s)
            return eddy_status_(s);
        if (eddy__keeper_start(&s->keeper, loop, "a signal", signal_keeper_ended) < 0) {
            eddy_signal_close(s);
            return EDDY_ENOMEM;
        }
        s->number = number;
        loop->io_waits++;
    }
    s->fn = fn;
    s->arg = arg;
    return 0;
}

bool eddy_loop_remove_signal_handler(eddy_loop *loop, int number)
{
    eddy_signal *s;

    if (number <= 0 || !eddy__loop_check_thread(loop, __func__))
        return false;
    s = handler_of(loop, number);
    if (!s)
        return false;
    shut_handler(s);
    eddy__keeper_end(&s->keeper);
    return true;
}
