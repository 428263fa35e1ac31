/* Coroutines keep their local variables while others run: first two generators that are sent
 * numbers, then two that yield to the loop. */
#include "tour.h"

static int account(const char *name, int total)
{
    const void *received = NULL;

    for (;;) {
        eddy_try(eddy_yield_receive(&total, &received));
        if (!received)
            break;
        int amount = *(const int *)received;
        total += amount;
        printf("%s: received %d, total %d\n", name, amount, total);
    }
    printf("%s ends with %d\n", name, total);
    return 0;
}
EDDY_CORO(account, const char *, int)

static int two_accounts(void)
{
    int total_a, total_b;
    eddy_auto(eddy_gen) *a = eddy_try(eddy_gen_open(account_coro("A", 0), sizeof(int)));
    eddy_auto(eddy_gen) *b = eddy_try(eddy_gen_open(account_coro("B", 100), sizeof(int)));

    eddy_try(eddy_gen_next(a, &total_a));
    eddy_try(eddy_gen_next(b, &total_b));
    printf("%d %d\n", total_a, total_b);
    for (int i = 1; i <= 3; i++) {
        int tenfold = i * 10;
        eddy_try(eddy_gen_send(a, &i, &total_a));
        eddy_try(eddy_gen_send(b, &tenfold, &total_b));
    }
    eddy_try(eddy_gen_next(a, &total_a));
    return eddy_gen_next(b, &total_b);
}

static int steps(const char *name, int n, int *count)
{
    int local[3];

    for (int i = 0; i < n; i++) {
        local[i] = i;
        printf("%s: ", name);
        print_ints("", local, (size_t)i + 1);
        eddy_try(eddy_sleep(0));
    }
    *count = n;
    return 0;
}
EDDY_CORO(steps, const char *, int, int *)

static int switch_by_turns(void)
{
    int counts[2];

    eddy_try(two_accounts());
    eddy_try(eddy_gather(steps_coro("C", 3, &counts[0]), steps_coro("D", 2, &counts[1])));
    print_ints("", counts, 2);
    return 0;
}
EDDY_CORO(switch_by_turns)

int main(void)
{
    return eddy_run(switch_by_turns_coro()) < 0;
}
