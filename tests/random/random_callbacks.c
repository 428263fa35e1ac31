/* random_callbacks.c - a loop as its callbacks see it, against a model of what is to come: calls
 * soon, at a time and after a delay, watches of sockets, pipes and files whose numbers are used
 * again at once, operations and their cancellation, by turns one by one and until stopped. What
 * steps do callbacks do, too. The poll hook, called in each turn, looks after what is late;
 * turns without any event are counted. */
#include "random/callbacks/callbacks.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/socket.h>
#include <time.h>

static const double late_look = 0.011; /* how old a delay's look at the clock may be */

static void act(struct random *r);

static void callback_acts(struct random *r, unsigned percent)
{
    if (!the.quiet && random_percent(r, percent))
        act(r);
}

/* ---- watches --------------------------------------------------------------------------------- */

static void open_watch(struct random *r, struct pair *pair, struct end *e);

/* Somebody else gets the numbers. */
static void use_again(struct random *r, struct pair *pair)
{
    for (int i = 0; i < 2; i++)
        close_end(r, pair, &pair->ends[i]);
    if (pair->ends[0].fd >= 0 || pair->ends[1].fd >= 0)
        return;
    open_pair(r, pair);
    for (int n = random_between(r, 0, 3); n > 0; n--)
        open_watch(r, pair, &pair->ends[random_below(r, 2)]);
}

static void set_watch(struct random *r, struct watch *w)
{
    w->wanted = random_below(r, 4);
    w->late[0] = w->late[1] = 0;
    random_note(r, "watches %d for %u now", w->end->fd, w->wanted);
    CHECK_INT(eddy_watch_set(w->handle, w->wanted), 0);
}

static void on_event(eddy_watch *handle, unsigned events, void *arg)
{
    struct watch *w = arg;
    struct random *r = &w->r;

    the.events++;
    random_expect(r, w->open, "a watch that is closed is told of %u", events);
    random_expect(r, handle == w->handle && eddy_watch_fd(handle) == w->end->fd, "%d",
                  eddy_watch_fd(handle));
    random_expect(r, events && !(events & ~w->wanted), "told of %u, wanted is %u", events,
                  w->wanted);
    bool settled =
        w->pair->touched + 2 < the.turns && !w->pair->ends[0].ops && !w->pair->ends[1].ops;
    random_expect(r, !settled || !(events & ~holding(w->end->fd)), "told of %u, %u holds", events,
                  holding(w->end->fd));
    for (unsigned i = 0; i < 2; i++)
        if (events & 1u << i)
            w->late[i] = 0;
    if (the.quiet)
        return;
    unsigned what = random_below(r, 100);
    if (what < 35)
        transfer(r, w->pair, w->end);
    else if (what < 45)
        set_watch(r, w);
    else if (what < 52)
        close_watch(w);
    else if (what < 60)
        use_again(r, w->pair);
    else
        callback_acts(r, 40);
}

static void open_watch(struct random *r, struct pair *pair, struct end *e)
{
    if (e->fd < 0 || the.watches_made == EACH_MAX || the.watching_count == WATCHES)
        return;
    struct watch *w = &the.watches[the.watches_made++];
    *w = (struct watch){.pair = pair, .end = e, .open = true, .r = random_branch(r)};
    w->wanted = random_percent(r, 90) ? 1 + random_below(r, 3) : 0;
    w->handle = eddy_watch_open(the.loop, e->fd, w->wanted, on_event, w);
    CHECK(w->handle);
    random_note(r, "watches %d for %u", e->fd, w->wanted);
    the.watching[the.watching_count++] = w;
}

/* In each turn. */
static void check_watches(void)
{
    for (unsigned n = 0; n < the.watching_count; n++) {
        struct watch *w = the.watching[n];
        unsigned owed = holding(w->end->fd) & w->wanted;

        for (unsigned i = 0; i < 2; i++) {
            if (!(owed & 1u << i))
                w->late[i] = 0;
            else if (w->pair->touched + 1 < the.turns)
                random_expect(the.r, ++w->late[i] <= PATIENCE, "%d is not told of event %u",
                              w->end->fd, 1u << i);
        }
    }
}

/* ---- calls ----------------------------------------------------------------------------------- */

