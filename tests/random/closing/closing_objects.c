/* closing_objects.c - how random_closing.c opens, uses and closes objects of each kind. */
#include "closing.h"

#include <eddy.h>
#include <signal.h>
#include <sys/socket.h>

struct closing_slot closing_slots[CLOSING_SLOTS];
int closing_number;

enum { BUNDLE = 3 };

/* ---- tasks, several of them, generators ---- */

static int answers(int number, int ms, bool stubborn)
{
    if (stubborn)
        eddy_shield(1)
            eddy_ignore(eddy_sleep(ms / 1000.0));
    else
        eddy_try(eddy_sleep(ms / 1000.0));
    return number;
}
EDDY_CORO(answers, int, int, bool)

static void *open_task(struct random *r, int number)
{
    return eddy_create_task(answers_coro(number, random_between(r, 0, 6), random_percent(r, 20)));
}

static void close_task(void *object)
{
    eddy_task_close(object);
}

static int called_back(eddy_task *task, void *arg)
{
    (void)arg;
    CHECK(eddy_task_done(task));
    return 0;
}

static int use_task(struct random *r, const struct closing_slot *s)
{
    eddy_task *task = s->object;
    int number = s->number, status;

    switch (random_below(r, 7)) {
    case 0:
        return eddy_wait_at_most(&task, 1, random_between(r, 0, 3) / 1000.0);
    case 1:
        return eddy_cancel(task);
    case 2:
        return eddy_task_add_done_callback(task, called_back, NULL);
    case 3:
        status = eddy_gather_tasks(&task, 1);
        CHECK(status <= 0);
        return status;
    case 4:
        status = eddy_await_shielded(task);
        break;
    default:
        status = eddy_await(task);
    }
    if (status >= 0)
        CHECK_INT(status, number);
    return status;
}

struct bundle {
    eddy_task *tasks[BUNDLE];
    eddy_completion *completion;
};

static void close_bundle(void *object)
{
    struct bundle *b = object;
    bool tasks_first = b->tasks[0] && eddy_task_done(b->tasks[0]);

    for (int i = 0; tasks_first && i < BUNDLE; i++)
        eddy_task_close(eddy_take(b->tasks[i]));
    eddy_completion_close(b->completion);
    for (int i = 0; i < BUNDLE; i++)
        eddy_task_close(b->tasks[i]);
    free(b);
}

static void *open_bundle(struct random *r, int number)
{
    struct bundle *b = calloc(1, sizeof *b);

    for (int i = 0; i < BUNDLE; i++)
        b->tasks[i] = open_task(r, number);
    b->completion = eddy_as_completed(b->tasks, BUNDLE);
    CHECK(b->completion);
    return b;
}

static int use_bundle(struct random *r, const struct closing_slot *s)
{
    struct bundle *b = s->object;
    unsigned at = random_below(r, BUNDLE);
    int number = s->number, statuses[BUNDLE] = {0}, status;
    eddy_task *next = NULL;

    switch (random_below(r, 4)) {
    case 0:
        eddy_task_close(eddy_take(b->tasks[at]));
        return 0;
    case 1:
        if (!b->tasks[0] || !b->tasks[1] || !b->tasks[2])
            return 0;
        status = eddy_gather_tasks(b->tasks, BUNDLE, .statuses = statuses);
        for (int i = 0; i < BUNDLE && status == 0; i++)
            if (statuses[i] >= 0)
                CHECK_INT(statuses[i], number);
        return status;
    default:
        return eddy_completion_next(b->completion, &next);
    }
}

static int gives(int n)
{
    for (int i = 0; i < n; i++) {
        eddy_try(eddy_sleep(i % 2 ? 0.001 : 0));
        eddy_try(eddy_yield(&i));
    }
    return 0;
}
EDDY_CORO(gives, int)

static void *open_gen(struct random *r, int number)
{
    (void)number;
    return eddy_gen_open(gives_coro(random_between(r, 0, 9)), sizeof(int));
}

static void close_gen(void *object)
{
    eddy_gen_close(object);
}

static int use_gen(struct random *r, const struct closing_slot *s)
{
    int item;

    (void)r;
    return eddy_gen_next(s->object, &item);
}

/* ---- queues, futures, channels, events, barriers ---- */

