/* pool.c - the connections of a session: slots, which requests wait for in order, and connections
 * that are kept for the next one, of which the one used last is taken first. */
#include "http/client/client.h"

enum { SWEEP_SECONDS = 5 }; /* idle connections are looked at this often */

/* ---- hosts ---- */

static const char *or_nothing(const char *text)
{
    return text ? text : "";
}

/* "%eth0" of an address that means something on that link only, which no authority has. */
static const char *zone_of(const struct eddy__url *url)
{
    return or_nothing(strchr(url->host, '%'));
}

/* What tells connections apart beside scheme and authority: each text with its length before it. */
static char *key_special(struct eddy__call *call, const struct eddy__way *way)
{
    const struct eddy__url *proxy = way->proxy;
    bool tls = way->url->secure || (proxy && proxy->secure);
    const char *parts[] = {
        or_nothing(way->unix_path),
        way->plain ? "" : zone_of(way->url),
        proxy ? zone_of(proxy) : "",
        proxy ? (way->socks ? "socks5" : proxy->scheme) : "",
        proxy ? proxy->authority : "",
        proxy ? or_nothing(proxy->user) : "",
        proxy ? or_nothing(proxy->password) : "",
        or_nothing(tls ? way->tls->server_name : NULL),
        or_nothing(tls ? way->tls->ca_file : NULL),
        or_nothing(tls ? way->tls->crl_file : NULL),
        or_nothing(tls ? way->tls->cert : NULL),
        or_nothing(tls ? way->tls->key : NULL),
        tls && way->tls->insecure ? "insecure" : "",
        tls && way->tls->min_version == EDDY_TLS_1_3 ? "1.3" : "",
    };
    const char *key = "";

    for (size_t i = 0; key && i < count_of(parts); i++)
        key = eddy__arena_printf(&call->response->arena, "%s %zu:%s", key, strlen(parts[i]),
                                 parts[i]);
    return (char *)(uintptr_t)key;
}

/* Whether it is all as the session's options say, so that scheme and authority are enough. */
static bool is_ordinary(const eddy_http *http, const struct eddy__way *way)
{
    return !way->proxy && way->unix_path == http->opts.unix_path &&
           way->tls == &http->opts.tls_opts && !*zone_of(way->url);
}

static char *key_of(struct eddy__call *call)
{
    const struct eddy__way *way = &call->way;
    const struct eddy__url *url = way->plain ? way->proxy : way->url;
    char *special = is_ordinary(call->http, way) ? (char *)(uintptr_t) "" : key_special(call, way);

    return special ? eddy__arena_printf(&call->response->arena, "%s://%s%s%s", url->scheme,
                                        url->authority, way->plain ? " proxy" : "", special)
                   : NULL;
}

static struct eddy__http_host **bucket_of(eddy_http *http, const char *key)
{
    uint32_t hash = 2166136261;

    for (const char *p = key; *p; p++)
        hash = (hash ^ (unsigned char)*p) * 16777619;
    return &http->buckets[hash % EDDY__HTTP_BUCKETS];
}

static struct eddy__http_host *host_new(eddy_http *http, const char *key)
{
    struct eddy__http_host **bucket = bucket_of(http, key);
    struct eddy__http_host *host = eddy_alloc_zero(sizeof *host);
    char *copy = host ? eddy_strdup(key) : NULL;

    if (!copy) {
        eddy_free(host);
        eddy__raise(EDDY_ENOMEM, "no memory for the connections to a host");
        return NULL;
    }
    host->key = copy;
    host->slots =
        (eddy_semaphore){.value = http->opts.limit_per_host, .bound = http->opts.limit_per_host};
    list_init(&host->idle);
    host->next = *bucket;
    *bucket = host;
    return host;
}

/* Whether key is "scheme://authority" of url. */
static bool key_is(const char *key, const struct eddy__url *url)
{
    size_t n = strlen(url->scheme);

    return strncmp(key, url->scheme, n) == 0 && strncmp(key + n, "://", 3) == 0 &&
           strcmp(key + n + 3, url->authority) == 0;
}

