/* mains.c - eddy_run: one loop, or several with a thread each, and a main task in each of them. */
#include "base/alloc.h"
#include "base/sys.h"
#include "task/run.h"
#include "task/sigint.h"

#include <sched.h>
#include <unistd.h>

enum { MAX_LOOPS = 1024 };

/* One of the loops; of its thread, but for the nodes, which are pushed once at most. */
struct member {
    struct eddy__inbox_node cancel;
    struct eddy__inbox_node stop;
    struct run *run;
    eddy_loop *loop;
    unsigned index;
    bool was_cancelled; /* before its main has ended */
    pthread_t thread;
};

/* The first member's thread is the caller's. Nobody runs before all have opened their loops, so
 * that each can reach every other. */
struct run {
    eddy_coro coro;
    eddy_loop_opts opts;
    struct eddy__peers *peers; /* NULL: a single loop */
    pthread_mutex_t lock;      /* of what follows, up to count */
    pthread_cond_t all_here;
    unsigned missing; /* members that have not said whether their loop is open */
    bool refused;     /* one is not */
    unsigned mains;   /* not ended */
    unsigned busy;    /* members whose tasks have not ended */
    bool catches_sigint;
    bool cancelled;  /* all mains are */
    int result;      /* of the first member's main */
    int failure;     /* the one that counts, 0: none */
    const char *why; /* of a failure that is no task's */
    eddy_error *error;
    unsigned count;
    unsigned threads; /* that were started, besides the caller's */
    struct member members[];
};

/* The place of its main task. */
static eddy_task **main_of(const struct member *m)
{
    return &eddy__tasks_of(m->loop)->main;
}

/* ---- telling the others ---- */

static void mains_tell(const struct member *to, struct eddy__inbox_node *node)
{
    if (to->loop == eddy__thread.loop)
        node->fn(node);
    else
        (void)eddy__inbox_push(to->loop, node); /* closed: it has ended already */
}

static void cancel_main(struct eddy__inbox_node *node)
{
    eddy_task *main = *main_of(container_of(node, struct member, cancel));

    if (main)
        eddy__task_cancel(main, NULL);
}

static void stop(struct eddy__inbox_node *node)
{
    container_of(node, struct member, stop)->loop->stopping = true;
}

static void cancel_all(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    bool again = run->cancelled;
    run->cancelled = true;
    pthread_mutex_unlock(&run->lock);
    for (unsigned i = 0; i < run->count && !again; i++)
        mains_tell(&run->members[i], &run->members[i].cancel);
}

void eddy__run_interrupt(eddy_loop *loop)
{
    const eddy_task *main = eddy__tasks_of(loop)->main;

    if (main)
        cancel_all(((const struct member *)main->owner)->run);
}

/* ---- how it ends ---- */

/* The first failure counts, but a cancellation of all only when nothing else comes of it. */
static void mains_fail(struct run *run, int status, const char *why)
{
    pthread_mutex_lock(&run->lock);
    if (!run->failure || (run->failure == EDDY_ECANCELED && run->cancelled)) {
        run->failure = status;
        run->why = why;
    }
    pthread_mutex_unlock(&run->lock);
    cancel_all(run);
}

static void main_over(struct member *m, int status)
{
    struct run *run = m->run;

    pthread_mutex_lock(&run->lock);
    m->was_cancelled = run->cancelled;
    if (m->index == 0)
        run->result = status;
    pthread_mutex_unlock(&run->lock);
    if (status < 0)
        mains_fail(run, status, NULL);
    pthread_mutex_lock(&run->lock);
    bool last = --run->mains == 0;
    pthread_mutex_unlock(&run->lock);
    for (unsigned i = 0; i < run->count && last; i++)
        mains_tell(&run->members[i], &run->members[i].stop);
}

static void main_ended(eddy_task *task)
{
    main_over(task->owner, task->status);
}

/* Says who waits for what; those of other loops wait until it is said. */
static void deadlock(struct member *m)
{
    static const char why[] = "deadlock: no task can ever run again";

    flockfile(stderr);
    eddy__report(m->loop, &(eddy_report){.message = why});
    eddy_dump(stderr);
    funlockfile(stderr);
    mains_fail(m->run, EDDY_EDEADLOCK, why);
}

/* It was told already. What waits for I/O may be there to the end: main is over all the same. */
static void cannot_wait(struct member *m)
{
    mains_fail(m->run, m->loop->failed, "the loop cannot wait for events any more");
}

