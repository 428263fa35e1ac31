/* random_streams.c - streams of every transport, often two connections with a relay that copies
 * between them. At both ends tasks write and read in all ways there are, with deadlines,
 * cancellations, stalls, half-closes, closes and aborts. The byte at each place of a direction is
 * known, so none is lost, doubled or out of order; what an interrupted call says agrees with the
 * place; the end comes exactly behind the last byte; unsent bytes stay below high_water.
 */
/* pkg-config: openssl */
#include "random.h"

#include "tls/identity.h"
#include <eddy/copy.h>

enum { PERIOD = 4093, OPS_MAX = 120, SIZE_LARGE = 90000 };

enum transport { MEMORY, PIPE, UNIX, TCP, DISK, TLS, MEMORY_TLS, TRANSPORTS };

enum verb { WRITE, SENDFILE, FLUSH, READ, EXACTLY, UNTIL, LINE, STALL, CLOSE, ABORT };

enum manner { PLAIN, TIMED, CANCELLED, MANNERS };

struct op {
    enum verb verb;
    enum manner manner;
    size_t size;
    unsigned turns; /* of the loop until it is cancelled; microseconds until it is late */
    char separator[2];
};

struct list_of_ops {
    unsigned count;
    struct op ops[OPS_MAX];
};

/* One direction: who writes at the end `from`, and who reads at the other. */
struct flow {
    char bytes[PERIOD];
    uint64_t sent, got;
    bool ended; /* write_eof was called, or will be by a close */
    bool over;  /* nothing more can be written or read */
    int from;
    struct list_of_ops writes, reads;
};

/* The streams at the two ends, and those of a relay between them; NULL: closed. */
static struct {
    enum transport transport;
    bool relays, small;
    unsigned long seed;
    eddy_stream_opts opts;
    eddy_stream *ends[2], *between[2];
    struct flow flows[2];
    bool broken; /* somebody has closed early, aborted, or cut a write */
    struct list_of_ops interruptions;
    eddy_stream *file;
    struct house house;
    const struct random *r;
} p;

#define expect(condition, ...) random_expect(p.r, condition, __VA_ARGS__)

/* ---- what is in a direction ---- */

static char at(const struct flow *f, uint64_t place)
{
    return f->bytes[place % PERIOD];
}

static void take(struct flow *f, const char *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++)
        expect(bytes[i] == at(f, f->got + i), "byte %zu of %zu behind %llu is wrong", i, n,
               (unsigned long long)f->got);
    f->got += n;
    expect(f->got <= f->sent || p.broken, "%llu bytes came of %llu", (unsigned long long)f->got,
           (unsigned long long)f->sent);
}

static int index_of(const struct flow *f)
{
    return f == &p.flows[1];
}

static eddy_stream *writer_of(const struct flow *f)
{
    return p.ends[f->from];
}

static eddy_stream *reader_of(const struct flow *f)
{
    return p.ends[p.transport == DISK ? f->from : !f->from];
}

/* ---- statuses ---- */

static bool is_interrupt(const struct op *op, ssize_t status)
{
    return (op->manner == TIMED && status == EDDY_ETIMEDOUT) ||
           (op->manner == CANCELLED && status == EDDY_ECANCELED);
}

/* How it may end for those who have to do with a connection that somebody has broken. */
static bool is_end_of_broken(ssize_t status)
{
    return p.broken && (status == EDDY_EPIPE || status == EDDY_ECONNRESET ||
                        status == EDDY_ECLOSED || status == EDDY_EOF || status == EDDY_ETLS);
}

static void check_bound(const eddy_stream *s)
{
    if (s)
        expect(eddy__buffer_count(&s->out) <= s->high_water, "%zu bytes are unsent, above %zu",
               eddy__buffer_count(&s->out), s->high_water);
}

/* ---- ending early ---- */

static void close_end(int end)
{
    eddy_stream *s = p.ends[end];

    p.ends[end] = NULL;
    p.flows[0].over = p.flows[1].over = true;
    eddy_stream_close(s);
}

static void break_end(int end, bool abort)
{
    p.broken = true;
    if (abort)
        eddy_stream_abort(p.ends[end]);
    close_end(end);
}

/* ---- writing ---- */

