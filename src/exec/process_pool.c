/* process_pool.c - pools of processes. A job lies in memory that is shared with its worker, and a
 * bell is rung for it; the process that forked the worker tells of its end (loop/forker.c).
 *
 *          deliver              bell                 taken up
 *  ABSENT ─────────▶ BUSY ◀──────────────▶ IDLE ◀──────────────── the caller
 *    ▲ ▲               │ cancelled, hung up  │ hung up, did its n jobs
 *    │ └─── answer ── DYING ◀────────────────┘
 *    └───── answer to one that is BUSY or IDLE, too: its worker has died
 *
 * A slot is taken from the time a job is admitted until its place is free again. */
#include "base/alloc.h"
#include "exec/exec.h"
#include "exec/forker.h"

#include <math.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

enum { WORKERS_MAX = 128, PAGE = 4096, TRIES = 3, WELL = -1 };
static const size_t DATA_MAX = 1 << 20;

/* Shared with the worker of a slot. */
struct area {
    eddy_coro coro;
    int status;
    int code; /* of the record, 0: none */
    const eddy_place *place;
    char message[512];
    bool begun; /* a worker knows of the job */
    _Alignas(max_align_t) unsigned char data[];
};

/* One page, then the areas. */
struct shared {
    size_t stride;
};

/* Of the task that waits, on its stack. */
struct call {
    eddy_task *task;
    struct slot *slot;
    const struct eddy__pool_job *job;
    bool parked, ended;
    int error;       /* -errno: no worker could be had */
    int wait_status; /* of the worker; WELL: it has done the job */
};

enum state { ABSENT, IDLE, BUSY, DYING };

struct slot {
    struct eddy__fd fd; /* of an IDLE or BUSY one */
    struct process_pool *pool;
    struct call *call; /* NULL: nobody waits, any more */
    enum state state;
    unsigned number;
    unsigned done;  /* jobs of this worker */
    unsigned tries; /* to deliver this job */
    bool taken;
    bool orphan;    /* its caller has gone: who hears of the worker's end gives it back */
    bool delivered; /* the job was, to this worker: it may have begun */
};

struct process_pool {
    eddy_pool base; /* must stay first */
    struct eddy__forker forker;
    struct eddy__fd answers;
    struct shared *shared;
    size_t shared_size;
    struct slot *slots;
    unsigned count;
    unsigned jobs_per_worker;
    bool broken; /* the process that forks has ended */
};

static struct process_pool *process_pool_of(eddy_pool *pool)
{
    return (struct process_pool *)(void *)pool;
}

static struct area *area_of(struct shared *shared, unsigned slot)
{
    return (struct area *)(void *)((char *)shared + PAGE + slot * shared->stride);
}

/* ---- in the worker ---- */

/* A fork of the worker that comes out of the job, too, is no second worker. */
static void work(unsigned slot, void *arg)
{
    struct area *area = area_of(arg, slot);
    pid_t self = getpid();

    area->begun = true;
    int status = area->coro.run(area->coro.args);
    if (getpid() != self)
        _exit(0);
    area->status = status;
    area->code = eddy_last_status();
    if (area->code == area->status && area->code < 0) {
        area->place = eddy_error_place(eddy_last_error());
        snprintf(area->message, sizeof area->message, "%s", eddy_error_message(eddy_last_error()));
    }
    eddy_error_clear();
}

/* ---- slots ---- */

static void process_pool_deliver(struct slot *slot);

/* What the loop waits for is no deadlock. */
static void set_state(struct slot *slot, enum state state)
{
    eddy_loop *loop = slot->pool->base.loop;

    loop->io_waits += (unsigned)(state >= BUSY) - (unsigned)(slot->state >= BUSY);
    slot->state = state;
}

static void process_pool_give_back(struct slot *slot)
{
    slot->taken = slot->orphan = false;
    eddy__pool_leave(&slot->pool->base);
}

static void end_call(struct slot *slot, int error, int wait_status)
{
    struct call *call = slot->call;

    slot->call = NULL;
    call->ended = true;
    call->error = error;
    call->wait_status = wait_status;
    if (call->parked)
        eddy__wake(call->task, 0);
}

static void hang_up(struct slot *slot)
{
    eddy__fd_forget(&slot->fd);
    eddy__forker_hang_up(slot->fd.fd);
}

static bool has_begun(const struct slot *slot)
{
    return slot->delivered && area_of(slot->pool->shared, slot->number)->begun;
}

