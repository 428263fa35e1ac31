/* tls_session.c - sessions that clients keep, to begin the next connection to the same server
 * without certificates and signatures. */
/* pkg-config: openssl */
#include "tls/openssl.h"

#include <openssl/evp.h>
#include <sys/stat.h>

enum { SESSIONS = 64 };

struct session {
    struct list link;
    unsigned char key[EDDY__TLS_KEY];
    SSL_SESSION *ssl;
    int64_t kept;     /* since when */
    int64_t verified; /* when the server's certificate was; resuming does not renew it */
};

/* Of a loop: the oldest first. */
struct sessions {
    struct eddy__guest guest;
    struct list list;
    int count;
};

/* ---- which sessions fit ---- */

static void add_bytes(EVP_MD_CTX *hash, const void *bytes, size_t size)
{
    EVP_DigestUpdate(hash, &size, sizeof size);
    EVP_DigestUpdate(hash, bytes, size);
}

static void add_text(EVP_MD_CTX *hash, const char *text)
{
    add_bytes(hash, text ? text : "", text ? strlen(text) + 1 : 0);
}

/* A file that was replaced is another one: what it says about the server may have changed. */
static void add_file(EVP_MD_CTX *hash, const char *path)
{
    struct stat st;

    add_text(hash, path);
    if (!path || stat(path, &st) < 0)
        return;
    add_bytes(hash, &st.st_dev, sizeof st.st_dev);
    add_bytes(hash, &st.st_ino, sizeof st.st_ino);
    add_bytes(hash, &st.st_size, sizeof st.st_size);
    add_bytes(hash, &st.st_ctim, sizeof st.st_ctim);
}

static void add_server(EVP_MD_CTX *hash, eddy_stream *s, const char *name)
{
    const union eddy__end *peer = &s->peer_end;
    in_port_t port = peer->any.sa_family == AF_INET    ? peer->in4.sin_port
                     : peer->any.sa_family == AF_INET6 ? peer->in6.sin6_port
                                                       : 0;

    add_text(hash, name ? name : eddy_stream_peer(s));
    add_bytes(hash, &port, sizeof port);
}

/* The server, and everything that decides whether its certificate is accepted and how the own one
 * looks. */
bool eddy__tls_session_key(unsigned char *key, eddy_stream *s, const char *name,
                           const eddy_tls_opts *opts)
{
    EVP_MD_CTX *hash = opts->sessions < 0 ? NULL : EVP_MD_CTX_new();
    bool made = hash && EVP_DigestInit_ex(hash, EVP_sha256(), NULL) == 1;

    if (made) {
        add_server(hash, s, name);
        add_file(hash, opts->ca_file);
        add_file(hash, opts->crl_file);
        add_file(hash, opts->cert);
        add_file(hash, opts->key);
        add_text(hash, opts->alpn);
        add_bytes(hash, &opts->insecure, sizeof opts->insecure);
        add_bytes(hash, &opts->min_version, sizeof opts->min_version);
        made = EVP_DigestFinal_ex(hash, key, NULL) == 1;
    }
    EVP_MD_CTX_free(hash);
    return made;
}

/* ---- the loop's ---- */

static void session_drop(struct sessions *sessions, struct session *session)
{
    list_remove(&session->link);
    sessions->count--;
    SSL_SESSION_free(session->ssl);
    eddy_free(session);
}

static void drop_to(struct sessions *sessions, int count)
{
    while (sessions->count > count)
        session_drop(sessions, container_of(sessions->list.next, struct session, link));
}

static void close_sessions(struct eddy__guest *guest)
{
    struct sessions *sessions = container_of(guest, struct sessions, guest);

    drop_to(sessions, 0);
    eddy_free(sessions);
}

/* NULL: none yet. */
static struct sessions *sessions_of(const eddy_loop *loop)
{
    struct eddy__guest *guest = eddy__guest_find(loop, close_sessions);

    return guest ? container_of(guest, struct sessions, guest) : NULL;
}

static struct sessions *make_sessions(eddy_loop *loop)
{
    struct sessions *sessions = eddy_alloc_zero(sizeof *sessions);

    if (!sessions)
        return NULL;
    list_init(&sessions->list);
    sessions->guest.close = close_sessions;
    eddy__guest_add(loop, &sessions->guest);
    return sessions;
}

/* The server has given a session. True: it is ours. */
static bool session_keep(const struct eddy__tls *tls, SSL_SESSION *ssl)
{
    eddy_loop *loop = tls->transport.stream->fd.loop;
    struct sessions *sessions = sessions_of(loop);
    struct session *session = eddy_alloc(sizeof *session);

    if (session && !sessions)
        sessions = make_sessions(loop);
    if (!session || !sessions) {
        eddy_free(session);
        return false;
    }
    memcpy(session->key, tls->key, sizeof session->key);
    session->ssl = ssl;
    session->kept = eddy__clock_now();
    session->verified = SSL_session_reused(tls->ssl) ? tls->verified : session->kept;
    list_add_tail(&sessions->list, &session->link);
    sessions->count++;
    drop_to(sessions, tls->sessions);
    return true;
}

static int on_new_session(SSL *ssl, SSL_SESSION *session)
{
    const struct eddy__tls *tls = SSL_get_app_data(ssl);

    return tls && tls->sessions > 0 && session_keep(tls, session);
}

/* ---- resuming ---- */

/* What was verified is not verified again, so it must be good still. */
static bool is_good(const struct session *session)
{
    const int64_t day = 86400 * NS_PER_SECOND;
    const X509 *certificate = SSL_SESSION_get0_peer(session->ssl);
    int64_t now = eddy__clock_now();

    return SSL_SESSION_is_resumable(session->ssl) && now - session->verified < day &&
           (now - session->kept) / NS_PER_SECOND < SSL_SESSION_get_timeout(session->ssl) &&
           (!certificate || X509_cmp_current_time(X509_get0_notAfter(certificate)) > 0);
}

/* The latest session that fits, and those that are over go. */
static struct session *session_find(struct sessions *sessions, const unsigned char *key)
{
    struct session *found = NULL;

    list_each_safe(link, &sessions->list)
    {
        struct session *session = container_of(link, struct session, link);

        if (memcmp(session->key, key, sizeof session->key) != 0)
            continue;
        if (is_good(session))
            found = session;
        else
            session_drop(sessions, session);
    }
    return found;
}

void eddy__tls_session_offer(struct eddy__tls *tls, const unsigned char *key,
                             const eddy_tls_opts *opts)
{
    struct sessions *sessions = sessions_of(tls->transport.stream->fd.loop);

    memcpy(tls->key, key, sizeof tls->key);
    tls->sessions = opts->sessions ? opts->sessions : SESSIONS;
    struct session *session = sessions ? session_find(sessions, tls->key) : NULL;
    if (!session)
        return;
    SSL_set_session(tls->ssl, session->ssl);
    tls->verified = session->verified;
    /* A ticket of TLS 1.3 that is used twice would tell who listens that it is the same client. */
    if (SSL_SESSION_get_protocol_version(session->ssl) >= TLS1_3_VERSION)
        session_drop(sessions, session);
}

void eddy__tls_session_allow(SSL_CTX *ssl)
{
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(ssl, on_new_session);
}
