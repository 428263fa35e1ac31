/* group.c - task groups.
 *
 *   OPEN ── a child or the body fails, or group_cancel ──▶ ABORTING ──▶ ENDED
 *     └────────────────── join: no child is left ────────────────────────▶
 *
 * While the body runs, the group is one of the opener's scopes, whose status makes the body's
 * suspending calls fail once the group aborts. */
#include <eddy/group.h>

#include "base/alloc.h"
#include "task/task.h"
#include <math.h>

enum group_state { OPEN, ABORTING, ENDED };

struct eddy_group {
    eddy_scope scope;
    eddy_task *opener;
    struct list children;
    size_t count;
    enum group_state state;
    bool cancelled;                   /* by eddy_group_cancel: ends without an error */
    bool joining;                     /* the opener is parked in join or close */
    struct eddy__task_wait wait;      /* of the opener in join */
    struct list *cursor;              /* the child that was taken along last */
    struct eddy__error_list failures; /* of children, in order of completion */
};

static eddy_task *group_next_child(struct eddy__task_wait *wait);

eddy_group *eddy_group_open(void)
{
    static const struct eddy__task_wait_kind wait = {group_next_child, NULL};
    eddy_task *self = eddy__self();

    if (!self) {
        eddy__raise(EDDY_ENOTASK, "a group belongs to a task: open it inside eddy_run");
        return NULL;
    }
    eddy_group *group = eddy_alloc_zero(sizeof *group);
    if (!group) {
        eddy__raise_code(EDDY_ENOMEM);
        return NULL;
    }
    group->opener = self;
    group->wait.kind = &wait;
    list_init(&group->children);
    eddy_scope_enter(&group->scope, (double)INFINITY);
    return group;
}

static void cancel_children(eddy_group *group, const eddy_task *canceller)
{
    /* a child that ends at once would leave the list, but cancelling never ends one at once */
    list_each(node, &group->children)
        eddy__task_cancel(container_of(node, eddy_task, siblings), canceller);
}

static void abort_group(eddy_group *group)
{
    if (group->state != OPEN)
        return;
    group->state = ABORTING;
    cancel_children(group, NULL);
    if (group->scope.task) {
        group->scope.status = EDDY_ECANCELED;
        eddy__task_interrupt(group->opener);
    }
}

static void child_ended(eddy_task *task)
{
    eddy_group *group = task->owner;

    list_remove(&task->siblings);
    group->count--;
    if (task->status < 0 && task->status != EDDY_ECANCELED) {
        task->observed = true;
        eddy__error_list_add(&group->failures, eddy__task_record(task), task->status);
        abort_group(group);
    }
    if (group->count == 0 && group->joining) {
        group->joining = false;
        eddy__wake(group->opener, 0);
    }
}

/* ---- starting ---- */

/* A refused start fails the group, unless that is ending as it was told to. */
static int group_refuse(eddy_group *group, const eddy_place *place, int code, const char *why)
{
    eddy_raise_at(place, code, "the group cannot start a child: %s", why);
    if (!group->cancelled) {
        eddy_error *error = eddy__error_take();

        eddy__error_list_add(&group->failures, error, code);
        eddy__error_put(error);
    }
    return code;
}

int eddy_group_start_with(eddy_group *group, eddy_coro coro, const eddy_task_opts *opts)
{
    eddy_task **handle = opts ? opts->handle : NULL;
    const eddy_place *place = opts ? opts->place : NULL;

    if (handle)
        *handle = NULL;
    if (!group)
        return eddy_raise_at(place, EDDY_EINVAL, "eddy_group_start: the group is NULL");
    if (group->state == ENDED)
        return group_refuse(group, place, EDDY_ECLOSED, "it has ended");
    if (group->state == ABORTING)
        return group_refuse(group, place, EDDY_ECLOSED, "it is being aborted");
    eddy_task *task = eddy__task_new(group->opener->loop, &coro, opts);
    if (!task) {
        int code = eddy_last_status();

        group_refuse(group, place, code, eddy_status_message(code));
        abort_group(group);
        return code;
    }
    task->owner = group;
    task->on_end = child_ended;
    list_add_tail(&group->children, &task->siblings);
    group->count++;
    if (handle)
        *handle = task;
    if (opts && opts->eager)
        eddy__task_start_eagerly(task);
    else
        eddy__task_start(task);
    if (!handle)
        eddy_detach(task);
    return 0;
}

