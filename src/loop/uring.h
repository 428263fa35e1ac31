/* uring.h - an io_uring: its mapping and its three system calls. Knows nothing of loops. */
#ifndef EDDY_LOOP_URING_H
#define EDDY_LOOP_URING_H

#include "base/base.h"
#include <linux/io_uring.h>
#include <stdint.h>

/* The kernel moves sq_head and cq_tail, and sets bits of sq_flags. The tail of the submission
 * queue is published by ring_enter only, so sq_next - *sq_head entries wait to be handed in. */
struct ring {
    uint32_t *sq_head;
    uint32_t *sq_tail;
    uint32_t *sq_flags;
    uint32_t *cq_head;
    uint32_t *cq_tail;
    struct io_uring_sqe *sqes;
    struct io_uring_cqe *cqes;
    uint32_t sq_next;
    uint32_t sq_mask;
    uint32_t cq_mask;
    uint32_t enter_flags; /* IORING_ENTER_REGISTERED_RING where enter_fd is such */
    int enter_fd;
    int fd;
    void *map;
    size_t map_size;
    size_t sqes_size;
};

/* 0, or -errno where the kernel refuses or lacks something that is needed, such as an opcode. */
int ring_open(struct ring *ring, const uint8_t *needed, size_t count);
void ring_close(struct ring *ring);
/* In the child of a fork: puts private memory in place of what is shared with the parent. */
void ring_disown(struct ring *ring);

/* Hands in what is queued, then waits until min_complete are complete or timeout_ns (NS_NEVER:
 * none) have passed; min_complete 0 only runs what the kernel has deferred. A timeout of zero would
 * really sleep and must not be asked for. Returns how many were handed in, or -errno. */
int ring_enter(struct ring *ring, unsigned min_complete, int64_t timeout_ns);

/* Sets how many of the kernel's threads may work for the calling one; returns how many that are, 0
 * when it is not known. */
unsigned ring_limit_workers(struct ring *ring, unsigned count);

/* Cancels without a place in the queue. 0 or -errno. */
int ring_cancel_now(struct ring *ring, uint64_t user_data);

static inline uint32_t ring_queued(const struct ring *ring)
{
    return ring->sq_next - __atomic_load_n(ring->sq_head, __ATOMIC_ACQUIRE);
}

/* An entry, all zero; NULL when the queue is full. */
static inline struct io_uring_sqe *ring_take(struct ring *ring)
{
    if (unlikely(ring_queued(ring) > ring->sq_mask))
        return NULL;
    struct io_uring_sqe *sqe = &ring->sqes[ring->sq_next++ & ring->sq_mask];
    memset(sqe, 0, sizeof *sqe);
    return sqe;
}

static inline bool ring_has_completions(const struct ring *ring)
{
    return *ring->cq_head != __atomic_load_n(ring->cq_tail, __ATOMIC_ACQUIRE);
}

/* Whether the kernel has completions that it hands out only in ring_enter. It may say so in vain: a
 * thread of the kernel's that adds one sets the flag afterwards, when it may have been handed out
 * already, and then the flag stays until the next. */
static inline bool ring_has_deferred(const struct ring *ring)
{
    return __atomic_load_n(ring->sq_flags, __ATOMIC_RELAXED) &
           (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW);
}

#endif
