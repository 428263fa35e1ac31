/* Worker threads, on every backend. */
#include "test.h"

#include "loop/parts.h"
#include <dirent.h>
#include <fcntl.h>
#include <semaphore.h>
#include <signal.h>
#include <unistd.h>

struct job {
    struct eddy__work work; /* must stay first */
    sem_t *gate;            /* waits for it */
    atomic_int *at_once, *most;
    atomic_bool began, ran, dropped;
    bool done, had_signals_blocked, knew_itself;
    char thread_name[16];
    pthread_t thread;
};

static int done_count;
static pthread_t loop_thread;

static void run(struct eddy__work *work)
{
    struct job *job = container_of(work, struct job, work);
    sigset_t blocked;

    pthread_sigmask(SIG_SETMASK, NULL, &blocked);
    job->had_signals_blocked = sigismember(&blocked, SIGINT) && sigismember(&blocked, SIGUSR1);
    job->knew_itself = eddy__work_current() == work;
    pthread_getname_np(pthread_self(), job->thread_name, sizeof job->thread_name);
    job->thread = pthread_self();
    if (job->at_once) {
        int n = atomic_fetch_add(job->at_once, 1) + 1;

        if (n > atomic_load(job->most))
            atomic_store(job->most, n);
        usleep(2000);
        atomic_fetch_sub(job->at_once, 1);
    }
    atomic_store(&job->began, true);
    while (job->gate && sem_wait(job->gate) < 0)
        continue;
    job->ran = true;
}

static void done(struct eddy__work *work)
{
    struct job *job = container_of(work, struct job, work);

    CHECK(pthread_equal(pthread_self(), loop_thread));
    job->done = true;
    done_count++;
}

static void init(struct job *job)
{
    memset((void *)job, 0, sizeof *job);
    job->work.run = run;
    job->work.done = done;
}

static void await_begin(struct job *job)
{
    while (!atomic_load(&job->began))
        usleep(100);
}

static eddy_loop *open_loop(void)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    CHECK(loop);
    loop_thread = pthread_self();
    return loop;
}

static void run_until(eddy_loop *loop, int count)
{
    while (done_count < count)
        CHECK_OK(eddy_loop_run_once(loop, 0.01));
}

TEST_PLAIN(work_runs_in_a_thread_and_is_done_in_the_loop)
{
    eddy_loop *loop = open_loop();
    struct job job;

    init(&job);
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &job.work));
    CHECK_INT(loop->holds, 1);
    run_until(loop, 1);
    CHECK(job.ran && job.done);
    CHECK_INT(loop->holds, 0);
    CHECK(!pthread_equal(job.thread, loop_thread));
    CHECK(job.had_signals_blocked);
    CHECK(job.knew_itself);
    CHECK(!eddy__work_current());
    CHECK_STR(job.thread_name, "eddy-work");
    CHECK(!eddy__work_cancel(&job.work)); /* too late */
    eddy_loop_close(loop);
}

/* A thread that looks for its next job is idle: no other is started, and each job comes to be done,
 * whether it is found by a look or by a signal. */
TEST_PLAIN(work_is_found_by_threads_that_look_for_it)
{
    enum { COUNT = 300 };
    static struct job jobs[COUNT];
    eddy_loop *loop = eddy_loop_open();

    CHECK(loop);
    loop_thread = pthread_self();
    for (int i = 0; i < COUNT; i++) {
        init(&jobs[i]);
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[i].work));
        run_until(loop, i + 1);
        CHECK(jobs[i].ran);
        if (i % 30 == 0)
            usleep(300); /* it has gone to sleep meanwhile */
    }
    eddy_loop_close(loop);
}

static int threads_alive(void)
{
    DIR *dir = opendir("/proc/self/task");
    int count = 0;

    CHECK(dir);
    for (struct dirent *e; (e = readdir(dir));)
        count += e->d_name[0] != '.';
    closedir(dir);
    return count;
}

