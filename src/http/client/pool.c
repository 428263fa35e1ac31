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
    list_init(&host->open);
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

static void list_conn(struct eddy__http_conn *conn, bool busy)
{
    eddy_http *http = conn->http;

    list_add_tail(busy ? &http->busy : &http->idle, &conn->in_session);
    *(busy ? &http->stats.busy : &http->stats.idle) += 1;
}

/* One that has users, or not, is in the list of the session that says so. */
static void relist_conn(struct eddy__http_conn *conn, bool busy)
{
    list_remove(&conn->in_session);
    *(busy ? &conn->http->stats.idle : &conn->http->stats.busy) -= 1;
    list_conn(conn, busy);
}

/* Takes a connection out of the lists; the host loses its user. */
static void unlist_conn(struct eddy__http_conn *conn, bool busy)
{
    list_remove(&conn->in_host);
    list_remove(&conn->in_session);
    *(busy ? &conn->http->stats.busy : &conn->http->stats.idle) -= 1;
    host_leave(conn->http, eddy_take(conn->host));
}

void eddy__pool_tell(struct eddy__http_conn *conn)
{
    if (!conn->host)
        return;
    eddy_event_set(&conn->host->greeted);
    eddy_event_clear(&conn->host->greeted);
}

/* One of HTTP/2 that has exchanges goes on until they have ended. */
void eddy__pool_lose(struct eddy__http_conn *conn)
{
    if (!conn->host)
        return;
    eddy__pool_tell(conn);
    if (conn->users)
        list_remove(&conn->in_host);
    else
        unlist_conn(conn, false);
}

/* Whether this connection will do for the call: not one that a dead one may have company in. */
static bool conn_suits(const struct eddy__http_conn *conn, const struct eddy__call *call)
{
    if (call->fresh && (!conn->h2 || conn->number <= call->failed))
        return false;
    return eddy__conn_has_room(conn) && !(conn->h2 && call->opts.upgrade);
}

static struct eddy__http_conn *first_that_suits(struct eddy__call *call,
                                                struct eddy__http_host *host)
{
    list_each(node, &host->open) {
        struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_host);

        if (conn_suits(conn, call))
            return conn;
    }
    return NULL;
}

/* One that is open already; NULL: there is none for this call. */
static struct eddy__http_conn *find_conn(struct eddy__call *call, struct eddy__http_host *host)
{
    double now = list_empty(&host->open) ? 0 : eddy_time();
    struct eddy__http_conn *conn;

    while ((conn = first_that_suits(call, host)) != NULL && !eddy__conn_is_good(conn, now)) {
        eddy__pool_lose(conn);
        if (conn->users == 0)
            eddy__conn_close(conn);
    }
    return conn;
}

static int open_conn(struct eddy__call *call, struct eddy__http_host *host,
                     struct eddy__http_conn **place)
{
    struct eddy__http_conn *conn = eddy__try(eddy__conn_open(call));

    conn->host = host;
    host->users++;
    host->alone |= !conn->h2 && !call->opts.upgrade;
    if (conn->h2)
        list_add_tail(host->open.next, &conn->in_host);
    list_conn(conn, false);
    conn->idle_ends = INFINITY;
    *place = conn;
    return 0;
}

/* Whether what is connected to may speak HTTP/2. */
static bool may_share(const struct eddy__call *call, const struct eddy__http_host *host)
{
    int version = call->http->opts.version;

    if (host->alone || call->opts.upgrade || call->way.plain)
        return false;
    return version == EDDY_HTTP_2 || (call->url.secure && version != EDDY_HTTP_1_1);
}

/* Whether there is a connection of which it is not known yet how many exchanges it takes. */
static bool one_is_new(const struct eddy__http_host *host)
{
    list_each(node, &host->open) {
        const struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_host);

        if (conn->h2 && !conn->h2->greeted && eddy__h2_is_good(conn->h2))
            return true;
    }
    return false;
}

/* Waits until it is known whether a connection that others have made, or make, will do. */
static int await_others(struct eddy__call *call, struct eddy__http_host *host,
                        struct eddy__http_conn **conn)
{
    int status = eddy__try(eddy_lock_acquire(&host->connecting));

    while ((*conn = find_conn(call, host)) == NULL && status == 0 && one_is_new(host))
        status = eddy_event_wait(&host->greeted);
    if (status < 0)
        eddy_ignore(eddy_lock_release(&host->connecting));
    return status;
}

static int await_others_in_time(struct eddy__call *call, struct eddy__http_host *host,
                                struct eddy__http_conn **conn)
{
    struct eddy__limit limit;

    eddy__limit_enter(&limit, call, call->opts.timeout_connect, "connecting", "timeout_connect");
    return eddy__limit_leave(&limit, call, await_others(call, host, conn));
}