/* By eddy_loop_stop. */
static void stopped_early(struct member *m)
{
    static const char why[] = "Event loop stopped before Future completed.";

    eddy__raise(EDDY_ELOOP, why);
    eddy_error_print(eddy_last_error());
    eddy_error_clear();
    mains_fail(m->run, EDDY_ELOOP, why);
}

static void print_unhandled(const struct member *m)
{
    const eddy_task *main = *main_of(m);
    struct eddy__error_list failure = {0};

    if (main->status >= 0 || (m->was_cancelled && main->status == EDDY_ECANCELED))
        return;
    eddy__error_list_add(&failure, eddy__task_record(main), main->status);
    flockfile(stderr);
    if (m->run->peers)
        fprintf(stderr, "eddy: unhandled failure of the main task of loop %u\n", m->index);
    else
        fprintf(stderr, "eddy: unhandled failure of the main task\n");
    eddy_error_print(failure.first);
    funlockfile(stderr);
    eddy__error_list_clear(&failure);
}

/* ---- a member ---- */

static int start_main(struct member *m)
{
    eddy_task *main = eddy__task_new(m->loop, &m->run->coro, NULL);

    if (!main)
        return eddy_status_(main);
    *main_of(m) = main;
    m->loop->report_deadlock = true;
    main->owner = m;
    main->on_end = main_ended;
    eddy__task_start(main);
    return 0;
}

/* The end of its tasks may still run main, to clean up: then it was cancelled, and not waited for.
 */
static void end_main(struct member *m)
{
    eddy_task *main = *main_of(m);

    if (main->state == EDDY__TASK_DONE)
        print_unhandled(m);
    else if (m->loop->failed)
        cannot_wait(m);
    else if (m->loop->deadlocked)
        deadlock(m);
    else
        stopped_early(m);
    bool all_ended = eddy__run_end_tasks(m->loop);
    if (main->state != EDDY__TASK_DONE && m->loop->failed)
        main_over(m, m->loop->failed); /* no other loop waits for it */
    main->observed = true;
    *main_of(m) = NULL;
    if (all_ended)
        eddy__task_unref(main);
}

static void run_member(struct member *m)
{
    int r = eddy__run_enter(m->loop);

    if (r >= 0 && (r = start_main(m)) >= 0) {
        eddy__loop_turns(m->loop);
        end_main(m);
    } else {
        eddy_error_print(eddy_last_error());
        main_over(m, r);
    }
    if (eddy__thread.loop)
        eddy__loop_leave(m->loop);
}

/* ---- opening ---- */

static int open_member(struct member *m)
{
    struct run *run = m->run;

    m->cancel.fn = cancel_main;
    m->stop.fn = stop;
    m->loop = eddy_loop_open_with(&run->opts);
    if (!m->loop)
        return eddy_status_(m->loop);
    eddy__loop_ref(m->loop);
    if (run->peers)
        eddy__peers_join(run->peers, m->index, m->loop);
    if (run->peers && m->loop->virtual_clock)
        return eddy__raise(EDDY_EINVAL,
                           "%u loops cannot have a virtual clock: "
                           "each would jump while others are at work",
                           run->count);
    return 0;
}

/* With the record of the failure of the calling thread. */
static void mains_refuse(struct run *run, int status)
{
    eddy_error *error = eddy__error_take();

    pthread_mutex_lock(&run->lock);
    if (!run->refused) {
        run->refused = true;
        run->failure = status;
        run->error = eddy__error_ref(error);
    }
    pthread_mutex_unlock(&run->lock);
    eddy__error_unref(error);
}

/* SIGINT is given back when no loop has tasks any more: it would end what still cleans up. */
static void mains_leave(struct run *run, unsigned n)
{
    pthread_mutex_lock(&run->lock);
    run->busy -= n;
    bool gives_back = run->busy == 0 && run->catches_sigint;
    pthread_mutex_unlock(&run->lock);
    if (gives_back)
        eddy__sigint_close();
}

static void mains_arrive(struct run *run, unsigned n)
{
    pthread_mutex_lock(&run->lock);
    run->missing -= n;
    if (run->missing == 0)
        pthread_cond_broadcast(&run->all_here);
    pthread_mutex_unlock(&run->lock);
}

static bool all_open(struct run *run)
{
    pthread_mutex_lock(&run->lock);
    while (run->missing > 0)
        pthread_cond_wait(&run->all_here, &run->lock);
    bool open = !run->refused;
    pthread_mutex_unlock(&run->lock);
    return open;
}

