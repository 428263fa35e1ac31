/* client.h - requests over HTTP: sessions, which keep connections and settings, and what is sent.
 * What comes back is in response.h.
 *
 *     eddy_auto(eddy_http) *http = eddy_try(eddy_http_open(.base_url = "http://127.0.0.1:8080"));
 *     eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, "/hello"));
 *     printf("%s\n", eddy_try(eddy_response_text(response)));
 */
#ifndef EDDY_HTTP_CLIENT_H
#define EDDY_HTTP_CLIENT_H

#include <eddy/address.h>
#include <eddy/http/cookies.h>
#include <eddy/http/multipart.h>
#include <eddy/http/response.h>
#include <eddy/tls.h>

EDDY_BEGIN_DECLS

/* Judges an address before it is connected to: 0, or the failure of the request. For programs that
 * are given URLs by strangers: a name is looked up once, and what is judged is what is used. */
typedef int eddy_http_address_check(const eddy_address *address, const char *host, void *arg);

/* Connects to a host, that of the URL or a proxy: NULL with a record on failure. For streams of
 * other kinds, and for tests in memory. */
typedef eddy_stream *eddy_http_connector(const char *host, int port, void *arg);

/* All times are in seconds; INFINITY is no limit (rule B7). */
typedef struct eddy_http_opts {
    const char *base_url;     /* what URLs that are not whole are seen from: "/path", "?query" */
    const eddy_pair *headers; /* of every request that does not say otherwise. Authorization and
                                 Cookie among them stay with the origin of base_url, if given */
    const char *user_agent;   /* NULL: "eddy/" and its version; "": none */

    double timeout;         /* of a whole request, its body included; 0: 300 */
    double timeout_pool;    /* to wait for a connection of the session; 0: 60 */
    double timeout_connect; /* to look up, connect, and agree on TLS, also with a proxy; 0: 30 */
    double timeout_read;    /* without a byte of the answer; 0: 60 */

    unsigned limit;          /* requests under way at once, further ones wait; 0: 100 */
    unsigned limit_per_host; /* of them to the same server; 0: as many as .limit */
    double idle_timeout;     /* an unused connection is kept so long; 0: 30 */
    double max_age;          /* no request begins on a connection that is older; 0: 600 */
    size_t max_body;         /* bytes of eddy_response_text and _bytes; 0: 16 MiB */
    int64_t max_decoded;     /* bytes that a body with a Content-Encoding may become; 0: 1 GiB */
    bool no_decode;          /* asks for no Content-Encoding, and leaves one that comes as it is */

    eddy_cookies *cookies;  /* sent and kept; closed after the session; NULL: none */
    eddy_tls_opts tls_opts; /* for https; .server_name: NULL: the host of the URL */
    const char *unix_path;  /* connects to this Unix socket instead of the URL's host */
    const char *proxy;      /* http://, https:// or socks5://, with user and password if it asks */
    bool proxy_from_env;    /* as HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY say; HTTP_PROXY in
                               capital letters not where REQUEST_METHOD is set (CGI) */
    eddy_http_address_check *on_address; /* not with a proxy; NULL: all are good */
    eddy_http_connector *connect;        /* NULL: eddy_connect, or eddy_connect_unix */
    void *connect_arg;                   /* of .connect and .on_address */
    int version; /* EDDY_HTTP_1_1 or EDDY_HTTP_2 alone: the latter is agreed on within TLS, else
                    EDDY_EPROTO; in the clear it is known that the server speaks it. 0: what the
                    server chooses where there is TLS, HTTP/1.1 elsewhere */
} eddy_http_opts;

typedef struct eddy_http eddy_http;

/* A session, which belongs to one loop. The options are copied. NULL with a record: EDDY_EINVAL
 * with what is wrong. Does not suspend. */
EDDY_API eddy_http *eddy_http_open_with(const eddy_http_opts *opts);
#define eddy_http_open(...) eddy_http_open_with(&(eddy_http_opts){__VA_ARGS__})
/* Closes the connections; requests and responses that still use one get EDDY_ECLOSED. Responses
 * have to be closed all the same. NULL is fine. */
EDDY_API void eddy_http_close(eddy_http *http);
EDDY_AUTOCLOSE(eddy_http, eddy_http_close)

/* Writes a body to stream: 0, or a failure, which becomes that of the request; then the server is
 * left without the body's end, and does not take a part for the whole. */
typedef int eddy_http_writer(eddy_stream *stream, void *arg);
/* Told while bodies move: bytes of the request's that were sent, of the answer's that came. It does
 * not suspend, and may close the response or the session. */
typedef void eddy_http_progress(int64_t sent, int64_t received, void *arg);
/* Told of answers before the answer, such as 103 Early Hints; headers are valid during the call. */
typedef void eddy_http_interim(int status, const eddy_pair *headers, void *arg);

/* Texts are UTF-8. What is pointed to has to stay until the request has returned; that of the
 * body and .arg until the response is closed, if the body has more than 48 KiB or parts, or there
 * is .on_progress. */
