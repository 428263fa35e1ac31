/* inbox.c - calls from other threads: a lock-free list that any thread pushes to and the loop takes
 * whole, and an eventfd for when the loop sleeps. */
#include "base/alloc.h"
#include "base/descriptor.h"
#include "base/sys.h"
#include "loop/io.h"

#include <sys/eventfd.h>
#include <unistd.h>

/* The inbox of a closed loop points here: the change and the last push are ordered by it. */
static struct eddy__inbox_node closed_inbox;

/* ---- waking ---- */

static void on_wake(struct eddy__fd *fd, unsigned events)
{
    (void)events;
    /* It is never read: a lasting poll reports each write. This arms it anew if the poll ended. */
    if (eddy__fd_want(fd, EDDY_READABLE) < 0)
        eddy__fd_again(fd, 0);
}

void eddy__loop_wake(eddy_loop *loop)
{
    int saved = errno;
    ssize_t r = write(loop->wake_fd.fd, &(uint64_t){1}, sizeof(uint64_t));

    (void)r; /* it fails only when 2^64 wakes were not read */
    errno = saved;
}

int eddy__inbox_open(eddy_loop *loop)
{
    int fd = eddy__sys(eddy__above_standard(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)));

    if (fd < 0)
        return fd;
    eddy__fd_init(&loop->wake_fd, loop, fd, on_wake);
    loop->wake_fd.multishot = true;
    int r = eddy__fd_want(&loop->wake_fd, EDDY_READABLE);
    if (r < 0) {
        eddy__fd_forget(&loop->wake_fd);
        close(fd);
    }
    return r;
}

void eddy__loop_interrupt(eddy_loop *loop)
{
    atomic_store(&loop->interrupted, true);
    eddy__loop_wake(loop);
}

/* ---- the list ---- */

int eddy__inbox_push(eddy_loop *loop, struct eddy__inbox_node *node)
{
    struct eddy__inbox_node *head = atomic_load_explicit(&loop->inbox, memory_order_relaxed);

    do {
        if (head == &closed_inbox)
            return EDDY_ECLOSED;
        node->next = head;
    } while (!atomic_compare_exchange_weak(&loop->inbox, &head, node));
    /* Either this sees sleeping, or the loop sees the node before it sleeps. One write will do. */
    if (atomic_load(&loop->sleeping) && atomic_exchange(&loop->sleeping, false))
        eddy__loop_wake(loop);
    return 0;
}

static struct eddy__inbox_node *oldest_first(struct eddy__inbox_node *last)
{
    struct eddy__inbox_node *first = NULL;

    while (last) {
        struct eddy__inbox_node *next = last->next;

        last->next = first;
        first = last;
        last = next;
    }
    return first;
}

static void call_each(struct eddy__inbox_node *last)
{
    struct eddy__inbox_node *node = oldest_first(last);

    while (node) {
        struct eddy__inbox_node *next = node->next;

        node->fn(node);
        node = next;
    }
}

void eddy__inbox_drain(eddy_loop *loop)
{
    if (atomic_load_explicit(&loop->inbox, memory_order_relaxed))
        call_each(atomic_exchange(&loop->inbox, NULL));
}

/* The eventfd stays: a thread that has pushed may be about to write it. The last reference of the
 * loop closes it. */
void eddy__inbox_close(eddy_loop *loop)
{
    eddy__ops_end(loop);
    call_each(atomic_exchange(&loop->inbox, &closed_inbox));
    eddy__fd_forget(&loop->wake_fd);
}

/* ---- public calls ---- */

struct call {
    struct eddy__inbox_node node;
    eddy_loop *loop;
    eddy_callback *fn;
    void *arg;
};

static void call_arrived(struct eddy__inbox_node *node)
{
    struct call *call = container_of(node, struct call, node);
    eddy_loop *loop = call->loop;

    if (!atomic_load(&loop->closed) && !eddy_loop_call_soon(loop, call->fn, call->arg).call)
        eddy__report(loop, &(eddy_report){.message = "no memory for a call from another thread"});
    eddy_free(call);
}

int eddy_loop_call_soon_threadsafe(eddy_loop *loop, eddy_callback *fn, void *arg)
{
    if (!eddy__loop_given(loop, __func__))
        return EDDY_ELOOP;
    if (atomic_load(&loop->closed))
        return eddy__raise_code(EDDY_ECLOSED);
    struct call *call = eddy_alloc(sizeof *call);
    if (!call)
        return eddy__raise_code(EDDY_ENOMEM);
    *call = (struct call){{NULL, call_arrived}, loop, fn, arg};
    int r = eddy__inbox_push(loop, &call->node);
    if (r < 0) {
        eddy_free(call);
        return eddy__raise_code(r);
    }
    return 0;
}

void eddy_loop_hold(eddy_loop *loop)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    eddy__loop_ref(loop);
    atomic_fetch_add(&loop->holds, 1);
}

/* Always wakes: the loop may have looked at holds just before it goes to sleep. */
void eddy_loop_release(eddy_loop *loop)
{
    if (!eddy__loop_given(loop, __func__))
        return;
    if (atomic_fetch_sub(&loop->holds, 1) == 1)
        eddy__loop_wake(loop);
    eddy__loop_unref(loop);
}

void eddy__loop_ref(eddy_loop *loop)
{
    atomic_fetch_add_explicit(&loop->refs, 1, memory_order_relaxed);
}

void eddy__loop_unref(eddy_loop *loop)
{
    if (atomic_fetch_sub_explicit(&loop->refs, 1, memory_order_acq_rel) != 1)
        return;
    if (loop->wake_fd.fd >= 0)
        close(loop->wake_fd.fd);
    loop->client->free(loop);
}
