/* Revoked certificates (rule J7). */
/* pkg-config: openssl */
#include "tls/identity.h"

/* The house's authority vouches for an intermediate one, that for the server. */
static struct house h;
static struct identity middle, server;
static char lists[100];

/* ---- lists ---- */

struct list_opts {
    const struct identity *issuer;
    const struct identity *revoked; /* NULL: nobody */
    bool expired;
};

static void add_revoked(X509_CRL *list, const X509 *certificate)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_TIME *then = X509_gmtime_adj(NULL, -3600);

    CHECK_INT(X509_REVOKED_set_serialNumber(
                  entry, (ASN1_INTEGER *)(uintptr_t)X509_get0_serialNumber(certificate)),
              1);
    CHECK_INT(X509_REVOKED_set_revocationDate(entry, then), 1);
    CHECK_INT(X509_CRL_add0_revoked(list, entry), 1);
    ASN1_TIME_free(then);
}

static void write_list(FILE *file, const struct list_opts *opts)
{
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -7200);
    ASN1_TIME *to = X509_gmtime_adj(NULL, opts->expired ? -3600 : 86400);

    CHECK_INT(X509_CRL_set_version(list, 1), 1);
    CHECK_INT(X509_CRL_set_issuer_name(list, X509_get_subject_name(opts->issuer->certificate)), 1);
    CHECK_INT(X509_CRL_set1_lastUpdate(list, from), 1);
    CHECK_INT(X509_CRL_set1_nextUpdate(list, to), 1);
    if (opts->revoked)
        add_revoked(list, opts->revoked->certificate);
    CHECK(X509_CRL_sign(list, opts->issuer->key, EVP_sha256()) > 0);
    CHECK_INT(PEM_write_X509_CRL(file, list), 1);
    ASN1_TIME_free(from);
    ASN1_TIME_free(to);
    X509_CRL_free(list);
}

/* The file of lists, anew. */
static void write_lists(const struct list_opts *list, size_t n)
{
    unlink(lists);
    FILE *file = fopen(lists, "w");

    CHECK(file != NULL);
    for (size_t i = 0; i < n; i++)
        write_list(file, &list[i]);
    fclose(file);
}

#define LISTS(...)                                                                                 \
    write_lists((const struct list_opts[]){__VA_ARGS__},                                           \
                sizeof((const struct list_opts[]){__VA_ARGS__}) / sizeof(struct list_opts))

/* ---- the house ---- */

static void add_issuer(const struct identity *id, const struct identity *issuer)
{
    FILE *file = fopen(id->file, "a");

    CHECK(file != NULL);
    CHECK_INT(PEM_write_X509(file, issuer->certificate), 1);
    fclose(file);
}

static void open_house(void)
{
    house_make(&h);
    snprintf(lists, sizeof lists, "%s/lists.pem", identity_folder());
    identity_make(&middle, "middle",
                  &(struct identity_opts){.issuer = &h.authority, .authority = true});
    identity_make(&server, "leaf",
                  &(struct identity_opts){.names = "DNS:localhost", .issuer = &middle});
    add_issuer(&server, &middle);
    h.listening = eddy_server_open(echoes, .host = "127.0.0.1", .cert = server.file);
    CHECK(h.listening != NULL);
}

static void close_house(void)
{
    unlink(lists);
    identity_free(&middle);
    identity_free(&server);
    house_free(&h);
}

#define connect_checked() house_connect(&h, .server_name = "localhost", .crl_file = lists)

