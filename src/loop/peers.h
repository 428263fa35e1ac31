/* peers.h - the loops of one eddy_run. Part of the door, loop.h, which includes it. */
#ifndef EDDY_LOOP_PEERS_H
#define EDDY_LOOP_PEERS_H

#include "base/base.h"
#include <eddy/loop.h>

#include <pthread.h>

/* Complete before a loop of it runs its first turn. */
struct eddy__peers {
    pthread_mutex_t lock; /* of awake, and of the loops' idle and stuck */
    unsigned count;
    unsigned awake; /* loops that are neither idle nor gone */
    eddy_loop *loops[];
};

/* NULL without memory, not raised. Whoever opened it keeps the loops' memory until it closes it. */
struct eddy__peers *eddy__peers_open(unsigned count);
void eddy__peers_close(struct eddy__peers *peers);
/* loop, opened by its own thread, is that one of them. leave: it has been closed. */
void eddy__peers_join(struct eddy__peers *peers, unsigned index, eddy_loop *loop);
void eddy__peers_leave(eddy_loop *loop);

/* Around a wait that only another thread can end. True: nothing will, none of the loops can ever go
 * on; the others are told. */
bool eddy__peers_idle(eddy_loop *loop);
bool eddy__peers_awake(eddy_loop *loop);

#endif