static ssize_t send_bytes(const struct flow *f, uint64_t place, const struct op *op)
{
    static char bytes[2][SIZE_LARGE];
    char *mine = bytes[index_of(f)];

    for (size_t i = 0; i < op->size; i++)
        mine[i] = at(f, place + i);
    return eddy_write(writer_of(f), mine, op->size);
}

/* When it may be interrupted, as much as is sent in one piece: else none knows how much was. */
static ssize_t send_file(const struct flow *f, uint64_t place, struct op *op)
{
    if (op->manner != PLAIN)
        op->size = min_size(op->size, writer_of(f)->high_water);
    op->size = min_size(op->size, PERIOD);
    return eddy_sendfile(writer_of(f), p.file, index_of(f) * 2 * PERIOD + (int64_t)(place % PERIOD),
                         (int64_t)op->size);
}

/* A write that was interrupted has sent nothing, unless it was long: then the stream may be cut. */
static int write_op(struct flow *f, struct op op)
{
    uint64_t sent = f->sent;
    bool is_long = op.size > writer_of(f)->high_water;
    ssize_t n;

    if (op.verb == FLUSH) {
        n = eddy_flush(writer_of(f));
        op.size = 0;
    } else {
        /* it may be read before the call has returned */
        size_t most = op.verb == SENDFILE ? min_size(op.size, PERIOD) : op.size;
        f->sent += most;
        n = op.verb == WRITE ? send_bytes(f, sent, &op) : send_file(f, sent, &op);
        f->sent = n < 0 && !is_long ? sent : sent + op.size;
    }
    check_bound(writer_of(f));
    if (n >= 0) {
        expect(n == (ssize_t)op.size, "%zd of %zu bytes were written", n, op.size);
        return 0;
    }
    if (is_interrupt(&op, n) && is_long) {
        if (writer_of(f) && !writer_of(f)->cut) {
            f->sent = sent;
            return 0;
        }
        break_end(f->from, true); /* a part is sent: the peer would wait for the rest */
        return 0;
    }
    if (is_interrupt(&op, n))
        return 0;
    expect(is_end_of_broken(n), "a write ends with %s", eddy_status_name((int)n));
    f->over = true;
    return 0;
}

/* ---- reading ---- */

/* How far it is to the separator, with it; 0: it does not come in what was sent. */
static size_t distance(const struct flow *f, const char *separator, size_t length)
{
    for (size_t i = 0; f->got + i + length <= f->sent; i++) {
        size_t k = 0;

        while (k < length && at(f, f->got + i + k) == separator[k])
            k++;
        if (k == length)
            return i + length;
    }
    return 0;
}

static ssize_t take_exactly(struct flow *f, const struct op *op)
{
    char *bytes = malloc(op->size);
    ssize_t n = eddy_read_exactly(reader_of(f), bytes, op->size);

    if (n > 0) {
        expect(n == (ssize_t)op->size, "%zd of %zu", n, op->size);
        take(f, bytes, (size_t)n);
    }
    free(bytes);
    if (n == EDDY_EOF && !p.broken) {
        expect(f->ended && f->sent - f->got < op->size, "EOF before %llu of %llu",
               (unsigned long long)f->got, (unsigned long long)f->sent);
        return 1;
    }
    return n;
}

static ssize_t take_some(struct flow *f, const struct op *op)
{
    char *bytes = malloc(op->size);
    ssize_t n = eddy_read(reader_of(f), bytes, op->size);

    if (n > 0) {
        expect(n <= (ssize_t)op->size, "%zd of %zu", n, op->size);
        take(f, bytes, (size_t)n);
    }
    free(bytes);
    return n;
}

static ssize_t take_until(struct flow *f, const struct op *op)
{
    size_t length = 1 + (op->separator[1] != 0), limit = reader_of(f)->limit;
    char separator[3] = {op->separator[0], op->separator[1], 0}, *bytes;
    ssize_t n = eddy_read_until(reader_of(f), separator, &bytes);
    size_t expected = distance(f, separator, length);

    if (n > 0) {
        expect((size_t)n == expected && bytes[n] == 0, "%zd, the separator ends at %zu", n,
               expected);
        take(f, bytes, (size_t)n);
    }
    if (n == EDDY_ELIMIT) {
        expect(!expected || expected - length > limit, "it is at %zu, the limit %zu", expected,
               limit);
        return 1;
    }
    if (n == EDDY_EOF && !p.broken) {
        expect(f->ended && !expected, "EOF before a separator at %zu", expected);
        return 1;
    }
    return n;
}

