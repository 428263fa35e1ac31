/* Two jobs that come while the only thread is about to sleep. */
#include "test.h"

#include "loop/parts.h"
#include <semaphore.h>
#include <unistd.h>

struct pair_job {
    struct eddy__work work; /* must stay first */
    sem_t *waits, *posts;
};

static int pair_done;

static void pair_run(struct eddy__work *work)
{
    struct pair_job *job = container_of(work, struct pair_job, work);

    if (job->posts)
        sem_post(job->posts);
    while (job->waits && sem_wait(job->waits) < 0)
        continue;
}

static void pair_has_done(struct eddy__work *work)
{
    (void)work;
    pair_done++;
}

static void pair_await(eddy_loop *loop, int count)
{
    for (int i = 0; i < 100 && pair_done < count; i++)
        CHECK_OK(eddy_loop_run_once(loop, 0.01));
    CHECK_INT(pair_done, count);
}

TEST_PLAIN(work_of_two_jobs_each_gets_a_thread)
{
    eddy_loop *loop = eddy_loop_open(.spin = -1);

    for (int i = 0; i < 300; i++) {
        struct eddy__workers *pool = eddy__workers_open(loop, 2, "test");
        sem_t gate;
        struct pair_job first = {.work = {.run = pair_run, .done = pair_has_done}};
        struct pair_job waits = first, posts = first;

        CHECK_OK(sem_init(&gate, 0, 0));
        pair_done = 0;
        waits.waits = posts.posts = &gate;
        CHECK_OK(eddy__workers_submit(pool, &first.work));
        pair_await(loop, 1);
        usleep((unsigned)(i % 100));
        CHECK_OK(eddy__workers_submit(pool, &waits.work));
        CHECK_OK(eddy__workers_submit(pool, &posts.work));
        pair_await(loop, 3);
        eddy__workers_close(pool, INT64_C(1000000000), NULL);
        sem_destroy(&gate);
    }
    eddy_loop_close(loop);
}
