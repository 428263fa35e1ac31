/* random_processes.c - children that exit, are killed, write much, close their pipes early or have
 * members in their group that ignore SIGTERM; several tasks wait for each, ask for its status, talk
 * to it and signal it, while its owner closes it at some time. And pools of processes whose workers
 * are killed, kill themselves, and fork. All who hear of a status hear the same and the right one,
 * bytes are whole, nobody hangs; no child, zombie or member of a group is left (P1, T3). */
#include "random.h"

#include "process/process.h"
#include <eddy/pool.h>

#include <signal.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

enum { CHILDREN_MAX = 12, ACTORS_MAX = 4, WORKERS_MAX = 3, OUTPUT_MAX = 200000 };

enum kind {
    EXITS,
    IS_KILLED,
    WRITES,
    COPIES,
    CLOSES_PIPES,
    LEAVES_MEMBER,
    KEEPS_MEMBER,
    STAYS,
    POOL,
    KINDS
};

/* With the workers. */
struct pool_shared {
    pid_t pids[ACTORS_MAX]; /* of the worker that does the actor's job */
    atomic_int is_over;
};

struct actor {
    struct random r;
    struct child *child;
    eddy_task *task;
    bool talks; /* only one may have the streams */
};

struct child {
    struct random r;
    enum kind kind;
    unsigned actor_count, size;
    int expected;
    bool kill_on_close, new_group, has_pipes, is_signalled, is_known, is_patient;
    double until_close;
    int status; /* where it is known */
    eddy_process *process;
    eddy_pool *pool;
    struct pool_shared *pool_shared;
    struct actor actors[ACTORS_MAX];
    eddy_task *task;
};

static struct {
    struct child *children;
    unsigned count;
} p;

/* ---- those who wait ------------------------------------------------------------------------ */

static void check_status(struct actor *a, int status)
{
    struct child *c = a->child;

    random_expect(&a->r, !c->is_known || status == c->status, "status %d, before it was %d", status,
                  c->status);
    random_expect(&a->r, c->is_signalled || status == c->expected, "status %d, not %d", status,
                  c->expected);
    c->is_known = true;
    c->status = status;
}

static void check_output(struct actor *a, const eddy_output *out, bool whole)
{
    struct child *c = a->child;
    size_t most = c->kind == WRITES || c->kind == COPIES ? c->size : 0;

    random_expect(&a->r, out->size <= most && (!whole || out->size == most), "%zu bytes of %zu",
                  out->size, most);
    for (size_t i = 0; i < out->size; i++)
        random_expect(&a->r, out->data[i] == 'x', "byte %zu is %d", i, out->data[i]);
}

static int talk(struct actor *a)
{
    static char input[OUTPUT_MAX];
    struct child *c = a->child;
    eddy_auto(eddy_output) out = {0};
    eddy_auto(eddy_output) err = {0};
    size_t size = c->kind == COPIES ? c->size : 0;
    int r = 0;

    a->talks = false; /* another time there would be a rest of this one */
    memset(input, 'x', sizeof input);
    eddy_timeout(random_percent(&a->r, 70) ? INFINITY : random_below(&a->r, 20) * 1e-3)
        r = eddy_process_communicate(c->process, input, size, &out, &err);
    check_output(a, &out, r == 0 && !c->is_signalled);
    return r;
}

static int wait_for_end(struct actor *a)
{
    int status = 0, r = 0;

    eddy_timeout(random_percent(&a->r, 70) ? INFINITY : random_below(&a->r, 20) * 1e-3)
        r = eddy_process_wait(a->child->process, &status);
    if (r == 0)
        check_status(a, status);
    random_expect(&a->r, r != EDDY_ECLOSED || !a->child->is_known, "it was known: %d",
                  a->child->status);
    return r;
}

static int ask(struct actor *a)
{
    int status = 0, r = eddy_process_status(a->child->process, &status);

    if (r == 0)
        check_status(a, status);
    random_expect(&a->r, r == 0 || (r == EDDY_ENOTREADY && !a->child->is_known), "%d", r);
    return 0;
}

static int signal_it(struct actor *a)
{
    struct child *c = a->child;

    if (!c->is_known)
        c->is_signalled = true;
    int r = eddy_process_signal(c->process, random_percent(&a->r, 50) ? SIGTERM : SIGKILL);
    random_expect(&a->r, r == 0, "%d", r);
    return 0;
}

static int act_once(struct actor *a)
{
    unsigned what = random_below(&a->r, 100);

    if (a->talks && what < 60)
        return talk(a);
    if (what < 60)
        return wait_for_end(a);
    return what < 90 ? ask(a) : signal_it(a);
}

