/* An exit stack closes a number of things that is known at run time only, the last one first. */
#include "connection.h"

static int several_connections(void)
{
    static const char *const names[] = {"db1", "db2"};
    connection dbs[2];
    struct text result1, result2;

    printf("\n=== Combined Async Context Managers ===\n");
    eddy_auto(eddy_exit_stack) *stack = eddy_try(eddy_exit_stack_open());
    for (int i = 0; i < 2; i++) {
        connection *db = eddy_try(connection_open(&dbs[i], names[i]));
        eddy_try(eddy_exit_stack_push(stack, connection, db));
    }
    eddy_try(connection_execute(&dbs[0], "SELECT 1", &result1));
    eddy_try(connection_execute(&dbs[1], "SELECT 2", &result2));
    printf("Results: %s, %s\n", result1.s, result2.s);
    return 0;
}
EDDY_CORO(several_connections)

int main(void)
{
    return eddy_run(several_connections_coro()) < 0;
}
