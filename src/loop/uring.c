/* uring.c - mapping and system calls of an io_uring, straight on the kernel's interface. */
#include "loop/uring.h"

#include "base/clock.h"
#include "base/sys.h"
#include <sys/mman.h>
#include <unistd.h>

enum { SQ_ENTRIES = 256, CQ_ENTRIES = 4096 };

/* Those of kernel 6.1 and later. With DEFER_TASKRUN completions are handed out in ring_enter only,
 * and never interrupt the program; TASKRUN_FLAG lets it see that there are some. */
static const uint32_t SETUP_FLAGS = IORING_SETUP_CLAMP | IORING_SETUP_CQSIZE |
                                    IORING_SETUP_SUBMIT_ALL | IORING_SETUP_TASKRUN_FLAG |
                                    IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN;
static const uint32_t FEATURES = IORING_FEAT_SINGLE_MMAP | IORING_FEAT_NODROP |
                                 IORING_FEAT_SUBMIT_STABLE | IORING_FEAT_RW_CUR_POS |
                                 IORING_FEAT_FAST_POLL | IORING_FEAT_EXT_ARG | IORING_FEAT_CQE_SKIP;

static int uring_map(void **to, int fd, size_t size, off_t offset)
{
    const int flags = MAP_SHARED | MAP_POPULATE;

    return eddy__sys(
        (*to = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, fd, offset)) == MAP_FAILED ? -1 : 0);
}

static int map_both(struct ring *ring, const struct io_uring_params *params)
{
    size_t sq_size = params->sq_off.array + params->sq_entries * sizeof(uint32_t);
    size_t cq_size = params->cq_off.cqes + params->cq_entries * sizeof(struct io_uring_cqe);
    void *sqes;

    ring->map_size = max_size(sq_size, cq_size);
    ring->sqes_size = params->sq_entries * sizeof(struct io_uring_sqe);
    int r = uring_map(&ring->map, ring->fd, ring->map_size, IORING_OFF_SQ_RING);
    if (r < 0)
        return r;
    r = uring_map(&sqes, ring->fd, ring->sqes_size, IORING_OFF_SQES);
    if (r < 0)
        munmap(ring->map, ring->map_size);
    else
        ring->sqes = sqes;
    return r;
}

static uint32_t *word(const struct ring *ring, uint32_t offset)
{
    return (uint32_t *)(void *)((char *)ring->map + offset);
}

static void point_into(struct ring *ring, const struct io_uring_params *params)
{
    uint32_t *array = word(ring, params->sq_off.array);

    ring->sq_head = word(ring, params->sq_off.head);
    ring->sq_tail = word(ring, params->sq_off.tail);
    ring->sq_flags = word(ring, params->sq_off.flags);
    ring->sq_mask = *word(ring, params->sq_off.ring_mask);
    ring->cq_head = word(ring, params->cq_off.head);
    ring->cq_tail = word(ring, params->cq_off.tail);
    ring->cq_mask = *word(ring, params->cq_off.ring_mask);
    ring->cqes = (struct io_uring_cqe *)(void *)((char *)ring->map + params->cq_off.cqes);
    ring->sq_next = *ring->sq_tail;
    for (uint32_t i = 0; i <= ring->sq_mask; i++)
        array[i] = i;
}

static int probe(int fd, const uint8_t *needed, size_t count)
{
    union {
        struct io_uring_probe probe;
        char space[sizeof(struct io_uring_probe) + 64 * sizeof(struct io_uring_probe_op)];
    } u = {.space = {0}};
    int r = eddy__sys_uring_register(fd, IORING_REGISTER_PROBE, &u, 64);

    for (size_t i = 0; r >= 0 && i < count; i++)
        if (needed[i] > u.probe.last_op || !(u.probe.ops[needed[i]].flags & IO_URING_OP_SUPPORTED))
            r = -ENOSYS;
    return r;
}

/* Saves looking the descriptor up in each ring_enter. There is room for 16 in a thread; without it
 * the plain descriptor serves. */