static void *open_queue(struct random *r, int number)
{
    (void)number;
    return eddy_queue_open(sizeof(int), (size_t)random_between(r, 1, 2));
}

static void close_queue(void *object)
{
    eddy_queue_close(object);
}

static int select_some(const struct closing_slot *s, int *item)
{
    eddy_select_case cases[CLOSING_SLOTS] = {EDDY_CASE_GET(s->object, item)};
    size_t n = 1;

    for (int i = 0; i < CLOSING_SLOTS && n < CLOSING_SLOTS; i++)
        if (closing_slots[i].object && strcmp(closing_slots[i].kind->name, "future") == 0)
            cases[n++] = (eddy_select_case)EDDY_CASE_FUTURE(closing_slots[i].object, item);
    return eddy_select(cases, n);
}

static int use_queue(struct random *r, const struct closing_slot *s)
{
    int item = 1;

    switch (random_below(r, 5)) {
    case 0:
        return eddy_queue_put(s->object, &item);
    case 1:
        return eddy_queue_join(s->object);
    case 2:
        return eddy_queue_task_done(s->object);
    case 3:
        return select_some(s, &item);
    default:
        return eddy_queue_get(s->object, &item);
    }
}

static void *open_future(struct random *r, int number)
{
    (void)r, (void)number;
    return eddy_future_open(sizeof(int));
}

static void close_future(void *object)
{
    eddy_future_close(object);
}

static int future_called_back(eddy_future *future, void *arg)
{
    (void)arg;
    CHECK(eddy_future_done(future));
    return 0;
}

static int use_future(struct random *r, const struct closing_slot *s)
{
    int item = 1;

    switch (random_below(r, 6)) {
    case 0:
        return random_percent(r, 50) ? eddy_future_set_result(s->object, &item)
                                     : eddy_future_cancel(s->object);
    case 1:
        return eddy_future_add_done_callback(s->object, future_called_back, NULL);
    default:
        return eddy_future_await(s->object, &item);
    }
}

static void *open_channel(struct random *r, int number)
{
    (void)number;
    return eddy_channel_open(sizeof(int), (size_t)random_between(r, 1, 2));
}

static void close_channel(void *object)
{
    eddy_channel_close(object);
}

static int use_channel(struct random *r, const struct closing_slot *s)
{
    int item = 1;

    return random_percent(r, 50) ? eddy_channel_send(s->object, &item)
                                 : eddy_channel_receive(s->object, &item);
}

static void *open_event(struct random *r, int number)
{
    eddy_event *event = calloc(1, sizeof *event);

    (void)number;
    event->is_set = random_percent(r, 30);
    return event;
}

static void close_event(void *object)
{
    eddy_event_set(object);
    free(object);
}

static int use_event(struct random *r, const struct closing_slot *s)
{
    (void)r;
    return eddy_event_wait(s->object);
}

static void *open_barrier(struct random *r, int number)
{
    eddy_barrier *barrier = calloc(1, sizeof *barrier);

    (void)number;
    barrier->parties = 1 + random_below(r, 3);
    return barrier;
}

static void close_barrier(void *object)
{
    eddy_barrier_abort(object);
    free(object);
}

static int use_barrier(struct random *r, const struct closing_slot *s)
{
    (void)r;
    return eddy_barrier_wait(s->object);
}

/* ---- streams, datagrams, servers ---- */

/* One end of a pair, which is a slot's, and the other, which reads and writes by itself. */
static int talks(eddy_stream *s, int n)
{
    char bytes[700] = {0};

    for (; n > 0; n--) {
        eddy_timeout(0.005)
            eddy_try(eddy_write(s, bytes, sizeof bytes));
        eddy_try(eddy_sleep(0.001));
        eddy_timeout(0.001)
            eddy_ignore(eddy_read(s, bytes, sizeof bytes));
    }
    return 0;
}

static int talks_and_closes(eddy_stream *s, int n)
{
    int r = talks(s, n);

    eddy_stream_abort(s); /* two that close and read no more may wait for each other, for 5 s */
    eddy_stream_close(s);
    return r;
}
EDDY_CORO(talks_and_closes, eddy_stream *, int)

