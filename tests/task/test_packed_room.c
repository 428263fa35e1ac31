/* test_packed_room.c - X11: the smallest packed stack on which each family of calls works. */
#include "reports.h"

#include "stream/peer.h"

#include <eddy/file.h>
#include <eddy/gather.h>
#include <eddy/gen.h>
#include <eddy/group.h>
#include <eddy/process.h>
#include <eddy/queue.h>
#include <eddy/stream.h>
#include <eddy/thread.h>

/* What each family is, in a frame that needs no more than the call itself. */
typedef int family(void);

/* ---- waits ---- */

static int returns_nothing(void)
{
    return 0;
}

static int waits(void)
{
    static eddy_lock lock;
    static eddy_event event;
    static eddy_semaphore semaphore = {.value = 1};

    eddy_try(eddy_sleep(0));
    eddy_timeout(1)
        eddy_try(eddy_sleep(0.001));
    eddy_try(eddy_lock_acquire(&lock));
    eddy_lock_release(&lock);
    eddy_event_set(&event);
    eddy_try(eddy_event_wait(&event));
    eddy_try(eddy_semaphore_acquire(&semaphore));
    eddy_semaphore_release(&semaphore);
    return 0;
}

static eddy_queue *queue;

static int queues(void)
{
    static int item;

    for (int i = 0; i < 300; i++)
        eddy_try(eddy_queue_put(queue, &item));
    for (int i = 0; i < 300; i++)
        eddy_try(eddy_queue_get(queue, &item));
    return 0;
}

static eddy_stream *pair[2];

static int streams(void)
{
    static char bytes[100];

    eddy_try(eddy_write(pair[0], bytes, sizeof bytes));
    eddy_try(eddy_flush(pair[0]));
    eddy_try(eddy_read_exactly(pair[1], bytes, sizeof bytes));
    return 0;
}

static int fails(void)
{
    if (eddy_raise(EDDY_EUSER, "%d of %g", 1, 0.5) != EDDY_EUSER)
        return EDDY_EINVAL;
    eddy_error_clear();
    return 0;
}

/* ---- starting tasks: enough to need more memory for each of what a loop has ---- */

enum { MANY = 3000 };

static int groups(void)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (int i = 0; i < MANY; i++)
        eddy_try(eddy_group_start(group, sleeps_coro(0.001)));
    return eddy_group_join(group);
}