static struct eddy__http_host *host_find(struct eddy__call *call)
{
    eddy_http *http = call->http;
    bool ordinary = is_ordinary(http, &call->way);

    if (ordinary && http->last && key_is(http->last->key, &call->url))
        return http->last;
    const char *key = key_of(call);
    struct eddy__http_host *host = key ? *bucket_of(http, key) : NULL;
    while (host && strcmp(host->key, key) != 0)
        host = host->next;
    if (!host && key)
        host = host_new(http, key);
    if (host && ordinary)
        http->last = host;
    return host;
}

static void host_leave(eddy_http *http, struct eddy__http_host *host)
{
    struct eddy__http_host **p = bucket_of(http, host->key);

    if (--host->users)
        return;
    while (*p != host)
        p = &(*p)->next;
    *p = host->next;
    if (http->last == host)
        http->last = NULL;
    eddy_free(host->key);
    eddy_free(host);
}

/* ---- slots ---- */

static int take_both(eddy_http *http, struct eddy__http_host *host)
{
    eddy__try(eddy_semaphore_acquire(&host->slots));
    int status = eddy_semaphore_acquire(&http->slots);
    if (status < 0)
        eddy_ignore(eddy_semaphore_release(&host->slots));
    return status;
}

static int take_slots(struct eddy__call *call, struct eddy__http_host *host)
{
    eddy_http *http = call->http;
    struct eddy__limit limit;

    if (!eddy_semaphore_locked(&host->slots) && !eddy_semaphore_locked(&http->slots)) {
        eddy__try(eddy_semaphore_acquire_nowait(&host->slots));
        return eddy_semaphore_acquire_nowait(&http->slots);
    }
    eddy__limit_enter(&limit, call, call->opts.timeout_pool,
                      "the wait for a connection of the session", "timeout_pool");
    return eddy__limit_leave(&limit, call, take_both(http, host));
}

static void give_slots(eddy_http *http, struct eddy__http_host *host)
{
    eddy_ignore(eddy_semaphore_release(&host->slots));
    eddy_ignore(eddy_semaphore_release(&http->slots));
}

/* ---- connections ---- */

/* Takes an idle connection out of the lists; the host loses its user. */
static void unkeep(eddy_http *http, struct eddy__http_conn *conn)
{
    list_remove(&conn->in_host);
    list_remove(&conn->in_session);
    http->stats.idle--;
    host_leave(http, conn->host);
}

/* What is in the middle of an exchange is not waited for. */
static void conn_free(struct eddy__http_conn *conn)
{
    if (conn->h1.sent && (!conn->h1.out_ended || conn->h1.in != EDDY__H1_NONE))
        eddy_stream_abort(conn->stream);
    eddy_stream_close(conn->stream);
    eddy_free(conn);
}

static bool conn_is_good(const struct eddy__http_conn *conn, double now)
{
    return now < conn->idle_ends && now < conn->ends && eddy_stream_is_idle(conn->stream);
}

static struct eddy__http_conn *take_idle(eddy_http *http, struct eddy__http_host *host)
{
    double now = list_empty(&host->idle) ? 0 : eddy_time();

    while (!list_empty(&host->idle)) {
        struct eddy__http_conn *conn =
            container_of(host->idle.next, struct eddy__http_conn, in_host);
        bool good = conn_is_good(conn, now);

        unkeep(http, conn);
        if (good)
            return conn;
        conn_free(conn);
    }
    return NULL;
}

static struct eddy__http_conn *conn_new(struct eddy__call *call, struct eddy__http_host *host)
{
    static const struct eddy__head_limits limits = {
        .size = EDDY__HTTP_HEAD,
        .fields = EDDY__HTTP_FIELDS,
    };
    struct eddy__http_conn *conn = eddy_alloc_zero(sizeof *conn);
    struct eddy__limit limit;