static bool make_pair(struct random *r, eddy_stream *pair[2])
{
    int fds[2];

    if (random_percent(r, 50))
        return eddy_stream_pair(pair, .high_water = 1000) == 0;
    CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0, fds), 0);
    for (int i = 0; i < 2; i++)
        pair[i] = eddy_stream_of_socket(fds[i], &(eddy_stream_opts){.high_water = 1000});
    return pair[0] && pair[1];
}

static void *open_stream(struct random *r, int number)
{
    eddy_stream *pair[2];

    (void)number;
    CHECK(make_pair(r, pair));
    eddy_detach(eddy_create_task(talks_and_closes_coro(pair[1], random_between(r, 0, 9))));
    return pair[0];
}

static void *open_file(struct random *r, int number)
{
    char path[100];

    (void)number;
    snprintf(path, sizeof path, "%s/file%u", random_folder(), random_below(r, 2));
    return eddy_file_open(path, "w+");
}

static void close_stream(void *object)
{
    if (closing_number % 3 == 0)
        eddy_stream_abort(object);
    eddy_stream_close(object);
}

static eddy_stream *another_stream(const struct closing_slot *s)
{
    for (int i = 0; i < CLOSING_SLOTS; i++)
        if (&closing_slots[i] != s && closing_slots[i].object &&
            closing_slots[i].kind->close == close_stream)
            return closing_slots[i].object;
    return NULL;
}

static int use_stream(struct random *r, const struct closing_slot *s)
{
    char bytes[3000] = {0}, *line;
    eddy_stream *stream = s->object, *other = another_stream(s);

    switch (random_below(r, 9)) {
    case 0:
        return (int)eddy_write(stream, bytes, (size_t)random_between(r, 1, sizeof bytes));
    case 1:
        return eddy_flush(stream);
    case 2:
        return random_percent(r, 30) ? eddy_write_eof(stream) : 0;
    case 3:
        return (int)eddy_read_line(stream, &line);
    case 4:
        return (int)eddy_read_exactly(stream, bytes, sizeof bytes);
    case 5:
        return other ? (int)eddy_copy(other, stream, .size = 1000) : 0;
    case 6:
        return eddy_printf(stream, "%s %d\n", "line", 1) < 0 ? -1 : 0;
    default:
        return (int)eddy_read(stream, bytes, sizeof bytes);
    }
}

static int use_file(struct random *r, const struct closing_slot *s)
{
    char bytes[100] = {0};
    struct stat found;
    eddy_stream *other = another_stream(s);

    switch (random_below(r, 8)) {
    case 0:
        return (int)eddy_file_pread(s->object, bytes, sizeof bytes, 0);
    case 1:
        return (int)eddy_file_pwrite(s->object, bytes, sizeof bytes, 50);
    case 2:
        return (int)eddy_file_seek(s->object, 0, random_percent(r, 50) ? SEEK_END : SEEK_SET);
    case 3:
        return eddy_file_stat(s->object, &found);
    case 4:
        return eddy_file_sync(s->object);
    case 5:
        return other ? (int)eddy_sendfile(other, s->object, 0, -1) : 0;
    default:
        return use_stream(r, s);
    }
}

static void *open_datagram(struct random *r, int number)
{
    (void)r, (void)number;
    return eddy_datagram_open();
}

static void close_datagram(void *object)
{
    eddy_datagram_close(object);
}

static int use_datagram(struct random *r, const struct closing_slot *s)
{
    char bytes[100] = {0};
    eddy_address own;

    if (random_percent(r, 60))
        return (int)eddy_datagram_receive(s->object, bytes, sizeof bytes, NULL);
    eddy_try(eddy_datagram_local(s->object, &own));
    return (int)eddy_datagram_send_to(s->object, bytes, 10, &own);
}

static int serves(eddy_stream *s)
{
    return talks(s, 3);
}

static void *open_server(struct random *r, int number)
{
    (void)number;
    return eddy_server_open(serves, .host = "127.0.0.1",
                            .drain = random_percent(r, 30) ? 0.002 : 0);
}

static void close_server(void *object)
{
    eddy_server_close(object);
}

