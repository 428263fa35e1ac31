/* eddy_auto closes a thing at the end of its block, however that is left. EDDY_AUTOCLOSE makes it
 * work for types of your own, and their closers may wait. */
#include "connection.h"

static int run_queries(connection *storage)
{
    struct text users, inserted;
    eddy_auto(connection) *db = eddy_try(connection_open(storage, "mydb"));

    eddy_try(connection_execute(db, "SELECT * FROM users", &users));
    eddy_try(connection_execute(db, "INSERT INTO users VALUES (1, 'Alice')", &inserted));
    printf("Results: %s, %s\n", users.s, inserted.s);
    return 0;
}

static int use_connection(void)
{
    connection storage;
    struct text result;

    printf("=== Async Context Manager ===\n");
    eddy_try(run_queries(&storage));
    if (connection_execute(&storage, "SELECT 1", &result) == EDDY_ENOTCONN)
        printf("RuntimeError: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(use_connection)

int main(void)
{
    return eddy_run(use_connection_coro()) < 0;
}
