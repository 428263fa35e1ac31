/* curl_bridge.c - how a foreign library that has events of its own works on eddy's loop, here
 * libcurl with its "multi socket" interface.
 *
 *     curl_bridge URL ...
 *
 * downloads all of them at once and prints the status and the size of each. For HTTP alone take
 * <eddy/http.h>: this is for what eddy does not speak, such as SFTP, IMAP or MQTT.
 *
 * Such a library says which descriptors and which time it waits for, and wants to be told when they
 * come. So there are two halves:
 *
 *   on_socket and on_timer   what the library waits for becomes a watch and a call of the loop
 *   on_ready and on_time     what the loop has heard is told to the library (step)
 *
 * and a future between a transfer's end, which comes in a callback, and the task that waits for it
 * (bridge_perform). Callbacks run on the loop's own stack, beside all tasks: they must not suspend.
 *
 * What is not eddy's stays as it is: a name that libcurl looks up in a thread of its own holds the
 * loop up when the transfer is broken off meanwhile. */
/* pkg-config: libcurl */
#include <curl/curl.h>
#include <eddy.h>
#include <stdlib.h>

struct bridge {
    eddy_loop *loop;
    CURLM *multi;
    eddy_handle timer; /* libcurl has one; .call is NULL while it is not armed */
};

/* ---- from the loop to libcurl ---- */

static void resolve_finished(struct bridge *self)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(self->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        char *done = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
        eddy_ignore(eddy_future_set_result((eddy_future *)(void *)done, &code));
    }
}

/* Tells libcurl what came about and lets it work. */
static void step(struct bridge *self, curl_socket_t fd, int events)
{
    int running;

    /* After an error, that is when one of the callbacks below has failed, every transfer is doomed
     * but notices only when it runs. */
    if (curl_multi_socket_action(self->multi, fd, events, &running) != CURLM_OK)
        curl_multi_perform(self->multi, &running);
    resolve_finished(self);
}

static void on_ready(eddy_watch *watch, unsigned events, void *arg)
{
    int happened = 0;

    if (events & EDDY_READABLE)
        happened |= CURL_CSELECT_IN;
    if (events & EDDY_WRITABLE)
        happened |= CURL_CSELECT_OUT;
    step(arg, eddy_watch_fd(watch), happened);
}