static void be_member(struct member *m, int status)
{
    if (status < 0)
        mains_refuse(m->run, status);
    mains_arrive(m->run, 1);
    bool open = all_open(m->run);
    if (open)
        run_member(m);
    mains_leave(m->run, 1);
    eddy_loop_close(m->loop);
    if (open && m->run->peers)
        eddy__peers_leave(m->loop);
}

static void *thread_main(void *arg)
{
    struct member *m = arg;
    char name[16];

    snprintf(name, sizeof name, "eddy-loop-%u", m->index);
    pthread_setname_np(pthread_self(), name);
    be_member(m, open_member(m));
    return NULL;
}

/* Those that cannot be started count as here. */
static void start_threads(struct run *run)
{
    int r = 0;

    while (run->threads < run->count - 1 && r == 0) {
        struct member *m = &run->members[run->threads + 1];

        r = eddy__sys_posix(pthread_create(&m->thread, NULL, thread_main, m));
        if (r == 0)
            run->threads++;
    }
    if (r == 0)
        return;
    mains_refuse(run, eddy__raise(r, "cannot start a thread for loop %u: %s", run->threads + 1,
                                  eddy_status_message(r)));
    mains_leave(run, run->count - 1 - run->threads);
    mains_arrive(run, run->count - 1 - run->threads);
}

/* ---- the run ---- */

static int usable_cpus(void)
{
    cpu_set_t set;

    if (sched_getaffinity(0, sizeof set, &set) < 0) /* there are more than fit */
        return MAX_LOOPS;
    return CPU_COUNT(&set);
}

static int loops_wanted(int option)
{
    if (option == EDDY_LOOP_PER_CPU)
        return usable_cpus();
    if (option < 0 || option > MAX_LOOPS)
        return eddy__raise(EDDY_EINVAL, ".loops is %d: 1 to %d, or EDDY_LOOP_PER_CPU", option,
                           MAX_LOOPS);
    return option ? option : 1;
}

static struct run *open_run(eddy_coro coro, const eddy_run_opts *opts, unsigned count)
{
    struct run *run = eddy_alloc_zero(sizeof *run + count * sizeof run->members[0]);

    if (!run)
        return NULL;
    if (count > 1 && !(run->peers = eddy__peers_open(count))) {
        eddy_free(run);
        return NULL;
    }
    run->coro = coro;
    run->opts = (eddy_loop_opts){.backend = opts->backend,
                                 .clock = opts->clock,
                                 .seed = opts->seed,
                                 .debug = opts->debug,
                                 .spin = opts->spin};
    pthread_mutex_init(&run->lock, NULL);
    pthread_cond_init(&run->all_here, NULL);
    run->count = run->missing = run->mains = run->busy = count;
    for (unsigned i = 0; i < count; i++) {
        run->members[i].run = run;
        run->members[i].index = i;
    }
    return run;
}

static void close_run(struct run *run)
{
    for (unsigned i = 0; i < run->count; i++)
        if (run->members[i].loop)
            eddy__loop_unref(run->members[i].loop);
    if (run->peers)
        eddy__peers_close(run->peers);
    eddy__error_unref(run->error);
    pthread_cond_destroy(&run->all_here);
    pthread_mutex_destroy(&run->lock);
    eddy_free(run);
}

/* What the caller gets when all threads have ended. */
static int conclude(const struct run *run)
{
    if (run->refused) {
        eddy__error_put(eddy__error_ref(run->error));
        eddy_error_print(run->error);
    } else if (run->why) {
        eddy__raise(run->failure, "%s", run->why);
    }
    return run->failure ? run->failure : run->result;
}

static int run_loops(struct run *run)
{
    struct member *first = &run->members[0];
    int r = open_member(first);

    if (r >= 0) {
        run->catches_sigint = eddy__sigint_open(first->loop);
        start_threads(run);
    } else {
        mains_arrive(run, run->count - 1);
    }
    be_member(first, r);
    for (unsigned i = 1; i <= run->threads; i++)
        pthread_join(run->members[i].thread, NULL);
    return conclude(run);
}

int eddy_run_with(eddy_coro coro, const eddy_run_opts *opts)
{
    static const eddy_run_opts defaults;

    if (!opts)
        opts = &defaults;
    if (eddy__thread.loop)
        return eddy__raise(EDDY_ELOOP, "eddy_run() cannot be called from a running event loop");
    int count = loops_wanted(opts->loops);
    struct run *run = count > 0 ? open_run(coro, opts, (unsigned)count) : NULL;
    if (!run) {
        int r = count > 0 ? eddy__raise_code(EDDY_ENOMEM) : count;

        eddy_error_print(eddy_last_error());
        return r;
    }
    int r = run_loops(run);
    close_run(run);
    return r;
}