static void process_pool_done(struct slot *slot)
{
    set_state(slot, IDLE);
    slot->done++;
    end_call(slot, 0, WELL);
}

/* Its worker has ended, or never began. It may have done its job before. A job that it did not
 * begin is another's. */
static void process_pool_settle(struct slot *slot, int error, int wait_status)
{
    if (slot->state == BUSY && slot->call && eddy__forker_ringing(slot->fd.fd) == 1)
        process_pool_done(slot);
    if (slot->state == IDLE || slot->state == BUSY)
        hang_up(slot);
    set_state(slot, ABSENT);
    if (slot->call && !has_begun(slot) && error == 0 && slot->tries++ < TRIES)
        process_pool_deliver(slot);
    else if (slot->call)
        end_call(slot, error, wait_status);
    else if (slot->orphan)
        process_pool_give_back(slot);
}

/* The process that forks has gone, and its workers end with it. */
static void lose_forker(struct process_pool *self)
{
    if (self->broken)
        return;
    self->broken = true;
    eddy__fd_forget(&self->answers);
    for (unsigned i = 0; i < self->count; i++)
        if (self->slots[i].state != ABSENT)
            process_pool_settle(&self->slots[i], EDDY_EPIPE, 0);
    eddy__waiters_grant_all(&self->base.closing, 0);
}

static void process_pool_retire(struct slot *slot)
{
    struct process_pool *self = slot->pool;

    hang_up(slot);
    set_state(slot, DYING);
    if (eddy__forker_end(&self->forker, slot->number) < 0)
        lose_forker(self);
}

/* A worker rings when it has done its job, and hangs up when it dies, if no fork of it lives. */
static void on_worker(struct eddy__fd *fd, unsigned events)
{
    struct slot *slot = container_of(fd, struct slot, fd);
    int r = eddy__forker_ringing(fd->fd);

    (void)events;
    if (r == -EAGAIN)
        return;
    if (r == 1 && slot->call)
        process_pool_done(slot);
    else
        process_pool_retire(slot);
}

static void on_answer(struct eddy__fd *fd, unsigned events)
{
    struct process_pool *self = container_of(fd, struct process_pool, answers);
    struct eddy__forker_answer answer;
    int r;

    (void)events;
    while ((r = eddy__forker_answer(&self->forker, &answer)) == 1)
        process_pool_settle(&self->slots[answer.slot], answer.error, answer.wait_status);
    if (r != -EAGAIN)
        lose_forker(self);
}

static int process_pool_start(struct slot *slot)
{
    struct process_pool *self = slot->pool;
    int fd = self->broken ? EDDY_EPIPE : eddy__forker_start(&self->forker, slot->number);

    if (fd < 0)
        return fd;
    slot->done = 0;
    eddy__fd_init(&slot->fd, self->base.loop, fd, on_worker);
    slot->fd.level = true;
    return 0;
}

static void process_pool_fill(struct area *area, const struct eddy__pool_job *job)
{
    if (job->size > 0)
        memcpy(area->data, job->data, job->size);
    area->coro = eddy__pool_redirect(job, area->data);
    area->begun = false;
}

/* Gives the worker its job, now that no former one can write to the area; a worker that died
 * unnoticed is replaced. */
static void process_pool_deliver(struct slot *slot)
{
    int r = slot->state == ABSENT ? process_pool_start(slot) : 0;

    if (r < 0) {
        end_call(slot, r, 0);
        return;
    }
    process_pool_fill(area_of(slot->pool->shared, slot->number), slot->call->job);
    set_state(slot, BUSY);
    slot->delivered = true;
    r = eddy__fd_want(&slot->fd, EDDY_READABLE);
    if (r < 0)
        end_call(slot, r, 0);
    if (r < 0 || eddy__forker_ring(slot->fd.fd) != 1)
        process_pool_retire(slot);
}

/* ---- jobs ---- */

/* A process can be ended, unlike a thread. Its slot is free when it has ended. */
static void call_abort(eddy_task *task, int code)
{
    struct slot *slot = ((struct call *)task->waiting_on)->slot;

    slot->call = NULL;
    slot->orphan = true;
    if (slot->state == BUSY)
        process_pool_retire(slot);
    eddy__wake(task, code);
}

static const struct eddy__wait_kind waiting_for_process = {"a process", call_abort};

/* Whoever was admitted finds one; idle workers go first. */
static struct slot *take_slot(struct process_pool *self)
{
    static const enum state order[] = {IDLE, ABSENT, DYING};