static int creates(void)
{
    static eddy_task *tasks[MANY];

    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_try(eddy_create_task(sleeps_coro(0.001)));
    for (int i = 0; i < MANY; i++) {
        eddy_try(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    return 0;
}

static int gathers(void)
{
    return eddy_gather(returns_coro(0), sleeps_coro(0.001));
}

static int yields(void)
{
    static int item;

    return eddy_yield(&item);
}
EDDY_CORO(yields)

static int generates(void)
{
    static int item;
    eddy_auto(eddy_gen) *gen = eddy_try(eddy_gen_open(yields_coro(), sizeof item));

    return eddy_gen_next(gen, &item) < 0 ? EDDY_EINVAL : 0;
}

/* ---- the world outside ---- */

static int to_thread(void)
{
    return eddy_to_thread(returns_coro(0));
}

static int files(void)
{
    char *data;

    eddy_try(eddy_read_file("/proc/self/cmdline", &data, NULL));
    eddy_free(data);
    return 0;
}

static int port;

static int connects(void)
{
    eddy_stream_close(eddy_try(eddy_connect("127.0.0.1", .port = port)));
    return 0;
}

static int runs(void)
{
    static const char *const argv[] = {"true", NULL};
    eddy_auto(eddy_process) *process = eddy_try(eddy_process_open(argv));

    return eddy_process_wait(process, NULL);
}

/* ---- what fails ---- */

static eddy_stream *gone; /* its peer has */

static int as_expected(int r, int expected)
{
    eddy_error_clear();
    return r == expected ? 0 : EDDY_EINVAL;
}

static int write_fails(void)
{
    return as_expected((int)eddy_write(gone, "x", 1), EDDY_EPIPE);
}

static int read_ends(void)
{
    char *data;

    return as_expected((int)eddy_read_until(gone, "zzz", &data), EDDY_EOF);
}

static int connect_fails(void)
{
    return as_expected(eddy_connect("127.0.0.1", .port = 1) ? 0 : eddy_last_status(),
                       EDDY_ECONNREFUSED);
}

static int open_fails(void)
{
    return as_expected(eddy_file_open("/nonexistent", "r") ? 0 : eddy_last_status(), EDDY_ENOENT);
}

static int write_file_fails(void)
{
    return as_expected((int)eddy_write_file("/nonexistent/x", "x", 1, .atomic = true), EDDY_ENOENT);
}

/* ---- how much ---- */

static const struct {
    const char *name;
    family *fn;
    size_t smallest;
} families[] = {
    {"waits", waits, 1024},
    {"queues", queues, 1024},
    {"streams", streams, 1024},
    {"failures", fails, 1024},
    {"groups", groups, 2048},
    {"tasks", creates, 2048},
    {"gather", gathers, 2048},
    {"generators", generates, 2048},
    {"threads", to_thread, 2048},
    {"files", files, 2048},
    {"connections", connects, 2048},
    {"processes", runs, 4096},
    {"a write that fails", write_fails, 1024},
    {"a read that ends", read_ends, 2048},
    {"a connect that fails", connect_fails, 2048},
    {"an open that fails", open_fails, 2048},
    {"a whole file that fails", write_file_fails, 2048},
};

struct use {
    size_t used, room;
};

static int measured(family *fn, struct use *use)
{
    int r = fn();

    const struct eddy__stack *stack = eddy__self()->fiber.stack;
    use->room = (size_t)((const char *)stack - stack->low) - 2 * sizeof(uint64_t);
    use->used = eddy__stack_high_water(stack);
    return r;
}
EDDY_CORO(measured, family *, struct use *)

static int runs_packed(family *fn, size_t size, struct use *use)
{
    eddy_auto(eddy_task) *task =
        eddy_create_task(measured_coro(fn, use), .packed = true, .stack_size = size);

    return eddy_await(task);
}

/* In a loop in which nothing has grown, and no thread has started. */
static int tries(family *fn, size_t size, struct use *use)
{
    struct sockaddr_in address;
    int listener = raw_listener(&address, 1), fds[2];

    CHECK_OK(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds));
    gone = eddy_stream_of_socket(fds[0], NULL);
    close(fds[1]);
    port = ntohs(address.sin_port);
    eddy__stack_pool_measure(&eddy__tasks_of(eddy_loop_running())->stacks);
    CHECK_OK(eddy_stream_pair(pair));
    queue = eddy_queue_open(sizeof(int), 300);
    int r = runs_packed(fn, size, use);
    eddy_queue_close(queue);
    eddy_stream_close(gone);
    eddy_stream_close(pair[0]);
    eddy_stream_close(pair[1]);
    close(listener);
    return r;
}
EDDY_CORO(tries, family *, size_t, struct use *)

TEST_PLAIN(X11_each_family_of_calls_has_room)
{
    struct use large, smallest;

#ifndef __OPTIMIZE__
    SKIP("frames are larger without optimisation");
#endif
    if (test_is_watched())
        SKIP("no stack is packed under a checker");
    for (size_t i = 0; i < sizeof families / sizeof *families; i++) {
        size_t size = families[i].smallest;

        CHECK_OK(eddy_run(tries_coro(families[i].fn, 8192, &large)));
        CHECK_OK(eddy_run(tries_coro(returns_nothing, size, &smallest)));
        if (large.used > smallest.room)
            test_fail(__FILE__, __LINE__, "%s use %zu bytes, more than the %zu of %zu",
                      families[i].name, large.used, smallest.room, size);
        CHECK_OK(eddy_run(tries_coro(families[i].fn, size, &smallest)));
    }
}