/* Where many requests can have one connection, one of them makes it and the others wait. */
static int find_or_open(struct eddy__call *call, struct eddy__http_host *host,
                        struct eddy__http_conn **conn)
{
    int status = 0;

    *conn = find_conn(call, host);
    if (*conn || call->http->closed)
        return 0;
    if (!may_share(call, host))
        return open_conn(call, host, conn);
    eddy__try(await_others_in_time(call, host, conn));
    bool alone = !*conn && !may_share(call, host);
    if (!*conn && !alone && !call->http->closed)
        status = open_conn(call, host, conn);
    eddy_ignore(eddy_lock_release(&host->connecting));
    return alone ? open_conn(call, host, conn) : status;
}

/* A server of HTTP/2 can have said goodbye before the first request. */
static int begin_on(struct eddy__call *call, struct eddy__http_conn *conn)
{
    struct eddy__exchange *exchange = eddy__conn_begin(conn, &call->response->arena);

    if (!exchange) {
        int status = eddy_last_status();

        call->unprocessed = status == EDDY_ECLOSED;
        return status < 0 ? status : EDDY_ENOMEM; /* there was no memory for a record */
    }
    call->exchange = exchange;
    call->conn = conn;
    if (conn->users == 1)
        relist_conn(conn, true);
    if (!conn->h2)
        list_remove(&conn->in_host);
    return 0;
}

static COLD int session_was_closed(struct eddy__call *call)
{
    return eddy__raise(EDDY_ECLOSED, "%s %s: the session was closed", call->method,
                       call->url.authority);
}

static int acquire_conn(struct eddy__call *call, struct eddy__http_host *host)
{
    struct eddy__http_conn *conn;
    int status = find_or_open(call, host, &conn);

    if (call->http->closed)
        status = session_was_closed(call);
    else if (conn)
        status = begin_on(call, conn);
    if (status < 0 && conn && conn->users == 0) {
        eddy__pool_lose(conn);
        eddy__conn_close(conn);
    }
    return status;
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

static void drop_idle(struct eddy__http_conn *conn)
{
    unlist_conn(conn, false);
    eddy__conn_close(conn);
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

        if (!eddy__conn_is_good(conn, now))
            drop_idle(conn);
    }
    plan_sweep(http);
    return 0;
}

/* It has no exchange any more, and may have others. */
static void keep_conn(struct eddy__http_conn *conn, double seconds)
{
    eddy_http *http = conn->http;

    conn->idle_ends = eddy_time() + seconds;
    relist_conn(conn, false);
    list_remove(&conn->in_host);
    list_add_tail(conn->host->open.next, &conn->in_host);
    plan_sweep(http);
    if (http->stats.idle > http->opts.limit)
        drop_idle(container_of(http->idle.next, struct eddy__http_conn, in_session));
}

void eddy__pool_release(eddy_http *http, struct eddy__http_conn *conn,
                        struct eddy__exchange *exchange, double keep)
{
    struct eddy__http_host *host = conn->host;
    bool good = eddy__conn_end(conn, exchange) && !http->closed && eddy_time() < conn->ends;

    if (!good)
        eddy__pool_tell(conn);
    give_slots(http, host);
    if (conn->users == 0 && good && (keep > 0 || conn->h2)) {
        keep_conn(conn, conn->h2 ? http->opts.idle_timeout : keep);
    } else if (conn->users == 0) {
        unlist_conn(conn, true);
        eddy__conn_close(conn);
    }
    host_leave(http, host);
}

/* ---- the end of all ---- */

static void abort_busy(eddy_http *http)
{
    list_each(node, &http->busy) {
        struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_session);

        if (conn->runner)
            eddy_cancel(conn->runner);
        else if (!conn->h2)
            eddy_stream_abort(conn->stream);
    }
}

/* The first of a list that is of HTTP/2 and has a task, or is not; NULL: there is none. */
static struct eddy__http_conn *first_of_kind(struct list *conns, bool h2)
{
    list_each(node, conns) {
        struct eddy__http_conn *conn = container_of(node, struct eddy__http_conn, in_session);

        if (h2 ? conn->runner != NULL : conn->h2 == NULL)
            return conn;
    }
    return NULL;
}

/* The tasks of connections of HTTP/2 are waited for; idle ones are given back by them. */
void eddy__pool_close(eddy_http *http)
{
    struct eddy__http_conn *conn;

    if (http->sweeping)
        eddy_loop_cancel_call(http->loop, http->sweep);
    http->sweeping = false;
    abort_busy(http);
    while ((conn = first_of_kind(&http->idle, true)) != NULL ||
           (conn = first_of_kind(&http->busy, true)) != NULL)
        eddy_task_close(eddy_take(conn->runner));
    while ((conn = first_of_kind(&http->idle, false)) != NULL)
        drop_idle(conn);
}
