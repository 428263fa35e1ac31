/* What is known of names: at once, by the cache, by one question for all who ask. The servers are
 * those of dns_server.h. */
#include "net/dns_server.h"
#include "net/host_texts.h"
#include "stream/peer.h"

#include "net/names.h"
#include <fcntl.h>

static struct dns_server server;

static int resolver(unsigned cache, unsigned queries)
{
    return eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address, .cache = cache,
                                  .queries = queries);
}

/* For answers that do not come. */
static int impatient_resolver(double timeout)
{
    return eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address,
                                  .timeout = timeout, .attempts = 2, .cache = 2, .queries = 2);
}

static void open_server(void)
{
    dns_server_open(&server);
    CHECK_INT(resolver(0, 0), 0);
}

static int look_up(const char *host)
{
    char addresses[1][EDDY_HOST_TEXT];

    return host_texts(host, addresses, 1);
}

static int looks_up(const char *host, int *status)
{
    *status = look_up(host);
    return 0;
}
EDDY_CORO(looks_up, const char *, int *)

/* ---- at once ---- */

/* Whatever the hosts file says. */
TEST(getaddrinfo_J13_localhost_is_loopback)
{
    static const char *const hosts[] = {"localhost", "LocalHost.", "a.b.localhost"};
    char addresses[3][EDDY_HOST_TEXT];

    open_server();
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_INT(host_texts(hosts[i], addresses, 3), 2);
        CHECK_STR(addresses[0], "::1");
        CHECK_STR(addresses[1], "127.0.0.1");
    }
    CHECK_INT(look_up("notlocalhost"), EDDY_ENAME);
    CHECK(server.questions > 0);
    dns_server_close(&server);
}

TEST(getaddrinfo_bad_arguments)
{
    char host[300];

    CHECK_INT(look_up(NULL), EDDY_EINVAL);
    CHECK_INT(look_up(""), EDDY_EINVAL);
    CHECK_INT(host_texts("127.0.0.1", NULL, 1), EDDY_EINVAL);
    memset(host, 'a', sizeof host);
    host[254] = '\0';
    CHECK_INT(look_up(host), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), "at most 253 bytes");
}

/* ---- J13: the cache ---- */

TEST(names_J13_answers_are_kept_as_long_as_they_hold)
{
    open_server();
    CHECK_INT(look_up("ttl10.test"), 1);
    CHECK_INT(server.questions, 2);
    CHECK_INT(eddy_sleep(9), 0);
    CHECK_INT(look_up("TTL10.test"), 1);
    CHECK_INT(server.questions, 2);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(look_up("ttl10.test"), 1);
    CHECK_INT(server.questions, 4);
    CHECK_INT(look_up("ttl0.test"), 1);
    CHECK_INT(look_up("ttl0.test"), 1);
    CHECK_INT(server.questions, 8);
    dns_server_close(&server);
}

TEST(names_J13_max_ttl)
{
    open_server();
    CHECK_INT(look_up("ttl86400.test"), 1);
    CHECK_INT(eddy_sleep(299), 0);
    CHECK_INT(look_up("ttl86400.test"), 1);
    CHECK_INT(server.questions, 2);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(look_up("ttl86400.test"), 1);
    CHECK_INT(server.questions, 4);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address, .max_ttl = -1),
              0);
    for (int i = 0; i < 3; i++)
        CHECK_INT(look_up("in4.test"), 1);
    CHECK_INT(server.questions, 10);
    dns_server_close(&server);
}

/* The shortest of a chain counts. */
TEST(names_J13_aliases_expire_too)
{
    open_server();
    CHECK_INT(look_up("alias.test"), 1);
    int questions = server.questions;
    CHECK_INT(eddy_sleep(6), 0);
    CHECK_INT(look_up("alias.test"), 1);
    CHECK_INT(server.questions, questions);
    CHECK_INT(eddy_sleep(1), 0);
    CHECK_INT(look_up("alias.test"), 1);
    CHECK(server.questions > questions);
    dns_server_close(&server);
}

TEST(names_J13_a_no_is_kept_briefly)
{
    static const char *const hosts[] = {"nobody.test", "empty.test"};

    open_server();
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_INT(look_up(hosts[i]), EDDY_ENAME);
        int questions = server.questions;
        CHECK_INT(eddy_sleep(4), 0);
        CHECK_INT(look_up(hosts[i]), EDDY_ENAME);
        CHECK_INT(server.questions, questions);
        CHECK_INT(eddy_sleep(1), 0);
        CHECK_INT(look_up(hosts[i]), EDDY_ENAME);
        CHECK(server.questions > questions);
    }
    dns_server_close(&server);
}