static void register_fd(struct ring *ring)
{
    struct io_uring_rsrc_update update = {.offset = UINT32_MAX, .data = (uint32_t)ring->fd};

    ring->enter_fd = ring->fd;
    if (eddy__sys_uring_register(ring->fd, IORING_REGISTER_RING_FDS, &update, 1) != 1)
        return;
    ring->enter_fd = (int)update.offset;
    ring->enter_flags = IORING_ENTER_REGISTERED_RING;
}

int ring_open(struct ring *ring, const uint8_t *needed, size_t count)
{
    struct io_uring_params params = {.flags = SETUP_FLAGS, .cq_entries = CQ_ENTRIES};
    int r;

    *ring = (struct ring){0};
    ring->fd = eddy__sys_uring_setup(SQ_ENTRIES, &params);
    if (ring->fd < 0)
        return ring->fd;
    r = (params.features & FEATURES) == FEATURES ? probe(ring->fd, needed, count) : -ENOSYS;
    if (r >= 0)
        r = map_both(ring, &params);
    if (r < 0) {
        close(ring->fd);
        return r;
    }
    point_into(ring, &params);
    register_fd(ring);
    if ((r = ring_enter(ring, 0, 0)) < 0) /* set up, and not to be used: by a sandbox */
        ring_close(ring);
    return r;
}

unsigned ring_limit_workers(struct ring *ring, unsigned count)
{
    uint32_t limits[2] = {count, 0}; /* of work that ends, and of other */

    if (eddy__sys_uring_register(ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
        return 0;
    limits[0] = limits[1] = 0; /* asks only: RLIMIT_NPROC may allow less */
    if (eddy__sys_uring_register(ring->fd, IORING_REGISTER_IOWQ_MAX_WORKERS, limits, 2) < 0)
        return 0;
    return limits[0];
}

void ring_close(struct ring *ring)
{
    struct io_uring_rsrc_update update = {.offset = (uint32_t)ring->enter_fd};

    if (ring->fd >= 0) {
        if (ring->enter_flags)
            eddy__sys_uring_unregister(ring->fd, IORING_UNREGISTER_RING_FDS, &update, 1);
        close(ring->fd);
    }
    munmap(ring->sqes, ring->sqes_size);
    munmap(ring->map, ring->map_size);
}

static void make_private(void *p, size_t size)
{
    mmap(p, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
}

void ring_disown(struct ring *ring)
{
    close(ring->fd);
    ring->fd = ring->enter_fd = -1;
    ring->enter_flags = 0;
    make_private(ring->map, ring->map_size);
    make_private(ring->sqes, ring->sqes_size);
    ring->sq_next = 0;
}

int ring_enter(struct ring *ring, unsigned min_complete, int64_t timeout_ns)
{
    struct __kernel_timespec ts;
    struct io_uring_getevents_arg arg = {.ts = (uint64_t)(uintptr_t)&ts};
    uint32_t flags = ring->enter_flags | IORING_ENTER_GETEVENTS;
    bool timed = min_complete && timeout_ns != NS_NEVER;

    if (timed) {
        ts.tv_sec = timeout_ns / NS_PER_SECOND;
        ts.tv_nsec = timeout_ns % NS_PER_SECOND;
        flags |= IORING_ENTER_EXT_ARG;
    }
    __atomic_store_n(ring->sq_tail, ring->sq_next, __ATOMIC_RELEASE);
    return eddy__sys_uring_enter(ring->enter_fd, ring_queued(ring), min_complete, flags,
                                 timed ? &arg : NULL, timed ? sizeof arg : 0);
}

int ring_cancel_now(struct ring *ring, uint64_t user_data)
{
    struct io_uring_sync_cancel_reg cancel = {.addr = user_data, .fd = -1};

    return eddy__sys_uring_register(ring->fd, IORING_REGISTER_SYNC_CANCEL, &cancel, 1);
}