typedef struct eddy_http_request_opts {
    const eddy_pair *params;  /* added to the query, escaped; the URL itself goes out as it is */
    const eddy_pair *headers; /* instead of those of the session that have the same names */
    const char *bearer;       /* Authorization: Bearer … */
    const char *user;     /* and .password: Authorization: Basic …; a user in the URL does the */
    const char *password; /* same */
    bool digest;          /* not Basic, but Digest, once the server has asked for it by a 401; it
                             need not ask again for further requests of the session */

    /* The body: one of these, or none. */
    const char *text;            /* text/plain; charset=utf-8 */
    const char *json;            /* application/json: text that is JSON already */
    const eddy_pair *form;       /* application/x-www-form-urlencoded */
    const eddy_http_part *parts; /* multipart/form-data: fields, files, streams */
    const void *data;            /* .size bytes, application/octet-stream */
    size_t size;                 /* of .data */
    const char *file;            /* path of a file, whose bytes are sent */
    eddy_stream *stream;         /* all that can be read of it, or .length bytes */
    eddy_http_writer *write;     /* writes it, .length bytes or, in chunks, any number */
    void *arg;                   /* of .write, .on_progress and .on_interim */
    int64_t length;              /* of .stream or .write; 0: not known */
    const char *type;            /* Content-Type, instead of what is said above */
    bool expect_continue; /* asks the server before the body is sent, and waits 1 s for its word */

    double timeout; /* each instead of the session's; 0: that */
    double timeout_pool;
    double timeout_connect;
    double timeout_read;
    bool raise_for_status; /* a status of 400 or more is the failure EDDY_HTTP(status) */
    int max_redirects;     /* EDDY_ELIMIT for more; 0: 10, negative: none is followed */
    bool
        unsafe_redirects; /* follows them also from https to http, and from a Unix socket to another
                              host; otherwise EDDY_EACCES */
    bool idempotent;      /* doing it twice does no harm, whatever the method */
    unsigned retries; /* an idempotent request is tried so many times more after a failure of its
                         connection or an answer 429, 502, 503 or 504; 0: none */
    double backoff;   /* seconds before the first of these, part of it by chance; each further one
                         waits twice as long, 30 s at most, and as Retry-After says; 0: 0.5 */
    bool no_retry;    /* fails where a connection that was kept turns out to be dead; otherwise a
                      request that is idempotent is then sent again, once */
    const eddy_tls_opts *tls_opts; /* these four and connections are told apart: instead of the */
    const char *unix_path;         /* session's */
    const char *proxy;             /* "": none */
    eddy_http_progress *on_progress;
    eddy_http_interim *on_interim;
    const char *upgrade; /* asks for another protocol on the connection, "websocket": an answer 101
                            has it then, see eddy_response_body. HTTP/1.1 */
} eddy_http_request_opts;

/* Sends a request and returns once the head of its answer is there. The caller closes the response.
 * NULL with a record: EDDY_EINVAL for a URL, header or option that cannot be; EDDY_ETIMEDOUT, which
 * names the limit and the host; EDDY_ENAME, EDDY_ECONNREFUSED, EDDY_ETLS, …; EDDY_EOF when the
 * server ended the connection without an answer; EDDY_EPROTO for what is no HTTP. */
EDDY_API EDDY_SUSPENDS eddy_response *eddy_http_request_with(eddy_http *http, const char *method,
                                                             const char *url,
                                                             const eddy_http_request_opts *opts);
#define eddy_http_request(http, method, url, ...)                                                  \
    eddy_http_request_with((http), (method), (url), &(eddy_http_request_opts){__VA_ARGS__})
#define eddy_http_get(http, url, ...) eddy_http_request(http, "GET", url, __VA_ARGS__)
#define eddy_http_head(http, url, ...) eddy_http_request(http, "HEAD", url, __VA_ARGS__)
#define eddy_http_post(http, url, ...) eddy_http_request(http, "POST", url, __VA_ARGS__)
#define eddy_http_put(http, url, ...) eddy_http_request(http, "PUT", url, __VA_ARGS__)
#define eddy_http_patch(http, url, ...) eddy_http_request(http, "PATCH", url, __VA_ARGS__)
#define eddy_http_delete(http, url, ...) eddy_http_request(http, "DELETE", url, __VA_ARGS__)

/* What a session has done, and has. */
typedef struct eddy_http_stats {
    uint64_t requests;    /* that were sent, redirects and repetitions included */
    uint64_t connections; /* that were opened */
    uint64_t reused;      /* requests on a connection that had served one before */
    uint64_t resent;      /* requests sent again, since a kept connection was dead */
    uint64_t redirects;
    uint64_t retries; /* of .retries */
    unsigned busy;    /* connections with a request */
    unsigned idle;    /* without one */
} eddy_http_stats;
EDDY_API eddy_http_stats eddy_http_get_stats(const eddy_http *http);

EDDY_END_DECLS

#endif
