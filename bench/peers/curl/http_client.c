/* libcurl's multi interface, driven by its sockets and one timer on epoll: 100 transfers at once,
 * whose handles are used again. By HTTP/1.1, then by HTTP/2 and TLS on one connection.
 *
 * http_client PORT TLS_PORT [COUNT] */
#include "bench.h"

#include <curl/curl.h>

enum { AT_ONCE = 100 };

static CURLM *multi;
static int epoll;
static double deadline = -1; /* of libcurl's timer; negative: none */

static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *known)
{
    struct epoll_event event = {.data.fd = fd};

    (void)easy, (void)arg;
    if (what == CURL_POLL_REMOVE)
        return epoll_ctl(epoll, EPOLL_CTL_DEL, fd, NULL), 0;
    event.events = (what & CURL_POLL_IN ? EPOLLIN : 0u) | (what & CURL_POLL_OUT ? EPOLLOUT : 0u);
    epoll_ctl(epoll, known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, fd, &event);
    curl_multi_assign(multi, fd, multi);
    return 0;
}

static int on_timer(CURLM *of, long ms, void *arg)
{
    (void)of, (void)arg;
    deadline = ms < 0 ? -1 : bench_now() + (double)ms / 1e3;
    return 0;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    (void)data;
    *(size_t *)arg += size * count;
    return size * count;
}

static void check(CURL *easy, CURLcode result, long version, const size_t *got)
{
    long status = 0, used = 0;

    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    curl_easy_getinfo(easy, CURLINFO_HTTP_VERSION, &used);
    if (result == CURLE_OK && status == 200 && *got > 0 && used == version)
        return;
    fprintf(stderr, "%s, status %ld\n", curl_easy_strerror(result), status);
    exit(1);
}

/* Takes the transfers that are done, and begins others with their handles. */
static long again(long version, long *to_start)
{
    CURLMsg *message;
    long done = 0;
    int left;

    while ((message = curl_multi_info_read(multi, &left))) {
        CURL *easy = message->easy_handle;
        size_t *got;

        curl_easy_getinfo(easy, CURLINFO_PRIVATE, &got);
        check(easy, message->data.result, version, got);
        *got = 0;
        done++;
        curl_multi_remove_handle(multi, easy);
        if (*to_start > 0) {
            --*to_start;
            curl_multi_add_handle(multi, easy);
        }
    }
    return done;
}

static void step(void)
{
    struct epoll_event events[64];
    double wait = deadline < 0 ? 1 : deadline - bench_now();
    int running, n = epoll_wait(epoll, events, 64, wait > 0 ? (int)(wait * 1e3) + 1 : 0);

    for (int i = 0; i < n; i++)
        curl_multi_socket_action(multi, events[i].data.fd,
                                 (events[i].events & EPOLLIN ? CURL_CSELECT_IN : 0) |
                                     (events[i].events & EPOLLOUT ? CURL_CSELECT_OUT : 0),
                                 &running);
    if (deadline >= 0 && bench_now() >= deadline) {
        deadline = -1;
        curl_multi_socket_action(multi, CURL_SOCKET_TIMEOUT, 0, &running);
    }
}

static CURL *handle(const char *url, long version, size_t *got)
{
    CURL *easy = curl_easy_init();

    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, got);
    curl_easy_setopt(easy, CURLOPT_PRIVATE, got);
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_HTTP_VERSION, version);
    curl_easy_setopt(easy, CURLOPT_PIPEWAIT, 1L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
    curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
    return easy;
}

static void measure(const char *url, long version, const char *name, long count)
{
    static size_t got[AT_ONCE];
    CURL *handles[AT_ONCE];
    double start = bench_now(), cpu = bench_cpu();
    long to_start = count - AT_ONCE, to_come = count;

    multi = curl_multi_init();
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_MAXCONNECTS, (long)AT_ONCE);
    for (int i = 0; i < AT_ONCE; i++)
        curl_multi_add_handle(multi, handles[i] = handle(url, version, &got[i]));
    while (to_come > 0) {
        step();
        to_come -= again(version, &to_start);
    }
    bench_report_gets(name, count, bench_now() - start, bench_cpu() - cpu);
    for (int i = 0; i < AT_ONCE; i++)
        curl_easy_cleanup(handles[i]);
    curl_multi_cleanup(multi);
}

int main(int argc, char **argv)
{
    long count = bench_arg(argc, argv, 3, 20000);
    char url[64];

    curl_global_init(CURL_GLOBAL_ALL);
    epoll = epoll_create1(0);
    snprintf(url, sizeof url, "http://127.0.0.1:%ld/", bench_arg(argc, argv, 1, 80));
    measure(url, CURL_HTTP_VERSION_1_1, "http_client", count);
    snprintf(url, sizeof url, "https://127.0.0.1:%ld/", bench_arg(argc, argv, 2, 443));
    measure(url, CURL_HTTP_VERSION_2_0, "http_client_h2", count);
    return 0;
}