TEST_PLAIN(work_starts_as_many_threads_as_needed_and_allowed)
{
    enum { COUNT = 40 };
    static struct job jobs[COUNT];
    atomic_int at_once = 0, most = 0;
    int before = threads_alive();

    setenv("EDDY_THREADS", "3", 1);
    eddy_loop *loop = open_loop();
    for (int i = 0; i < 5; i++) { /* one after the other needs one thread */
        init(&jobs[0]);
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[0].work));
        run_until(loop, i + 1);
        usleep(1000);
    }
    CHECK(threads_alive() - before <= 2);
    for (int i = 0; i < COUNT; i++) {
        init(&jobs[i]);
        jobs[i].at_once = &at_once;
        jobs[i].most = &most;
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[i].work));
    }
    CHECK_INT(threads_alive() - before, 3);
    run_until(loop, 5 + COUNT);
    CHECK(most <= 3);
    CHECK(most >= 2);
    eddy_loop_close(loop);
    CHECK_INT(threads_alive(), before);
}

TEST_PLAIN(work_T1_cancelled_while_queued_never_runs)
{
    sem_t gate;
    struct job first, second, third;

    init(&first);
    init(&second);
    init(&third);
    sem_init(&gate, 0, 0);
    setenv("EDDY_THREADS", "1", 1);
    eddy_loop *loop = open_loop();
    first.gate = &gate;
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &first.work));
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &second.work));
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &third.work));
    await_begin(&first);
    CHECK(eddy__work_cancel(&second.work));
    CHECK(!eddy__work_cancel(&second.work));
    CHECK(!eddy__work_cancel(&first.work)); /* it runs */
    CHECK_INT(loop->holds, 2);
    sem_post(&gate);
    run_until(loop, 2);
    CHECK(first.done && third.done);
    CHECK(!second.ran && !second.done);
    CHECK_INT(loop->holds, 0);
    eddy_loop_close(loop);
    sem_destroy(&gate);
}

static void run_in_order(struct eddy__work *work)
{
    struct job *job = container_of(work, struct job, work);

    CHECK(atomic_fetch_add(job->at_once, 1) == *job->most);
    job->ran = true;
}

/* Those that came while its thread was in a job, and those that it has not looked at yet. */
TEST_PLAIN(work_of_one_thread_runs_in_the_order_in_which_it_came)
{
    enum { COUNT = 50 };
    static struct job jobs[COUNT];
    atomic_int ran = 0, places[COUNT];
    int cancelled = 0;

    setenv("EDDY_THREADS", "1", 1);
    eddy_loop *loop = open_loop();
    for (int i = 0; i < COUNT; i++) {
        init(&jobs[i]);
        jobs[i].work.run = run_in_order;
        jobs[i].at_once = &ran;
        jobs[i].most = &places[i];
        atomic_store(&places[i], i - cancelled);
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[i].work));
        if (i % 5 == 3)
            run_until(loop, i - cancelled);
        if (i % 7 == 6 && eddy__work_cancel(&jobs[i].work))
            cancelled++;
    }
    run_until(loop, COUNT - cancelled);
    CHECK_INT(ran, COUNT - cancelled);
    eddy_loop_close(loop);
}

/* Whoever sleeps is woken for what a thread in a long job cannot do: the first job at once when all
 * sleep, others at the end of the batch. */
TEST_PLAIN(work_wakes_as_many_threads_as_there_are_jobs)
{
    enum { THREADS = 3, ROUNDS = 20 };
    struct job jobs[THREADS];
    sem_t gate;

    sem_init(&gate, 0, 0);
    setenv("EDDY_THREADS", "3", 1);
    eddy_loop *loop = open_loop();
    for (int round = 0; round < ROUNDS; round++) {
        for (int i = 0; i < THREADS; i++) {
            init(&jobs[i]);
            jobs[i].gate = &gate;
            CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &jobs[i].work));
        }
        if (round % 2)
            await_begin(&jobs[0]); /* without a turn of the loop */
        CHECK_OK(eddy_loop_run_once(loop, 0));
        for (int i = 0; i < THREADS; i++)
            await_begin(&jobs[i]);
        for (int i = 0; i < THREADS; i++)
            sem_post(&gate);
        run_until(loop, (round + 1) * THREADS);
        usleep(round % 3 ? 0 : 2000); /* they have gone to sleep meanwhile, or look */
    }
    eddy_loop_close(loop);
    sem_destroy(&gate);
}