/* No answer is no answer: it is asked for again. */
TEST(names_J13_silence_is_not_kept)
{
    static const char *const hosts[] = {"silent.test", "broken.test", "garbage.test"};

    open_server();
    CHECK_INT(impatient_resolver(0.05), 0);
    for (size_t i = 0; i < count_of(hosts); i++) {
        CHECK_INT(look_up(hosts[i]), EDDY_ENAME);
        int questions = server.questions;
        CHECK_INT(look_up(hosts[i]), EDDY_ENAME);
        CHECK(server.questions > questions);
    }
    dns_server_close(&server);
}

TEST(names_J13_least_recently_used_leaves_first)
{
    open_server();
    CHECK_INT(resolver(2, 0), 0);
    CHECK_INT(look_up("ttl1000.test"), 1);
    CHECK_INT(look_up("ttl1001.test"), 1);
    CHECK_INT(look_up("ttl1000.test"), 1);
    CHECK_INT(server.questions, 4);
    CHECK_INT(look_up("ttl1002.test"), 1); /* instead of 1001 */
    CHECK_INT(look_up("ttl1000.test"), 1);
    CHECK_INT(look_up("ttl1002.test"), 1);
    CHECK_INT(server.questions, 6);
    CHECK_INT(look_up("ttl1001.test"), 1);
    CHECK_INT(server.questions, 8);
    dns_server_close(&server);
}

/* What is kept does not grow with the number of names. */
TEST(names_J13_cache_is_bounded)
{
    char host[32];
    long before = 0;

    open_server();
    CHECK_INT(resolver(50, 0), 0);
    for (int i = 0; i < 300; i++) {
        snprintf(host, sizeof host, "ttl%d.test", 1000 + i);
        CHECK_INT(look_up(host), 1);
        if (i == 100)
            before = eddy__alloc_live();
    }
    CHECK_INT(eddy__alloc_live(), before);
    dns_server_close(&server);
}

/* ---- J13: one question ---- */

TEST(names_J13_one_question_for_all_who_ask)
{
    enum { MANY = 20 };
    eddy_task *tasks[MANY];
    int status[MANY];

    open_server();
    for (int i = 0; i < MANY; i++)
        tasks[i] =
            eddy_create_task(looks_up_coro(i % 2 ? "slow300.test" : "SLOW300.test", &status[i]));
    for (int i = 0; i < MANY; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK_INT(status[i], 1);
        eddy_task_close(tasks[i]);
    }
    CHECK_INT(server.questions, 2);
    dns_server_close(&server);
}

TEST(names_J13_who_is_cancelled_leaves_the_question_to_the_others)
{
    int status[3];
    eddy_task *tasks[3];

    open_server();
    for (int i = 0; i < 3; i++)
        tasks[i] = eddy_create_task(looks_up_coro("slow300.test", &status[i]));
    turns(5);
    eddy_cancel(tasks[0]);
    CHECK_INT(eddy_await(tasks[0]), 0);
    CHECK_INT(status[0], EDDY_ECANCELED);
    for (int i = 1; i < 3; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK_INT(status[i], 1);
    }
    CHECK_INT(server.questions, 2);
    for (int i = 0; i < 3; i++)
        eddy_task_close(tasks[i]);
    dns_server_close(&server);
}

/* And when nobody is left, to the cache. */
TEST(names_J13_an_answer_nobody_waits_for_is_kept)
{
    int status;

    open_server();
    eddy_task *task = eddy_create_task(looks_up_coro("slow400.test", &status));
    turns(5);
    eddy_task_close(task);
    CHECK_INT(status, EDDY_ECANCELED);
    CHECK_INT(eddy_sleep(1.5), 0);
    CHECK_INT(look_up("slow400.test"), 1);
    CHECK_INT(server.questions, 2);
    dns_server_close(&server);
}

/* Who leaves the line takes a question back that was not put (T1). */
TEST(names_T1_cancelled_in_line_is_never_asked)
{
    int status[3];
    eddy_task *tasks[3];

    open_server();
    CHECK_INT(resolver(0, 1), 0);
    tasks[0] = eddy_create_task(looks_up_coro("slow300.test", &status[0]));
    tasks[1] = eddy_create_task(looks_up_coro("in4.test", &status[1]));
    tasks[2] = eddy_create_task(looks_up_coro("in6.test", &status[2]));
    turns(5);
    CHECK(server.questions <= 2);
    eddy_task_close(tasks[1]);
    CHECK_INT(status[1], EDDY_ECANCELED);
    CHECK_INT(eddy_await(tasks[2]), 0);
    CHECK_INT(status[2], 1);
    CHECK_INT(server.questions, 4);
    eddy_task_close(tasks[0]);
    eddy_task_close(tasks[2]);
    CHECK_INT(status[0], 1);
    dns_server_close(&server);
}