static int act(struct actor *a)
{
    for (int i = 0; i < 4 && a->child->process; i++) {
        int r = act_once(a);

        random_expect(&a->r, r == 0 || r == EDDY_ETIMEDOUT || r == EDDY_ECLOSED, "%d", r);
        eddy_try(eddy_sleep(random_below(&a->r, 5) * 1e-3));
    }
    return 0;
}
EDDY_CORO(act, struct actor *)

/* ---- owners of children -------------------------------------------------------------------- */

/* Its arguments: how many bytes, which exit code, which signal. */
static const char *script_of(enum kind kind)
{
    switch (kind) {
    case EXITS:
        return "exit $2";
    case IS_KILLED:
        return "kill -$3 $$";
    case WRITES:
        return "head -c $1 /dev/zero | tr '\\0' x; exit $2";
    case COPIES:
        return "cat; exit $2";
    case CLOSES_PIPES:
        return "exec <&- >&- 2>&-; sleep 0.01; exit $2";
    case LEAVES_MEMBER:
        return "(trap '' TERM; exec sleep 60) & exit $2";
    case KEEPS_MEMBER:
        return "(trap '' TERM; exec sleep 60) & wait; exit $2";
    default:
        return "exec sleep 60";
    }
}

static eddy_process *start(const struct child *c)
{
    char size[16], code[16], number[16];
    int pipe = c->has_pipes ? EDDY_PIPE : EDDY_NULL;

    snprintf(size, sizeof size, "%u", c->size);
    snprintf(code, sizeof code, "%d", c->expected);
    snprintf(number, sizeof number, "%d", -c->expected);
    return eddy_process_open(
        EDDY_ARGV("/bin/sh", "-c", script_of(c->kind), "sh", size, code, number), .stdin = pipe,
        .stdout = pipe, .stderr = pipe, .kill_on_close = c->kill_on_close,
        .new_group = c->new_group, .grace = 0.005);
}

static int own_child(struct child *c)
{
    c->process = eddy_try(start(c));
    pid_t pid = eddy_process_pid(c->process);
    for (unsigned i = 0; i < c->actor_count; i++)
        c->actors[i].task = eddy_try(eddy_create_task(act_coro(&c->actors[i])));
    eddy_try(eddy_sleep(c->until_close));
    c->is_signalled |= c->kill_on_close && !c->is_known;
    eddy_process_close(eddy_take(c->process));
    random_expect(&c->r, !c->kill_on_close || (waitpid(pid, NULL, WNOHANG) < 0 && errno == ECHILD),
                  "child %d is left", (int)pid);
    random_expect(&c->r, !c->kill_on_close || !c->new_group || !eddy__group_lives(pid),
                  "of group %d some are left", (int)pid);
    for (unsigned i = 0; i < c->actor_count; i++)
        random_expect(&c->r, eddy_await(c->actors[i].task) == 0, "actor %u", i);
    for (unsigned i = 0; i < c->actor_count; i++)
        eddy_task_close(c->actors[i].task);
    return 0;
}

/* ---- pools --------------------------------------------------------------------------------- */

struct work {
    pid_t *pid;
    atomic_int *is_over;
    int number, kill, pause_us;
    bool forks;
    unsigned char bytes[5000];
};

static int does(struct work *work)
{
    *work->pid = getpid();
    if (work->forks && fork() == 0) { /* a copy that stays as long as the pool */
        alarm(30);
        while (!atomic_load(work->is_over))
            usleep(1000);
        _exit(0);
    }
    usleep((useconds_t)work->pause_us);
    if (work->kill)
        kill(getpid(), work->kill);
    for (size_t i = 0; i < sizeof work->bytes; i++)
        work->bytes[i] ^= 0x55;
    *work->pid = 0;
    return work->number;
}
EDDY_CORO(does, struct work *)

static void give_job(struct actor *a)
{
    struct random *r = &a->r;
    struct work work = {
        .pid = &a->child->pool_shared->pids[a - a->child->actors],
        .is_over = &a->child->pool_shared->is_over,
        .number = random_between(r, 0, 1000),
        .kill = random_percent(r, 20) ? random_percent(r, 50) ? SIGKILL : SIGTERM : 0,
        .pause_us = random_between(r, 0, 5000),
        .forks = random_percent(r, 30),
    };
    int wait_status = 0;

    memset(work.bytes, work.number & 0xff, sizeof work.bytes);
    int status = eddy_pool_run(a->child->pool, does_coro(&work), .data = &work, .size = sizeof work,
                               .wait_status = &wait_status);
    *work.pid = 0; /* or it would be another's by and by */
    if (status == EDDY_ECLOSED)
        return;
    if (status == EDDY_EBROKEN) {
        random_expect(r, WIFSIGNALED(wait_status), "a worker has ended with %x", wait_status);
        random_expect(r, a->child->is_signalled || work.kill == WTERMSIG(wait_status), "by %d",
                      WTERMSIG(wait_status));
        return;
    }
    random_expect(r, status == work.number && !work.kill, "%d, not %d", status, work.number);
    for (size_t i = 0; i < sizeof work.bytes; i++)
        random_expect(r, work.bytes[i] == ((work.number & 0xff) ^ 0x55), "byte %zu", i);
}