static ssize_t take_line(struct flow *f)
{
    size_t limit = reader_of(f)->limit;
    char *line;
    ssize_t n = eddy_read_line(reader_of(f), &line);
    size_t expected = distance(f, "\n", 1);

    if (n == EDDY_ELIMIT) {
        expect(!expected || expected - 1 > limit, "it is at %zu, the limit %zu", expected, limit);
        return 1;
    }
    if (n < 0 || !line)
        return n;
    expect(line[n] == 0, "a line has no zero behind it");
    take(f, line, (size_t)n);
    if (p.broken && expected > (size_t)n + 2)
        return 0; /* the last one, which was cut */
    if (expected) {
        size_t end = expected - (size_t)n;

        expect(end == 1 || (end == 2 && at(f, f->got) == '\r'), "%zd of %zu bytes", n, expected);
        f->got += end;
    } else {
        expect(p.broken || (f->ended && f->got == f->sent), "a line ends without its end");
    }
    return 1;
}

static int read_op(struct flow *f, struct op op)
{
    ssize_t n = op.verb == READ      ? take_some(f, &op)
                : op.verb == EXACTLY ? take_exactly(f, &op)
                : op.verb == UNTIL   ? take_until(f, &op)
                                     : take_line(f);

    check_bound(reader_of(f));
    if (n > 0 || is_interrupt(&op, n))
        return 0;
    if (n == 0)
        expect(p.broken || (f->ended && f->got == f->sent), "the end after %llu of %llu bytes",
               (unsigned long long)f->got, (unsigned long long)f->sent);
    else
        expect(is_end_of_broken(n), "a read ends with %s", eddy_status_name((int)n));
    f->over = true;
    return 0;
}

/* ---- the tasks ---- */

static int run_op(struct flow *f, struct op op)
{
    if (f->over || !p.ends[f->from] || !reader_of(f))
        return 0; /* it was closed before this task began */
    return op.verb <= FLUSH ? write_op(f, op) : read_op(f, op);
}
EDDY_CORO(run_op, struct flow *, struct op)

static int stall(unsigned us)
{
    return us % 2 ? eddy_sleep(us * 1e-6) : eddy_sleep(0);
}

static int perform(struct flow *f, const struct op *op, bool writes)
{
    int end = writes ? f->from : !f->from;

    if (op->verb == STALL)
        return stall(op->turns);
    if (op->verb == CLOSE || op->verb == ABORT) {
        break_end(end, op->verb == ABORT);
        return 0;
    }
    if (op->manner == PLAIN)
        return run_op(f, *op);
    if (op->manner == TIMED) {
        eddy_timeout(op->turns * 1e-6)
            run_op(f, *op);
        return 0;
    }
    eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(run_op_coro(f, *op)));
    for (unsigned i = 0; i < op->turns % 8; i++)
        eddy_try(eddy_sleep(0));
    if (op->turns > 100)
        eddy_try(eddy_sleep(op->turns * 1e-6));
    eddy_cancel(task);
    eddy_ignore(eddy_await(task));
    return 0;
}

/* Its list, and then the end. */
static int writes_all(struct flow *f)
{
    for (unsigned i = 0; i < f->writes.count && !f->over && p.ends[f->from]; i++)
        eddy_try(perform(f, &f->writes.ops[i], true));
    if (!p.ends[f->from])
        return 0;
    f->ended = true;
    if (p.transport == DISK)
        return eddy_file_seek(writer_of(f), 0, SEEK_SET) < 0 ? eddy_last_status() : 0;
    int status = eddy_write_eof(writer_of(f));
    expect(status == 0 || is_end_of_broken(status), "write_eof ends with %s",
           eddy_status_name(status));
    return 0;
}
EDDY_CORO(writes_all, struct flow *)

