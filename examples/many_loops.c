/* many_loops.c - a server that uses all CPUs: many_loops [PORT [LOOPS]]
 *
 * Each loop serves its share of the connections. A request is a number on a line; the answer is how
 * many primes there are below it, and which loop has counted them. Which loop it was also goes
 * through a channel to the first one, which says at the end how much each has done. Try it with:
 * nc 127.0.0.1 7000. Ctrl-C or SIGTERM ends it. */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

enum { MAX_NUMBER = 100000, MAX_LOOPS = 1024 /* of eddy_run */, QUEUE = 1024 };

struct service {
    int port;
    eddy_channel *answered; /* unsigned: the index of a loop */
};

static int count_primes(int below)
{
    int count = 0;

    for (int n = 2; n < below; n++) {
        int d = 2;

        while (d * d <= n && n % d)
            d++;
        count += d * d > n;
    }
    return count;
}

/* Runs as a task for each connection, in the loop that has accepted it. */
static int answer(eddy_stream *peer)
{
    const struct service *service = eddy_stream_arg(peer);
    unsigned loop = eddy_loop_index();
    char *line;

    for (eddy_try(eddy_read_line(peer, &line)); line; eddy_try(eddy_read_line(peer, &line))) {
        long below = strtol(line, NULL, 10);

        if (below < 0 || below > MAX_NUMBER)
            eddy_try(eddy_printf(peer, "a number up to %d, please\n", MAX_NUMBER));
        else
            eddy_try(eddy_printf(peer, "%d, says loop %u\n", count_primes((int)below), loop));
        eddy_try(eddy_channel_send(service->answered, &loop));
    }
    return 0;
}

static eddy_server *open_server(struct service *service)
{
    return eddy_server_open(answer, .port = service->port, .reuse_port = true, .drain = 5.0,
                            .stop_on_signal = true, .arg = service);
}

static int serve(struct service *service)
{
    eddy_auto(eddy_server) *server = eddy_try(open_server(service));

    return eddy_server_wait(server);
}
EDDY_CORO(serve, struct service *)

static int serve_in(unsigned index, struct service *service)
{
    return eddy_to_loop(eddy_loop_at(index), serve_coro(service));
}
EDDY_CORO(serve_in, unsigned, struct service *)

static int count_answers(eddy_channel *answered, unsigned *counts)
{
    unsigned loop;
    int r;

    while ((r = eddy_channel_receive(answered, &loop)) == 0)
        counts[loop]++;
    return r == EDDY_ECLOSED ? 0 : r;
}
EDDY_CORO(count_answers, eddy_channel *, unsigned *)

/* The first loop opens the port, so that 0 finds a free one, and has the others share it. */
static int lead(struct service *service)
{
    unsigned counts[MAX_LOOPS] = {0};
    eddy_auto(eddy_server) *server = eddy_try(open_server(service));
    service->port = eddy_server_port(server);
    eddy_auto(eddy_task) *counter =
        eddy_try(eddy_create_task(count_answers_coro(service->answered, counts)));
    eddy_auto(eddy_group) *others = eddy_try(eddy_group_open());

    for (unsigned i = 1; i < eddy_loop_count(); i++)
        eddy_try(eddy_group_start(others, serve_in_coro(i, service)));
    printf("counting primes on 127.0.0.1:%d in %u loops\n", service->port, eddy_loop_count());
    fflush(stdout);
    eddy_try(eddy_server_wait(server));
    eddy_try(eddy_group_join(others));
    eddy_channel_shutdown(service->answered);
    eddy_try(eddy_await(counter));
    for (unsigned i = 0; i < eddy_loop_count(); i++)
        printf("loop %u: %u answers\n", i, counts[i]);
    return 0;
}

/* Each loop's main task. The others end at once: their loops go on as long as the first one's. */
static int run(struct service *service)
{
    return eddy_loop_index() == 0 ? lead(service) : 0;
}
EDDY_CORO(run, struct service *)

int main(int argc, char **argv)
{
    char *end = NULL, *after = NULL;
    int port = argc > 1 ? (int)strtol(argv[1], &end, 10) : 7000;
    int loops = argc > 2 ? (int)strtol(argv[2], &after, 10) : EDDY_LOOP_PER_CPU;
    eddy_auto(eddy_channel) *answered = eddy_channel_open(sizeof(unsigned), QUEUE);
    struct service service = {port, answered};

    if ((end && *end) || (after && *after)) {
        fprintf(stderr, "usage: many_loops [PORT [LOOPS]]\n");
        return 2;
    }
    if (!answered)
        return 1;
    return eddy_run(run_coro(&service), .loops = loops) < 0;
}
