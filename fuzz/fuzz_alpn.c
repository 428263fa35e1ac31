/* fuzz_alpn.c - lists of protocols: taken as they are on the wire, or refused; and what a client
 * and a server with two of them agree on. */
/* pkg-config: openssl */
#include "fuzz.h"

#include "tls/openssl.h"

#include <openssl/pem.h>
#include <sys/mman.h>
#include <unistd.h>

enum { TEXT = 300, WIRE_MAX = 255, NAMES_MAX = 130 };

/* The names of a list, as pieces of text. */
struct list_of_names {
    char text[TEXT];
    const char *names[NAMES_MAX];
    size_t count;
    bool good;
};

static void split(struct list_of_names *list, const char *text)
{
    char *rest = list->text;
    size_t wire = 0;

    snprintf(list->text, sizeof list->text, "%s", text);
    list->count = 0;
    list->good = true;
    while (*text && rest) {
        const char *name = strsep(&rest, ",");

        wire += 1 + strlen(name);
        if (!*name || wire > WIRE_MAX) {
            list->good = false;
            return;
        }
        list->names[list->count++] = name;
    }
}

/* A certificate and its key in a file without a name. */
static const char *certificate(void)
{
    static char path[32];

    if (path[0])
        return path;
    X509 *x = X509_new();
    EVP_PKEY *key = EVP_EC_gen("P-256");
    FILE *file = fdopen(memfd_create("certificate", MFD_CLOEXEC), "w");
    MUST(x && key && file);
    X509_gmtime_adj(X509_getm_notBefore(x), -1);
    X509_gmtime_adj(X509_getm_notAfter(x), 86400);
    X509_set_pubkey(x, key);
    MUST(X509_sign(x, key, EVP_sha256()) > 0 && PEM_write_X509(file, x) &&
         PEM_write_PrivateKey(file, key, NULL, NULL, 0, NULL, NULL));
    fflush(file); /* and it stays open */
    X509_free(x);
    EVP_PKEY_free(key);
    snprintf(path, sizeof path, "/proc/self/fd/%d", fileno(file));
    return path;
}

static void check_wire(const struct eddy__tls_context *context, const struct list_of_names *list)
{
    size_t at = 0;

    for (size_t i = 0; i < list->count; i++) {
        size_t length = strlen(list->names[i]);

        MUST(at + 1 + length <= context->alpn_size && context->alpn[at] == length);
        MUST(memcmp(context->alpn + at + 1, list->names[i], length) == 0);
        at += 1 + length;
    }
    MUST(at == context->alpn_size);
}

/* A context with that list, NULL: it is refused, as it should be. */
static struct eddy__tls_context *context_with(struct list_of_names *list, const char *text,
                                              bool server)
{
    eddy_tls_opts opts = {.alpn = text, .insecure = true, .sessions = -1};

    opts.cert = server ? certificate() : NULL;
    split(list, text);
    struct eddy__tls_context *context = eddy__tls_context_new(&opts, server);
    MUST((context != NULL) == list->good);
    if (context)
        check_wire(context, list);
    else
        MUST(eddy_last_status() == EDDY_EINVAL &&
             strstr(eddy_error_message(eddy_last_error()), "h2,http/1.1"));
    return context;
}

/* The server's first that the client has, too; "": there is none. */
static const char *common(const struct list_of_names *server, const struct list_of_names *client)
{
    for (size_t i = 0; i < server->count; i++)
        for (size_t k = 0; k < client->count; k++)
            if (strcmp(server->names[i], client->names[k]) == 0)
                return server->names[i];
    return "";
}

static void check_choice(const SSL *ssl, const char *expected)
{
    const unsigned char *chosen;
    unsigned size;

    SSL_get0_alpn_selected(ssl, &chosen, &size);
    MUST(size == strlen(expected) && memcmp(size ? (const char *)chosen : "", expected, size) == 0);
}

static void shake_hands(const struct eddy__tls_context *server,
                        const struct eddy__tls_context *client, const char *expected)
{
    SSL *ends[2] = {SSL_new(server->ssl), SSL_new(client->ssl)};
    BIO *wires[2];

    MUST(ends[0] && ends[1] && BIO_new_bio_pair(&wires[0], 0, &wires[1], 0) == 1);
    for (int i = 0; i < 2; i++)
        SSL_set_bio(ends[i], wires[i], wires[i]);
    SSL_set_accept_state(ends[0]);
    SSL_set_connect_state(ends[1]);
    for (int i = 0; i < 20; i++)
        SSL_do_handshake(ends[i % 2]);
    for (int i = 0; i < 2; i++) {
        MUST(SSL_is_init_finished(ends[i]));
        check_choice(ends[i], expected);
        SSL_free(ends[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct list_of_names lists[2];
    struct input in = {data, size};
    char texts[2][TEXT];

    take_text(&in, texts[0], TEXT);
    take_text(&in, texts[1], TEXT);
    struct eddy__tls_context *server = context_with(&lists[0], texts[0], true);
    struct eddy__tls_context *client = context_with(&lists[1], texts[1], false);
    if (server && client)
        shake_hands(server, client, common(&lists[0], &lists[1]));
    eddy__tls_context_unref(server);
    eddy__tls_context_unref(client);
    eddy_error_clear();
    return 0;
}
