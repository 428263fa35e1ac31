/* peers.c - the loops of one eddy_run: who they are, and when none of them can go on. */
#include "loop/parts.h"

#include "base/alloc.h"
#include <eddy/loops.h>

/* ---- when nothing can ever happen ----
 *
 * A loop that would wait for ever may still be woken by another one. It says so before it sleeps
 * (idle) and after; the last to say so looks whether something is on its way to one of the others.
 * What a loop sends is in an inbox before it says that it is idle, and an inbox is emptied only
 * after its loop has said that it is not: so nothing is overlooked. */

static bool is_quiet(eddy_loop *loop)
{
    return !loop->stuck && !atomic_load(&loop->inbox) && !atomic_load(&loop->interrupted) &&
           atomic_load(&loop->holds) == 0;
}

/* With the lock. */
static bool all_stuck(const struct eddy__peers *peers)
{
    if (peers->awake > 0)
        return false;
    for (unsigned i = 0; i < peers->count; i++)
        if (peers->loops[i]->idle && !is_quiet(peers->loops[i]))
            return false;
    return true;
}

/* With the lock. Tells all but self, which knows. */
static void tell_stuck(const struct eddy__peers *peers, const eddy_loop *self)
{
    for (unsigned i = 0; i < peers->count; i++) {
        eddy_loop *loop = peers->loops[i];

        if (loop == self || !loop->idle)
            continue;
        loop->stuck = true;
        eddy__loop_wake(loop);
    }
}

bool eddy__peers_idle(eddy_loop *loop)
{
    struct eddy__peers *peers = loop->peers;

    pthread_mutex_lock(&peers->lock);
    loop->idle = true;
    peers->awake--;
    bool stuck = all_stuck(peers);
    if (stuck)
        tell_stuck(peers, loop);
    pthread_mutex_unlock(&peers->lock);
    return stuck;
}

bool eddy__peers_awake(eddy_loop *loop)
{
    struct eddy__peers *peers = loop->peers;

    pthread_mutex_lock(&peers->lock);
    bool stuck = loop->stuck;
    loop->stuck = loop->idle = false;
    peers->awake++;
    pthread_mutex_unlock(&peers->lock);
    return stuck;
}

void eddy__peers_leave(eddy_loop *loop)
{
    struct eddy__peers *peers = loop->peers;

    pthread_mutex_lock(&peers->lock);
    peers->awake--;
    if (all_stuck(peers))
        tell_stuck(peers, loop);
    pthread_mutex_unlock(&peers->lock);
}

/* ---- life ---- */

struct eddy__peers *eddy__peers_open(unsigned count)
{
    struct eddy__peers *peers = eddy_alloc_zero(sizeof *peers + count * sizeof peers->loops[0]);

    if (!peers)
        return NULL;
    pthread_mutex_init(&peers->lock, NULL);
    peers->count = count;
    return peers;
}

void eddy__peers_join(struct eddy__peers *peers, unsigned index, eddy_loop *loop)
{
    loop->peers = peers;
    loop->index = index;
    pthread_mutex_lock(&peers->lock);
    peers->loops[index] = loop;
    peers->awake++;
    pthread_mutex_unlock(&peers->lock);
}

void eddy__peers_close(struct eddy__peers *peers)
{
    pthread_mutex_destroy(&peers->lock);
    eddy_free(peers);
}

/* ---- public ---- */

unsigned eddy_loop_count(void)
{
    const eddy_loop *loop = eddy__thread.loop;

    return loop && loop->peers ? loop->peers->count : loop != NULL;
}

unsigned eddy_loop_index(void)
{
    return eddy__thread.loop ? eddy__thread.loop->index : 0;
}

eddy_loop *eddy_loop_at(unsigned index)
{
    eddy_loop *loop = eddy__thread.loop;

    if (index >= eddy_loop_count())
        return NULL;
    return loop->peers ? loop->peers->loops[index] : loop;
}
