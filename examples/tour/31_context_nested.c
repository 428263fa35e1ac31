/* Scopes in scopes: a transaction that was not committed is rolled back when it goes out of scope,
 * before its connection is closed, and the error still reaches the caller. */
#include "connection.h"

typedef struct transaction {
    const char *database;
} transaction;

static transaction *transaction_begin(transaction *tx, const char *database)
{
    printf("Starting transaction on %s\n", database);
    if (eddy_sleep(0.1) < 0)
        return NULL;
    tx->database = database;
    return tx;
}

static int transaction_commit(transaction *tx)
{
    printf("Committing transaction on %s\n", tx->database);
    eddy_try(eddy_sleep(0.1));
    tx->database = NULL;
    return 0;
}

/* A closer sees the error with which its block is left. */
static void transaction_close(transaction *tx)
{
    if (!tx || !tx->database)
        return;
    printf("Rolling back transaction on %s: %s\n", tx->database,
           eddy_error_message(eddy_last_error()));
    eddy_shield(5)
        eddy_ignore(eddy_sleep(0.1));
}
EDDY_AUTOCLOSE(transaction, transaction_close)

static int activate_users(bool simulate_error)
{
    connection link;
    transaction transfer;
    struct text result;

    printf("\n=== Nested Async Context Managers ===\n");
    eddy_auto(connection) *db = eddy_try(connection_open(&link, "main_db"));
    eddy_auto(transaction) *tx = eddy_try(transaction_begin(&transfer, "main_db"));

    eddy_try(connection_execute(db, "UPDATE users SET active = true", &result));
    printf("Transaction result: %s\n", result.s);
    if (simulate_error)
        return eddy_raise(EDDY_EINVAL, "Simulated error");
    return transaction_commit(tx);
}

static int nested_scopes(void)
{
    eddy_try(activate_users(false));
    if (activate_users(true) == EDDY_EINVAL)
        printf("Caught: %s\n", eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(nested_scopes)

int main(void)
{
    return eddy_run(nested_scopes_coro()) < 0;
}