TEST(names_T1_all_who_wait_in_line_are_cancelled_in_one_turn)
{
    int status[3];
    eddy_task *tasks[3];

    open_server();
    CHECK_INT(resolver(0, 1), 0);
    tasks[0] = eddy_create_task(looks_up_coro("slow300.test", &status[0]));
    for (int i = 1; i < 3; i++)
        tasks[i] = eddy_create_task(looks_up_coro("in4.test", &status[i]));
    turns(5);
    for (int i = 1; i < 3; i++)
        eddy_cancel(tasks[i]);
    for (int i = 0; i < 3; i++) {
        CHECK_INT(eddy_await(tasks[i]), 0);
        CHECK_INT(status[i], i ? EDDY_ECANCELED : 1);
        eddy_task_close(tasks[i]);
    }
    CHECK_INT(server.questions, 2);
    dns_server_close(&server);
}

/* ---- J6 ---- */

static int ticks(int *count)
{
    for (;; ++*count)
        eddy_try(eddy_sleep(0.001));
}
EDDY_CORO(ticks, int *)

TEST_REAL(names_J6_look_up_does_not_block_the_loop)
{
    int count = 0;

    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
    eddy_auto(eddy_task) *ticker = eddy_create_task(ticks_coro(&count));
    CHECK_INT(look_up("slow200.test"), 1);
    CHECK(count > 2); /* a loaded machine makes few ticks */
    dns_server_close(&server);
}

TEST_REAL(names_J6_look_up_obeys_a_deadline)
{
    int status = 0;

    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
    double before = eddy_time();
    eddy_timeout(0.02)
        status = look_up("silent.test");
    CHECK_INT(status, EDDY_ETIMEDOUT);
    CHECK(test_is_watched() || eddy_time() - before < 1);
    dns_server_close(&server);
}

TEST_REAL(names_J6_look_up_is_cancelled_at_once)
{
    char host[] = "silent.test";
    int status = 0;

    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
    eddy_auto(eddy_task) *task = eddy_create_task(looks_up_coro(host, &status));
    CHECK_OK(eddy_sleep(0.02));
    double before = eddy_time();
    eddy_cancel(task);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, EDDY_ECANCELED);
    CHECK(test_is_watched() || eddy_time() - before < 1);
    memset(host, '?', sizeof host - 1);
    CHECK_OK(eddy_sleep(0.02));
    dns_server_close(&server);
}

/* An answer that comes when all have gone, the loop included, does no harm. */
TEST_PLAIN(names_J6_loop_closes_with_look_ups_under_way)
{
    static const char *const hosts[] = {"silent.test", "slow5.test", "in4.test"};

    dns_server_open(&server);
    for (int i = 0; i < 12; i++) {
        eddy_loop *loop = eddy_loop_open();
        int status[3];

        CHECK_INT(eddy_loop_set_resolver(loop, .servers = server.address, .queries = i < 6 ? 1 : 0),
                  0);
        for (int j = 0; j < 3; j++)
            eddy_detach(eddy_loop_create_task(loop, looks_up_coro(hosts[j], &status[j])));
        for (int j = 0; j < i % 6; j++)
            CHECK_INT(eddy_loop_run_once(loop, 0.001), 0);
        eddy_loop_close(loop);
    }
    dns_server_close(&server);
}

/* Its tasks cannot be ended then, and learn nothing any more. */
TEST_REAL(names_J6_of_a_loop_that_another_one_runs_beside)
{
    dns_server_open(&server);
    CHECK_INT(resolver(0, 0), 0);
    CHECK_INT(look_up("in4.test"), 1);
    eddy_loop *other = eddy_loop_open();
    CHECK(other != NULL);
    CHECK_INT(eddy_loop_set_resolver(other, .servers = server.address), 0);
    eddy_loop_close(other);
    CHECK_INT(look_up("in6.test"), 1);
    dns_server_close(&server);
}

static int in_child(void)
{
    CHECK_INT(resolver(0, 0), 0);
    CHECK_INT(look_up("in6.test"), 1);
    return 0;
}
EDDY_CORO(in_child)

static int child(void *arg)
{
    (void)arg;
    return eddy_run(in_child_coro()) < 0;
}

TEST_REAL(names_U6_child_of_a_fork_has_a_resolver_of_its_own)
{
    int status = 0;

    dns_server_open(&server);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = server.address), 0);
    eddy_auto(eddy_task) *task = eddy_create_task(looks_up_coro("slow100.test", &status));
    CHECK_OK(eddy_sleep(0.02));
    CHECK_INT(test_child(child, NULL, NULL, 0), 0);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, 1);
    dns_server_close(&server);
}

/* ---- storms ---- */

