/* Looking names up by getaddrinfo in threads: beside the loop, bounded, abandoned. The one below
 * knows names that end in .test; other names are the C library's. */
#include "net/host_texts.h"
#include "stream/peer.h"

#include <dlfcn.h>
#include <netdb.h>
#include <stdatomic.h>

static atomic_int lookups;

static int library_getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                               struct addrinfo **list)
{
    int (*next)(const char *, const char *, const struct addrinfo *, struct addrinfo **);

    *(void **)&next = dlsym(RTLD_NEXT, "getaddrinfo");
    return next(host, service, hints, list);
}

/* The numeric addresses are the C library's, which also frees them. */
static int numeric(const char *host, const struct addrinfo *hints, struct addrinfo **list)
{
    struct addrinfo copy = *hints;

    copy.ai_flags |= AI_NUMERICHOST;
    return library_getaddrinfo(host, NULL, &copy, list);
}

int getaddrinfo(const char *host, const char *service, const struct addrinfo *hints,
                struct addrinfo **list)
{
    size_t length = host ? strlen(host) : 0;

    if (length < 5 || strcmp(host + length - 5, ".test") != 0)
        return library_getaddrinfo(host, service, hints, list);
    lookups++;
    if (strncmp(host, "slow", 4) == 0)
        poll(NULL, 0, 200);
    if (strcmp(host, "both.test") == 0) {
        int status = numeric("::1", hints, list);
        return status ? status : numeric("127.0.0.1", hints, &(*list)->ai_next);
    }
    if (strcmp(host, "in4.test") == 0 || strncmp(host, "slow", 4) == 0)
        return numeric("127.0.0.1", hints, list);
    if (strncmp(host, "many", 4) == 0) {
        int status = 0;
        for (long i = strtol(host + 4, NULL, 10); i > 0 && !status; i--) {
            status = numeric("127.0.0.1", hints, list);
            list = &(*list)->ai_next;
        }
        return status;
    }
    if (strcmp(host, "system.test") == 0) {
        errno = EMFILE;
        return EAI_SYSTEM;
    }
    return strcmp(host, "memory.test") == 0 ? EAI_MEMORY : EAI_NONAME;
}

/* 192.0.2.9 is in4.test, no other address has a name. */
int getnameinfo(const struct sockaddr *address, socklen_t size, char *host, socklen_t host_size,
                char *service, socklen_t service_size, int flags)
{
    const struct sockaddr_in *in4 = (const struct sockaddr_in *)(const void *)address;

    (void)size, (void)service, (void)service_size;
    CHECK(flags & NI_NAMEREQD);
    if (in4->sin_family != AF_INET || ntohl(in4->sin_addr.s_addr) != 0xc0000209)
        return EAI_NONAME;
    snprintf(host, host_size, "in4.test");
    return 0;
}

/* ---- results ---- */

TEST(names_thread_results)
{
    char addresses[3][EDDY_HOST_TEXT];

    names_by_getaddrinfo();
    CHECK_INT(host_texts("both.test", addresses, 3), 2);
    CHECK_STR(addresses[0], "::1");
    CHECK_STR(addresses[1], "127.0.0.1");
    CHECK_INT(host_texts("both.test", addresses, 1), 1);
    CHECK_INT(host_texts("both.test", NULL, 0), 0);
}

/* J6: a bound, of which is told. */
TEST(names_thread_J6_many_addresses)
{
    static char addresses[4096][EDDY_HOST_TEXT];

    names_by_getaddrinfo();
    CHECK_INT(host_texts("many250.test", addresses, 4096), 250);
    CHECK_INT(host_texts("many4096.test", addresses, 4096), 4096);
    CHECK_INT(host_texts("many4097.test", addresses, 4096), EDDY_ENAME);
    CHECK_STR(last_message(),
              "cannot look up many4097.test: the name has more than 4096 addresses");
}

TEST(names_thread_failures)
{
    char addresses[1][EDDY_HOST_TEXT];

    names_by_getaddrinfo();
    CHECK_INT(host_texts("nobody.test", addresses, 1), EDDY_ENAME);
    CHECK_STR(last_message(), "cannot look up nobody.test: Name or service not known");
    CHECK_INT(host_texts("system.test", addresses, 1), EDDY_ENAME);
    CHECK_STR(last_message(), "cannot look up system.test: too many open files");
    CHECK_INT(host_texts("memory.test", addresses, 1), EDDY_ENOMEM);
}