    for (unsigned k = 0; k < count_of(order); k++)
        for (unsigned i = 0; i < self->count; i++)
            if (!self->slots[i].taken && self->slots[i].state == order[k]) {
                self->slots[i].taken = true;
                return &self->slots[i];
            }
    return NULL;
}

static void take_back(const struct area *area, const struct eddy__pool_job *job)
{
    if (job->size > 0)
        memcpy(job->data, area->data, job->size);
}

static int process_pool_result_of(const struct area *area)
{
    if (area->status >= 0)
        return area->status;
    if (area->code != area->status)
        return eddy__raise_code(area->status);
    return eddy_raise_at(area->place, area->status, "%.500s", area->message);
}

static int died(int status, const struct eddy__pool_job *job)
{
    if (job->wait_status)
        *job->wait_status = status;
    if (WIFSIGNALED(status))
        return eddy__raise(EDDY_EBROKEN, "the worker was killed by signal %d (%s)",
                           WTERMSIG(status), strsignal(WTERMSIG(status)));
    return eddy__raise(EDDY_EBROKEN, "the worker exited with status %d", WEXITSTATUS(status));
}

static int process_pool_outcome(const struct call *call, const struct area *area,
                                const struct eddy__pool_job *job)
{
    bool well = call->error == 0 && call->wait_status == WELL;

    if (well || job->salvage)
        take_back(area, job);
    if (call->error == EDDY_EPIPE)
        return eddy__raise(EDDY_EBROKEN, "the process that forks the workers has ended");
    if (call->error < 0)
        return eddy__raise(call->error, "cannot start a worker: %s",
                           eddy_status_message(call->error));
    return well ? process_pool_result_of(area) : died(call->wait_status, job);
}

/* The task is done with its slot. */
static void process_pool_leave(struct slot *slot)
{
    const struct process_pool *self = slot->pool;

    if (self->base.closed)
        return;
    if (slot->state == IDLE && self->jobs_per_worker && slot->done >= self->jobs_per_worker)
        process_pool_retire(slot);
    process_pool_give_back(slot);
}

static int process_pool_run(eddy_pool *pool, const struct eddy__pool_job *job)
{
    struct process_pool *self = process_pool_of(pool);
    struct slot *slot = take_slot(self);
    struct area *area = area_of(self->shared, slot->number);
    struct call call = {.task = eddy__self(), .slot = slot, .job = job};
    int r = 0;

    slot->call = &call;
    slot->tries = 0;
    slot->delivered = false;
    if (slot->state != DYING)
        process_pool_deliver(slot);
    call.parked = true;
    if (!call.ended)
        r = eddy__park(&waiting_for_process, &call);
    if (r < 0)
        return eddy__raise_interrupt(r);
    r = process_pool_outcome(&call, area, job);
    process_pool_leave(slot);
    return r;
}

/* ---- the end ---- */

static void drop_calls(struct process_pool *self, bool loop_lives)
{
    for (unsigned i = 0; i < self->count; i++) {
        struct slot *slot = &self->slots[i];

        if (slot->call && loop_lives)
            eddy__wake(slot->call->task, EDDY_ECLOSED);
        slot->call = NULL;
        if (slot->state == IDLE || slot->state == BUSY) {
            if (loop_lives)
                eddy__fd_forget(&slot->fd);
            eddy__forker_hang_up(slot->fd.fd);
        }
        set_state(slot, ABSENT);
    }
}

/* The process kills its workers, waits for them and ends, which is seen by its socket. */
static void park_until_end(struct process_pool *self)
{
    struct eddy__closer closer;

    self->base.loop->io_waits++;
    eddy__closer_enter(&closer, self->base.grace);
    while (!self->broken && eddy__pool_wait(&self->base) >= 0)
        continue;
    eddy__closer_leave(&closer);
    self->base.loop->io_waits--;
}

/* False, and reported, when it takes too long. */
static bool process_pool_await_end(struct process_pool *self, bool loop_lives)
{
    bool ended = self->broken;

    if (loop_lives && eddy__self()) {
        park_until_end(self);
        ended = self->broken;
    } else if (!ended) {
        ended = eddy__forker_wait(&self->forker, eddy__ns_of_seconds(self->base.grace));
    }
    if (!ended)
        eddy__report(loop_lives ? self->base.loop : NULL,
                     &(eddy_report){.message = "a process pool was closed while its workers did "
                                               "not end"});
    return ended;
}

