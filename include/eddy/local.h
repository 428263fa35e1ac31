/* local.h - task-local values: inherited by copy when a task is created; what a child sets its
 * parent does not see. Outside tasks they belong to the thread. */
#ifndef EDDY_LOCAL_H
#define EDDY_LOCAL_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

/* static eddy_local request_id = EDDY_LOCAL("request_id"); the name is for people. */
typedef struct eddy_local {
    const char *name;
} eddy_local;
#define EDDY_LOCAL(name)                                                                           \
    {                                                                                              \
        name                                                                                       \
    }

/* Sets the current task's value, a pointer which stays the caller's; NULL forgets the value. 0 or
 * EDDY_ENOMEM. get returns NULL when none was set. Neither suspends. */
EDDY_API int eddy_local_set(const eddy_local *local, void *value);
EDDY_API void *eddy_local_get(const eddy_local *local);

EDDY_END_DECLS

#endif