static int use_server(struct random *r, const struct closing_slot *s)
{
    int port = eddy_server_port(s->object);
    eddy_stream *client;

    switch (random_below(r, 6)) {
    case 0:
        return eddy_server_wait(s->object);
    case 1:
        return eddy_server_drain(s->object, 0.003);
    case 2:
        eddy_server_stop(s->object);
        return 0;
    case 3:
        eddy_server_abort(s->object);
        return 0;
    default:
        client = port ? eddy_connect("127.0.0.1", .port = port) : NULL;
        return client ? talks_and_closes(client, 2) : 0;
    }
}

/* ---- processes, signals, folders, pools ---- */

static void *open_process(struct random *r, int number)
{
    bool sleeps = random_percent(r, 60), kills = sleeps || random_percent(r, 50);

    (void)number;
    if (sleeps)
        return eddy_process_open(EDDY_ARGV("sleep", "0.01"), .kill_on_close = kills);
    return eddy_process_open(EDDY_ARGV("cat"), .stdin = EDDY_PIPE, .stdout = EDDY_PIPE,
                             .kill_on_close = kills);
}

static void close_process(void *object)
{
    eddy_process_close(object);
}

static int use_process(struct random *r, const struct closing_slot *s)
{
    eddy_output out = {0};
    int status;

    switch (random_below(r, 5)) {
    case 0:
        status = eddy_process_communicate(s->object, "hello", eddy_process_stdin(s->object) ? 5 : 0,
                                          &out, NULL);
        eddy_output_clear(&out);
        return status;
    case 1:
        return eddy_process_status(s->object, &status);
    case 2:
        return eddy_process_terminate(s->object);
    default:
        return eddy_process_wait(s->object, &status);
    }
}

static void *open_signal(struct random *r, int number)
{
    (void)r, (void)number;
    return eddy_signal_open(SIGUSR1);
}

static void close_signal(void *object)
{
    eddy_signal_close(object);
}

static int use_signal(struct random *r, const struct closing_slot *s)
{
    return random_percent(r, 30) ? kill(getpid(), SIGUSR1) : eddy_signal_next(s->object);
}

static void *open_watch(struct random *r, int number)
{
    (void)number;
    return eddy_dir_watch_open(random_folder(), .recursive = random_percent(r, 50));
}

static void close_watch(void *object)
{
    eddy_dir_watch_close(object);
}

static int use_watch(struct random *r, const struct closing_slot *s)
{
    eddy_dir_event event;
    char path[100];

    snprintf(path, sizeof path, "%s/file%u", random_folder(), random_below(r, 2));
    if (random_percent(r, 40))
        return eddy_write_file(path, "x", 1);
    return eddy_dir_watch_next(s->object, &event);
}

static void *open_pool(struct random *r, int number)
{
    (void)number;
    return eddy_thread_pool_open(.threads = 1 + random_below(r, 2));
}

static void close_pool(void *object)
{
    eddy_pool_close(object);
}

static int works(int number)
{
    usleep(300);
    return number;
}
EDDY_CORO(works, int)

static int copies(const void *item, void *result)
{
    *(int *)result = *(const int *)item;
    return 0;
}

static int use_pool(struct random *r, const struct closing_slot *s)
{
    int items[5] = {1, 2, 3, 4, 5}, results[5];

    if (random_percent(r, 70))
        return eddy_pool_run(s->object, works_coro(4));
    return eddy_pool_map(s->object, copies, items, 5, sizeof items[0], .results = results,
                         .result_size = sizeof results[0]);
}

const struct closing_kind closing_kinds[CLOSING_KINDS] = {
    {"task", open_task, close_task, use_task},
    {"completion", open_bundle, close_bundle, use_bundle},
    {"generator", open_gen, close_gen, use_gen},
    {"queue", open_queue, close_queue, use_queue},
    {"channel", open_channel, close_channel, use_channel},
    {"event", open_event, close_event, use_event},
    {"barrier", open_barrier, close_barrier, use_barrier},
    {"stream", open_stream, close_stream, use_stream},
    {"file", open_file, close_stream, use_file},
    {"datagram", open_datagram, close_datagram, use_datagram},
    {"server", open_server, close_server, use_server},
    {"process", open_process, close_process, use_process},
    {"signal", open_signal, close_signal, use_signal},
    {"folder watch", open_watch, close_watch, use_watch},
    {"pool", open_pool, close_pool, use_pool},
    {"future", open_future, close_future, use_future},
};
