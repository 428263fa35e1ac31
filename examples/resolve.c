/* resolve.c - looks up names and numeric addresses, all at once: resolve HOST...
 *
 * resolve example.com localhost 192.0.2.1 prints the addresses of the names and the name of the
 * address, one line each, in the order in which the answers come. RESOLVE_SERVERS names DNS servers
 * to ask instead of the system's: RESOLVE_SERVERS=127.0.0.1:5353. */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

enum { MOST = 64 };

static int print_name(const char *text, const eddy_address *address)
{
    char name[EDDY_HOST_NAME];

    eddy_try(eddy_getnameinfo(address, name));
    return printf("%s is %s\n", text, name);
}

static int print_addresses(const char *host)
{
    char text[EDDY_HOST_TEXT];
    eddy_address addresses[MOST];
    int n = eddy_try(eddy_getaddrinfo(host, 0, addresses, MOST));

    printf("%s is", host);
    for (int i = 0; i < n; i++)
        printf(" %s", eddy_address_format_host(&addresses[i], text));
    return printf("\n");
}

/* A failure of one says so and leaves the others alone. */
static int resolve(const char *host)
{
    eddy_address address;
    bool numeric = eddy_address_parse(&address, host, 0) == 0;
    int status = numeric ? print_name(host, &address) : print_addresses(host);

    if (status == EDDY_ENAME)
        printf("%s\n", eddy_error_message(eddy_last_error()));
    return status == EDDY_ENAME ? 0 : status;
}
EDDY_CORO(resolve, const char *)

static int resolve_all(char **hosts, int n)
{
    eddy_try(eddy_loop_set_resolver(eddy_loop_running(), .servers = getenv("RESOLVE_SERVERS")));
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());
    for (int i = 0; i < n; i++)
        eddy_try(eddy_group_start(group, resolve_coro(hosts[i])));
    return eddy_group_join(group);
}
EDDY_CORO(resolve_all, char **, int)

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: resolve HOST...\n");
        return 2;
    }
    return eddy_run(resolve_all_coro(argv + 1, argc - 1)) < 0;
}
