/* What a client refuses, and in which words (rule J7). */
/* pkg-config: openssl */
#include "tls/identity.h"

static struct house h;

/* A server with this certificate, and what a client that trusts the authority says to it. */
static void check_refused(const struct identity *id, const char *name, const char *words)
{
    h.listening = eddy_server_open(echoes, .host = "127.0.0.1", .cert = id->file);
    CHECK(h.listening != NULL);
    CHECK_PTR(house_connect(&h, .server_name = name), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), words);
    eddy_server_close(eddy_take(h.listening));
}

static void check_made(const char *name, const struct identity_opts *opts, const char *words)
{
    struct identity id;

    identity_make(&id, name, opts);
    check_refused(&id, "localhost", words);
    identity_free(&id);
}

TEST(tls_J7_dates_are_verified)
{
    house_make(&h);
    check_made("old",
               &(struct identity_opts){
                   .names = "DNS:localhost", .issuer = &h.authority, .from = -9, .to = -1},
               "the certificate of localhost has expired");
    check_made("new",
               &(struct identity_opts){
                   .names = "DNS:localhost", .issuer = &h.authority, .from = 1, .to = 9},
               "the certificate of localhost is not valid yet");
    house_free(&h);
}

TEST(tls_J7_names_are_verified)
{
    house_make(&h);
    check_refused(&h.server, "other.example",
                  "the certificate is for localhost, not other.example");
    check_refused(&h.server, "127.0.0.2", "the certificate is for localhost, not 127.0.0.2");
    check_made("other",
               &(struct identity_opts){.names = "DNS:other.example", .issuer = &h.authority},
               "the certificate is for other.example, not localhost");
    check_made("address", &(struct identity_opts){.names = "IP:127.0.0.9", .issuer = &h.authority},
               "the certificate is for 127.0.0.9, not localhost");
    check_made("nameless", &(struct identity_opts){.issuer = &h.authority},
               "the certificate is for nameless, not localhost");
    house_free(&h);
}

TEST(tls_J7_purposes_are_verified)
{
    house_make(&h);
    check_made("customer",
               &(struct identity_opts){
                   .names = "DNS:localhost", .issuer = &h.authority, .purpose = "clientAuth"},
               "the certificate of localhost: unsuitable certificate purpose");
    house_free(&h);
}

TEST(tls_J7_issuers_are_verified)
{
    struct identity stranger;

    house_make(&h);
    check_made("selfish", &(struct identity_opts){.names = "DNS:localhost"},
               "the certificate of localhost is self-signed");
    identity_make(&stranger, "stranger", &(struct identity_opts){.authority = true});
    check_made("vouched", &(struct identity_opts){.names = "DNS:localhost", .issuer = &stranger},
               "the certificate of localhost is from stranger, which is not trusted");
    identity_free(&stranger);
    house_free(&h);
}

TEST(tls_J7_the_systems_roots_are_the_default)
{
    house_open(&h, echoes);
    CHECK_PTR(eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening), .tls = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), "the certificate of 127.0.0.1 is from authority");
    house_free(&h);
}

TEST(tls_J7_names_and_addresses_that_are_right)
{
    static const char *const names[] = {NULL, "localhost", "127.0.0.1", "localhost."};

    house_open(&h, echoes);
    for (size_t i = 0; i < count_of(names); i++) {
        eddy_auto(eddy_stream) *s = house_connect(&h, .server_name = names[i]);
        CHECK(s != NULL);
        check_echo(s);
        CHECK_STR(eddy_stream_peer_subject(s), "CN=server");
    }
    house_free(&h);
}

TEST(tls_J7_the_host_that_was_asked_for_is_the_name)
{
    house_open(&h, echoes);
    eddy_auto(eddy_stream) *s =
        eddy_connect("localhost", .port = eddy_server_port(h.listening), .tls = true,
                     .tls_opts = {.ca_file = h.authority.file});
    CHECK(s != NULL);
    check_echo(s);
    eddy_stream_close(eddy_take(s));
    house_free(&h);
}

TEST(tls_J7_insecure_takes_anything)
{
    struct identity id;

    house_make(&h);
    identity_make(&id, "selfish", &(struct identity_opts){.names = "DNS:x", .from = -9, .to = -1});
    h.listening = eddy_server_open(echoes, .host = "127.0.0.1", .cert = id.file);
    CHECK(h.listening != NULL);
    eddy_auto(eddy_stream) *s = eddy_connect("127.0.0.1", .port = eddy_server_port(h.listening),
                                             .tls = true, .tls_opts = {.insecure = true});
    CHECK(s != NULL);
    check_echo(s);
    eddy_stream_close(eddy_take(s));
    identity_free(&id);
    house_free(&h);
}

/* ---- certificates of clients ---- */

static char client[80];

static int notes_client(eddy_stream *peer)
{
    snprintf(client, sizeof client, "%s", eddy_stream_peer_subject(peer));
    return echoes(peer);
}

static void open_for_clients(void)
{
    house_make(&h);
    h.listening =
        eddy_server_open(notes_client, .host = "127.0.0.1", .cert = h.server.file,
                         .tls_opts = {.client_certificates = true, .ca_file = h.authority.file});
    CHECK(h.listening != NULL);
}

/* With TLS 1.3 a client learns only from its first read that it was refused. */
static void check_shown_out(eddy_stream *s, const char *words)
{
    char byte;

    CHECK(s != NULL);
    ssize_t n = eddy_read(s, &byte, 1);
    CHECK(n == EDDY_ETLS || n == EDDY_ECONNRESET);
    if (n == EDDY_ETLS)
        CHECK_CONTAINS(last_text(), words);
    eddy_stream_close(s);
}

TEST(tls_J7_client_certificates)
{
    struct identity alice, mallory, waiter;

    open_for_clients();
    identity_make(&alice, "alice", &(struct identity_opts){.issuer = &h.authority});
    identity_make(&mallory, "mallory", &(struct identity_opts){0});
    eddy_auto(eddy_stream) *s = house_connect(&h, .cert = alice.file);
    CHECK(s != NULL);
    check_echo(s);
    CHECK_STR(client, "CN=alice");
    eddy_stream_close(eddy_take(s));
    identity_make(&waiter, "waiter",
                  &(struct identity_opts){.issuer = &h.authority, .purpose = "serverAuth"});
    check_shown_out(house_connect(&h, .cert = waiter.file), "unsupported certificate");
    identity_free(&waiter);
    check_shown_out(house_connect(&h), "certificate required");
    check_shown_out(house_connect(&h, .cert = mallory.file), "unknown ca");
    identity_free(&alice);
    identity_free(&mallory);
    house_free(&h);
}

TEST(tls_client_certificates_need_roots)
{
    house_make(&h);
    CHECK_PTR(
        eddy_server_open(echoes, .cert = h.server.file, .tls_opts = {.client_certificates = true}),
        NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    house_free(&h);
}
