/* TLS against OpenSSL's own programs. */
/* pkg-config: openssl */
#include "tls/identity.h"

#include <signal.h>

static struct house h;

/* ---- programs ---- */

struct program {
    pid_t pid;
    int in, out; /* its standard streams; out: errors, too */
};

/* Starts openssl with these arguments; false where it is not installed. */
static bool program_start(struct program *p, const char *const *arguments)
{
    char *copy[24] = {0};
    int in[2], out[2];

    if (access("/usr/bin/openssl", X_OK) != 0)
        return false;
    for (size_t i = 0; arguments[i]; i++)
        memcpy(&copy[i], &arguments[i], sizeof copy[i]);
    CHECK_INT(pipe(in), 0);
    CHECK_INT(pipe(out), 0);
    p->pid = fork();
    CHECK(p->pid >= 0);
    if (p->pid == 0) {
        dup2(in[0], 0);
        dup2(out[1], 1);
        dup2(out[1], 2);
        close(in[0]);
        close(in[1]);
        close(out[0]);
        close(out[1]);
        execv("/usr/bin/openssl", copy);
        _exit(127);
    }
    close(in[0]);
    close(out[1]);
    p->in = in[1];
    p->out = out[0];
    return true;
}

static void program_end(struct program *p)
{
    close(p->in);
    close(p->out);
    kill(p->pid, SIGKILL);
    while (waitpid(p->pid, NULL, 0) < 0)
        continue;
}

/* Reads its output until it has this text, without blocking the loop. */
static void program_expect(struct program *p, const char *text)
{
    char output[20000] = "";
    size_t used = 0;

    fcntl(p->out, F_SETFL, O_NONBLOCK);
    for (int i = 0; i < 8000 && !strstr(output, text); i++) {
        ssize_t n = read(p->out, output + used, sizeof output - 1 - used);

        used += n > 0 ? (size_t)n : 0;
        output[used] = '\0';
        if (n <= 0)
            CHECK_OK(eddy_sleep(0.001));
    }
    CHECK_CONTAINS(output, text);
}

/* ---- s_client ---- */

static void check_s_client(const char *version, const char *session, const char *expected)
{
    char target[40];
    struct program p;

    snprintf(target, sizeof target, "127.0.0.1:%d", eddy_server_port(h.listening));
    if (!program_start(&p, (const char *[]){"openssl", "s_client", "-connect", target, "-CAfile",
                                            h.authority.file, "-verify_return_error", "-servername",
                                            "localhost", version, session, NULL}))
        SKIP("there is no openssl");
    program_expect(&p, expected);
    CHECK_INT(write(p.in, "ping\n", 5), 5);
    program_expect(&p, "ping");
    program_end(&p);
}

TEST_REAL(tls_openssl_s_client)
{
    house_open(&h, echoes);
    check_s_client("-tls1_3", NULL, "TLSv1.3");
    check_s_client("-tls1_2", NULL, "TLSv1.2");
    house_free(&h);
}

/* -reconnect connects five times more with the session of the first. */
TEST_REAL(tls_servers_resume_sessions)
{
    house_open(&h, echoes);
    check_s_client("-tls1_2", "-reconnect", "Reused, TLSv1.2");
    house_free(&h);
}

/* A client that changes its keys at each K, and asks for new ones of ours. */
TEST_REAL(tls_key_updates)
{
    char target[40];
    struct program p;

    house_open(&h, echoes);
    snprintf(target, sizeof target, "127.0.0.1:%d", eddy_server_port(h.listening));
    if (!program_start(&p, (const char *[]){"openssl", "s_client", "-connect", target, "-CAfile",
                                            h.authority.file, "-tls1_3", NULL}))
        SKIP("there is no openssl");
    program_expect(&p, "Verify return code: 0");
    for (int i = 0; i < 3; i++) {
        CHECK_INT(write(p.in, "K\n", 2), 2);
        program_expect(&p, "KEYUPDATE"); /* it drops what it reads behind the K */
        CHECK_INT(write(p.in, "ping\n", 5), 5);
        program_expect(&p, "ping");
    }
    program_end(&p);
    house_free(&h);
}

/* ---- s_server ---- */

static int free_port(void)
{
    struct sockaddr_in address;

    close(raw_listener(&address, 1));
    return ntohs(address.sin_port);
}

static eddy_stream *connect_when_it_listens(int port, int min_version)
{
    for (int i = 0; i < 200; i++) {
        eddy_stream *s =
            eddy_connect("127.0.0.1", .port = port, .tls = true,
                         .tls_opts = {.ca_file = h.authority.file, .min_version = min_version});
        if (s || eddy_last_status() != EDDY_ECONNREFUSED)
            return s;
        CHECK_OK(eddy_sleep(0.02));
    }
    return NULL;
}

/* -rev answers each line reversed. */
static void check_s_server(const char *version, const char *expected)
{
    int port = free_port();
    char where[40], *line;
    struct program p;

    snprintf(where, sizeof where, "127.0.0.1:%d", port);
    if (!program_start(&p, (const char *[]){"openssl", "s_server", "-accept", where, "-cert",
                                            h.server.file, "-key", h.server.file, "-rev", "-quiet",
                                            version, NULL}))
        SKIP("there is no openssl");
    eddy_auto(eddy_stream) *s = connect_when_it_listens(port, EDDY_TLS_1_2);
    if (!s)
        eddy_error_print(eddy_last_error());
    CHECK(s != NULL);
    CHECK_STR(eddy_stream_tls_version(s), expected);
    CHECK_INT(eddy_write(s, "ping\n", 5), 5);
    CHECK_INT(eddy_read_line(s, &line), 4);
    CHECK_STR(line, "gnip");
    CHECK_INT(eddy_write_eof(s), 0);
    eddy_stream_close(eddy_take(s));
    s = connect_when_it_listens(port, EDDY_TLS_1_3);
    CHECK_INT(s != NULL, strcmp(expected, "TLSv1.3") == 0);
    if (!s)
        CHECK_CONTAINS(last_text(), "protocol version");
    eddy_stream_close(eddy_take(s));
    program_end(&p);
}

static void check_s_server_resumes(const char *version)
{
    int port = free_port();
    char where[40], *line;
    struct program p;

    snprintf(where, sizeof where, "127.0.0.1:%d", port);
    if (!program_start(&p, (const char *[]){"openssl", "s_server", "-accept", where, "-cert",
                                            h.server.file, "-key", h.server.file, "-rev", "-quiet",
                                            version, NULL}))
        SKIP("there is no openssl");
    for (int i = 0; i < 4; i++) {
        eddy_auto(eddy_stream) *s = connect_when_it_listens(port, EDDY_TLS_1_2);
        CHECK(s != NULL);
        CHECK_INT(eddy_stream_tls_resumed(s), i > 0);
        CHECK_INT(eddy_write(s, "ping\n", 5), 5);
        CHECK_INT(eddy_read_line(s, &line), 4);
        CHECK_STR(eddy_stream_peer_subject(s), "CN=server");
    }
    program_end(&p);
}

TEST_REAL(tls_J14_openssl_s_server_resumes)
{
    house_make(&h);
    check_s_server_resumes("-tls1_3");
    check_s_server_resumes("-tls1_2");
    house_free(&h);
}

TEST_REAL(tls_openssl_s_server)
{
    house_make(&h);
    check_s_server("-tls1_3", "TLSv1.3");
    check_s_server("-tls1_2", "TLSv1.2");
    house_free(&h);
}
