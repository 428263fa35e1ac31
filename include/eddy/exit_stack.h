/* exit_stack.h - closers that a function collects while it runs, called in reverse order. */
#ifndef EDDY_EXIT_STACK_H
#define EDDY_EXIT_STACK_H

#include <eddy/base.h>

EDDY_BEGIN_DECLS

typedef struct eddy_exit_stack eddy_exit_stack;

/* NULL with a record: EDDY_ENOMEM. Close calls the closers that were pushed, the last one first. It
 * may suspend, inside a shield, and leaves the caller's error record alone. */
EDDY_API eddy_exit_stack *eddy_exit_stack_open(void);
EDDY_API void eddy_exit_stack_close(eddy_exit_stack *stack);
EDDY_AUTOCLOSE(eddy_exit_stack, eddy_exit_stack_close)

/* Remembers closer(object), or TYPE_close(object). 0, or EDDY_ENOMEM and object was closed at
 * once. */
typedef void eddy_closer(void *object);
EDDY_API int eddy_exit_stack_push_closer(eddy_exit_stack *stack, eddy_closer *closer, void *object);
#define eddy_exit_stack_push(stack, type, object)                                                  \
    eddy_exit_stack_push_closer((stack), eddy_closer_of_(type##_close, (object)), (object))
/* Checks that object is what fn closes. */
#define eddy_closer_of_(fn, object) ((void)sizeof((fn)(object), 0), (eddy_closer *)(fn))

/* Forgets all closers without calling them. */
EDDY_API void eddy_exit_stack_pop_all(eddy_exit_stack *stack);

EDDY_END_DECLS

#endif