static void remove_call(struct call *c)
{
    for (unsigned i = 0; i < the.coming_count; i++)
        if (the.coming[i] == c)
            the.coming[i] = the.coming[--the.coming_count];
    c->pending = false;
}

/* None that must come before it is still to come. */
static void check_order(const struct call *c)
{
    for (unsigned i = 0; i < the.coming_count; i++) {
        const struct call *other = the.coming[i];

        if (other == c || other->kind != c->kind)
            continue;
        random_expect(&c->r, other > c || other->value > c->value,
                      "call %d came before %d: kind %d, %.9f and %.9f", (int)(c - the.calls),
                      (int)(other - the.calls), (int)c->kind, c->value, other->value);
        random_expect(&c->r,
                      c->kind != AT || other->turn >= the.turns || other->value >= c->value ||
                          c->value <= 0, /* no time is before the clock's beginning */
                      "call %d, of %.9f, came before %d, of %.9f", (int)(c - the.calls), c->value,
                      (int)(other - the.calls), other->value);
    }
}

static int on_call(void *arg)
{
    struct call *c = arg;
    double now = eddy_loop_time(the.loop);

    the.events++;
    random_expect(&c->r, c->pending, "call %d came twice, or was cancelled", (int)(c - the.calls));
    random_expect(&c->r, now >= c->least - 2e-9, "%.9f s early", c->least - now);
    check_order(c);
    remove_call(c);
    callback_acts(&c->r, 40);
    the.failures += c->fails;
    return c->fails ? EDDY_EINVAL : 0;
}

static double random_delay(struct random *r)
{
    switch (random_below(r, 12)) {
    case 0:
        return INFINITY;
    case 1:
        return -1;
    case 2:
        return 0;
    default:
        return random_below(r, 8) * 0.0003;
    }
}

static void arm(struct random *r)
{
    if (the.calls_made == EACH_MAX || the.coming_count == CALLS)
        return;
    struct call *c = &the.calls[the.calls_made++];
    double before = eddy_loop_time(the.loop), delay = random_delay(r);
    *c = (struct call){.pending = true, .turn = the.turns, .fails = random_percent(r, 5)};
    c->r = random_branch(r);
    c->kind = (enum call_kind)random_below(r, 4);
    if (c->kind == SOON) {
        c->handle = eddy_loop_call_soon(the.loop, on_call, c);
    } else if (c->kind == THREADSAFE) {
        CHECK_INT(eddy_loop_call_soon_threadsafe(the.loop, on_call, c), 0);
    } else if (c->kind == AT) {
        c->value = floor(before * 1000) / 1000 + delay; /* often the same as another's */
        c->least = c->most = c->value;
        c->handle = eddy_loop_call_at(the.loop, c->value, on_call, c);
    } else {
        c->value = delay < 0 ? 0 : delay;
        c->handle = eddy_loop_call_later(the.loop, delay, on_call, c);
        c->least = before + c->value - late_look;
        c->most = eddy_loop_time(the.loop) + c->value;
    }
    CHECK(c->handle.call || c->kind == THREADSAFE);
    random_note(r, "call %d: kind %d, %.9f", (int)(c - the.calls), (int)c->kind, c->value);
    the.coming[the.coming_count++] = c;
}

/* Mostly one that is still to come. */
static void cancel(struct random *r)
{
    struct call *c = the.coming_count && random_percent(r, 70)
                         ? the.coming[random_below(r, the.coming_count)]
                         : &the.calls[random_below(r, the.calls_made)];

    if (!c->handle.call)
        return;
    bool was_cancelled = eddy_loop_cancel_call(the.loop, c->handle);
    random_note(r, "cancels call %d: %d", (int)(c - the.calls), was_cancelled);
    random_expect(r, was_cancelled == c->pending, "call %d: %d", (int)(c - the.calls),
                  was_cancelled);
    if (c->pending)
        remove_call(c);
}

static void check_calls(void)
{
    double now = eddy_loop_time(the.loop);

    for (unsigned i = 0; i < the.coming_count; i++) {
        struct call *c = the.coming[i];

        if (c->most <= now)
            random_expect(the.r, ++c->late <= PATIENCE, "call %d is late", (int)(c - the.calls));
    }
}

