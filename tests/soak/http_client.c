/* http_client.c - the load of the soak of HTTP: each user has one session after the other, with a
 * few requests in each. */
/* pkg-config: eddy-http */
#include "http_plans.h"

#include "load.h"

static const double STUCK_SECONDS = 120;
enum { MOST = 1 << 17, SLOWEST = 1 << 15 }; /* bytes of a body, of one from a slow writer */

/* A session of a user, and the request that it makes. */
struct visit {
    eddy_http *http;
    unsigned index;
    uint64_t *random;
    unsigned opened; /* connections */
    enum plan plan;
    struct tally *tally;
    uint32_t size, seed;
    bool slow;  /* the body's writer */
    bool fails; /* it does, in the middle */
};

/* Longer than in the soak of streams: a request costs more than a message. */
static int think(struct visit *v)
{
    return eddy_sleep(4 * load.think * fraction(v->random));
}

/* Sizes are spread evenly over the magnitudes from 1 on. */
static uint32_t size_to(struct visit *v, double largest)
{
    return (uint32_t)pow(largest, fraction(v->random));
}

static int not_planned(eddy_response *response)
{
    return eddy_raise(EDDY_EUSER, "an answer %d", eddy_response_status(response));
}

/* ---- requests ---- */

/* One that counts itself; NULL, raised. */
#define request(v, method, ...)                                                                    \
    ({                                                                                             \
        char path_[64];                                                                            \
        snprintf(path_, sizeof path_, "/%s/%u/%u", plan_names[(v)->plan], (v)->size, (v)->seed);   \
        (v)->tally->begun++;                                                                       \
        eddy_http_request((v)->http, (method), path_, __VA_ARGS__);                                \
    })

/* An eddy_http_writer of the visit's bytes. */
static int write_body(eddy_stream *stream, void *arg)
{
    struct visit *v = arg;
    size_t size = v->fails ? v->size / 2 : v->size;

    for (size_t done = 0, n; done < size; done += n) {
        n = smaller(size - done, v->slow ? size_to(v, PIECE) : PIECE);
        v->tally->sent += n; /* before the server can have received it */
        eddy_try(eddy_write(stream, bytes_at(v->seed, done), n));
        if (v->slow)
            eddy_try(eddy_sleep(load.think * fraction(v->random) / 10));
    }
    return v->fails ? eddy_raise(EDDY_EUSER, "a body that fails") : 0;
}

/* Of all of them. */
static struct sum sum_of(const struct visit *v)
{
    struct sum sum = {v->size, 0};

    for (size_t done = 0; done < v->size; done += piece(v->size - done))
        sum.hash = hash_of(sum.hash, bytes_at(v->seed, done), piece(v->size - done));
    return sum;
}

/* Reads the answer to its end, or to the place where it is cut off. */
static int read_answer(struct visit *v, eddy_response *response, bool slow, size_t *done)
{
    eddy_stream *body = eddy_try(eddy_response_body(response));
    char data[PIECE];
    ssize_t n;

    while ((n = eddy_try(eddy_read(body, data, sizeof data))) > 0) {
        if (memcmp(data, bytes_at(v->seed, *done), (size_t)n) != 0)
            return wrong_bytes(*done);
        *done += (size_t)n;
        v->tally->received += (size_t)n;
        if (slow && random_next(v->random) % 8 == 0)
            eddy_try(eddy_sleep(load.think * fraction(v->random) / 4));
    }
    return 0;
}

static int read_whole(struct visit *v, eddy_response *response, bool slow)
{
    size_t done = 0;

    if (eddy_response_status(response) != 200)
        return not_planned(response);
    eddy_try(read_answer(v, response, slow, &done));
    return done == v->size ? 0 : eddy_raise(EDDY_EUSER, "%zu bytes of %u", done, v->size);
}

/* ---- the plans ---- */

static int get_whole(struct visit *v)
{
    eddy_auto(eddy_response) *response = eddy_try(request(v, "GET", .retries = 0));

    return read_whole(v, response, v->plan == PLAN_slow);
}

static int post(struct visit *v)
{
    struct sum sum = sum_of(v);
    size_t size;
    eddy_auto(eddy_response) *response =
        eddy_try(request(v, "POST", .write = write_body, .arg = v, .length = v->size,
                         .expect_continue = v->plan == PLAN_asks));
    const void *answer = eddy_try(eddy_response_bytes(response, &size));

    if (size != sizeof sum)
        return not_planned(response);
    v->tally->received += size;
    return memcmp(answer, &sum, sizeof sum) == 0 ? 0
                                                 : eddy_raise(EDDY_EUSER, "another sum came back");
}

static int chunks(struct visit *v)
{
    v->size = size_to(v, SLOWEST);
    v->slow = true;
    eddy_auto(eddy_response) *response =
        eddy_try(request(v, "POST", .write = write_body, .arg = v));
    return read_whole(v, response, false);
}

static int refused(struct visit *v)
{
    v->size = MOST;
    eddy_auto(eddy_response) *response =
        eddy_try(request(v, "POST", .write = write_body, .arg = v, .length = v->size));
    return eddy_response_status(response) == 413 ? 0 : not_planned(response);
}

static int fails(struct visit *v)
{
    eddy_auto(eddy_response) *response = eddy_try(request(v, "GET", .retries = 0));

    return eddy_response_status(response) == 500 ? 0 : not_planned(response);
}

