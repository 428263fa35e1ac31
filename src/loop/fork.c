/* fork.c - the child of a fork has nothing to do with its parent's loop (rule U6). */
#include "loop/loop.h"

#include <unistd.h>

/* The parent's memory is kept as it was copied, since the child may be running on the stack of one
 * of its tasks; only what reaches the kernel is cut. */
static void in_child(void)
{
    eddy_loop *loop = eddy__thread.loop;

    if (!loop)
        return;
    loop->backend->disown(loop);
    close(loop->wake_fd.fd);
    loop->wake_fd.fd = -1;
    loop->running = false;
    atomic_store(&loop->closed, true);
    eddy__thread.loop = NULL;
    eddy__thread.fiber = NULL;
    eddy__thread.task_name = NULL;
    eddy__thread.bug = NULL;
}

static void register_handler(void)
{
    pthread_atfork(NULL, NULL, in_child);
}

void eddy__fork_register(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;

    pthread_once(&once, register_handler);
}