TEST(names_thread_getnameinfo)
{
    eddy_address address;
    char name[EDDY_HOST_NAME] = "";

    names_by_getaddrinfo();
    CHECK_INT(eddy_address_parse(&address, "192.0.2.9", 80), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), 0);
    CHECK_STR(name, "in4.test");
    CHECK_INT(eddy_address_parse(&address, "2001:db8::1", 0), 0);
    CHECK_INT(eddy_getnameinfo(&address, name), EDDY_ENAME);
    CHECK_STR(last_message(), "cannot look up 2001:db8::1: Name or service not known");
}

/* ---- J6 ---- */

static int ticks(int *count)
{
    for (;; ++*count)
        eddy_try(eddy_sleep(0.001));
}
EDDY_CORO(ticks, int *)

TEST_REAL(J6_names_thread_does_not_block_the_loop)
{
    char addresses[1][EDDY_HOST_TEXT];
    int count = 0;

    names_by_getaddrinfo();
    eddy_auto(eddy_task) *ticker = eddy_create_task(ticks_coro(&count));
    CHECK_INT(host_texts("slow.test", addresses, 1), 1);
    CHECK(count > 2); /* a loaded machine makes few ticks */
}

TEST_REAL(J6_names_thread_obeys_a_deadline)
{
    char addresses[1][EDDY_HOST_TEXT];
    double before = eddy_loop_time(eddy_loop_running());
    int status = 0;

    names_by_getaddrinfo();
    eddy_timeout(0.02)
        status = host_texts("slow.test", addresses, 1);
    CHECK_INT(status, EDDY_ETIMEDOUT);
    CHECK(test_is_watched() || eddy_loop_time(eddy_loop_running()) - before < 0.15);
}

static int looks_up(const char *host, int *status)
{
    char addresses[1][EDDY_HOST_TEXT];

    *status = host_texts(host, addresses, 1);
    return 0;
}
EDDY_CORO(looks_up, const char *, int *)

TEST_REAL(J6_names_thread_is_cancelled_at_once)
{
    char host[] = "slow.test";
    int status = 0;

    names_by_getaddrinfo();
    eddy_auto(eddy_task) *task = eddy_create_task(looks_up_coro(host, &status));
    CHECK_OK(eddy_sleep(0.02));
    double before = eddy_loop_time(eddy_loop_running());
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, EDDY_ECANCELED);
    CHECK(test_is_watched() || eddy_loop_time(eddy_loop_running()) - before < 0.1);
    memset(host, '?', sizeof host - 1); /* the job has a copy */
    CHECK_OK(eddy_sleep(0.3));
}

TEST_REAL(T1_names_thread_cancelled_while_queued_never_runs)
{
    enum { MANY = 12 };
    char hosts[MANY][20];
    int status[MANY];
    eddy_task *tasks[MANY];

    names_by_getaddrinfo();
    for (int i = 0; i < MANY; i++) {
        snprintf(hosts[i], sizeof hosts[i], "slow%d.test", i);
        tasks[i] = eddy_create_task(looks_up_coro(hosts[i], &status[i]));
    }
    CHECK_OK(eddy_sleep(0.05));
    CHECK(lookups < MANY);
    for (int i = 0; i < MANY; i++)
        eddy_cancel(tasks[i]);
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK(status[i] == EDDY_ECANCELED || status[i] == 1);
        eddy_task_close(tasks[i]);
    }
    CHECK_OK(eddy_sleep(0.3));
    CHECK(lookups < MANY);
}

/* ---- sweeps ---- */

static int resolve_and_connect(void)
{
    struct sockaddr_in address;

    eddy_try(eddy_loop_set_resolver(eddy_loop_running(), .getaddrinfo = true));
    int listener = raw_listener(&address, 5);
    eddy_stream *stream = eddy_connect("both.test", .port = ntohs(address.sin_port));
    int status = stream ? 0 : eddy_last_status();

    eddy_stream_close(stream);
    close(listener);
    return status;
}

SWEEP(names_thread_sweep)
{
    return resolve_and_connect();
}

TORTURE(names_thread_torture)
{
    return resolve_and_connect();
}
