/* names.c - what is known of host names, and what is being asked for: one question for all who wait
 * for a name, and a cache of the answers, the least recently used of which go first. */
#include "net/names.h"

#include <math.h>

enum { QUERIES = 64, CACHE = 1000, CACHE_MAX = 1 << 24 };
static const double MAX_TTL = 300;

/* queued: in order of asking; known: the least recently used first. */
struct eddy__resolver {
    struct eddy__guest guest;
    eddy_loop *loop;
    struct eddy__dns *dns;   /* NULL: not made yet, or it cannot be */
    eddy_resolver_opts opts; /* with the defaults */
    char *servers;           /* opts.servers */
    char *resolv_conf;
    eddy_handle go_on; /* a call of go_on that is to come */
    struct list queued;
    struct list asked;
    struct list known;
    unsigned asked_count;
    unsigned known_count;
    size_t mask;
    struct eddy__name *buckets[];
};

/* ---- addresses ---- */

struct eddy__addresses *eddy__addresses_of(const eddy_address *list, int count)
{
    size_t size = (size_t)count * sizeof *list;
    struct eddy__addresses *copy = eddy_alloc(sizeof *copy + size);

    if (!copy) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    copy->count = count;
    memcpy(copy->list, list, size);
    return copy;
}

struct eddy__addresses *eddy__addresses_both(const char *first, const char *second)
{
    eddy_address two[2] = {0};

    eddy__address_parse(&two[0], first, 0);
    eddy__address_parse(&two[1], second, 0);
    return eddy__addresses_of(two, 2);
}

/* ---- names ---- */

static void names_unref(struct eddy__name *name)
{
    if (--name->refs)
        return;
    eddy_free(name->found);
    eddy_free(name->called);
    eddy_free(name);
}

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

static bool is_called(const struct eddy__name *name, const char *host)
{
    const char *own = name->host;

    while (*own && *own == lower(*host))
        own++, host++;
    return *own == lower(*host);
}

/* FNV-1a. */
static struct eddy__name **names_bucket_of(struct eddy__resolver *r, const char *host)
{
    uint32_t hash = 2166136261;

    for (; *host; host++)
        hash = (hash ^ (unsigned char)lower(*host)) * 16777619;
    return &r->buckets[hash & r->mask];
}

static void forget(struct eddy__name *name)
{
    struct eddy__name **place = names_bucket_of(name->resolver, name->host);

    while (*place != name)
        place = &(*place)->next;
    *place = name->next;
    name->resolver->known_count -= name->state == EDDY__NAME_KNOWN;
    name->state = EDDY__NAME_FORGOTTEN;
    list_remove(&name->link);
    names_unref(name);
}

/* What is known of host, or about to be; NULL: nothing. */
static struct eddy__name *names_find(struct eddy__resolver *r, const char *host)
{
    struct eddy__name *name = *names_bucket_of(r, host);

    while (name && !is_called(name, host))
        name = name->next;
    if (!name || name->state != EDDY__NAME_KNOWN)
        return name;
    if (name->expires <= eddy__loop_now_exact(r->loop)) {
        forget(name);
        return NULL;
    }
    list_remove(&name->link);
    list_add_tail(&r->known, &name->link);
    return name;
}

/* ---- asking ---- */

/* Settings of the system that have changed count when nothing is under way. Without a channel the
 * C library is asked. */
static void renew_dns(struct eddy__resolver *r)
{
    if (r->asked_count == 0 && r->dns && eddy__dns_is_outdated(r->dns)) {
        eddy__dns_close(r->dns);
        r->dns = NULL;
    }
    if (!r->dns && eddy__dns_open(&r->dns, r->loop, r, &r->opts) < 0)
        eddy_error_clear();
}

static void names_ask(struct eddy__resolver *r, struct eddy__name *name)
{
    if (!r->opts.getaddrinfo)
        renew_dns(r);
    name->state = EDDY__NAME_ASKED;
    list_add_tail(&r->asked, &name->link);
    r->asked_count++;
    if (r->dns)
        eddy__dns_ask(r->dns, name);
    else
        eddy__name_job_start(r->loop, name);
}

