/* identity.h - certificates made for the tests of TLS, as files in a folder of their own. */
#ifndef IDENTITY_H
#define IDENTITY_H

/* pkg-config: openssl */
#include "stream/peer.h"

#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

/* A certificate and its key, both in one file. */
struct identity {
    X509 *certificate;
    EVP_PKEY *key;
    char file[100];
};

struct identity_opts {
    const char *names;             /* "DNS:localhost,IP:127.0.0.1" */
    const struct identity *issuer; /* NULL: itself */
    bool authority;
    const char *purpose; /* "clientAuth"; NULL: any */
    long from, to;       /* days from today; 0 and 0: from yesterday to tomorrow */
};

static inline const char *identity_folder(void)
{
    static char path[64];

    if (!path[0]) {
        snprintf(path, sizeof path, "%s/eddy-tls-XXXXXX",
                 getenv("TMPDIR") ? getenv("TMPDIR") : "/tmp");
        CHECK(mkdtemp(path) != NULL);
    }
    return path;
}

static inline void identity_extend(X509 *certificate, int kind, const char *value)
{
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, NULL, kind, value);

    CHECK(extension != NULL);
    X509_add_ext(certificate, extension, -1);
    X509_EXTENSION_free(extension);
}

static inline void identity_write(const struct identity *id)
{
    FILE *file = fopen(id->file, "w");

    CHECK(file != NULL);
    CHECK_INT(PEM_write_X509(file, id->certificate), 1);
    CHECK_INT(PEM_write_PrivateKey(file, id->key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(file);
}

static inline void identity_make(struct identity *id, const char *name,
                                 const struct identity_opts *opts)
{
    static long serial;
    bool dated = opts->from || opts->to;
    X509 *x = X509_new();
    X509_NAME *subject = X509_get_subject_name(x);

    snprintf(id->file, sizeof id->file, "%s/%s.pem", identity_folder(), name);
    id->certificate = x;
    id->key = EVP_EC_gen("P-256");
    CHECK(id->key != NULL);
    X509_set_version(x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(x), (dated ? opts->from : -1) * 86400);
    X509_gmtime_adj(X509_getm_notAfter(x), (dated ? opts->to : 1) * 86400);
    X509_set_pubkey(x, id->key);
    X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC, (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(x,
                         opts->issuer ? X509_get_subject_name(opts->issuer->certificate) : subject);
    if (opts->names)
        identity_extend(x, NID_subject_alt_name, opts->names);
    if (opts->authority)
        identity_extend(x, NID_basic_constraints, "critical,CA:TRUE");
    if (opts->purpose)
        identity_extend(x, NID_ext_key_usage, opts->purpose);
    CHECK(X509_sign(x, opts->issuer ? opts->issuer->key : id->key, EVP_sha256()) > 0);
    identity_write(id);
}

static inline void identity_free(struct identity *id)
{
    X509_free(id->certificate);
    EVP_PKEY_free(id->key);
    if (id->file[0])
        unlink(id->file);
    id->file[0] = '\0';
}

/* An authority and a server it vouches for. */
struct house {
    struct identity authority;
    struct identity server;
    eddy_server *listening;
};

static inline void house_make(struct house *h)
{
    *h = (struct house){0};
    identity_make(&h->authority, "authority", &(struct identity_opts){.authority = true});
    identity_make(
        &h->server, "server",
        &(struct identity_opts){.names = "DNS:localhost,IP:127.0.0.1", .issuer = &h->authority});
}

static inline void house_free(struct house *h)
{
    eddy_server_close(h->listening);
    identity_free(&h->authority);
    identity_free(&h->server);
    rmdir(identity_folder());
}

static inline void house_open(struct house *h, eddy_handler *handler)
{
    house_make(h);
    h->listening = eddy_server_open(handler, .host = "127.0.0.1", .cert = h->server.file);
    CHECK(h->listening != NULL);
}

/* Options of a client that trusts the authority. */
#define house_connect(h, ...)                                                                      \
    eddy_connect("127.0.0.1", .port = eddy_server_port((h)->listening), .tls = true,               \
                 .tls_opts = {.ca_file = (h)->authority.file, __VA_ARGS__})

static inline void check_echo(eddy_stream *stream)
{
    char buf[6] = "";

    CHECK_INT(eddy_write(stream, "hello", 5), 5);
    CHECK_INT(eddy_read_exactly(stream, buf, 5), 5);
    CHECK_STR(buf, "hello");
}

#endif