/* Its list, and then all the rest. */
static int reads_all(struct flow *f)
{
    const struct op rest = {.verb = READ, .size = 5000};
    int end = p.transport == DISK ? f->from : !f->from;

    for (unsigned i = 0; i < f->reads.count && !f->over && p.ends[end]; i++)
        eddy_try(perform(f, &f->reads.ops[i], false));
    while (!f->over && p.ends[end])
        eddy_try(read_op(f, rest));
    if (p.broken && p.ends[end])
        break_end(end, true); /* what is still sent to it would wait for a reader */
    expect(p.broken || (f->got == f->sent && eddy_at_eof(p.ends[end])), "%llu of %llu bytes came",
           (unsigned long long)f->got, (unsigned long long)f->sent);
    return 0;
}
EDDY_CORO(reads_all, struct flow *)

static int copies(int from)
{
    return (int)eddy_copy(p.between[!from], p.between[from]) < 0 ? eddy_last_status() : 0;
}
EDDY_CORO(copies, int)

/* Copies one direction, interrupted again and again. A failure ends both connections. */
static int relays(int from)
{
    int status = EDDY_ECANCELED;

    for (unsigned i = 0; status == EDDY_ECANCELED; i++) {
        eddy_auto(eddy_task) *task = eddy_try(eddy_create_task(copies_coro(from)));

        if (i < p.interruptions.count) {
            eddy_try(stall(p.interruptions.ops[i].turns));
            eddy_cancel(task);
        }
        status = eddy_await(task);
        if (status == EDDY_ECHILDCANCELED)
            status = EDDY_ECANCELED;
        check_bound(p.between[!from]);
    }
    if (status == 0)
        status = eddy_write_eof(p.between[!from]);
    expect(status == 0 || is_end_of_broken(status), "a copy ends with %s",
           eddy_status_name(status));
    if (status < 0)
        for (int i = 0; i < 2; i++)
            eddy_stream_abort(p.between[i]);
    return 0;
}
EDDY_CORO(relays, int)

/* ---- connections ---- */

static int serves_tls(eddy_stream *s)
{
    return eddy_start_tls(s, .server = true, .cert = p.house.server.file);
}
EDDY_CORO(serves_tls, eddy_stream *)

static int begin_tls(eddy_stream *pair[2])
{
    eddy_auto(eddy_task) *server = eddy_try(eddy_create_task(serves_tls_coro(pair[1])));

    eddy_try(
        eddy_start_tls(pair[0], .server_name = "localhost", .ca_file = p.house.authority.file));
    return eddy_await(server);
}

static int connect_two(eddy_stream *pair[2])
{
    int fds[2], size = 1;

    if (p.transport == MEMORY || p.transport == MEMORY_TLS) {
        eddy_try(eddy_stream_pair_with(pair, &p.opts));
        return p.transport >= TLS ? begin_tls(pair) : 0;
    }
    if (p.transport == PIPE) {
        CHECK_INT(pipe2(fds, O_CLOEXEC), 0);
        size = fds[0], fds[0] = fds[1], fds[1] = size;
        for (int i = 0; i < 2; i++)
            CHECK((pair[i] = eddy_stream_of_fd(fds[i], &p.opts)) != NULL);
        return 0;
    }
    if (p.transport == UNIX)
        CHECK_INT(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds), 0);
    else
        raw_pair(fds, false);
    for (int i = 0; i < 2; i++) {
        if (p.small && p.transport == UNIX)
            setsockopt(fds[i], SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
        CHECK((pair[i] = eddy_stream_of_socket(fds[i], &p.opts)) != NULL);
    }
    return p.transport >= TLS ? begin_tls(pair) : 0;
}

static int connect_all(void)
{
    eddy_stream *first[2], *second[2];

    if (p.transport == DISK) {
        p.ends[0] = eddy_try(eddy_temp_file(NULL, NULL));
        return 0;
    }
    eddy_try(connect_two(first));
    p.ends[0] = first[0], p.ends[1] = first[1];
    if (!p.relays)
        return 0;
    eddy_try(connect_two(second));
    p.between[0] = first[1], p.between[1] = second[0];
    p.ends[1] = second[1];
    return 0;
}