static int give_jobs(struct actor *a)
{
    for (int i = 0; i < 4 && a->child->pool; i++) {
        pid_t victim = a->child->pool_shared->pids[random_below(&a->r, ACTORS_MAX)];

        if (victim && a->child->is_signalled && random_percent(&a->r, 30))
            kill(victim, SIGKILL);
        give_job(a);
        eddy_try(eddy_sleep(random_below(&a->r, 3) * 1e-3));
    }
    return 0;
}
EDDY_CORO(give_jobs, struct actor *)

static int own_pool(struct child *c)
{
    for (unsigned i = 0; i < c->actor_count; i++)
        c->actors[i].task = eddy_try(eddy_create_task(give_jobs_coro(&c->actors[i])));
    eddy_try(eddy_sleep(c->until_close));
    for (unsigned i = 0; i < c->actor_count && c->is_patient; i++)
        eddy_ignore(eddy_await(c->actors[i].task));
    eddy_pool_close(eddy_take(c->pool));
    atomic_store(&c->pool_shared->is_over, 1);
    for (unsigned i = 0; i < c->actor_count; i++)
        random_expect(&c->r, eddy_await(c->actors[i].task) == 0, "actor %u", i);
    for (unsigned i = 0; i < c->actor_count; i++)
        eddy_task_close(c->actors[i].task);
    return 0;
}

/* ---- the program --------------------------------------------------------------------------- */

static int own(struct child *c)
{
    return c->kind == POOL ? own_pool(c) : own_child(c);
}
EDDY_CORO(own, struct child *)

static int run_all(struct random *r)
{
    for (unsigned i = 0; i < p.count; i++)
        if (p.children[i].kind == POOL)
            p.children[i].pool =
                eddy_try(eddy_process_pool_open(.workers = 1 + p.children[i].size % WORKERS_MAX));
    for (unsigned i = 0; i < p.count; i++)
        p.children[i].task = eddy_try(eddy_create_task(own_coro(&p.children[i])));
    for (unsigned i = 0; i < p.count; i++)
        random_expect(r, eddy_await(p.children[i].task) == 0, "child %u", i);
    for (unsigned i = 0; i < p.count; i++)
        eddy_task_close(p.children[i].task);
    while (waitid(P_ALL, 0, &(siginfo_t){0}, WEXITED | WNOHANG | WNOWAIT) == 0)
        eddy_try(eddy_sleep(1e-3)); /* those that were not to be killed */
    return 0;
}
EDDY_CORO(run_all, struct random *)

static void make_child(struct random *r, struct child *c, struct pool_shared *shared)
{
    c->r = random_branch(r);
    c->kind = (enum kind)random_below(r, KINDS);
    c->size = random_below(r, OUTPUT_MAX);
    c->expected = random_between(r, 0, 99);
    if (c->kind == IS_KILLED)
        c->expected = random_percent(r, 50) ? -SIGKILL : -SIGUSR1;
    bool endless = c->kind == LEAVES_MEMBER || c->kind == KEEPS_MEMBER || c->kind == STAYS;
    c->new_group = random_percent(r, 40) || (endless && c->kind != STAYS);
    c->kill_on_close = endless || random_percent(r, 50);
    c->has_pipes = random_percent(r, 60) || c->kind == WRITES || c->kind == COPIES;
    c->until_close = random_below(r, 60) * 1e-3;
    c->actor_count = random_below(r, ACTORS_MAX + 1);
    c->is_signalled = c->kind == POOL ? random_percent(r, 50) : c->kind == STAYS;
    c->pool_shared = shared;
    c->is_patient = random_percent(r, 70);
    for (unsigned i = 0; i < c->actor_count; i++)
        c->actors[i] =
            (struct actor){.r = random_branch(r), .child = c, .talks = c->has_pipes && i == 0};
    random_note(r, "kind %d, %u actors, group %d, kill %d, %u bytes, %.3f s", (int)c->kind,
                c->actor_count, c->new_group, c->kill_on_close, c->size, c->until_close);
}

void random_program(struct random *r)
{
    size_t bytes = CHILDREN_MAX * sizeof(struct pool_shared);
    struct pool_shared *shared =
        mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

    CHECK(shared != MAP_FAILED);
    p.children = calloc(CHILDREN_MAX, sizeof *p.children);
    CHECK(p.children);
    while (random_step(r))
        if (p.count < CHILDREN_MAX) {
            make_child(r, &p.children[p.count], shared + p.count);
            p.count++;
        }
    int status = eddy_run(run_all_coro(r));
    random_expect(r, status == 0, "%d", status);
    free(p.children);
    munmap(shared, bytes);
}
