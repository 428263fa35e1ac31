/* client.c - the load of the soak of streams: each user has one connection after the other. */
#include "plans.h"

#include "load.h"

static const double STUCK_SECONDS = 120;

/* What one connection is made of. */
struct visit {
    eddy_stream *stream;
    struct tally *tally;
    struct hello hello;
    uint64_t *random;
};

static int think(struct visit *v)
{
    return eddy_sleep(2 * load.think * fraction(v->random));
}

/* Sizes are spread evenly over the magnitudes from 1 on. */
static uint32_t size_to(struct visit *v, double largest)
{
    return (uint32_t)pow(largest, fraction(v->random));
}

/* ---- messages ---- */

static int send_body(struct visit *v, struct head head)
{
    for (size_t done = 0; done < head.size; done += piece(head.size - done))
        eddy_try(put(v->stream, v->tally, bytes_at(head.seed, done), piece(head.size - done)));
    return 0;
}

static int send_message(struct visit *v, struct head head)
{
    eddy_try(put(v->stream, v->tally, &head, sizeof head));
    return send_body(v, head);
}
EDDY_CORO(send_message, struct visit *, struct head)

static int receive_body(struct visit *v, struct head head)
{
    char data[PIECE];

    for (size_t done = 0; done < head.size; done += piece(head.size - done)) {
        eddy_try(get(v->stream, v->tally, data, piece(head.size - done)));
        if (memcmp(data, bytes_at(head.seed, done), piece(head.size - done)) != 0)
            return wrong_bytes(done);
    }
    return 0;
}

static int receive_message(struct visit *v, struct head expected)
{
    struct head head;

    eddy_try(get(v->stream, v->tally, &head, sizeof head));
    if (head.size != expected.size || head.seed != expected.seed)
        return eddy_raise(EDDY_EUSER, "another message came back");
    return receive_body(v, head);
}

static struct head message_to(struct visit *v, double largest)
{
    return (struct head){size_to(v, largest), (uint32_t)random_next(v->random)};
}

static int round_trip(struct visit *v)
{
    struct head head = message_to(v, 32768);

    eddy_try(send_message(v, head));
    return receive_message(v, head);
}

/* Nothing comes but the end. */
static int expect(struct visit *v, ssize_t expected)
{
    char byte;
    ssize_t n = eddy_read(v->stream, &byte, 1);

    return n == expected ? 0 : eddy_raise(EDDY_EUSER, "%zd wanted, not %zd", expected, n);
}

/* ---- the plans ---- */

static int echo(struct visit *v)
{
    for (uint64_t left = 1 + random_next(v->random) % 8; left > 0; left--) {
        eddy_try(round_trip(v));
        eddy_try(think(v));
    }
    return 0;
}

static int duplex(struct visit *v)
{
    struct head head = {LARGEST / 4 + size_to(v, LARGEST), (uint32_t)random_next(v->random)};
    eddy_auto(eddy_task) *sender = eddy_try(eddy_create_task(send_message_coro(v, head)));

    eddy_try(receive_message(v, head));
    return eddy_await(sender);
}

static int upload(struct visit *v)
{
    struct sum sum = {0}, answer;

    while (sum.size < v->hello.size) {
        size_t size = smaller(v->hello.size - sum.size, size_to(v, PIECE));
        const char *data = bytes_at(v->hello.seed, sum.size);

        eddy_try(put(v->stream, v->tally, data, size));
        sum.size += size;
        sum.hash = hash_of(sum.hash, data, size);
        eddy_try(eddy_sleep(load.think * fraction(v->random) / 10));
    }
    eddy_try(eddy_write_eof(v->stream));
    eddy_try(get(v->stream, v->tally, &answer, sizeof answer));
    if (answer.size != sum.size || answer.hash != sum.hash)
        return eddy_raise(EDDY_EUSER, "another sum came back");
    return expect(v, 0);
}

static int download(struct visit *v)
{
    char data[PIECE];
    size_t done = 0;
    ssize_t n;

    while ((n = eddy_try(eddy_read(v->stream, data, sizeof data))) > 0) {
        if (memcmp(data, bytes_at(v->hello.seed, done), (size_t)n) != 0)
            return wrong_bytes(done);
        done += (size_t)n;
        v->tally->received += (size_t)n;
        if (random_next(v->random) % 8 == 0)
            eddy_try(eddy_sleep(load.think * fraction(v->random) / 4));
    }
    if (done != v->hello.size)
        return eddy_raise(EDDY_EUSER, "%zu bytes of %u", done, v->hello.size);
    return 0;
}

