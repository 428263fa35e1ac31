/* fork.c - the child of a fork has nothing to do with its parent's loops (rule U6). */
#include "loop/parts.h"

#include <unistd.h>

/* All that are open in the process. A fork copies them whichever thread they are of, and on epoll
 * what a copy does would reach the parent's. */
static struct list open_loops = {&open_loops, &open_loops};
static pthread_mutex_t fork_lock = PTHREAD_MUTEX_INITIALIZER;

/* The parent's memory is kept as it was copied, since the child may be running on the stack of one
 * of its tasks; only what reaches the kernel is cut. */
static void disown(eddy_loop *loop)
{
    loop->backend->disown(loop);
    close(loop->wake_fd.fd);
    loop->wake_fd.fd = -1;
    loop->running = false;
    atomic_store(&loop->closed, true);
}

static void fork_before_fork(void)
{
    pthread_mutex_lock(&fork_lock);
}

static void fork_in_parent(void)
{
    pthread_mutex_unlock(&fork_lock);
}

static void fork_in_child(void)
{
    struct list *link;

    while ((link = list_take_first(&open_loops)))
        disown(container_of(link, eddy_loop, open));
    pthread_mutex_unlock(&fork_lock);
    eddy__thread_leave_loop();
}

static void register_handlers(void)
{
    pthread_atfork(fork_before_fork, fork_in_parent, fork_in_child);
}

void eddy__fork_register(eddy_loop *loop)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_handlers);
    pthread_mutex_lock(&fork_lock);
    list_add_tail(&open_loops, &loop->open);
    pthread_mutex_unlock(&fork_lock);
}

void eddy__fork_forget(eddy_loop *loop)
{
    pthread_mutex_lock(&fork_lock);
    list_remove(&loop->open);
    pthread_mutex_unlock(&fork_lock);
}
