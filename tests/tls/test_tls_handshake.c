/* Handshakes: protocols, versions, TLS begun later, peers that do not speak it. */
/* pkg-config: openssl */
#include "tls/identity.h"

static struct house h;

/* ---- options ---- */

static char server_alpn[40];

static int notes_alpn(eddy_stream *peer)
{
    const char *alpn = eddy_stream_alpn(peer);

    snprintf(server_alpn, sizeof server_alpn, "%s", alpn ? alpn : "none");
    return echoes(peer);
}

TEST(tls_alpn)
{
    static const struct {
        const char *offered, *chosen;
    } cases[] = {{"http/1.1,h2", "h2"}, {"http/1.1", "http/1.1"}, {"other", NULL}, {NULL, NULL}};

    house_make(&h);
    h.listening = eddy_server_open(notes_alpn, .host = "127.0.0.1", .cert = h.server.file,
                                   .tls_opts = {.alpn = "h2,http/1.1"});
    for (size_t i = 0; i < count_of(cases); i++) {
        eddy_auto(eddy_stream) *s = house_connect(&h, .alpn = cases[i].offered);
        CHECK(s != NULL);
        check_echo(s);
        CHECK_STR(eddy_stream_alpn(s), cases[i].chosen);
        CHECK_STR(server_alpn, cases[i].chosen ? cases[i].chosen : "none");
    }
    house_free(&h);
}

TEST(tls_options_are_checked)
{
    house_open(&h, echoes);
    CHECK_PTR(house_connect(&h, .alpn = "h2,,x"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .alpn = "h2,"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .min_version = 9), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .handshake_timeout = -1), NULL); /* B7 */
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .handshake_timeout = (double)NAN), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .key = h.server.file), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(house_connect(&h, .server_name = ""), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_text(), "server_name is empty");
    house_free(&h);
}