static int on_time(void *arg)
{
    struct bridge *self = arg;

    self->timer.call = NULL;
    step(self, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

/* ---- from libcurl to the loop ---- */

/* libcurl keeps the watch beside its socket. It is gone before libcurl closes the descriptor; a
 * socket that never was announced may be removed, too. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
    struct bridge *self = arg;
    eddy_watch *watch = socket;
    unsigned events = 0;

    (void)easy;
    if (what == CURL_POLL_REMOVE) {
        eddy_watch_close(watch);
        return 0;
    }
    if (what & CURL_POLL_IN)
        events |= EDDY_READABLE;
    if (what & CURL_POLL_OUT)
        events |= EDDY_WRITABLE;
    if (watch)
        return eddy_watch_set(watch, events) < 0 ? -1 : 0;

    watch = eddy_watch_open(self->loop, fd, events, on_ready, self);
    if (!watch)
        return -1;
    if (curl_multi_assign(self->multi, fd, watch) != CURLM_OK) {
        eddy_watch_close(watch);
        return -1;
    }
    return 0;
}

/* libcurl forbids calling it back from here, even when the time is 0: the loop does, next turn. */
static int on_timer(CURLM *multi, long milliseconds, void *arg)
{
    struct bridge *self = arg;

    (void)multi;
    if (self->timer.call)
        eddy_loop_cancel_call(self->loop, self->timer);
    self->timer.call = NULL;
    if (milliseconds < 0)
        return 0;
    self->timer = eddy_loop_call_later(self->loop, (double)milliseconds / 1000, on_time, self);
    return self->timer.call ? 0 : -1;
}

/* ---- for tasks ---- */

/* Transfers share the connections of a bridge, which is for the running loop. */
static int bridge_open(struct bridge *self)
{
    *self = (struct bridge){.loop = eddy_loop_running(), .multi = curl_multi_init()};
    if (!self->multi)
        return eddy_raise(EDDY_ENOMEM, "no memory for libcurl");
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(self->multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(self->multi, CURLMOPT_TIMERDATA, self);
    return 0;
}

/* When no transfer is left. Closing the connections that libcurl keeps may still change sockets and
 * the timer. */
static void bridge_close(struct bridge *self)
{
    curl_multi_cleanup(self->multi);
    if (self->timer.call)
        eddy_loop_cancel_call(self->loop, self->timer);
}

/* Runs the transfer that easy describes: 0, or a failure with libcurl's words. Cancelled or out of
 * time it breaks the transfer off. Takes CURLOPT_PRIVATE for itself. */
EDDY_SUSPENDS static int bridge_perform(struct bridge *self, CURL *easy)
{
    eddy_auto(eddy_future) *done = eddy_try(eddy_future_open(sizeof(CURLcode)));
    CURLcode code = CURLE_OK;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, done);
    CURLMcode refused = curl_multi_add_handle(self->multi, easy);
    int r = refused ? eddy_raise(EDDY_EINVAL, "libcurl: %s", curl_multi_strerror(refused))
                    : eddy_future_await(done, &code);
    /* Before the future goes: afterwards libcurl says no more of this transfer. */
    curl_multi_remove_handle(self->multi, easy);
    if (r == 0 && code != CURLE_OK)
        return eddy_raise(EDDY_EUSER, "%s", curl_easy_strerror(code));
    return r;
}

/* ---- a program that uses it ---- */

static void easy_close(CURL *easy)
{
    curl_easy_cleanup(easy);
}
EDDY_AUTOCLOSE(CURL, easy_close)

static size_t on_body(char *data, size_t one, size_t size, void *arg)
{
    size_t *total = arg;

    (void)data;
    *total += one * size;
    return one * size;
}

static int transfer(struct bridge *bridge, const char *url)
{
    eddy_auto(CURL) *easy = curl_easy_init();
    size_t total = 0;
    long status = 0;

    if (!easy)
        return eddy_raise(EDDY_ENOMEM, "no memory for a transfer");
    curl_easy_setopt(easy, CURLOPT_URL, url);
    curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, on_body);
    curl_easy_setopt(easy, CURLOPT_WRITEDATA, &total);
    eddy_try(bridge_perform(bridge, easy));
    curl_easy_getinfo(easy, CURLINFO_RESPONSE_CODE, &status);
    printf("%s: %ld, %zu bytes\n", url, status, total);
    return 0;
}

/* A transfer that fails leaves the others alone. */
static int download(struct bridge *bridge, const char *url)
{
    int r = transfer(bridge, url);

    if (r == EDDY_ECANCELED)
        return r;
    if (r < 0)
        printf("%s: %s\n", url, eddy_error_message(eddy_last_error()));
    return 0;
}
EDDY_CORO(download, struct bridge *, const char *)

static int download_all(struct bridge *bridge, char **urls)
{
    eddy_auto(eddy_group) *group = eddy_try(eddy_group_open());

    for (char **url = urls; *url; url++)
        /* libcurl and its TLS library need more stack than eddy's own code does. */
        eddy_group_start(group, download_coro(bridge, *url), .stack_size = 256 * 1024);
    return eddy_group_join(group);
}

static int program(char **urls)
{
    struct bridge bridge;

    eddy_try(bridge_open(&bridge));
    int r = download_all(&bridge, urls);
    bridge_close(&bridge);
    return r;
}
EDDY_CORO(program, char **)

int main(int argc, char **argv)
{
    if (argc < 2) {
        fputs("usage: curl_bridge URL ...\n", stderr);
        return 2;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    curl_global_init(CURL_GLOBAL_DEFAULT);
    int r = eddy_run(program_coro(argv + 1));
    curl_global_cleanup();
    return r < 0;
}
