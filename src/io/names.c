/* names.c - looking host names up in worker threads.
 *
 * A look-up belongs to the job, with its own copy of the name: whoever waits for it may go at any
 * time, and the thread ends by itself. */
#include "io/io.h"

#include <netdb.h>

enum { HOST_MAX = 253, ADDRESSES_MAX = 64 };

struct lookup {
    struct eddy__work work;
    eddy_task *waiter; /* NULL: gone, the look-up frees itself */
    int error;         /* of getaddrinfo */
    int system_error;  /* errno for EAI_SYSTEM */
    struct eddy__addresses *found;
    char host[HOST_MAX + 1];
};

static struct lookup *lookup_of(struct eddy__work *work)
{
    return container_of(work, struct lookup, work);
}

static void free_lookup(struct lookup *lookup)
{
    eddy__free(lookup->found);
    eddy__free(lookup);
}

/* ---- in the thread ---- */

static bool is_usable(const struct addrinfo *info)
{
    return (info->ai_family == AF_INET || info->ai_family == AF_INET6) &&
           info->ai_addrlen <= sizeof((struct eddy__address *)NULL)->u;
}

static struct eddy__addresses *copy_addresses(const struct addrinfo *list)
{
    int count = 0;
    struct eddy__addresses *found;

    for (const struct addrinfo *i = list; i && count < ADDRESSES_MAX; i = i->ai_next)
        count += is_usable(i);
    found = eddy__alloc_zero(sizeof *found + (size_t)count * sizeof found->list[0]);
    for (const struct addrinfo *i = list; found && i && found->count < count; i = i->ai_next) {
        if (!is_usable(i))
            continue;
        struct eddy__address *a = &found->list[found->count++];
        memcpy(&a->u, i->ai_addr, i->ai_addrlen);
        a->size = i->ai_addrlen;
    }
    return found;
}

static void look_up(struct eddy__work *work)
{
    struct lookup *lookup = lookup_of(work);
    struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *list = NULL;

    if (eddy__fault()) {
        lookup->error = EAI_FAIL;
        return;
    }
    lookup->error = getaddrinfo(lookup->host, NULL, &hints, &list);
    lookup->system_error = errno;
    if (lookup->error)
        return;
    lookup->found = copy_addresses(list);
    freeaddrinfo(list);
}

/* ---- in the loop ---- */

static void done(struct eddy__work *work)
{
    struct lookup *lookup = lookup_of(work);
    eddy_task *waiter = lookup->waiter;

    if (!waiter) {
        free_lookup(lookup);
        return;
    }
    lookup->waiter = NULL;
    eddy__wake(waiter, 0);
}

/* The loop has gone: nobody waits. */
static void dropped(struct eddy__work *work)
{
    free_lookup(lookup_of(work));
}

static void abandon(eddy_task *task, int code)
{
    struct lookup *lookup = task->waiting_on;

    lookup->waiter = NULL;
    if (eddy__work_cancel(&lookup->work))
        free_lookup(lookup);
    eddy__wake(task, code);
}

static const struct eddy__wait_kind waits_for_name = {"a name look-up", abandon};

static struct lookup *make_lookup(const char *host)
{
    struct lookup *lookup = eddy__alloc_zero(sizeof *lookup);

    if (!lookup) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    memcpy(lookup->host, host, strlen(host) + 1);
    lookup->work.run = look_up;
    lookup->work.done = done;
    lookup->work.drop = dropped;
    lookup->waiter = eddy__self();
    return lookup;
}

static int check_host(const char *host)
{
    size_t length = strlen(host);

    if (!length)
        return eddy_raise(EDDY_EINVAL, "the host's name is empty");
    if (length > HOST_MAX)
        return eddy_raise(EDDY_EINVAL, "a host's name has at most %d bytes, this one %zu", HOST_MAX,
                          length);
    return 0;
}

static int check_result(const struct lookup *lookup)
{
    if (lookup->error == EAI_MEMORY || (!lookup->error && !lookup->found))
        return eddy__raise_code(EDDY_ENOMEM);
    if (lookup->error == EAI_SYSTEM)
        return eddy_raise(EDDY_ENAME, "cannot look up %s: %s", lookup->host,
                          eddy__words(-lookup->system_error).text);
    if (lookup->error)
        return eddy_raise(EDDY_ENAME, "cannot look up %s: %s", lookup->host,
                          gai_strerror(lookup->error));
    if (!lookup->found->count)
        return eddy_raise(EDDY_ENAME, "cannot look up %s: it has no address", lookup->host);
    return 0;
}

static struct eddy__addresses *take_result(struct lookup *lookup)
{
    struct eddy__addresses *found = NULL;

    if (check_result(lookup) == 0) {
        found = lookup->found;
        lookup->found = NULL;
    }
    free_lookup(lookup);
    return found;
}

struct eddy__addresses *eddy__names_look_up(const char *host)
{
    struct lookup *lookup;
    int status;

    if (eddy__checkpoint() < 0 || check_host(host) < 0 || !(lookup = make_lookup(host)))
        return NULL;
    status = eddy__work_submit(eddy__self()->loop, EDDY__POOL_NAMES, &lookup->work);
    if (status < 0) {
        free_lookup(lookup);
        eddy_raise(status, "cannot look up %s: %s", host, eddy__words(status).text);
        return NULL;
    }
    status = eddy__park(&waits_for_name, lookup);
    if (status < 0) {
        eddy__raise_interrupt(status);
        return NULL;
    }
    return take_result(lookup);
}

static struct eddy__addresses *single(const struct eddy__address *address)
{
    struct eddy__addresses *one = eddy__alloc(sizeof *one + sizeof one->list[0]);

    if (!one) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    one->count = 1;
    one->list[0] = *address;
    return one;
}

struct eddy__addresses *eddy__names_resolve(const char *host)
{
    struct eddy__address address;

    if (eddy__address_parse(&address, host, 0))
        return single(&address);
    return eddy__names_look_up(host);
}

int eddy_getaddrinfo(const char *host, char (*addresses)[46], size_t n)
{
    int status = eddy__checkpoint();
    int count;

    if (status < 0)
        return status;
    if (!host || (!addresses && n))
        return eddy_raise(EDDY_EINVAL, "eddy_getaddrinfo needs a host and room for addresses");
    struct eddy__addresses *found = eddy__names_resolve(host);
    if (!found)
        return eddy_status_pointer_(NULL);
    count = (int)min_size(n, (size_t)found->count);
    for (int i = 0; i < count; i++)
        eddy__address_format_host(&found->list[i], addresses[i], sizeof addresses[i]);
    eddy__free(found);
    return count;
}
