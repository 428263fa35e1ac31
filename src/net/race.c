/* race.c - connecting to a host with several addresses, IPv6 and IPv4 against each other (RFC 8305,
 * "Happy Eyeballs"). */
#include "net/net.h"

#include <math.h>

static const double ATTEMPT_DELAY = 0.25;
/* A code in words, an address, and " and 4095 more" or what stands around them. */
enum { ROOM_FOR_A_REASON = sizeof(struct eddy__words) + EDDY_HOST_TEXT + 20 };

struct attempt {
    struct race *race; /* NULL: the only one */
    const eddy_connect_opts *opts;
    const eddy_address *to;
    const eddy_address *from; /* of the own end, or NULL */
    eddy_task *task;
    eddy_stream *stream; /* NULL: has not connected, for status */
    int status;
};

/* attempts: one for each address, in order, of which the first `begun` have been started. */
struct race {
    eddy_waiters_ waiting; /* the racing task, until an attempt ends */
    struct attempt *winner;
    int count;
    int begun;
    int running;
    struct attempt attempts[];
};

/* ---- the order ---- */

/* The first place from i on whose family is the first one's, or is not; the count for none. */
static int next_of(const struct eddy__addresses *a, int i, bool first)
{
    while (i < a->count && (a->list[i].u.any.sa_family == a->list[0].u.any.sa_family) != first)
        i++;
    return i;
}

/* ---- attempts ---- */

/* The address of the own end that fits; NULL when none was asked for, or none fits. */
static const eddy_address *pick_from(const struct eddy__addresses *from, const eddy_address *to)
{
    for (int i = 0; from && i < from->count; i++)
        if (from->list[i].u.any.sa_family == to->u.any.sa_family)
            return &from->list[i];
    return NULL;
}

static void race_prepare(struct attempt *attempt, eddy_address *to,
                         const struct eddy__addresses *from, const eddy_connect_opts *opts)
{
    eddy__address_set_port(to, opts->port);
    attempt->opts = opts;
    attempt->to = to;
    attempt->from = pick_from(from, to);
    attempt->status = from && !attempt->from ? EDDY_EADDRNOTAVAIL : 0;
}

/* Families alternate, beginning with the preferred one; within each the order stays. */
static void line_up(struct race *race, struct eddy__addresses *to,
                    const struct eddy__addresses *from, const eddy_connect_opts *opts)
{
    int places[] = {next_of(to, 0, false), 0}; /* the next of the other family and of the first */
    bool first = true;

    race->count = to->count;
    for (int i = 0; i < to->count; i++) {
        if (places[first] == to->count)
            first = !first;
        struct attempt *attempt = &race->attempts[i];
        race_prepare(attempt, &to->list[places[first]], from, opts);
        attempt->race = race;
        places[first] = next_of(to, places[first] + 1, first);
        first = !first;
    }
}

static void connects(struct attempt *attempt)
{
    if (attempt->status == 0)
        attempt->stream =
            eddy__connect_address(attempt->to, attempt->from, !attempt->opts->nodelay_off,
                                  &attempt->opts->stream, &attempt->status);
}

static int attempt_connect(struct attempt *attempt)
{
    struct race *race = attempt->race;

    connects(attempt);
    if (attempt->stream && !race->winner)
        race->winner = attempt;
    race->running--;
    eddy__waiters_grant_all(&race->waiting, 0);
    return 0;
}
EDDY_CORO(attempt_connect, struct attempt *)

/* ---- failure ---- */

static bool all_alike(const struct attempt *attempts, int count)
{
    for (int i = 1; i < count; i++)
        if (attempts[i].status != attempts[0].status)
            return false;
    return true;
}

/* "connection refused", or what each address had to say, and how many were left out. */
static void give_reasons(const struct attempt *attempts, int count, char *text, size_t size)
{
    size_t used = 0;

    if (all_alike(attempts, count)) {
        snprintf(text, size, "%s", eddy__words(attempts[0].status).text);
        return;
    }
    for (int i = 0; i < count; i++) {
        char host[EDDY_HOST_TEXT];

        if (used + ROOM_FOR_A_REASON > size) {
            snprintf(text + used, size - used, " and %d more", count - i);
            return;
        }
        eddy_address_format_host(attempts[i].to, host);
        used += (size_t)snprintf(text + used, size - used, "%s%s by %s", i ? ", " : "",
                                 eddy__words(attempts[i].status).text, host);
    }
}