void eddy__resolver_go_on(struct eddy__resolver *r)
{
    struct list *link;

    while (r->asked_count < r->opts.queries && (link = list_take_first(&r->queued)))
        names_ask(r, container_of(link, struct eddy__name, link));
}

/* On the loop's stack: that of a task may be small for what c-ares does. */
static int go_on(void *resolver)
{
    struct eddy__resolver *r = resolver;

    r->go_on.call = NULL;
    eddy__resolver_go_on(r);
    return 0;
}

/* A new name in the queue; NULL without memory, raised. */
static struct eddy__name *queue(struct eddy__resolver *r, const char *host,
                                const eddy_address *address)
{
    size_t length = strlen(host);
    struct eddy__name **bucket = names_bucket_of(r, host);
    struct eddy__name *name = eddy_alloc_zero(sizeof *name + length + 1);

    if (name && !r->go_on.call)
        r->go_on = eddy_loop_call_soon(r->loop, go_on, r);
    if (!name || !r->go_on.call) {
        eddy_free(name);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    for (size_t i = 0; i < length; i++)
        name->host[i] = lower(host[i]);
    if (address)
        name->address = *address;
    name->resolver = r;
    name->refs = 1;
    name->next = *bucket;
    *bucket = name;
    list_add_tail(&r->queued, &name->link);
    return name;
}

/* ---- answers ---- */

static void names_keep(struct eddy__resolver *r, struct eddy__name *name, double ttl)
{
    int64_t ns = eddy__ns_of_seconds(fmin(ttl, r->opts.max_ttl));

    name->expires = eddy__ns_after(eddy__loop_now_exact(r->loop), ns);
    list_add_tail(&r->known, &name->link);
    r->known_count++;
    if (ns == 0)
        forget(name);
    else if (r->known_count > r->opts.cache)
        forget(container_of(r->known.next, struct eddy__name, link));
}

void eddy__name_answer(struct eddy__name *name, const struct eddy__answer *answer)
{
    struct eddy__resolver *r = name->resolver;

    name->state = EDDY__NAME_KNOWN;
    name->job = NULL;
    name->code = answer->code;
    name->found = answer->found;
    name->called = answer->called;
    if (answer->code == EDDY_ENAME)
        snprintf(name->reason.text, sizeof name->reason.text, "%s", answer->reason);
    list_remove(&name->link);
    r->asked_count--;
    eddy__waiters_grant_all(&name->waiters, 0);
    names_keep(r, name, answer->ttl);
}

/* ---- the life of a resolver ---- */

static bool is_awaited(const struct list *names)
{
    list_each(link, names)
        if (container_of(link, struct eddy__name, link)->waiters.first)
            return true;
    return false;
}

static void free_resolver(struct eddy__resolver *r)
{
    eddy_free(r->servers);
    eddy_free(r->resolv_conf);
    eddy_free(r);
}

/* Those who still wait, in a loop that cannot run to end them, learn that it has gone. */
static void close_resolver(struct eddy__guest *guest)
{
    struct eddy__resolver *r = container_of(guest, struct eddy__resolver, guest);
    struct list *link;

    list_remove(&guest->link);
    eddy_loop_cancel_call(r->loop, r->go_on);
    eddy__dns_close(r->dns);
    for (; (link = list_take_first(&r->queued)); r->asked_count++)
        list_add_tail(&r->asked, link);
    while ((link = list_take_first(&r->asked))) {
        struct eddy__name *name = container_of(link, struct eddy__name, link);

        eddy__name_job_abandon(name->job);
        eddy__name_answer(name, &(struct eddy__answer){.code = EDDY_ECLOSED});
    }
    while (!list_empty(&r->known))
        forget(container_of(r->known.next, struct eddy__name, link));
    free_resolver(r);
}

static size_t buckets_for(unsigned names)
{
    size_t n = 16;

    while (n < names)
        n *= 2;
    return n;
}

static eddy_resolver_opts with_defaults(const eddy_resolver_opts *opts)
{
    eddy_resolver_opts all = *opts;

    all.queries = opts->queries ? opts->queries : QUERIES;
    if (opts->getaddrinfo)
        all.queries = EDDY__NAME_THREADS;
    all.cache = opts->cache ? opts->cache : CACHE;
    all.max_ttl = opts->max_ttl != 0 ? opts->max_ttl : MAX_TTL;
    return all;
}

/* Puts a copy in place of *text. False without memory. */
static bool copy_text(const char **text, char **copy)
{
    if (!*text)
        return true;
    *text = *copy = eddy_strdup(*text);
    return *copy;
}

/* NULL without memory, raised. */
static struct eddy__resolver *open_resolver(eddy_loop *loop, const eddy_resolver_opts *opts)
{
    eddy_resolver_opts all = with_defaults(opts);
    size_t buckets = buckets_for(all.cache);
    struct eddy__resolver *r = eddy_alloc_zero(sizeof *r + buckets * sizeof r->buckets[0]);

    if (!r || !copy_text(&all.servers, &r->servers) ||
        !copy_text(&all.resolv_conf, &r->resolv_conf)) {
        if (r)
            free_resolver(r);
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    r->guest.close = close_resolver;
    r->loop = loop;
    r->opts = all;
    list_init(&r->queued);
    list_init(&r->asked);
    list_init(&r->known);
    r->mask = buckets - 1;
    return r;
}

/* NULL: it has none yet. */
static struct eddy__resolver *current_resolver(const eddy_loop *loop)
{
    struct eddy__guest *guest = eddy__guest_find(loop, close_resolver);

    return guest ? container_of(guest, struct eddy__resolver, guest) : NULL;
}

static struct eddy__resolver *resolver_of(eddy_loop *loop)
{
    struct eddy__resolver *r = current_resolver(loop);

    if (!r && (r = open_resolver(loop, &(eddy_resolver_opts){0})))
        eddy__guest_add(loop, &r->guest);
    return r;
}

static int check_opts(const eddy_resolver_opts *opts)
{
    if (isnan(opts->timeout) || opts->timeout < 0 || opts->timeout > 3600)
        return eddy__raise(EDDY_EINVAL, "a resolver's timeout is between 0 and 3,600 s, not %g",
                           opts->timeout);
    if (opts->attempts < 0 || opts->attempts > 100)
        return eddy__raise(EDDY_EINVAL, "a resolver makes 1 to 100 attempts, not %d",
                           opts->attempts);
    if (opts->cache > CACHE_MAX)
        return eddy__raise(EDDY_EINVAL, "a resolver keeps at most %d names, not %u", CACHE_MAX,
                           opts->cache);
    if (isnan(opts->max_ttl))
        return eddy__raise(EDDY_EINVAL, "a resolver's max_ttl is a number of seconds, not NaN");
    return 0;
}

int eddy_loop_set_resolver_with(eddy_loop *loop, const eddy_resolver_opts *opts)
{
    int status;

    if (!eddy__loop_check_thread(loop, __func__))
        return EDDY_ELOOP;
    struct eddy__resolver *old = current_resolver(loop);
    if ((status = check_opts(opts)) < 0)
        return status;
    if (old && (is_awaited(&old->queued) || is_awaited(&old->asked)))
        return eddy__raise(EDDY_EBUSY, "a task waits for a name look-up: set the resolver before");
    struct eddy__resolver *r = open_resolver(loop, opts);
    if (!r)
        return eddy_status_pointer_(r);
    if (!opts->getaddrinfo && (status = eddy__dns_open(&r->dns, loop, r, &r->opts)) < 0) {
        free_resolver(r);
        return status;
    }
    if (old)
        close_resolver(&old->guest);
    eddy__guest_add(loop, &r->guest);
    return 0;
}

/* ---- looking up ---- */

static const struct eddy__wait_kind waits_for_name = {"a name look-up", eddy__waiter_abort};

/* 0, or the interrupt, raised. Who leaves a question that was not put takes it back. */
static int await_answer(struct eddy__name *name)
{
    struct eddy_waiter_ waiter = {0};
    int status = eddy__wait_in(&name->waiters, &waiter, &waits_for_name);

    if (status < 0 && name->state == EDDY__NAME_QUEUED && !name->waiters.first)
        forget(name);
    return eddy__raise_if(status);
}

static int names_fail(const struct eddy__name *name, const char *host)
{
    if (name->code != EDDY_ENAME)
        return eddy__raise_code(name->code);
    return eddy__raise(EDDY_ENAME, "cannot look up %s: %s", host, name->reason.text);
}

/* What is known, with a reference to be given back; NULL raised. */
static struct eddy__name *names_look_up(const char *host, const eddy_address *address)
{
    struct eddy__resolver *r;
    struct eddy__name *name;

    if (eddy__checkpoint() < 0 || !(r = resolver_of(eddy__self()->loop)))
        return NULL;
    if (!(name = names_find(r, host)) && !(name = queue(r, host, address)))
        return NULL;
    name->refs++;
    if ((name->state == EDDY__NAME_KNOWN || await_answer(name) == 0) &&
        (name->code == 0 || names_fail(name, host) == 0))
        return name;
    names_unref(name);
    return NULL;
}

/* localhost and what ends in .localhost, with or without a final dot (RFC 6761, 6.3). */
static bool is_local(const char *host)
{
    static const char name[] = "localhost";
    size_t size = sizeof name - 1, length = strlen(host);

    length -= length && host[length - 1] == '.';
    return length >= size && strncasecmp(host + length - size, name, size) == 0 &&
           (length == size || host[length - size - 1] == '.');
}

struct eddy__addresses *eddy__names_resolve(const char *host)
{
    eddy_address address;

    if (eddy__address_parse(&address, host, 0))
        return eddy__addresses_of(&address, 1);
    if (eddy__host_check(host) < 0)
        return NULL;
    if (is_local(host))
        return eddy__addresses_both("::1", "127.0.0.1");
    struct eddy__name *name = names_look_up(host, NULL);
    if (!name)
        return NULL;
    struct eddy__addresses *found = eddy__addresses_of(name->found->list, name->found->count);
    names_unref(name);
    return found;
}

int eddy_getaddrinfo(const char *host, int port, eddy_address *addresses, size_t n)
{
    int status = eddy__checkpoint();
    int count;

    if (status < 0)
        return status;
    if (!host || (!addresses && n))
        return eddy__raise(EDDY_EINVAL, "eddy_getaddrinfo needs a host and room for addresses");
    if (port < 0 || port > 65535)
        return eddy__raise(EDDY_EINVAL, "a port is between 0 and 65535, not %d", port);
    struct eddy__addresses *found = eddy__names_resolve(host);
    if (!found)
        return eddy_status_pointer_(NULL);
    count = (int)min_size(n, (size_t)found->count);
    for (int i = 0; i < count; i++) {
        addresses[i] = found->list[i];
        eddy__address_set_port(&addresses[i], port);
    }
    eddy_free(found);
    return count;
}

int eddy_getnameinfo(const eddy_address *address, char name[EDDY_HOST_NAME])
{
    char host[EDDY_HOST_TEXT];
    int family = address ? address->u.any.sa_family : AF_UNSPEC;

    if (family != AF_INET && family != AF_INET6)
        return eddy__raise(EDDY_EINVAL, "eddy_getnameinfo needs an IPv4 or IPv6 address");
    eddy_address_format_host(address, host);
    struct eddy__name *known = names_look_up(host, address);
    if (!known)
        return eddy_status_pointer_(known);
    snprintf(name, EDDY_HOST_NAME, "%s", known->called);
    names_unref(known);
    return 0;
}