static void process_pool_close(eddy_pool *pool)
{
    struct process_pool *self = process_pool_of(pool);
    bool loop_lives = !atomic_load(&pool->loop->closed);

    drop_calls(self, loop_lives);
    eddy__forker_stop(&self->forker);
    bool ended = process_pool_await_end(self, loop_lives);
    if (loop_lives && !self->broken)
        eddy__fd_forget(&self->answers);
    eddy__forker_close(&self->forker, !ended);
    self->broken = true;
}

static void process_pool_free(eddy_pool *pool)
{
    struct process_pool *self = process_pool_of(pool);

    if (self->shared)
        eddy__free_pages(self->shared, self->shared_size);
    eddy_free(self->slots);
    eddy_free(self);
}

static const struct eddy__pool_kind process_pool = {process_pool_run, process_pool_close,
                                                    process_pool_free};

/* ---- opening ---- */

static size_t pages(size_t size)
{
    return (size + PAGE - 1) / PAGE * PAGE;
}

static unsigned workers_of(unsigned workers)
{
    long n = workers ? (long)workers : sysconf(_SC_NPROCESSORS_ONLN);

    return n < 1 ? 1 : n > WORKERS_MAX ? WORKERS_MAX : (unsigned)n;
}

static struct process_pool *new_pool(const eddy_process_pool_opts *opts)
{
    struct process_pool *self = eddy_alloc_zero(sizeof *self);

    if (!self)
        return NULL;
    self->count = workers_of(opts->workers);
    self->base.data_max = opts->data_max ? opts->data_max : DATA_MAX;
    self->jobs_per_worker = opts->jobs_per_worker;
    size_t stride = pages(sizeof(struct area) + self->base.data_max);
    self->shared_size = PAGE + self->count * stride;
    self->shared = eddy__alloc_pages_shared(self->shared_size);
    self->slots = eddy_alloc_zero(self->count * sizeof *self->slots);
    if (!self->shared || !self->slots) {
        process_pool_free(&self->base);
        return NULL;
    }
    self->shared->stride = stride;
    for (unsigned i = 0; i < self->count; i++) {
        self->slots[i].number = i;
        self->slots[i].pool = self;
    }
    return self;
}

struct opening {
    struct process_pool *pool;
    eddy_task *task;
};

/* On the loop's stack, which is the thread's: the workers' jobs will run there. */
static int fork_now(void *arg)
{
    struct opening *opening = arg;
    struct process_pool *self = opening->pool;

    eddy__wake(opening->task, eddy__forker_open(&self->forker, self->count, work, self->shared));
    return 0;
}

static const struct eddy__wait_kind waiting_for_fork = {"a fork", NULL};

static int open_forker(struct process_pool *self)
{
    struct opening opening = {self, eddy__self()};
    eddy_loop *loop = opening.task->loop;

    if (!eddy_loop_call_soon(loop, fork_now, &opening).call)
        return EDDY_ENOMEM;
    int r = eddy__park(&waiting_for_fork, &opening);
    if (r < 0)
        return r;
    eddy__fd_init(&self->answers, loop, self->forker.fd, on_answer);
    self->answers.level = true;
    r = eddy__fd_want(&self->answers, EDDY_READABLE);
    if (r < 0) {
        eddy__fd_forget(&self->answers);
        eddy__forker_stop(&self->forker);
        eddy__forker_close(&self->forker, false);
    }
    return r;
}

static int process_pool_check(const eddy_process_pool_opts *opts)
{
    int r = eddy__checkpoint();

    if (r < 0)
        return r;
    if ((r = eddy__pool_check_grace(opts->grace)) < 0)
        return r;
    if (opts->data_max > SIZE_MAX / 2 / WORKERS_MAX)
        return eddy__raise(EDDY_EINVAL, ".data_max is %zu", opts->data_max);
    return 0;
}

eddy_pool *eddy_process_pool_open_with(const eddy_process_pool_opts *opts)
{
    static const eddy_process_pool_opts defaults;
    struct process_pool *self;

    if (!opts)
        opts = &defaults;
    if (process_pool_check(opts) < 0)
        return NULL;
    self = new_pool(opts);
    if (!self) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    int r = open_forker(self);
    if (r < 0) {
        eddy__raise(r, "cannot fork: %s", eddy_status_message(r));
        process_pool_free(&self->base);
        return NULL;
    }
    self->base.workers = self->count;
    eddy__pool_init(&self->base, &process_pool, self->count, opts->grace);
    return &self->base;
}