static int breaks(struct visit *v)
{
    eddy_response *response = request(v, "GET", .retries = 0);
    size_t done = 0;
    int status = response ? read_answer(v, response, false, &done) : eddy_last_status();

    eddy_response_close(response);
    if (status == EDDY_EOF || status == EDDY_ECONNRESET)
        return 0;
    return eddy_raise(EDDY_EUSER, "an answer of which %zu bytes came, %d", done, status);
}

static int broken(struct visit *v)
{
    v->fails = true;
    eddy_auto(eddy_response) *response =
        request(v, "POST", .write = write_body, .arg = v, .length = v->size);
    return response                           ? not_planned(response)
           : eddy_last_status() == EDDY_EUSER ? 0
                                              : eddy_last_status();
}

static int half(struct visit *v)
{
    char data[PIECE];

    v->size = MOST / 2 + v->size / 2;
    eddy_auto(eddy_response) *response = eddy_try(request(v, "GET", .retries = 0));
    for (uint64_t left = random_next(v->random) % 8; left > 0; left--)
        eddy_try(eddy_read(eddy_response_body(response), data, sizeof data));
    return 0;
}

/* Where the machine stood still the answer of the one that takes SIZE milliseconds may be there. */
static int impatient(struct visit *v)
{
    v->size = (uint32_t)(2000 * load.think) + 1;
    eddy_auto(eddy_response) *response =
        request(v, "GET", .timeout_read = 0.001 + load.think * fraction(v->random));
    if (response)
        return v->plan == PLAN_impatient ? 0 : not_planned(response);
    return eddy_last_status() == EDDY_ETIMEDOUT ? 0 : eddy_last_status();
}

static int get_for_ever(struct visit *v)
{
    for (;;) {
        v->size = size_to(v, MOST);
        eddy_try(get_whole(v));
        eddy_try(think(v));
    }
}
EDDY_CORO(get_for_ever, struct visit *)

static int cancelled(struct visit *v)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(get_for_ever_coro(v)));

    eddy_try(think(v));
    eddy_cancel(task);
    int status = eddy_await(task);
    return status == EDDY_ECHILDCANCELED || status == EDDY_ECANCELED ? 0 : status;
}

static int hasty(struct visit *v)
{
    eddy_auto(eddy_response) *response =
        request(v, "GET", .timeout = 0.00001 + 0.002 * fraction(v->random));

    return response || eddy_last_status() == EDDY_ETIMEDOUT ? 0 : eddy_last_status();
}

/* Not by a session, which would not do it. */
static int loris(unsigned index)
{
    static const char head[] = "GET /get/1/1 HTTP/1.1\r\nHos";
    eddy_auto(eddy_stream) *stream = eddy_try(connect_from(index, load.roots));
    struct tally *t = &tallies[PLAN_loris];
    char *answer;

    counts.opened++;
    t->begun++;
    ssize_t n = eddy_write(stream, head, strlen(head));
    if (n >= 0)
        n = eddy_read_until(stream, "\r\n\r\n", &answer);
    bool good = n > 0 && strncmp(answer, "HTTP/1.1 408 ", 13) == 0;
    t->done += good;
    t->cut += !good;
    counts.closed++;
    return good ? 0 : eddy_raise(EDDY_EUSER, "no 408 but %zd", n);
}

/* ---- users ---- */

static int (*const plans[])(struct visit *) = {
    [PLAN_get] = get_whole,       [PLAN_slow] = get_whole,  [PLAN_post] = post,
    [PLAN_asks] = post,           [PLAN_chunks] = chunks,   [PLAN_refused] = refused,
    [PLAN_fails] = fails,         [PLAN_breaks] = breaks,   [PLAN_broken] = broken,
    [PLAN_half] = half,           [PLAN_waits] = impatient, [PLAN_impatient] = impatient,
    [PLAN_cancelled] = cancelled, [PLAN_hasty] = hasty,
};

static int follow(struct visit *v)
{
    v->plan = (enum plan)(random_next(v->random) % PLAN_loris);
    v->tally = &tallies[v->plan];
    v->size = size_to(v, MOST);
    v->seed = (uint32_t)random_next(v->random);
    v->slow = v->fails = false;
    int status = 0;
    eddy_timeout(STUCK_SECONDS)
        status = plans[v->plan](v);
    v->tally->done += status == 0;
    v->tally->cut += status < 0;
    return status;
}

/* An eddy_http_connector. */
static eddy_stream *connect_counted(const char *host, int port, void *arg)
{
    struct visit *v = arg;
    eddy_stream *stream = connect_from(v->index, NULL);

    (void)host;
    (void)port;
    counts.opened += stream != NULL;
    v->opened += stream != NULL;
    counts.not_opened += !stream;
    return stream;
}

static int visit_next(unsigned index, enum plan *plan, uint64_t *random)
{
    struct visit v = {.index = index, .random = random};
    bool h2 = getenv("SOAK_HTTP2") != NULL;
    int status = 0;

    *plan = PLAN_loris;
    if (random_next(random) % 32 == 0)
        return loris(index);
    v.http = eddy_try(
        eddy_http_open(.base_url = load.roots ? "https://127.0.0.1" : "http://127.0.0.1",
                       .tls_opts.ca_file = load.roots, .connect = connect_counted,
                       .connect_arg = &v, .limit = 1, .version = h2 ? EDDY_HTTP_2 : EDDY_HTTP_1_1));
    for (uint64_t left = 1 + random_next(random) % 4; left > 0 && status == 0; left--) {
        status = follow(&v);
        *plan = v.plan;
        if (status == 0)
            status = think(&v);
    }
    eddy_http_close(v.http);
    counts.closed += v.opened;
    return status;
}

int main(int argc, char **argv)
{
    return run_client(argc, argv);
}
