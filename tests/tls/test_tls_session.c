/* Sessions that clients resume (rule J14). */
/* pkg-config: openssl */
#include "tls/identity.h"

#include "tls/openssl.h"

static struct house h;

/* One connection with an answer, after which its tickets have been read. */
#define resumes(...)                                                                               \
    __extension__({                                                                                \
        eddy_stream *s_ = house_connect(&h, __VA_ARGS__);                                          \
        CHECK(s_ != NULL);                                                                         \
        check_echo(s_);                                                                            \
        CHECK_STR(eddy_stream_peer_subject(s_), "CN=server");                                      \
        bool resumed_ = eddy_stream_tls_resumed(s_);                                               \
        eddy_stream_close(s_);                                                                     \
        resumed_;                                                                                  \
    })

static bool server_resumed;

static int notes_and_echoes(eddy_stream *s)
{
    server_resumed = eddy_stream_tls_resumed(s);
    return echoes(s);
}

TEST(tls_J14_second_connection_is_resumed)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes(.server_name = NULL));
    CHECK(!server_resumed);
    for (int i = 0; i < 5; i++) {
        CHECK(resumes(.server_name = NULL));
        CHECK(server_resumed);
    }
    house_free(&h);
}

/* ---- what does not fit ---- */

/* With the same roots under another name. */
static bool resumes_with_roots(const char *file)
{
    struct identity authority = h.authority;

    snprintf(h.authority.file, sizeof h.authority.file, "%s", file);
    bool resumed = resumes(.server_name = NULL);
    h.authority = authority;
    return resumed;
}

TEST(tls_J14_only_the_same_options_resume)
{
    struct identity alice;
    char copy[120];
    FILE *file;

    house_open(&h, notes_and_echoes);
    identity_make(&alice, "alice", &(struct identity_opts){.issuer = &h.authority});
    snprintf(copy, sizeof copy, "%s.2", h.authority.file);
    CHECK_INT(link(h.authority.file, copy), 0);
    /* Each twice: the first of each kind is in full, whatever the others have left. */
    for (int i = 0; i < 2; i++) {
        CHECK_INT(resumes(.insecure = true), i);
        CHECK_INT(resumes(.server_name = NULL), i);
        CHECK_INT(resumes(.server_name = "localhost"), i);
        CHECK_INT(resumes_with_roots(copy), i);
        CHECK_INT(resumes(.alpn = "h2"), i);
        CHECK_INT(resumes(.min_version = EDDY_TLS_1_3), i);
        CHECK_INT(resumes(.cert = alice.file), i);
    }
    /* The file is another one now, under the same name. */
    CHECK((file = fopen(copy, "a")) != NULL);
    CHECK(fputs("\n", file) >= 0);
    fclose(file);
    CHECK(!resumes_with_roots(copy));
    unlink(copy);
    identity_free(&alice);
    house_free(&h);
}

TEST(tls_J14_another_server_of_that_name_is_not_asked)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes(.server_name = "localhost"));
    eddy_server *first = h.listening;
    h.listening = eddy_server_open(notes_and_echoes, .host = "127.0.0.1", .cert = h.server.file);
    CHECK(!resumes(.server_name = "localhost"));
    CHECK(resumes(.server_name = "localhost"));
    eddy_server_close(first);
    house_free(&h);
}

/* One that was started anew does not know its tickets any more. */
TEST(tls_J14_server_that_forgot_verifies_anew)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes(.server_name = NULL));
    int port = eddy_server_port(h.listening);
    eddy_server_close(eddy_take(h.listening));
    h.listening = eddy_server_open(notes_and_echoes, .host = "127.0.0.1", .port = port,
                                   .cert = h.server.file);
    CHECK(h.listening != NULL);
    CHECK(!resumes(.server_name = NULL));
    CHECK(resumes(.server_name = NULL));
    house_free(&h);
}

static int changes_its_name(eddy_server **server, const struct identity *id, int port)
{
    eddy_server_close(eddy_take(*server));
    *server = eddy_server_open(echoes, .host = "127.0.0.1", .port = port, .cert = id->file);
    return *server ? 0 : eddy_last_status();
}