/* ---- operations ------------------------------------------------------------------------------ */

static void check_stream_result(struct operation *o)
{
    const eddy_op *op = o->op;
    bool is_read = op->code == EDDY_OP_READ;

    if (op->result < 0) {
        random_expect(&o->r, op->result == -ECONNRESET || (!is_read && op->result == -EPIPE),
                      "operation %d on %d: %zd", op->code, op->fd, op->result);
        return;
    }
    random_expect(&o->r, (size_t)op->result <= op->size && (is_read || op->result), "%zd of %zu",
                  op->result, op->size);
    if (is_read) {
        check_bytes(&o->r, o->bytes, (size_t)op->result, peer_of(o->pair, o->end)->tag);
        o->end->got += (size_t)op->result;
    } else {
        o->end->written += (size_t)op->result;
    }
}

static void check_result(struct operation *o)
{
    const eddy_op *op = o->op;

    if (op->result == -ECANCELED) {
        random_expect(&o->r, o->cancelled || the.closing, "operation %d: nobody cancelled",
                      op->code);
    } else if (op->code == EDDY_OP_OPEN) {
        random_expect(&o->r, o->fails ? op->result == -ENOENT : op->result >= 0, "%zd", op->result);
        if (op->result >= 0)
            close((int)op->result);
    } else if (o->pair->kind != REGULAR) {
        check_stream_result(o);
    } else if (op->code == EDDY_OP_FSYNC) {
        random_expect(&o->r, op->result == 0, "%zd", op->result);
    } else {
        random_expect(&o->r, op->result == (ssize_t)op->size, "%zd of %zu", op->result, op->size);
        for (size_t i = 0; i < op->size; i++)
            random_expect(&o->r, o->bytes[i] == file_byte((size_t)op->offset + i), "byte %zu", i);
    }
}

static void on_done(eddy_op *op)
{
    struct operation *o = op->arg;

    the.events++;
    random_expect(&o->r, o->flies && o->op == op, "operation %d is done twice", (int)(o - the.ops));
    random_note(&o->r, "operation %d is done: %zd", (int)(o - the.ops), op->result);
    check_result(o);
    o->flies = false;
    for (unsigned i = 0; i < the.flying_count; i++)
        if (the.flying[i] == o)
            the.flying[i] = the.flying[--the.flying_count];
    if (o->end) {
        o->end->ops--;
        o->pair->touched = the.turns;
    }
    free(o->bytes);
    free(op);
    callback_acts(&o->r, 40);
}

/* -> false: there is nothing to do there. */
static bool fill_in(struct random *r, struct operation *o)
{
    eddy_op *op = o->op;

    op->size = 1 + random_below(r, random_percent(r, 60) ? 40 : TRANSFER_MAX);
    op->offset = -1;
    if (o->pair->kind == REGULAR) {
        op->code = EDDY_OP_READ + (int)random_below(r, 3);
        op->offset = random_below(r, (unsigned)(FILE_SIZE - op->size) + 1);
        for (size_t i = 0; op->code == EDDY_OP_WRITE && i < op->size; i++)
            o->bytes[i] = file_byte((size_t)op->offset + i);
        return true;
    }
    op->code = random_percent(r, 50) ? EDDY_OP_READ : EDDY_OP_WRITE;
    memset(o->bytes, op->code == EDDY_OP_WRITE ? o->end->tag : 0, TRANSFER_MAX);
    return op->code == EDDY_OP_READ ? reads(o->pair, o->end) : writes(o->pair, o->end);
}

