/* curl_loop.c - the bridge: libcurl's socket and timer callbacks on one side, the loop's watches
 * and calls on the other, a future between them and the task. */
/* pkg-config: libcurl */
#include "curl_loop.h"
#include <eddy/error.h>
#include <eddy/future.h>
#include <eddy/loop.h>
#include <stdlib.h>

struct curl_loop {
    eddy_loop *loop;
    CURLM *multi;
    eddy_handle timer; /* libcurl has one; call is NULL before it was ever armed */
};

/* ---- from libcurl to tasks ---------------------------------------------------------------- */

static void resolve_finished(curl_loop *self)
{
    CURLMsg *message;
    int left;

    while ((message = curl_multi_info_read(self->multi, &left))) {
        if (message->msg != CURLMSG_DONE)
            continue;
        CURLcode code = message->data.result;
        char *done = NULL;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &done);
        eddy_future_set_result((eddy_future *)(void *)done, &code);
    }
}

/* Tells libcurl what came about and lets it work. */
static void step(curl_loop *self, curl_socket_t fd, int events)
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
    step(arg, CURL_SOCKET_TIMEOUT, 0);
    return 0;
}

/* ---- from libcurl to the loop ------------------------------------------------------------- */

/* The watch is kept by libcurl beside its socket. It is gone before libcurl closes the descriptor;
 * a socket that never was announced may be removed, too. */
static int on_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *socket)
{
    curl_loop *self = arg;
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
    curl_loop *self = arg;

    (void)multi;
    if (self->timer.call)
        eddy_loop_cancel_call(self->loop, self->timer);
    self->timer.call = NULL;
    if (milliseconds < 0)
        return 0;
    self->timer = eddy_loop_call_later(self->loop, (double)milliseconds / 1000, on_time, self);
    return self->timer.call ? 0 : -1;
}

/* ---- the coroutine level ------------------------------------------------------------------ */

static void adopt(curl_loop *self, CURLM *multi)
{
    self->multi = multi;
    curl_multi_setopt(multi, CURLMOPT_SOCKETFUNCTION, on_socket);
    curl_multi_setopt(multi, CURLMOPT_SOCKETDATA, self);
    curl_multi_setopt(multi, CURLMOPT_TIMERFUNCTION, on_timer);
    curl_multi_setopt(multi, CURLMOPT_TIMERDATA, self);
}

curl_loop *curl_loop_open(void)
{
    eddy_loop *loop = eddy_loop_running();

    if (!loop) {
        eddy_ignore(eddy_raise(EDDY_ELOOP, "no loop runs in this thread"));
        return NULL;
    }
    curl_loop *self = calloc(1, sizeof *self);
    CURLM *multi = curl_multi_init();
    if (!self || !multi) {
        free(self);
        curl_multi_cleanup(multi);
        eddy_ignore(eddy_raise(EDDY_ENOMEM, "no memory for libcurl"));
        return NULL;
    }
    self->loop = loop;
    adopt(self, multi);
    return self;
}

int curl_loop_disconnect(curl_loop *self)
{
    /* libcurl closes idle connections only together with what keeps them. */
    CURLM *multi = curl_multi_init();

    if (!multi)
        return eddy_raise(EDDY_ENOMEM, "no memory for libcurl");
    curl_multi_cleanup(self->multi);
    adopt(self, multi);
    return 0;
}

void curl_loop_close(curl_loop *self)
{
    if (!self)
        return;
    /* Closing the connections that it kept may still change sockets and the timer. */
    curl_multi_cleanup(self->multi);
    if (self->timer.call)
        eddy_loop_cancel_call(self->loop, self->timer);
    free(self);
}

int curl_loop_perform(curl_loop *self, CURL *easy)
{
    eddy_auto(eddy_future) *done = eddy_try(eddy_future_open(sizeof(CURLcode)));
    CURLcode code = CURLE_OK;

    curl_easy_setopt(easy, CURLOPT_PRIVATE, done);
    CURLMcode refused = curl_multi_add_handle(self->multi, easy);
    int r = refused ? eddy_raise(EDDY_EINVAL, "libcurl: %s", curl_multi_strerror(refused))
                    : eddy_future_await(done, &code);
    /* Before the future goes: afterwards libcurl says no more of this transfer. */
    curl_multi_remove_handle(self->multi, easy);
    return r < 0 ? r : (int)code;
}