/* That of the address tried first; what was lacking here says more than what another host did. */
static int status_of_all(const struct attempt *attempts, int count)
{
    for (int i = 0; i < count; i++)
        if (attempts[i].status == EDDY_EMFILE || attempts[i].status == EDDY_ENFILE ||
            attempts[i].status == EDDY_ENOMEM)
            return attempts[i].status;
    return attempts[0].status;
}

struct failure {
    const char *host;
    const struct attempt *attempts;
    int count;
};

/* Beside a packed stack. */
static void race_raise_failure(void *arg)
{
    const struct failure *failure = arg;
    const char *host = failure->host;
    const struct attempt *attempts = failure->attempts;
    int count = failure->count;
    bool bare6 = strchr(host, ':') && *host != '[';
    const eddy_connect_opts *opts = attempts[0].opts;
    char reasons[3 * ROOM_FOR_A_REASON];

    give_reasons(attempts, count, reasons, sizeof reasons);
    eddy__raise(status_of_all(attempts, count), "cannot connect to %s%s%s:%d%s%s: %s",
                bare6 ? "[" : "", host, bare6 ? "]" : "", opts->port,
                opts->local_host ? " from " : "", opts->local_host ? opts->local_host : "",
                reasons);
}

static COLD void race_fail(const char *host, const struct attempt *attempts, int count)
{
    eddy__aside(race_raise_failure, &(struct failure){host, attempts, count});
}

/* ---- the race ---- */

/* False: the next address has failed at once. */
static bool begin_next(struct race *race)
{
    struct attempt *attempt = &race->attempts[race->begun++];

    if (attempt->status < 0)
        return false;
    attempt->task = eddy_create_task(attempt_connect_coro(attempt));
    if (!attempt->task) {
        attempt->status = EDDY_ENOMEM;
        return false;
    }
    race->running++;
    return true;
}

/* Until an attempt ends, or that long: 0; or the interrupt, unraised. */
static int race_await_end(struct race *race, double seconds)
{
    static const struct eddy__wait_kind kind = {"one of several connections", eddy__waiter_abort};
    struct eddy_waiter_ waiter = {0};
    eddy_scope limit;

    eddy_scope_enter(&limit, seconds);
    int status = eddy__self()->interrupt;
    if (limit.status == 0 && !status)
        status = eddy__wait_in(&race->waiting, &waiter, &kind);
    eddy_scope_leave(&limit);
    if (limit.status && !limit.expired) /* no memory for its timer */
        return limit.status;
    return eddy__self()->interrupt ? status : 0;
}

/* 0 when there is a winner or all have failed; else why it ended before. */
static int race_run(struct race *race, double delay)
{
    int status = 0;

    while (!race->winner && status >= 0 && (race->running || race->begun < race->count)) {
        while (race->begun < race->count && !begin_next(race))
            continue;
        if (race->running)
            status = race_await_end(race, race->begun < race->count ? delay : (double)INFINITY);
    }
    return status;
}

/* Those who have lost, or have connected after all, are closed. */
static eddy_stream *race_end(struct race *race)
{
    eddy_stream *stream = race->winner ? eddy_take(race->winner->stream) : NULL;

    for (int i = 0; i < race->begun; i++)
        eddy_task_close(race->attempts[i].task);
    for (int i = 0; i < race->begun; i++)
        eddy_stream_close(race->attempts[i].stream);
    return stream;
}

static eddy_stream *race_all(const char *host, struct eddy__addresses *to,
                             const struct eddy__addresses *from, const eddy_connect_opts *opts)
{
    size_t size = (size_t)to->count * sizeof(struct attempt);
    struct race *race = eddy_alloc_zero(sizeof *race + size);
    double delay = opts->attempt_delay > 0 ? opts->attempt_delay : ATTEMPT_DELAY;

    if (!race) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    line_up(race, to, from, opts);
    int status = race_run(race, delay);
    eddy_stream *s = race_end(race);
    if (!s && status < 0)
        eddy__raise_interrupt(status);
    else if (!s)
        race_fail(host, race->attempts, race->begun);
    eddy_free(race);
    return s;
}

eddy_stream *eddy__race(const char *host, struct eddy__addresses *to,
                        const struct eddy__addresses *from, const eddy_connect_opts *opts)
{
    struct attempt only = {0};

    if (to->count > 1)
        return race_all(host, to, from, opts);
    race_prepare(&only, &to->list[0], from, opts);
    connects(&only);
    if (only.status < 0 && only.status == eddy__self()->interrupt)
        eddy__raise_interrupt(only.status);
    else if (!only.stream)
        race_fail(host, &only, 1);
    return only.stream;
}