TEST(tls_J14_server_that_became_another_is_refused)
{
    struct identity other;

    house_open(&h, notes_and_echoes);
    identity_make(&other, "other",
                  &(struct identity_opts){.names = "DNS:other.example", .issuer = &h.authority});
    CHECK(!resumes(.server_name = NULL));
    CHECK_OK(changes_its_name(&h.listening, &other, eddy_server_port(h.listening)));
    CHECK_PTR(house_connect(&h), NULL);
    CHECK_CONTAINS(last_text(), "the certificate is for other.example, not 127.0.0.1");
    identity_free(&other);
    house_free(&h);
}

/* ---- how many, how long ---- */

TEST(tls_J14_sessions_can_be_turned_off)
{
    house_open(&h, notes_and_echoes);
    for (int i = 0; i < 3; i++)
        CHECK(!resumes(.sessions = -1));
    CHECK(list_empty(&eddy_loop_running()->guests));
    eddy_server_close(eddy_take(h.listening));
    h.listening = eddy_server_open(notes_and_echoes, .host = "127.0.0.1", .cert = h.server.file,
                                   .tls_opts = {.sessions = -1});
    for (int i = 0; i < 3; i++)
        CHECK(!resumes(.server_name = NULL));
    CHECK(list_empty(&eddy_loop_running()->guests));
    house_free(&h);
}

TEST(tls_J14_sessions_have_a_maximum)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes(.sessions = 2));
    CHECK(!resumes(.sessions = 2, .server_name = "localhost")); /* two tickets, as those before */
    CHECK(!resumes(.sessions = 2));
    CHECK(resumes(.sessions = 2));
    house_free(&h);
}

/* Connects, and makes the session that is kept good for so many seconds. */
static bool resumes_and_limits(long seconds)
{
    eddy_auto(eddy_stream) *s = house_connect(&h, .sessions = 1);

    CHECK(s != NULL);
    check_echo(s);
    SSL_SESSION_set_timeout(SSL_get_session(eddy__tls_of(s)->ssl), seconds);
    return eddy_stream_tls_resumed(s);
}

TEST(tls_J14_old_sessions_are_not_resumed)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes_and_limits(1000));
    CHECK(resumes_and_limits(0));
    CHECK(!resumes_and_limits(1000));
    CHECK(resumes_and_limits(1000));
    house_free(&h);
}

/* One connection, whose session was verified so many seconds earlier than it says. */
static bool resumes_and_ages(int64_t seconds)
{
    eddy_auto(eddy_stream) *s = house_connect(&h, .sessions = 1);

    CHECK(s != NULL);
    eddy__tls_of(s)->verified -= seconds * NS_PER_SECOND;
    check_echo(s); /* with the tickets of this connection */
    return eddy_stream_tls_resumed(s);
}

/* Resuming does not verify: a session that comes of another is as old as that one. */
TEST(tls_J14_what_was_verified_counts_for_a_day)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes_and_ages(0));
    CHECK(resumes_and_ages(86400 - 100));
    CHECK(resumes_and_ages(200));
    CHECK(!resumes_and_ages(0));
    CHECK(resumes_and_ages(0));
    house_free(&h);
}

static void __attribute__((noinline)) fill_stack(int byte)
{
    volatile char bytes[8192];

    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (char)byte;
}

/* The key depends on what it is made of alone, with files and without. */
TEST(tls_J14_keys_are_the_same_each_time)
{
    struct pair pair = pair_open();
    unsigned char keys[2][EDDY__TLS_KEY];

    house_make(&h);
    const eddy_tls_opts opts[] = {
        {.insecure = false}, {.ca_file = h.authority.file}, {.ca_file = "/nonexistent/ca.pem"}};
    for (size_t i = 0; i < count_of(opts); i++) {
        for (int k = 0; k < 2; k++) {
            fill_stack(0x55 + k);
            CHECK(eddy__tls_session_key(keys[k], pair.stream, "x.test", &opts[i]));
        }
        CHECK_MEM(keys[0], keys[1], sizeof keys[0]);
    }
    pair_close(&pair);
    house_free(&h);
}

