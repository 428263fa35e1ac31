/* inbox.h - what any thread may do to a loop (inbox.c). Part of the door, loop.h. */
#ifndef EDDY_LOOP_INBOX_H
#define EDDY_LOOP_INBOX_H

#include <eddy/loop.h>

/* A node may be pushed from any thread and is then the loop's until fn is called. */
struct eddy__inbox_node {
    struct eddy__inbox_node *next;
    void (*fn)(struct eddy__inbox_node *node);
};

/* fn(node) will be called in the loop's thread. 0, or EDDY_ECLOSED, not raised: it never will. The
 * caller keeps the loop's memory alive. */
int eddy__inbox_push(eddy_loop *loop, struct eddy__inbox_node *node);
/* Ends the loop's sleep, or its next one; interrupt sets loop->interrupted before. May be called by
 * a signal handler. */
void eddy__loop_wake(eddy_loop *loop);
void eddy__loop_interrupt(eddy_loop *loop);
/* The last reference frees the loop. */
void eddy__loop_ref(eddy_loop *loop);
void eddy__loop_unref(eddy_loop *loop);

#endif