static void dropped(struct eddy__work *work)
{
    container_of(work, struct job, work)->dropped = true;
}

/* T2: closing is bounded in time. What never ran is dropped, what is stuck ends by itself and keeps
 * alive what it needs. */
TEST_PLAIN(work_T2_close_does_not_wait_for_a_stuck_job)
{
    sem_t gate;
    static struct job stuck, queued;

    sem_init(&gate, 0, 0);
    setenv("EDDY_THREADS", "1", 1);
    init(&stuck);
    init(&queued);
    stuck.work.drop = queued.work.drop = dropped;
    stuck.gate = &gate;
    eddy_loop *loop = open_loop();
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &stuck.work));
    CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &queued.work));
    await_begin(&stuck);
    int64_t began = eddy__clock_now();
    eddy__workers_close(loop->workers[EDDY__WORKERS_BLOCKING], 20000000, NULL);
    CHECK(eddy__clock_now() - began >= 20000000);
    CHECK(eddy__clock_now() - began < 5 * NS_PER_SECOND);
    CHECK(queued.dropped && !queued.ran);
    struct job late;
    init(&late);
    CHECK_INT(eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &late.work), EDDY_ECLOSED);
    eddy_loop_close(loop);
    CHECK(!stuck.dropped);
    sem_post(&gate);
    while (!atomic_load(&stuck.dropped))
        usleep(1000);
    CHECK(stuck.ran && !stuck.done);
    usleep(10000); /* the thread frees what it kept */
    sem_destroy(&gate);
}

/* Pools whose jobs are stuck share the time, and threads without a job end at once. */
TEST_PLAIN(work_T2_pools_close_together)
{
    enum { SECOND = 1000000000 };
    sem_t gate;
    static struct job stuck[2];
    eddy_loop *loop = open_loop();
    int before = threads_alive();

    sem_init(&gate, 0, 0);
    for (int i = 0; i < 2; i++) {
        init(&stuck[i]);
        stuck[i].work.drop = dropped;
        stuck[i].gate = &gate;
        CHECK_OK(eddy__work_submit(loop, i ? EDDY__WORKERS_NAMES : EDDY__WORKERS_BLOCKING,
                                   &stuck[i].work));
        await_begin(&stuck[i]);
    }
    int64_t began = eddy__clock_now();
    eddy__work_close(loop, SECOND);
    CHECK(eddy__clock_now() - began >= SECOND);
    CHECK(eddy__clock_now() - began < SECOND + SECOND / 10 * 9);
    CHECK_INT(threads_alive(), before + 2);
    eddy_loop_close(loop);
    sem_post(&gate);
    sem_post(&gate);
    while (threads_alive() > before)
        usleep(1000);
    CHECK(stuck[0].dropped && stuck[1].dropped);
    sem_destroy(&gate);
}

/* A job that ends during the close is done in the loop as ever. */
TEST_PLAIN(work_done_during_close_is_done)
{
    for (int i = 0; i < 20; i++) {
        eddy_loop *loop = open_loop();
        struct job job;

        init(&job);
        job.work.drop = dropped;
        CHECK_OK(eddy__work_submit(loop, EDDY__WORKERS_NAMES, &job.work));
        if (i % 2)
            usleep(200);
        eddy_loop_close(loop);
        CHECK(job.done ? job.ran && !job.dropped : job.dropped);
    }
}

/* While a job runs, waiting is no deadlock and virtual time stands. */
TEST(work_G7_virtual_time_waits_for_jobs)
{
    struct job job;
    atomic_int at_once = 0, most = 0;

    init(&job);
    loop_thread = pthread_self();
    job.at_once = &at_once;
    job.most = &most;
    CHECK_OK(eddy__work_submit(eddy_loop_running(), EDDY__WORKERS_BLOCKING, &job.work));
    CHECK_OK(eddy_sleep(3600));
    CHECK(job.done);
}