/* What sendfile sends: two periods of each direction. */
static int make_file(void)
{
    p.file = eddy_try(eddy_temp_file(NULL, NULL));
    for (int i = 0; i < 4; i++)
        CHECK_INT(eddy_write(p.file, p.flows[i / 2].bytes, PERIOD), PERIOD);
    return 0;
}

static int program(void)
{
    eddy_task *tasks[6];
    int n = 0, directions = p.transport == PIPE || p.transport == DISK ? 1 : 2;

    eddy_try(make_file());
    eddy_try(connect_all());
    for (int i = 0; i < directions; i++) {
        tasks[n++] = eddy_create_task(writes_all_coro(&p.flows[i]));
        if (p.transport == DISK)
            CHECK_OK(eddy_await(tasks[0]));
        tasks[n++] = eddy_create_task(reads_all_coro(&p.flows[i]));
        if (p.relays)
            tasks[n++] = eddy_create_task(relays_coro(i));
    }
    for (int i = 0; i < n; i++) {
        CHECK_OK(eddy_await(tasks[i]));
        eddy_task_close(tasks[i]);
    }
    for (int i = 0; i < 2; i++) {
        eddy_stream_close(p.ends[i]);
        eddy_stream_close(p.between[i]);
    }
    eddy_stream_close(p.file);
    return 0;
}
EDDY_CORO(program)

/* ---- what is drawn ---- */

static void make_bytes(struct random *r, struct flow *f)
{
    bool few = random_percent(r, 50);

    for (int i = 0; i < PERIOD; i++) {
        unsigned n = random_below(r, few ? 8 : 256);

        f->bytes[i] = few ? "\n\rabcdef"[n] : (char)n;
    }
}

static size_t make_size(struct random *r)
{
    static const int most[] = {1, 10, 100, 4096, 20000, SIZE_LARGE};

    return (size_t)random_between(r, 1, most[random_below(r, 6)]);
}

static unsigned make_turns(struct random *r)
{
    return random_percent(r, 70) ? random_below(r, 10) : random_below(r, 2000);
}

static void make_op(struct random *r, struct list_of_ops *list, bool is_write)
{
    struct op op = {.size = make_size(r), .turns = make_turns(r)};

    op.manner = random_percent(r, 50) ? PLAIN : (enum manner)random_below(r, MANNERS);
    op.separator[0] = "\nabx"[random_below(r, 4)];
    op.separator[1] = random_percent(r, 50) ? 'b' : 0;
    op.verb =
        is_write ? (enum verb)(WRITE + random_below(r, 3)) : (enum verb)(READ + random_below(r, 4));
    if (is_write && random_percent(r, 50))
        op.verb = WRITE;
    if (random_percent(r, 10))
        op.verb = STALL;
    else if (p.transport != DISK && random_percent(r, 1))
        op.verb = random_percent(r, 50) ? CLOSE : ABORT;
    if (p.transport == DISK && is_write)
        op.manner = PLAIN; /* a part may be written */
    if (list->count < OPS_MAX)
        list->ops[list->count++] = op;
}

void random_program(struct random *r)
{
    static const size_t waters[] = {0, 1, 100, 5000};

    p.r = r;
    p.transport = (enum transport)random_below(r, TRANSPORTS);
    p.relays = p.transport != PIPE && p.transport != DISK && random_percent(r, 40);
    p.small = random_percent(r, 50);
    p.opts.high_water = waters[random_below(r, 4)];
    p.opts.limit = random_percent(r, 50) ? 0 : 10;
    p.seed = random_percent(r, 50) ? (unsigned long)random_bits(r) : 0;
    for (int i = 0; i < 2; i++) {
        make_bytes(r, &p.flows[i]);
        p.flows[i].from = i;
    }
    while (random_step(r)) {
        struct flow *f = &p.flows[random_below(r, 2)];
        unsigned who = random_below(r, 7);

        if (who < 6)
            make_op(r, who < 3 ? &f->writes : &f->reads, who < 3);
        else if (p.interruptions.count < OPS_MAX)
            p.interruptions.ops[p.interruptions.count++].turns = make_turns(r);
    }
    if (p.transport >= TLS)
        house_make(&p.house);
    CHECK_INT(eddy_run(program_coro(), .seed = p.seed), 0);
    if (p.transport >= TLS)
        house_free(&p.house);
}