static void check_refused(const char *words)
{
    CHECK_PTR(connect_checked(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    CHECK_CONTAINS(last_text(), words);
}

static bool check_accepted(void)
{
    eddy_auto(eddy_stream) *s = connect_checked();

    CHECK(s != NULL);
    check_echo(s);
    return eddy_stream_tls_resumed(s);
}

TEST(tls_J7_lists_that_revoke_others)
{
    open_house();
    LISTS({&h.authority, &h.server, false}, {&middle, NULL, false});
    check_accepted();
    close_house();
}

TEST(tls_J7_revoked_certificate_is_refused)
{
    open_house();
    LISTS({&h.authority, NULL, false}, {&middle, &server, false});
    check_refused("the certificate of localhost, leaf, was revoked by middle");
    close_house();
}

TEST(tls_J7_revoked_issuer_is_refused)
{
    open_house();
    LISTS({&h.authority, &middle, false}, {&middle, NULL, false});
    check_refused("an issuer of the certificate of localhost, middle, was revoked by authority");
    close_house();
}

TEST(tls_J7_what_is_not_known_is_refused)
{
    open_house();
    LISTS({&h.authority, NULL, false});
    check_refused("crl_file has no list of middle to tell whether the certificate of localhost");
    LISTS({&middle, NULL, false});
    check_refused("crl_file has no list of authority to tell whether an issuer");
    LISTS({&h.authority, NULL, false}, {&middle, NULL, true});
    check_refused("the list of middle has expired that tells whether the certificate of localhost");
    close_house();
}

/* A list that somebody else has signed says nothing. */
TEST(tls_J7_forged_list_is_refused)
{
    struct identity forger;

    open_house();
    identity_make(&forger, "middle", &(struct identity_opts){.authority = true});
    LISTS({&h.authority, NULL, false}, {&forger, NULL, false});
    CHECK_PTR(connect_checked(), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ETLS);
    identity_free(&forger);
    close_house();
}

/* J14: what was revoked meanwhile is not resumed either. */
TEST(tls_J14_new_lists_end_sessions)
{
    open_house();
    LISTS({&h.authority, NULL, false}, {&middle, NULL, false});
    CHECK(!check_accepted());
    CHECK(check_accepted());
    LISTS({&h.authority, NULL, false}, {&middle, &server, false});
    check_refused("was revoked by middle");
    close_house();
}

/* ---- clients ---- */

static ssize_t first_read(const struct identity *id)
{
    char byte;

    eddy_auto(eddy_stream) *s =
        house_connect(&h, .server_name = "localhost", .cert = id->file, .sessions = -1);
    CHECK(s != NULL);
    CHECK_OK(eddy_write(s, "x", 1));
    return eddy_read(s, &byte, 1);
}

TEST(tls_J7_revoked_client_is_refused)
{
    struct identity alice, mallory;

    open_house();
    eddy_server_close(eddy_take(h.listening));
    identity_make(&alice, "alice", &(struct identity_opts){.issuer = &h.authority});
    identity_make(&mallory, "mallory", &(struct identity_opts){.issuer = &h.authority});
    LISTS({&h.authority, &mallory, false});
    h.listening = eddy_server_open(
        echoes, .host = "127.0.0.1", .cert = server.file,
        .tls_opts = {.client_certificates = true, .ca_file = h.authority.file, .crl_file = lists});
    CHECK(h.listening != NULL);
    CHECK_INT(first_read(&alice), 1);
    ssize_t r = first_read(&mallory);
    CHECK(r == EDDY_ETLS || r == EDDY_ECONNRESET);
    if (r == EDDY_ETLS)
        CHECK_CONTAINS(last_text(), "certificate revoked");
    identity_free(&alice);
    identity_free(&mallory);
    close_house();
}

/* ---- files ---- */

TEST(tls_lists_that_cannot_be_used)
{
    open_house();
    CHECK_PTR(house_connect(&h, .crl_file = "/nowhere/lists.pem"), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ENOENT);
    CHECK_CONTAINS(last_text(), "/nowhere/lists.pem: no such file");
    CHECK_PTR(house_connect(&h, .crl_file = h.authority.file), NULL);
    CHECK_CONTAINS(last_text(), "there is no list of revoked certificates in");
    CHECK_PTR(house_connect(&h, .crl_file = lists, .insecure = true), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_PTR(eddy_server_open(echoes, .cert = server.file, .tls_opts = {.crl_file = lists}), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    CHECK_CONTAINS(last_text(), ".client_certificates");
    close_house();
}
