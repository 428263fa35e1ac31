/* A database in memory whose calls take a tenth of a second each; five inserts at once take a tenth
 * together. Arguments are copied into the coroutine object, structures too. */
#include "tour.h"

struct user {
    int id;
    char name[16];
    char email[32];
};

struct database {
    struct user users[16];
    int count;
};

static int network_delay(void)
{
    return eddy_sleep(0.1);
}

static int create_table(struct database *db)
{
    eddy_try(network_delay());
    db->count = 0;
    return 0;
}

static int insert(struct database *db, struct user user)
{
    eddy_try(network_delay());
    if (db->count == 16)
        return eddy_raise(EDDY_ELIMIT, "the table is full");
    user.id = db->count + 1;
    db->users[db->count++] = user;
    return 0;
}
EDDY_CORO(insert, struct database *, struct user)

static int select_users(struct database *db, const struct user **users)
{
    eddy_try(network_delay());
    *users = db->users;
    return db->count;
}

static struct user nth_user(int n)
{
    struct user user = {0};

    snprintf(user.name, sizeof user.name, "User%d", n);
    snprintf(user.email, sizeof user.email, "user%d@example.com", n);
    return user;
}

static int simulated_db_demo(void)
{
    struct database db = {0};
    const struct user *users;

    printf("\n=== Simulated Database Operations ===\n");
    eddy_try(create_table(&db));
    eddy_try(insert(&db, (struct user){.name = "Alice", .email = "alice@example.com"}));
    int n = eddy_try(select_users(&db, &users));
    printf("Users: [");
    for (int i = 0; i < n; i++)
        printf("{'id': %d, 'name': '%s', 'email': '%s'}", users[i].id, users[i].name,
               users[i].email);
    printf("]\n");

    eddy_coro inserts[5];
    for (int i = 0; i < 5; i++)
        inserts[i] = insert_coro(&db, nth_user(i));
    eddy_try(eddy_gather_n(inserts, 5));

    n = eddy_try(select_users(&db, &users));
    printf("All users (%d):\n", n);
    for (int i = 0; i < n; i++)
        printf(" %d: %s - %s\n", users[i].id, users[i].name, users[i].email);
    return 0;
}
EDDY_CORO(simulated_db_demo)

int main(void)
{
    return eddy_run(simulated_db_demo_coro()) < 0;
}