/* Whatever decides about trust, or is shown to the server, makes another key. */
TEST(tls_J14_each_option_is_in_the_key)
{
    static const eddy_tls_opts opts[] = {
        {.insecure = false},           {.ca_file = "/nonexistent"}, {.crl_file = "/nonexistent"},
        {.cert = "/nonexistent"},      {.key = "/nonexistent"},     {.alpn = "h2"},
        {.alpn = "h2,http/1.1"},       {.insecure = true},          {.min_version = EDDY_TLS_1_2},
        {.min_version = EDDY_TLS_1_3},
    };
    enum { MANY = count_of(opts) + 2 };
    unsigned char keys[MANY][EDDY__TLS_KEY];
    struct pair pair = pair_open();

    for (size_t i = 0; i < count_of(opts); i++)
        CHECK(eddy__tls_session_key(keys[i], pair.stream, "x.test", &opts[i]));
    CHECK(eddy__tls_session_key(keys[MANY - 2], pair.stream, "y.test", &opts[0]));
    pair.stream->peer_end.in4.sin_port++;
    CHECK(eddy__tls_session_key(keys[MANY - 1], pair.stream, "x.test", &opts[0]));
    for (int i = 0; i < MANY; i++)
        for (int k = 0; k < i; k++)
            CHECK(memcmp(keys[i], keys[k], sizeof keys[i]) != 0);
    CHECK(!eddy__tls_session_key(keys[0], pair.stream, "x.test", &(eddy_tls_opts){.sessions = -1}));
    pair_close(&pair);
}

/* It would tell who listens that it is the same client. */
TEST(tls_J14_a_ticket_is_used_once)
{
    house_open(&h, notes_and_echoes);
    CHECK(!resumes(.sessions = 1));
    for (int i = 0; i < 2; i++) {
        eddy_auto(eddy_stream) *s = house_connect(&h, .sessions = 1);

        CHECK(s != NULL);
        CHECK_STR(eddy_stream_tls_version(s), "TLSv1.3");
        CHECK_INT(eddy_stream_tls_resumed(s), i == 0); /* and it reads no new ticket */
    }
    house_free(&h);
}

/* ---- later, and with certificates of clients ---- */

static int upgrades(eddy_stream *s)
{
    eddy_try(eddy_start_tls(s, .server = true, .cert = h.server.file));
    return echoes(s);
}

/* Each connection's server has keys of its own here: what counts is that it goes on in full. */
TEST(tls_J14_start_tls_falls_back)
{
    house_make(&h);
    h.listening = eddy_server_open(upgrades, .host = "127.0.0.1");
    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_stream) *s =
            eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening));
        CHECK_INT(eddy_start_tls(s, .server_name = "localhost", .ca_file = h.authority.file), 0);
        CHECK(!eddy_stream_tls_resumed(s));
        check_echo(s);
    }
    house_free(&h);
}

static char client[80];

static int notes_client(eddy_stream *peer)
{
    snprintf(client, sizeof client, "%s", eddy_stream_peer_subject(peer));
    return notes_and_echoes(peer);
}

TEST(tls_J14_servers_know_the_client_of_a_session)
{
    struct identity alice;

    house_make(&h);
    identity_make(&alice, "alice", &(struct identity_opts){.issuer = &h.authority});
    h.listening =
        eddy_server_open(notes_client, .host = "127.0.0.1", .cert = h.server.file,
                         .tls_opts = {.client_certificates = true, .ca_file = h.authority.file});
    for (int i = 0; i < 2; i++) {
        client[0] = '\0';
        CHECK_INT(resumes(.cert = alice.file), i);
        CHECK_INT(server_resumed, i);
        CHECK_STR(client, "CN=alice");
    }
    identity_free(&alice);
    house_free(&h);
}

/* ---- with things going wrong ---- */

static int scenario(void)
{
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(echoes, .host = "127.0.0.1", .cert = h.server.file));

    for (int i = 0; i < 3; i++) {
        eddy_auto(eddy_stream) *s =
            eddy_try(eddy_connect("127.0.0.1", .port = eddy_server_port(server), .tls = true,
                                  .tls_opts = {.ca_file = h.authority.file, .sessions = 2}));
        char byte;

        eddy_try(eddy_write(s, "x", 1));
        eddy_try(eddy_read_exactly(s, &byte, 1));
    }
    return 0;
}

TORTURE(tls_sessions_in_trouble)
{
    house_make(&h);
    int status = scenario();
    house_free(&h);
    return status;
}
