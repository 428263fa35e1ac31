/* op_work.c - operations in worker threads: what a backend has no other way for. */
#include "base/alloc.h"
#include "base/sys.h"
#include "loop/io.h"

#include <linux/major.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* An open is asked to be cancelled while its thread may be stuck, in a FIFO or a dead server: the
 * operation ends, and the record, which has all the thread needs, goes on alone, past the end of
 * the loop if need be. */
struct record {
    eddy_op *op;   /* NULL: cancelled, nobody waits */
    eddy_op asked; /* what the thread looks at */
    char *path;    /* of asked, when it may go on alone */
    ssize_t result;
    struct eddy__work work;
};

/* ---- in a worker thread ---- */

/* An open of a FIFO waits for its other end, one of a terminal for a line. What is transferred here
 * cannot be polled: a file mostly, else a device, which may take as long as it likes. /dev/null and
 * its like never do. */
static bool may_wait(const eddy_op *op)
{
    const struct eddy__op_kind *kind = eddy__op_kind_of(op);
    struct stat found;

    if (!kind->look || kind->look(op, &found) < 0 || S_ISREG(found.st_mode) ||
        S_ISDIR(found.st_mode) || S_ISBLK(found.st_mode))
        return false;
    return !S_ISCHR(found.st_mode) || major(found.st_rdev) != MEM_MAJOR;
}

/* One that cannot be left behind is done even where others would have no thread meanwhile. */
static ssize_t op_work_perform(const eddy_op *op)
{
    const struct eddy__op_kind *kind = eddy__op_kind_of(op);
    int r = may_wait(op) ? eddy__work_waits() : 0;

    return r < 0 && kind->alone ? r : kind->perform(op);
}

static void op_work_run(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    record->result = op_work_perform(&record->asked);
}

/* ---- the end ---- */

static void free_record(struct record *record)
{
    eddy_free(record->path);
    eddy_free(record);
}

/* U3: nobody else knows of the descriptor. */
static void finish_alone(struct record *record)
{
    if (record->result >= 0)
        close((int)record->result);
    free_record(record);
}

static void op_work_finish(struct record *record, ssize_t result)
{
    eddy_op *op = record->op;

    free_record(record);
    eddy__op_finish(op, result);
}

static void work_done(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    if (record->op)
        op_work_finish(record, record->result);
    else
        finish_alone(record);
}

/* The pool was closed before it began; or the loop has gone before an open that was cancelled. */
static void work_dropped(struct eddy__work *work)
{
    struct record *record = container_of(work, struct record, work);

    if (record->op)
        op_work_finish(record, -ECANCELED);
    else
        finish_alone(record);
}

/* ---- in the loop ---- */

static struct record *new_record(eddy_op *op)
{
    struct record *record = eddy_alloc_zero(sizeof *record);

    if (!record)
        return NULL;
    record->op = op;
    record->asked = *op;
    if (eddy__op_kind_of(op)->alone && !(record->path = eddy_strdup(op->path))) {
        eddy_free(record);
        return NULL;
    }
    record->asked.path = record->path;
    record->work.run = op_work_run;
    record->work.done = work_done;
    record->work.drop = work_dropped;
    return record;
}

int eddy__op_work_submit(eddy_loop *loop, eddy_op *op)
{
    struct record *record = new_record(op);

    if (!record)
        return -ENOMEM;
    eddy__op_part(op)->record = record;
    eddy__op_part(op)->works = true;
    int r = eddy__work_submit(loop, EDDY__WORKERS_BLOCKING, &record->work);
    if (r < 0)
        free_record(record);
    return r;
}

/* What a thread has begun goes on to its end, which is then the operation's; but see struct record
 * for opens. */
void eddy__op_work_cancel(eddy_op *op)
{
    struct record *record = eddy__op_part(op)->record;

    if (eddy__work_cancel(&record->work)) {
        free_record(record);
    } else if (eddy__op_kind_of(op)->alone) {
        record->op = NULL;
        eddy__work_leave(&record->work);
    } else {
        return;
    }
    eddy__op_part(op)->record = NULL;
    eddy__op_ended(op, -ECANCELED);
}
