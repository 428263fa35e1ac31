/* tls_memory.c - TLS connections leave no memory behind: tls_memory CERTIFICATE [CONNECTIONS]
 *
 * A server and a client, each a process, make so many connections (15,000), some one after the
 * other and some 32 at a time, in full and resumed. What both have on their heaps, and resident,
 * may not be more afterwards than after the first 1,000. */
#include <eddy.h>
#include <malloc.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { FIRST = 1000, AT_ONCE = 32, HEAP_ALLOWED = 64 << 10, RESIDENT_ALLOWED = 2 << 20 };

struct memory {
    long heap;
    long resident;
};

static const char *certificate;
static int port;
static long connections = 15000;

static struct memory memory_now(void)
{
    struct mallinfo2 info = mallinfo2();
    FILE *file = fopen("/proc/self/statm", "r");
    long pages = 0;

    if (!file || fscanf(file, "%*d %ld", &pages) != 1)
        fprintf(stderr, "cannot read /proc/self/statm\n");
    if (file)
        fclose(file);
    return (struct memory){(long)(info.uordblks + info.hblkhd), pages * sysconf(_SC_PAGESIZE)};
}

/* ---- the server ---- */

/* Answers with what it was sent, or, to the question, with its memory. */
static int answer(eddy_stream *peer)
{
    char buf[1000];
    struct memory memory;

    eddy_try(eddy_read_exactly(peer, buf, sizeof buf));
    if (buf[0] != '?') {
        eddy_try(eddy_write(peer, buf, sizeof buf));
        return 0;
    }
    memory = memory_now();
    eddy_try(eddy_write(peer, &memory, sizeof memory));
    return 0;
}

static int serve(int ready)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(answer, .host = "127.0.0.1", .cert = certificate));

    port = eddy_server_port(server);
    if (write(ready, &port, sizeof port) != sizeof port)
        return EDDY_EPIPE;
    return eddy_sleep(1e9);
}
EDDY_CORO(serve, int)

/* ---- the client ---- */

static int ask(char first, void *to, size_t size, int sessions)
{
    char buf[1000] = {first};
    eddy_auto(eddy_stream) *s =
        eddy_try(eddy_connect("127.0.0.1", .port = port, .tls = true,
                              .tls_opts = {.ca_file = certificate, .sessions = sessions}));

    eddy_try(eddy_write(s, buf, sizeof buf));
    eddy_try(eddy_read_exactly(s, to, size));
    return 0;
}

static int echo_once(int i)
{
    char buf[1000];

    return ask('x', buf, sizeof buf, i % 2 ? -1 : 0);
}
EDDY_CORO(echo_once, int)

/* Half of them one after the other. */
static int connect_often(long n)
{
    eddy_coro coros[AT_ONCE];

    for (long done = 0; done < n; done += 2 * AT_ONCE) {
        for (int i = 0; i < AT_ONCE; i++)
            eddy_try(echo_once(i));
        for (int i = 0; i < AT_ONCE; i++)
            coros[i] = echo_once_coro(i);
        eddy_try(eddy_gather_n(coros, AT_ONCE));
    }
    return eddy_sleep(0.2);
}

/* Both sides, once nothing is under way. */
static int measure(struct memory memory[2], long n)
{
    eddy_try(connect_often(n));
    eddy_try(ask('?', &memory[0], sizeof memory[0], -1));
    memory[1] = memory_now();
    return 0;
}

static bool grew(const char *who, struct memory before, struct memory after)
{
    long heap = after.heap - before.heap, resident = after.resident - before.resident;
    bool bad = heap > HEAP_ALLOWED || resident > RESIDENT_ALLOWED;

    printf("%s: heap %ld KiB, then %+ld B; resident %ld KiB, then %+ld KiB%s\n", who,
           before.heap >> 10, heap, before.resident >> 10, resident / 1024, bad ? ": GREW" : "");
    return bad;
}

static int compare(void)
{
    struct memory first[2], last[2];

    eddy_try(measure(first, FIRST));
    eddy_try(measure(last, connections - FIRST));
    bool server = grew("server", first[0], last[0]), client = grew("client", first[1], last[1]);
    return server || client;
}
EDDY_CORO(compare)

int main(int argc, char **argv)
{
    int ready[2];

    if (argc < 2 || pipe(ready) < 0)
        return 2;
    certificate = argv[1];
    if (argc > 2)
        connections = strtol(argv[2], NULL, 10);
    pid_t pid = fork();
    if (pid == 0)
        return eddy_run(serve_coro(ready[1])) < 0;
    close(ready[1]);
    int status = read(ready[0], &port, sizeof port) == sizeof port ? eddy_run(compare_coro()) : 1;
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return status != 0;
}