TEST(tls_files_that_do_not_fit)
{
    struct identity other;
    char secret[] = "secret";

    house_make(&h);
    identity_make(&other, "other", &(struct identity_opts){0});
    CHECK_PTR(eddy_server_open(echoes, .cert = "/nowhere/cert.pem"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_CONTAINS(last_text(), "cannot use the certificate /nowhere/cert.pem: no such file");
    CHECK_PTR(eddy_server_open(echoes, .cert = h.server.file, .key = other.file), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "key values mismatch");
    CHECK_PTR(eddy_server_open(echoes, .key = other.file), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_server_open(echoes, .tls_opts = {.alpn = "h2"}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_text(), "a TLS server needs a certificate");
    FILE *file = fopen(other.file, "w");
    CHECK_INT(PEM_write_X509(file, other.certificate), 1);
    fclose(file);
    CHECK_PTR(eddy_server_open(echoes, .cert = other.file), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "without .key the key is expected in /");
    CHECK_PTR(eddy_server_open(echoes, .cert = h.server.file, .key = other.file), NULL);
    CHECK_CONTAINS(last_text(), "there is no key in /");
    file = fopen(other.file, "w");
    CHECK_INT(PEM_write_PrivateKey(file, other.key, EVP_aes_128_cbc(), NULL, 0, NULL, secret), 1);
    fclose(file);
    CHECK_PTR(eddy_server_open(echoes, .cert = h.server.file, .key = other.file), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "has a password, which nobody is asked for");
    identity_free(&other);
    house_free(&h);
}

/* ---- peers that do not speak it ---- */

static int answers(eddy_stream *s)
{
    eddy_try(eddy_write(s, "HTTP/1.1 400 Bad Request\r\n\r\n", 28));
    return 0;
}

static int keeps_silent(eddy_stream *s)
{
    (void)s;
    return eddy_sleep(10000);
}

static int hangs_up(eddy_stream *s)
{
    (void)s;
    return 0;
}

TEST(tls_server_that_speaks_something_else)
{
    house_make(&h);
    h.listening = eddy_server_open(answers, .host = "127.0.0.1");
    CHECK_PTR(house_connect(&h), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(),
                   "the TLS handshake with 127.0.0.1 failed: the peer does not speak TLS");
    house_free(&h);
}

TEST(tls_server_that_keeps_silent)
{
    house_make(&h);
    h.listening = eddy_server_open(keeps_silent, .host = "127.0.0.1");
    double began = eddy_time();
    CHECK_PTR(house_connect(&h, .handshake_timeout = 0.1), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    CHECK(eddy_time() - began > 0.1 - 1e-6);
    CHECK_CONTAINS(last_text(), "the TLS handshake with 127.0.0.1 took more than 0.1 s");
    began = eddy_time();
    eddy_timeout(0.1) {
        CHECK_PTR(house_connect(&h), NULL);
        CHECK_INT(eddy_last_status(), EDDY_ETIMEDOUT);
    }
    CHECK(eddy_time() - began > 0.1 - 1e-6);
    house_free(&h);
}

TEST(tls_server_that_hangs_up)
{
    house_make(&h);
    h.listening = eddy_server_open(hangs_up, .host = "127.0.0.1");
    CHECK_PTR(house_connect(&h), NULL);
    int status = eddy_last_status();
    CHECK(status == EDDY_EOF || status == EDDY_ECONNRESET || status == EDDY_EPIPE);
    house_free(&h);
}

static struct reports reports;

/* Clients that are no clients are no news; those that are are served meanwhile. */
TEST(tls_clients_that_speak_something_else)
{
    static const char *const words[] = {"", "GET / HTTP/1.1\r\n\r\n", "\x16\x03\x01",
                                        "\x80\x2e\x01"};
    eddy_stream *strangers[count_of(words)];
    char buf[64];

    house_make(&h);
    h.listening = eddy_server_open(echoes, .host = "127.0.0.1", .cert = h.server.file,
                                   .tls_opts = {.handshake_timeout = 0.3});
    reports_listen(&reports);
    for (size_t i = 0; i < count_of(words); i++) {
        strangers[i] = eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening));
        CHECK(strangers[i] != NULL);
        CHECK_OK(eddy_write(strangers[i], words[i], strlen(words[i])));
    }
    eddy_auto(eddy_stream) *s = house_connect(&h);
    CHECK(s != NULL);
    check_echo(s);
    eddy_stream_close(eddy_take(s));
    for (size_t i = 0; i < count_of(words); i++) {
        while (eddy_read(strangers[i], buf, sizeof buf) > 0)
            continue;
        eddy_stream_close(strangers[i]);
    }
    CHECK_INT(eddy_server_drain(h.listening, 2), 0);
    CHECK_INT(reports.count, 0);
    house_free(&h);
}

/* ---- beginning later ---- */

static int upgrades(eddy_stream *s)
{
    char *line;

    eddy_try(eddy_read_line(s, &line));
    eddy_try(eddy_write(s, "go\n", 3));
    eddy_try(eddy_start_tls(s, .server = true, .cert = h.server.file));
    return echoes(s);
}

TEST(tls_start_tls)
{
    char *line;

    house_make(&h);
    h.listening = eddy_server_open(upgrades, .host = "127.0.0.1");
    eddy_auto(eddy_stream) *s = eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening));
    CHECK_PTR(eddy_stream_tls_version(s), NULL);
    CHECK_INT(eddy_write(s, "starttls\n", 9), 9);
    CHECK_INT(eddy_read_line(s, &line), 2);
    CHECK_INT(eddy_start_tls(s), EDDY_EINVAL);
    CHECK_CONTAINS(last_text(), ".server_name");
    CHECK_INT(eddy_start_tls(s, .server_name = "localhost", .ca_file = h.authority.file), 0);
    CHECK_STR(eddy_stream_tls_version(s), "TLSv1.3");
    check_echo(s);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

/* What somebody in the middle has put before the handshake is not taken for the peer's. */
TEST(tls_start_tls_refuses_bytes_in_the_clear)
{
    struct pair pair = pair_open();
    char *line;

    raw_send(pair.raw, "go\ninjected\n");
    CHECK_INT(eddy_read_line(pair.stream, &line), 2);
    CHECK_INT(eddy_start_tls(pair.stream, .insecure = true), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "has sent 9 bytes in the clear");
    pair_close(&pair);
}

TEST(tls_start_tls_while_somebody_reads)
{
    struct pair pair = pair_open();
    ssize_t n = 0;
    char buf[8];

    eddy_auto(eddy_task) *reader = eddy_create_task(reads_coro(pair.stream, buf, 8, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_start_tls(pair.stream, .insecure = true), EDDY_EBUSY);
    pair_close(&pair);
}

/* A writer waits for the handshake's end, a reader is refused. */
static int starts_tls(eddy_stream *s)
{
    return eddy_start_tls(s, .server_name = "localhost", .ca_file = h.authority.file);
}
EDDY_CORO(starts_tls, eddy_stream *)

TEST(tls_start_tls_while_somebody_writes)
{
    ssize_t n = 0;
    char buf[8];
    char *line;

    house_make(&h);
    h.listening = eddy_server_open(upgrades, .host = "127.0.0.1");
    eddy_auto(eddy_stream) *s = eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening));
    CHECK_INT(eddy_write(s, "starttls\n", 9), 9);
    CHECK_INT(eddy_read_line(s, &line), 2);
    eddy_auto(eddy_task) *starter = eddy_create_task(starts_tls_coro(s));
    CHECK_OK(eddy_sleep(0));
    eddy_auto(eddy_task) *writer = eddy_create_task(writes_coro(s, "hello", 5, &n));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(eddy_read(s, buf, 1), EDDY_EBUSY);
    CHECK_INT(eddy_await(starter), 0);
    CHECK_INT(eddy_await(writer), 0);
    CHECK_INT(n, 5);
    CHECK_INT(eddy_read_exactly(s, buf, 5), 5);
    CHECK_MEM(buf, "hello", 5);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

TEST(tls_U2_close_ends_a_handshake)
{
    house_make(&h);
    for (int steps = 1; steps < 5; steps++) {
        struct pair pair = pair_open();

        eddy_auto(eddy_task) *starter = eddy_create_task(starts_tls_coro(pair.stream));
        turns(steps);
        pair_close(&pair);
        CHECK_INT(eddy_await(starter), EDDY_ECLOSED);
    }
    house_free(&h);
}

/* ---- trouble on the way ---- */

static int scenario(void)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echoes, .host = "127.0.0.1", .cert = h.server.file));
    eddy_auto(eddy_stream) *s =
        eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server), .tls = true,
                              .tls_opts = {.ca_file = h.authority.file}));
    char byte;

    eddy_try(eddy_write(s, "x", 1));
    eddy_try(eddy_read_exactly(s, &byte, 1));
    return 0;
}
EDDY_CORO(scenario)

TEST_PLAIN(tls_cancelled_anywhere)
{
    house_make(&h);
    sweep_cancellation(scenario_coro());
    h.listening = NULL;
    house_free(&h);
}

TORTURE(tls_in_trouble)
{
    house_make(&h);
    int status = scenario();
    house_free(&h);
    return status;
}