static int deaf(struct visit *v)
{
    char byte;
    ssize_t n = 0;

    eddy_try(put(v->stream, v->tally, bytes_at(v->hello.seed, 0), 1 + v->hello.size % PIECE));
    eddy_timeout(load.think *fraction(v->random))
        n = eddy_read(v->stream, &byte, 1);
    return n == EDDY_ETIMEDOUT ? 0 : eddy_raise(EDDY_EUSER, "no timeout but %zd", n);
}

static int loris(struct visit *v)
{
    eddy_try(put(v->stream, v->tally, "\0\0\0", 3));
    return expect(v, 0);
}

/* The bytes on the way are lost. */
static int reset(struct visit *v)
{
    struct head head = message_to(v, 1000);

    eddy_try(round_trip(v));
    eddy_try(think(v));
    head.size += 10000;
    eddy_try(put(v->stream, v->tally, &head, sizeof head));
    eddy_try(put(v->stream, v->tally, bytes_at(head.seed, 0), 1000));
    eddy_stream_abort(v->stream);
    return 0;
}

static int abrupt(struct visit *v)
{
    eddy_try(round_trip(v));
    eddy_try(think(v));
    return send_message(v, message_to(v, 32768));
}

static int echo_for_ever(struct visit *v)
{
    for (;;) {
        eddy_try(round_trip(v));
        eddy_try(think(v));
    }
}
EDDY_CORO(echo_for_ever, struct visit *)

static int cancelled(struct visit *v)
{
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(echo_for_ever_coro(v)));

    eddy_try(think(v));
    eddy_cancel(task);
    int status = eddy_await(task);
    return status == EDDY_ECHILDCANCELED || status == EDDY_ECANCELED ? 0 : status;
}

static int follow(struct visit *v)
{
    static int (*const plans[])(struct visit *) = {
        [PLAN_echo] = echo,           [PLAN_duplex] = duplex,  [PLAN_upload] = upload,
        [PLAN_download] = download,   [PLAN_impatient] = echo, [PLAN_deaf] = deaf,
        [PLAN_loris] = loris,         [PLAN_reset] = reset,    [PLAN_abrupt] = abrupt,
        [PLAN_cancelled] = cancelled,
    };

    eddy_try(put(v->stream, v->tally, &v->hello, sizeof v->hello));
    if (v->hello.plan == PLAN_fails)
        return expect(v, EDDY_ECONNRESET);
    if (v->hello.plan == PLAN_doomed)
        return expect(v, 0);
    return plans[v->hello.plan](v);
}

/* ---- users ---- */

static int hasty(unsigned index, uint64_t *random)
{
    eddy_stream *stream = NULL;
    int status = 0;

    tallies[PLAN_hasty].begun++;
    eddy_timeout(0.002 * fraction(random)) {
        stream = connect_from(index, load.roots);
        status = stream ? 0 : eddy_last_status();
    }
    counts.opened += stream != NULL;
    counts.closed += stream != NULL;
    counts.not_opened += !stream;
    tallies[PLAN_hasty].done++;
    eddy_stream_close(stream);
    return status == EDDY_ETIMEDOUT ? eddy_sleep(0.01) : status;
}

static int visit(unsigned index, enum plan plan, uint64_t *random)
{
    eddy_auto(eddy_stream) *stream = eddy_try(connect_from(index, load.roots));
    struct visit v = {.stream = stream, .tally = &tallies[plan], .random = random};

    counts.opened++;
    v.tally->begun++;
    v.hello = (struct hello){MAGIC, plan, size_to(&v, plan == PLAN_upload ? 65536 : LARGEST),
                             (uint32_t)random_next(random)};
    int status = follow(&v);
    v.tally->done += status == 0;
    v.tally->cut += status < 0;
    counts.closed++;
    return status;
}

/* Rare ones are those that cost much. */
static enum plan pick(uint64_t *random)
{
    enum plan plan = (enum plan)(random_next(random) % PLAN_COUNT);

    if (plan == PLAN_duplex && random_next(random) % 4)
        return PLAN_echo;
    return plan == PLAN_hasty && load.roots ? PLAN_echo : plan;
}

static int visit_next(unsigned index, enum plan *plan, uint64_t *random)
{
    int status = 0;

    *plan = pick(random);
    eddy_timeout(STUCK_SECONDS)
        status = *plan == PLAN_hasty ? hasty(index, random) : visit(index, *plan, random);
    return status;
}

int main(int argc, char **argv)
{
    return run_client(argc, argv);
}
