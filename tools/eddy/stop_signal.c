/* stop_signal.c - a signal descriptor that the loop watches. */
#include "stop_signal.h"
#include <signal.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <unistd.h>

struct stop_signal {
    eddy_task *task;
    int *number;
    eddy_watch *watch;
    int fd;
    sigset_t before;
};

static void on_signal(eddy_watch *watch, unsigned events, void *arg)
{
    stop_signal *self = arg;
    struct signalfd_siginfo info;

    (void)watch;
    (void)events;
    if (read(self->fd, &info, sizeof info) != sizeof info)
        return;
    *self->number = (int)info.ssi_signo;
    eddy_cancel(self->task, .reason = "stopped by a signal");
}

/* A hang-up that is ignored, by nohup, goes on being ignored. */
static sigset_t wanted(void)
{
    struct sigaction action;
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    if (sigaction(SIGHUP, NULL, &action) == 0 && action.sa_handler != SIG_IGN)
        sigaddset(&set, SIGHUP);
    return set;
}

stop_signal *stop_signal_open(eddy_task *task, int *number)
{
    stop_signal *self = calloc(1, sizeof *self);
    sigset_t set = wanted();

    if (!self) {
        eddy_ignore(eddy_raise(EDDY_ENOMEM, "no memory for a signal handler"));
        return NULL;
    }
    self->task = task;
    self->number = number;
    sigprocmask(SIG_BLOCK, &set, &self->before);
    self->fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (self->fd < 0)
        eddy_ignore(eddy_raise(-errno, "signalfd: %s", strerror(errno)));
    else
        self->watch =
            eddy_watch_open(eddy_loop_running(), self->fd, EDDY_READABLE, on_signal, self);
    if (!self->watch) {
        stop_signal_close(self);
        return NULL;
    }
    return self;
}

void stop_signal_close(stop_signal *self)
{
    if (!self)
        return;
    eddy_watch_close(self->watch);
    if (self->fd >= 0)
        close(self->fd);
    sigprocmask(SIG_SETMASK, &self->before, NULL);
    free(self);
}