    if (!conn) {
        eddy__raise(EDDY_ENOMEM, "no memory for a connection");
        return NULL;
    }
    eddy__limit_enter(&limit, call, call->opts.timeout_connect, "connecting", "timeout_connect");
    conn->stream = eddy__http_connect(call);
    if (eddy__limit_leave(&limit, call, conn->stream ? 0 : eddy_last_status()) < 0 ||
        !conn->stream) {
        eddy_free(conn);
        return NULL;
    }
    eddy__h1_init(&conn->h1, conn->stream, &call->response->arena, &limits, true);
    conn->exchange = &conn->h1.exchange;
    conn->host = host;
    conn->ends = eddy_time() + call->http->opts.max_age;
    list_init(&conn->in_host);
    list_init(&conn->in_session);
    call->http->stats.connections++;
    return conn;
}

static int acquire_conn(struct eddy__call *call, struct eddy__http_host *host)
{
    eddy_http *http = call->http;
    struct eddy__http_conn *conn = NULL;

    if (!http->closed && !call->fresh)
        conn = take_idle(http, host);
    if (!http->closed && !conn)
        conn = eddy__try(conn_new(call, host));
    if (http->closed) {
        if (conn)
            conn_free(conn);
        return eddy__raise(EDDY_ECLOSED, "%s %s: the session was closed", call->method,
                           call->url.authority);
    }
    list_add_tail(&http->busy, &conn->in_session);
    http->stats.busy++;
    call->conn = conn;
    return 0;
}

int eddy__pool_acquire(struct eddy__call *call)
{
    struct eddy__http_host *host = eddy__try(host_find(call));

    host->users++;
    int status = take_slots(call, host);
    if (status == 0) {
        status = acquire_conn(call, host);
        if (status < 0)
            give_slots(call->http, host);
    }
    if (status < 0)
        host_leave(call->http, host);
    return status;
}

/* ---- keeping ---- */

static double next_look(eddy_http *http, double now)
{
    double next = now + SWEEP_SECONDS;

    list_each(node, &http->idle) {
        struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_session);

        next = fmin(next, fmin(conn->idle_ends, conn->ends));
    }
    return next;
}

static int sweep(void *arg);
static void plan_sweep(eddy_http *http)
{
    if (http->sweeping || list_empty(&http->idle))
        return;
    http->sweep =
        eddy_loop_call_at(http->loop, next_look(http, eddy_loop_time(http->loop)), sweep, http);
    http->sweeping = http->sweep.call != NULL;
}

/* Closes idle connections whose time is over, or whose server has closed them. */
static int sweep(void *arg)
{
    eddy_http *http = arg;
    double now = eddy_loop_time(http->loop);

    http->sweeping = false;
    list_each_safe(node, &http->idle)
    {
        struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_session);

        if (!conn_is_good(conn, now)) {
            unkeep(http, conn);
            conn_free(conn);
        }
    }
    plan_sweep(http);
    return 0;
}

static void keep_conn(eddy_http *http, struct eddy__http_conn *conn, double seconds)
{
    conn->idle_ends = eddy_time() + seconds;
    http->stats.idle++;
    list_add_tail(&http->idle, &conn->in_session);
    list_add_tail(conn->host->idle.next, &conn->in_host);
    plan_sweep(http);
}

static void drop_oldest(eddy_http *http)
{
    struct eddy__http_conn *oldest =
        container_of(http->idle.next, struct eddy__http_conn, in_session);

    unkeep(http, oldest);
    conn_free(oldest);
}

void eddy__pool_release(eddy_http *http, struct eddy__http_conn *conn, double keep)
{
    struct eddy__http_host *host = conn->host;
    bool good = keep > 0 && !http->closed && eddy__h1_reusable(&conn->h1) &&
                eddy_time() < conn->ends && eddy_stream_is_idle(conn->stream);

    list_remove(&conn->in_session);
    http->stats.busy--;
    give_slots(http, host);
    if (good) {
        keep_conn(http, conn, keep);
    } else {
        host_leave(http, host);
        conn_free(conn);
    }
    if (http->stats.idle > http->opts.limit)
        drop_oldest(http);
}

void eddy__pool_close(eddy_http *http)
{
    if (http->sweeping)
        eddy_loop_cancel_call(http->loop, http->sweep);
    http->sweeping = false;
    list_each(node, &http->busy)
        eddy_stream_abort(container_of(node, struct eddy__http_conn, in_session)->stream);
    while (!list_empty(&http->idle))
        drop_oldest(http);
}