/* ---- ending ---- */

/* A cancellation or a deadline has reached the opener. */
static void join_interrupted(eddy_group *group, int code)
{
    if (group->state == OPEN)
        group->state = ABORTING;
    eddy__pass_on(&group->wait, group->opener, code);
}

static eddy_task *group_next_child(struct eddy__task_wait *wait)
{
    eddy_group *group = container_of(wait, eddy_group, wait);

    group->cursor = wait->at == 0 ? group->children.next : group->cursor->next;
    return group->cursor == &group->children ? NULL
                                             : container_of(group->cursor, eddy_task, siblings);
}

static void join_abort(eddy_task *task, int code)
{
    join_interrupted(task->waiting_on, code);
}

static const struct eddy__wait_kind joining = {"the children of a group", join_abort};
static const struct eddy__wait_kind closing = {"the end of a group's children", NULL};

static void wait_for_children(eddy_group *group, const struct eddy__wait_kind *kind)
{
    while (group->count) {
        group->joining = true;
        eddy__park_for_tasks(&group->wait, kind, group);
    }
    group->state = ENDED;
}

/* The body is over: the group's own abort no longer concerns the opener. */
static void leave_body(eddy_group *group)
{
    if (group->scope.task)
        eddy_scope_leave(&group->scope);
}

static int group_result_of(eddy_group *group, int body)
{
    if (group->failures.code)
        return eddy__error_list_raise(&group->failures);
    if (group->wait.aborted)
        return eddy__raise_interrupt(group->wait.aborted);
    return body == EDDY_ECANCELED && !group->cancelled ? eddy__raise_interrupt(body) : 0;
}

int eddy_group_join_with(eddy_group *group, const eddy_join_opts *opts)
{
    eddy_task *self = eddy__self();
    int body = opts ? opts->body : 0;
    eddy_error *record = NULL;

    if (!group)
        return eddy__raise(EDDY_EINVAL, "eddy_group_join: the group is NULL");
    if (group->opener != self)
        return eddy__raise(self ? EDDY_EOWNER : EDDY_ENOTASK,
                           "a group is joined by the task that opened it");
    if (body < 0) {
        abort_group(group);
        record = eddy_last_status() == body ? eddy__error_take() : NULL;
    }
    leave_body(group);
    if (self->interrupt)
        join_interrupted(group, self->interrupt);
    wait_for_children(group, &joining);
    /* a cancellation is the opener's own, or the echo of the group's abort */
    if (body < 0 && body != EDDY_ECANCELED)
        eddy__error_list_add(&group->failures, record, body);
    eddy__error_unref(record);
    return group_result_of(group, body);
}

void eddy_group_cancel(eddy_group *group)
{
    if (group->state != OPEN)
        return;
    group->cancelled = true;
    abort_group(group);
}

size_t eddy_group_count(const eddy_group *group)
{
    return group->count;
}

/* What a join has not told. After it there can only be starts that were refused, of which the
 * caller was told. */
static void report_errors(eddy_group *group, bool joined)
{
    if (group->failures.code && !joined)
        eddy__report(group->opener->loop,
                     &(eddy_report){.message = "a group was closed that had failed and was not "
                                               "joined",
                                    .task = group->opener,
                                    .error = group->failures.first});
    eddy__error_list_clear(&group->failures);
}

void eddy_group_close(eddy_group *group)
{
    if (!group)
        return;
    if (group->opener != eddy__self()) {
        eddy__bug(EDDY_EOWNER, "a group is closed by the task that opened it");
        return;
    }
    bool joined = group->state == ENDED;
    eddy_error *saved = eddy__error_take();
    leave_body(group);
    uint32_t cancels = group->opener->cancels;
    cancel_children(group, group->opener);
    eddy__task_end_echo(group->opener, cancels);
    if (group->state == OPEN)
        group->state = ABORTING;
    wait_for_children(group, &closing);
    report_errors(group, joined);
    eddy_free(group);
    eddy__error_put(saved);
}