static int looks_up_often(uint64_t seed)
{
    static const char *const kinds[] = {"slow",    "ttl",   "nobody", "lost",
                                        "mangled", "empty", "silent", "big"};

    for (int i = 0; i < 10; i++) {
        char host[32];
        uint64_t r = random_next(&seed);

        snprintf(host, sizeof host, "%s%d.test", kinds[r % count_of(kinds)], (int)(r >> 32 & 3));
        eddy_timeout((double)(r >> 40 & 15) * 0.001)
            eddy_ignore(look_up(host));
    }
    return 0;
}
EDDY_CORO(looks_up_often, uint64_t)

/* X4: names that are asked for, expire, are pushed out and given up by many tasks at once. */
TEST_REAL(names_X4_storm)
{
    enum { MANY = 60 };
    eddy_task *tasks[MANY];
    uint64_t state = 1;

    dns_server_open(&server);
    CHECK_INT(impatient_resolver(0.05), 0);
    for (int i = 0; i < MANY; i++)
        tasks[i] = eddy_create_task(looks_up_often_coro((uint64_t)i));
    for (int i = 0; i < MANY; i++) {
        if (random_next(&state) % 4)
            CHECK_INT(eddy_await(tasks[i]), 0);
        eddy_task_close(tasks[i]);
    }
    dns_server_close(&server);
}

/* ---- settings ---- */

static void check_refused(eddy_resolver_opts opts, const char *words)
{
    CHECK_INT(eddy_loop_set_resolver_with(eddy_loop_running(), &opts), EDDY_EINVAL);
    CHECK_CONTAINS(last_message(), words);
}

TEST(set_resolver_bad_settings)
{
    static const char *const servers[] = {"",
                                          "name",
                                          "192.0.2.1:",
                                          "192.0.2.1:0",
                                          "192.0.2.1:65536",
                                          "192.0.2.1:53x",
                                          "192.0.2.1,,192.0.2.2",
                                          "[::1",
                                          "[::1]53",
                                          "192.0.2.1 ",
                                          "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
                                          "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
                                          "1.1.1.1,1.1.1.1,1.1.1.1"};

    for (size_t i = 0; i < count_of(servers); i++)
        check_refused((eddy_resolver_opts){.servers = servers[i]}, "a list like \"192.0.2.1,");
    check_refused((eddy_resolver_opts){.timeout = -1}, "between 0 and 3,600 s, not -1");
    check_refused((eddy_resolver_opts){.timeout = (double)NAN}, "between 0 and 3,600 s");
    check_refused((eddy_resolver_opts){.attempts = -1}, "1 to 100 attempts");
    check_refused((eddy_resolver_opts){.cache = 1u << 30}, "keeps at most");
    check_refused((eddy_resolver_opts){.max_ttl = (double)NAN}, "max_ttl");
}

TEST(set_resolver_servers)
{
    char servers[100];

    dns_server_open(&server);
    snprintf(servers, sizeof servers, "%s,[::1]:%d,192.0.2.1", server.address, 1);
    CHECK_INT(eddy_loop_set_resolver(eddy_loop_running(), .servers = servers), 0);
    memset(servers, '?', sizeof servers - 1);
    CHECK_INT(look_up("in4.test"), 1);
    dns_server_close(&server);
}

TEST(set_resolver_while_a_task_waits)
{
    int status = 0;

    open_server();
    eddy_auto(eddy_task) *task = eddy_create_task(looks_up_coro("slow300.test", &status));
    CHECK_OK(eddy_sleep(0));
    CHECK_INT(resolver(0, 0), EDDY_EBUSY);
    turns(5);
    CHECK_INT(resolver(0, 0), EDDY_EBUSY);
    CHECK_INT(eddy_await(task), 0);
    CHECK_INT(status, 1);
    CHECK_INT(resolver(0, 0), 0);
    CHECK_INT(look_up("slow300.test"), 1);
    CHECK(server.questions >=
          4); /* more on a busy machine: one that is not answered is asked again */
    dns_server_close(&server);
}

/* ---- sweeps ---- */

static int name_of(const char *host)
{
    eddy_address address;
    char name[EDDY_HOST_NAME];

    eddy_try(eddy_address_parse(&address, host, 0));
    return eddy_getnameinfo(&address, name);
}

/* The server is of the round's process. */
static int look_ups(void)
{
    int status;

    dns_server_open(&server);
    status = impatient_resolver(0.2);
    if (status >= 0)
        status = look_up("both.test");
    if (status >= 0)
        status = look_up("both.test");
    if (status >= 0)
        status = look_up("big.test");
    if (status >= 0)
        status = name_of("192.0.2.9");
    if (status >= 0 && look_up("nobody.test") == EDDY_ENAME)
        status = look_up("alias.test");
    else if (status >= 0)
        status = eddy_last_status();
    dns_server_close(&server);
    return status;
}

SWEEP(names_sweep)
{
    return look_ups();
}

TORTURE(names_torture)
{
    return look_ups();
}
