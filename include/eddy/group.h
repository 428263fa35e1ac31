/* group.h - a task group: children that do not outlive it. The first failure cancels the siblings
 * and the opener's body, between open and join; join returns when all have ended.
 *
 * Declare what children write before the group: variables declared after it are gone when
 * closing it waits for the children. */
#ifndef EDDY_GROUP_H
#define EDDY_GROUP_H

#include <eddy/task.h>

EDDY_BEGIN_DECLS

typedef struct eddy_group eddy_group;

/* A group of the current task. NULL with a record: EDDY_ENOTASK, EDDY_ENOMEM. */
EDDY_API eddy_group *eddy_group_open(void);

/* Cancels the children that are left and waits for them. NULL is fine. Only the task that opened
 * the group may call this. */
EDDY_API void eddy_group_close(eddy_group *group);
EDDY_AUTOCLOSE(eddy_group, eddy_group_close)

/* Starts coro as a child; children may do so, too. While the group is ending its children a start
 * is refused with EDDY_ECLOSED; join reports that as well, unless eddy_group_cancel ended the
 * group, so the result need not be looked at. After join has returned a start is refused, and only
 * its caller is told. Does not suspend. .handle = &task gives a handle, which the caller closes; a
 * child that is cancelled by its handle is no failure of the group. */
EDDY_API int eddy_group_start_with(eddy_group *group, eddy_coro coro, const eddy_task_opts *opts);
#define eddy_group_start(group, coro, ...)                                                         \
    eddy_group_start_with((group), (coro), &(eddy_task_opts){.place = EDDY_HERE, __VA_ARGS__})

typedef struct eddy_join_opts {
    int body; /* the status of the opener's own part: a failure aborts the group and counts last */
} eddy_join_opts;

/* Waits until every child has ended. Returns 0 or the first failure; the others hang on its record
 * in order of completion (eddy_error_next). When the caller is cancelled the children are
 * cancelled, too, and the status is EDDY_ECANCELED, unless a child failed. Only the task that
 * opened the group may call this. */
EDDY_API EDDY_SUSPENDS int eddy_group_join_with(eddy_group *group, const eddy_join_opts *opts);
#define eddy_group_join(group, ...) eddy_group_join_with((group), &(eddy_join_opts){__VA_ARGS__})

/* Ends the group early without an error: cancels the children, and the opener's body until it has
 * reached join. */
EDDY_API void eddy_group_cancel(eddy_group *group);

/* How many children have not ended. */
EDDY_API size_t eddy_group_count(const eddy_group *group);

EDDY_END_DECLS

#endif