static void submit(struct random *r)
{
    struct pair *pair = &the.pairs[random_below(r, PAIRS)];
    struct end *e = &pair->ends[pair->kind == REGULAR ? 0 : random_below(r, 2)];

    if (the.ops_made == EACH_MAX || the.flying_count == OPS || e->fd < 0)
        return;
    struct operation *o = &the.ops[the.ops_made++];
    *o = (struct operation){.pair = pair, .end = e, .r = random_branch(r)};
    o->op = calloc(1, sizeof *o->op);
    o->bytes = malloc(TRANSFER_MAX);
    CHECK(o->op && o->bytes);
    *o->op = (eddy_op){.fd = e->fd, .buffer = o->bytes, .done = on_done, .arg = o};
    bool sensible = fill_in(r, o);
    if (random_percent(r, 10)) {
        o->fails = random_percent(r, 50);
        o->end = NULL;
        *o->op = (eddy_op){.code = EDDY_OP_OPEN, .fd = AT_FDCWD, .done = on_done, .arg = o};
        o->op->path = o->fails ? "/no-such-folder/none" : "/dev/null";
        o->op->flags = O_RDWR | O_CLOEXEC;
    } else if (!sensible) {
        free(o->op);
        free(o->bytes);
        return;
    }
    random_note(r, "operation %d: %d on %d, %zu bytes", (int)(o - the.ops), o->op->code, o->op->fd,
                o->op->size);
    if (o->end)
        e->ops++;
    o->flies = true;
    the.flying[the.flying_count++] = o;
    CHECK_INT(eddy_loop_submit(the.loop, o->op), 0);
}

static void cancel_op(struct random *r)
{
    if (!the.flying_count)
        return;
    struct operation *o = the.flying[random_below(r, the.flying_count)];
    random_note(r, "cancels operation %d", (int)(o - the.ops));
    o->cancelled = true;
    eddy_loop_cancel_op(the.loop, o->op);
}

/* ---- what steps and callbacks do ------------------------------------------------------------- */

static void act(struct random *r)
{
    unsigned what = random_below(r, 100);
    struct pair *pair = &the.pairs[random_below(r, PAIRS)];
    struct end *e = &pair->ends[random_below(r, 2)];
    struct watch *w = the.watching_count ? the.watching[random_below(r, the.watching_count)] : NULL;

    the.events++;
    if (what < 8)
        use_again(r, pair);
    else if (what < 12)
        close_end(r, pair, e);
    else if (what < 32)
        transfer(r, pair, e);
    else if (what < 44)
        open_watch(r, pair, e);
    else if (what < 50 && w)
        set_watch(r, w);
    else if (what < 54 && w)
        close_watch(w);
    else if (what < 72)
        arm(r);
    else if (what < 78 && the.calls_made)
        cancel(r);
    else if (what < 90)
        submit(r);
    else if (what < 96)
        cancel_op(r);
    else if (what < 97) {
        the.stopped = true;
        eddy_loop_stop(the.loop);
    }
}

/* ---- turns ----------------------------------------------------------------------------------- */

static double on_poll(eddy_loop *loop, void *arg)
{
    random_expect(the.r, loop == the.loop && arg == &the, "another's hook");
    the.turns++;
    if (!the.closing) {
        check_watches();
        check_calls();
    }
    return INFINITY;
}

static void on_report(eddy_loop *loop, const eddy_report *report, void *arg)
{
    (void)loop, (void)arg;
    random_expect(the.r, strcmp(report->message, "a callback failed") == 0, "%s", report->message);
    the.reports++;
}

