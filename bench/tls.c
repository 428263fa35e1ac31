/* tls.c - TLS connections, one after the other: connect, a byte there and back, close; each with a
 * handshake in full, then each with the session of the one before. Both sides are this process. */
#include "bench.h"

#include <eddy.h>
#include <stdlib.h>
#include <unistd.h>

static int answer(eddy_stream *peer)
{
    char byte;

    eddy_try(eddy_read_exactly(peer, &byte, 1));
    eddy_try(eddy_write(peer, &byte, 1));
    return 0;
}

static int connect_once(int port, const char *file, int sessions)
{
    char byte = 'x';
    eddy_auto(eddy_stream) *s =
        eddy_try(eddy_connect("127.0.0.1", .port = port, .tls = true,
                              .tls_opts = {.ca_file = file, .sessions = sessions}));

    eddy_try(eddy_write(s, &byte, 1));
    eddy_try(eddy_read_exactly(s, &byte, 1));
    return eddy_stream_tls_resumed(s);
}

static int measure(const char *name, int port, const char *file, int sessions, long rounds)
{
    int resumed = eddy_try(connect_once(port, file, sessions));
    double start = bench_now();

    for (long i = 0; i < rounds; i++)
        resumed += eddy_try(connect_once(port, file, sessions));
    double each = (bench_now() - start) / (double)rounds;
    if (resumed != (sessions < 0 ? 0 : rounds))
        return eddy_raise(EDDY_EINVAL, "%d connections were resumed", resumed);
    bench_report(name, 1 / each, "/s");
    return 0;
}

static int measure_both(const char *file, long rounds)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(answer, .host = "127.0.0.1", .cert = file));
    int port = eddy_server_port(server);

    eddy_try(measure("tls_full", port, file, -1, rounds));
    return measure("tls_resumed", port, file, 0, rounds);
}
EDDY_CORO(measure_both, const char *, long)

/* A certificate that vouches for itself, made by the command openssl: P-256, or "rsa:2048". */
static bool make_certificate(const char *file, const char *kind)
{
    char command[600];
    const char *curve = strcmp(kind, "ec") == 0 ? "-pkeyopt ec_paramgen_curve:P-256" : "";

    snprintf(command, sizeof command,
             "openssl req -x509 -newkey %s %s -nodes -days 2 -subj /CN=127.0.0.1 "
             "-addext subjectAltName=IP:127.0.0.1 -keyout %s.key -out %s 2>/dev/null && "
             "cat %s.key >> %s && rm %s.key",
             kind, curve, file, file, file, file, file);
    return system(command) == 0;
}

int main(int argc, char **argv)
{
    long rounds = bench_arg(argc, argv, 1, 2000);
    const char *kind = argc > 2 ? argv[2] : "ec";
    char file[] = "/tmp/eddy-bench-tls-XXXXXX";
    int fd = mkstemp(file);

    if (fd < 0 || !make_certificate(file, kind)) {
        fprintf(stderr, "the command openssl cannot make a certificate\n");
        return 1;
    }
    close(fd);
    int status = eddy_run(measure_both_coro(file, rounds));
    unlink(file);
    return status < 0;
}
