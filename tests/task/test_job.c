/* Jobs in worker threads that a task waits for, and may leave behind. */
#include "test.h"

#include "base/alloc.h"
#include "task/task.h"
#include <semaphore.h>

/* The thread waits for the semaphore. */
struct held {
    struct eddy__job job; /* must stay first */
    sem_t *go;
};

static atomic_int begun, released, ended;

static int wait_for_go(struct eddy__job *job)
{
    const struct held *held = (const struct held *)job;

    atomic_fetch_add(&begun, 1);
    while (held->go && sem_wait(held->go) < 0)
        continue;
    CHECK(eddy__job_current() == job);
    return 7;
}

static void release_held(struct eddy__job *job)
{
    atomic_fetch_add(&released, 1);
    eddy_free(job);
}

static void note_end(struct eddy__job *job)
{
    (void)job;
    atomic_fetch_add(&ended, 1);
}

/* What has begun in its thread can be left behind; before, it would be withdrawn. */
static int await_begin(void)
{
    while (atomic_load(&begun) == 0)
        eddy_try(eddy_sleep(0.001));
    return 0;
}

static int cancel_when_begun(eddy_task *task, sem_t *go)
{
    eddy_try(await_begin());
    eddy_cancel(task);
    return go ? sem_post(go) : 0;
}
EDDY_CORO(cancel_when_begun, eddy_task *, sem_t *)

static struct held *make_held(sem_t *go)
{
    struct held *held = eddy_alloc_zero(sizeof *held);

    CHECK(held);
    held->job.perform = wait_for_go;
    held->job.ended = note_end;
    held->job.release = release_held;
    held->go = go;
    return held;
}

static const struct eddy__wait_kind waiting = {"a job", eddy__job_abort};

TEST(job_T1_is_the_callers_when_it_has_run)
{
    struct held *held = make_held(NULL);

    CHECK_OK(eddy__job_run(&held->job, &waiting));
    CHECK_INT(held->job.status, 7);
    CHECK_INT(ended, 1);
    CHECK_INT(released, 0);
    CHECK(!eddy__job_current());
    eddy__job_leave(&held->job, EDDY_ECANCELED); /* too late: it is over */
    CHECK_INT(released, 0);
    release_held(&held->job);
}

TEST_REAL(job_T1_that_runs_is_left_behind_and_released_at_its_end)
{
    sem_t go;
    struct held *held = make_held(&go);

    sem_init(&go, 0, 0);
    eddy_auto(eddy_task) *canceller =
        eddy_create_task(cancel_when_begun_coro(eddy_current_task(), NULL));
    CHECK_INT(eddy__job_run(&held->job, &waiting), EDDY_ECANCELED);
    eddy_uncancel();
    CHECK_INT(released, 0);
    sem_post(&go);
    while (atomic_load(&released) == 0)
        CHECK_OK(eddy_sleep(0.001));
    CHECK_INT(ended, 0);
}

/* What uses its caller's memory is waited for. */
TEST_REAL(job_T1_that_is_awaited_is_not_left_behind)
{
    sem_t go;
    struct held *held = make_held(&go);

    sem_init(&go, 0, 0);
    held->job.awaited = true;
    eddy_auto(eddy_task) *canceller =
        eddy_create_task(cancel_when_begun_coro(eddy_current_task(), &go));
    CHECK_OK(eddy__job_run(&held->job, &waiting));
    eddy_uncancel();
    CHECK_INT(released, 0);
    CHECK_INT(held->job.status, 7);
    release_held(&held->job);
}

TEST(job_T1_of_a_cancelled_task_is_not_submitted)
{
    struct held *held = make_held(NULL);

    eddy_cancel(eddy_current_task());
    CHECK_INT(eddy__job_run(&held->job, &waiting), EDDY_ECANCELED);
    CHECK_INT(released, 1);
    eddy_uncancel();
}

/* Without a task: what has not begun is withdrawn, what runs is left. */
TEST_REAL(job_T1_that_nobody_waits_for_is_withdrawn_or_left)
{
    eddy_loop *loop = eddy_loop_running();
    struct eddy__workers *one = eddy__workers_open(loop, 1, "one");
    sem_t go;
    struct held *first = make_held(&go), *second = make_held(NULL);

    sem_init(&go, 0, 0);
    eddy__job_init(&first->job);
    eddy__job_init(&second->job);
    CHECK_OK(eddy__workers_submit(one, &first->job.work));
    CHECK_OK(eddy__workers_submit(one, &second->job.work));
    CHECK(eddy__job_withdraw(&second->job, 0));
    CHECK_INT(released, 1);
    CHECK_OK(await_begin());
    eddy__job_leave(&first->job, 0);
    eddy__job_leave(&first->job, 0);
    CHECK_INT(released, 1);
    sem_post(&go);
    while (atomic_load(&released) < 2)
        CHECK_OK(eddy_sleep(0.001));
    eddy__workers_close(one, NS_PER_SECOND, NULL);
}