static double clock_seconds(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int stop(void *arg)
{
    *(bool *)arg = the.stopped = true;
    the.events++;
    eddy_loop_stop(the.loop);
    return 0;
}

/* A turn without an event is an exception. */
static void run_forever(struct random *r)
{
    unsigned turns = the.turns, events = the.events;
    double delay = random_below(r, 4) * 0.001;
    bool is_over = false;
    eddy_handle stopper = eddy_loop_call_later(the.loop, delay, stop, &is_over);

    random_note(r, "runs for %.3f s", delay);
    CHECK_INT(eddy_loop_run_forever(the.loop), 0);
    random_expect(r, the.stopped, "nobody stopped it");
    random_expect(r, eddy_loop_cancel_call(the.loop, stopper) == !is_over, "%d", is_over);
    random_expect(r, the.turns - turns <= 30 + 4 * (the.events - events), "%u turns for %u events",
                  the.turns - turns, the.events - events);
    the.stopped = false;
}

static bool somebody_is_owed(void)
{
    for (unsigned i = 0; i < the.watching_count; i++)
        if (holding(the.watching[i]->end->fd) & the.watching[i]->wanted)
            return true;
    return false;
}

static void run(struct random *r)
{
    double began = clock_seconds();

    switch (random_below(r, 4)) {
    case 0:
        random_note(r, "a few turns");
        for (int n = random_between(r, 1, 8); n > 0; n--)
            CHECK_INT(eddy_loop_run_once(the.loop, 0), 0);
        break;
    case 1:
        random_note(r, "one turn");
        CHECK_INT(eddy_loop_run_once(the.loop, random_real(r) * 0.002), 0);
        break;
    case 2:
        if (!somebody_is_owed())
            break;
        random_note(r, "one turn, which does not wait");
        CHECK_INT(eddy_loop_run_once(the.loop, 10), 0);
        /* unless a call of that turn has had them want it no more */
        random_expect(r, clock_seconds() - began < 8 || !somebody_is_owed(), "nobody was told");
        break;
    default:
        run_forever(r);
    }
}

/* ---- the program ----------------------------------------------------------------------------- */

static void end_ops(struct random *r)
{
    bool by_themselves = random_percent(r, 50);
    double began = clock_seconds();

    for (unsigned i = 0; i < the.flying_count; i++) {
        struct operation *o = the.flying[i];

        if (by_themselves && o->end && o->pair->kind == SOCKETS) {
            shutdown(o->end->fd, SHUT_RDWR);
            continue;
        }
        o->cancelled = true;
        eddy_loop_cancel_op(the.loop, o->op);
    }
    while (the.flying_count && clock_seconds() - began < 5)
        CHECK_INT(eddy_loop_run_once(the.loop, 0.1), 0);
    random_expect(r, !the.flying_count, "operation %d is never done",
                  (int)(the.flying[0] - the.ops));
}

/* All that can come does, and nothing after that. */
static void end_calls(struct random *r)
{
    for (unsigned i = the.coming_count; i-- > 0;)
        if (isinf(the.coming[i]->value)) {
            random_expect(r, eddy_loop_cancel_call(the.loop, the.coming[i]->handle),
                          "it never came");
            remove_call(the.coming[i]);
        }
    for (int n = 0; the.coming_count && n < 10000; n++)
        CHECK_INT(eddy_loop_run_once(the.loop, 0.1), 0);
    random_expect(r, !the.coming_count, "call %d never came", (int)(the.coming[0] - the.calls));
}

static void end_descriptors(struct random *r)
{
    for (int i = 0; i < PAIRS; i++)
        for (int k = 0; k < 2; k++)
            close_end(r, &the.pairs[i], &the.pairs[i].ends[k]);
}

static void finish(struct random *r)
{
    bool orderly = random_percent(r, 70);

    random_note(r, orderly ? "all ends" : "closes the loop");
    the.quiet = true;
    if (orderly) {
        end_ops(r);
        end_calls(r);
        end_descriptors(r);
        for (int n = 0; n < 3; n++)
            CHECK_INT(eddy_loop_run_once(the.loop, 0), 0);
    }
    the.closing = true;
    eddy_loop_close(the.loop);
    random_expect(r, !the.flying_count, "%u operations are not done", the.flying_count);
    end_descriptors(r);
    random_expect(r, the.reports == the.failures, "%u reports of %u failures", the.reports,
                  the.failures);
}

void random_program(struct random *r)
{
    the.r = r;
    signal(SIGPIPE, SIG_IGN);
    for (int i = 0; i < PAIRS; i++)
        the.pairs[i].ends[0].fd = the.pairs[i].ends[1].fd = -1;
    the.loop = eddy_loop_open(.clock = random_percent(r, 25) ? EDDY_CLOCK_VIRTUAL : EDDY_CLOCK_REAL,
                              .seed = random_percent(r, 30) ? (unsigned long)random_bits(r) : 0,
                              .spin = random_below(r, 3) * 20e-6 - 20e-6);
    CHECK(the.loop);
    eddy_loop_set_poll_hook(the.loop, on_poll, &the);
    eddy_loop_set_exception_handler(the.loop, on_report, NULL);
    for (int i = 0; i < PAIRS; i++)
        if (random_percent(r, 70))
            use_again(r, &the.pairs[i]);
    while (random_step(r))
        if (random_percent(r, 60))
            act(r);
        else
            run(r);
    finish(r);
}
