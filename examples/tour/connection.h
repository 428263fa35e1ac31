/* connection.h - a simulated database connection, to be closed by eddy_auto or an exit stack.
 *
 *     eddy_auto(connection) *db = eddy_try(connection_open(&storage, "name")); */
#ifndef CONNECTION_H
#define CONNECTION_H

#include "tour.h"

typedef struct connection {
    const char *name;
    bool connected;
} connection;

/* Returns db, or NULL when the wait failed; the failure is the task's last error then. */
static inline connection *connection_open(connection *db, const char *name)
{
    *db = (connection){.name = name};
    printf("Connecting to %s...\n", name);
    if (eddy_sleep(0.5) < 0)
        return NULL;
    db->connected = true;
    printf("Connected to %s\n", name);
    return db;
}

/* A closer that waits does so in a shield: it may run because its task was cancelled. */
static inline void connection_close(connection *db)
{
    if (!db || !db->connected)
        return;
    printf("Disconnecting from %s...\n", db->name);
    eddy_shield(5)
        eddy_ignore(eddy_sleep(0.2));
    db->connected = false;
    printf("Disconnected from %s\n", db->name);
}
EDDY_AUTOCLOSE(connection, connection_close)

static inline int connection_execute(connection *db, const char *query, struct text *result)
{
    if (!db->connected)
        return eddy_raise(EDDY_ENOTCONN, "Not connected to database");
    printf("Executing: %s\n", query);
    eddy_try(eddy_sleep(0.3));
    text_set(result, "Result of: %s", query);
    return 0;
}

#endif
