/* script.h - a server that says exactly what a test has written down, over streams in memory or
 * over TCP, and keeps what it was told. */
#ifndef SCRIPT_H
#define SCRIPT_H

#include "test.h"

#include <eddy/http/client.h>

enum { STEPS = 64, CONNECTIONS = 128, HEARD = 4096 };

/* What is done after an answer. */
enum after { THEN_KEEP, THEN_CLOSE, THEN_RESET, THEN_HANG };

struct step {
    const char *answer; /* NULL: none */
    enum after after;
    double delay;      /* seconds before the answer */
    const char *later; /* more of it, after pause seconds */
    double pause;
    bool deaf; /* answers when the head has come, and reads no body */
};

/* For each request the next step, over all connections; the last one for all that follow. */
struct script {
    const struct step *steps;
    int count;
    int requests;             /* that came */
    int connections;          /* that were made */
    int open;                 /* and have not ended */
    char (*heard)[HEARD];     /* STEPS of them, each with its body, as far as there is room */
    size_t heard_size[STEPS]; /* of head and body */
    eddy_task *tasks[CONNECTIONS];
    eddy_stream *peers[CONNECTIONS]; /* whose tasks have not begun */
};

static inline void script_note(struct script *script, int n, const char *data, size_t size)
{
    if (n >= STEPS)
        return;
    size_t at = script->heard_size[n];
    for (size_t i = 0; i < size && at + i < HEARD - 1; i++)
        script->heard[n][at + i] = data[i];
    script->heard_size[n] += size;
}

static inline int script_hear_chunks(struct script *script, int n, eddy_stream *peer)
{
    char *line;
    ssize_t size;

    while ((size = eddy_try(eddy_read_until(peer, "\r\n", &line))) > 0) {
        script_note(script, n, line, (size_t)size);
        if (n < STEPS && strstr(script->heard[n], "\r\n0\r\n\r\n"))
            return 0;
    }
    return 0;
}

/* 1: a request has come; 0: the end. */
static inline int script_hear(struct script *script, eddy_stream *peer, int *n, bool deaf)
{
    char *data, piece[1024];
    ssize_t size = eddy_read_until(peer, "\r\n\r\n", &data);

    if (size == EDDY_EOF)
        return 0;
    eddy_try(size);
    *n = script->requests++;
    script_note(script, *n, data, (size_t)size);
    const char *length = strstr(data, "Content-Length: ");
    long left = length && !deaf ? strtol(length + 16, NULL, 10) : 0;
    if (!deaf && strstr(data, "Transfer-Encoding: chunked"))
        eddy_try(script_hear_chunks(script, *n, peer));
    while (left > 0) {
        size = eddy_try(eddy_read(peer, piece, left < 1024 ? (size_t)left : sizeof piece));
        if (size == 0)
            return eddy_raise(EDDY_EOF, "half of a body");
        script_note(script, *n, piece, (size_t)size);
        left -= size;
    }
    return 1;
}

static inline int script_say(const struct step *step, eddy_stream *peer)
{
    if (step->delay > 0)
        eddy_try(eddy_sleep(step->delay));
    if (step->answer)
        eddy_try(eddy_write(peer, step->answer, strlen(step->answer)));
    if (step->pause > 0)
        eddy_try(eddy_sleep(step->pause));
    if (step->later)
        eddy_try(eddy_write(peer, step->later, strlen(step->later)));
    if (step->after == THEN_RESET)
        eddy_stream_abort(peer);
    while (step->after == THEN_HANG)
        eddy_try(eddy_sleep(1000));
    return 0;
}

static inline const struct step *script_step(const struct script *script)
{
    int n = script->requests;

    return &script->steps[n < script->count ? n : script->count - 1];
}

static inline int script_serve(struct script *script, eddy_stream *peer)
{
    int n = 0, status;

    for (;;) {
        const struct step *step = script_step(script);

        status = script_hear(script, peer, &n, step->deaf);
        if (status <= 0)
            break;
        step = &script->steps[n < script->count ? n : script->count - 1];
        status = script_say(step, peer);
        if (status < 0 || step->after != THEN_KEEP)
            break;
    }
    return status;
}

static inline int script_serve_and_close(struct script *script, int n)
{
    eddy_stream *peer = eddy_take(script->peers[n]);
    int status = script_serve(script, peer);

    eddy_stream_close(peer);
    script->open--;
    return status == EDDY_ECONNRESET || status == EDDY_EPIPE || status == EDDY_EOF ||
                   status == EDDY_ECLOSED
               ? 0
               : status;
}
EDDY_CORO(script_serve_and_close, struct script *, int)

/* .connect of a session: a connection in memory. */
static inline eddy_stream *script_connect(const char *host, int port, void *arg)
{
    struct script *script = arg;
    eddy_stream *pair[2];

    (void)host;
    (void)port;
    if (script->connections == CONNECTIONS) {
        eddy_raise(EDDY_ELIMIT, "too many connections for a test");
        return NULL;
    }
    if (eddy_stream_pair(pair) < 0)
        return NULL;
    int n = script->connections;
    script->tasks[n] = eddy_create_task(script_serve_and_close_coro(script, n));
    if (!script->tasks[n]) {
        eddy_stream_close(pair[0]);
        eddy_stream_close(pair[1]);
        return NULL;
    }
    script->peers[n] = pair[1];
    script->connections++;
    script->open++;
    return pair[0];
}

/* An eddy_handler, whose server has the script as its .arg. */
static inline int script_handler(eddy_stream *peer)
{
    struct script *script = eddy_stream_arg(peer);
    int status;

    script->connections++;
    script->open++;
    status = script_serve(script, peer);
    script->open--;
    return status == EDDY_EOF ? 0 : status;
}

static inline void script_end(struct script *script)
{
    for (int i = 0; i < script->connections && i < CONNECTIONS; i++) {
        if (script->tasks[i] && eddy_task_done(script->tasks[i]))
            eddy_task_status(script->tasks[i]);
        eddy_task_close(script->tasks[i]);
        script->tasks[i] = NULL;
        eddy_stream_close(eddy_take(script->peers[i]));
    }
}

/* struct script s of these steps; it ends with the block, after what was opened later. */
#define SCRIPT(name, ...)                                                                          \
    static const struct step name##_steps[] = {__VA_ARGS__};                                       \
    static struct script name##_script;                                                            \
    struct script *name __attribute__((cleanup(script_cleanup))) = &name##_script;                 \
    script_begin(name, name##_steps, (int)(sizeof name##_steps / sizeof *name##_steps))
static inline void script_begin(struct script *script, const struct step *steps, int count)
{
    *script = (struct script){
        .steps = steps, .count = count, .heard = test_room(sizeof(char[STEPS][HEARD]))};
}
static inline void script_cleanup(struct script **script)
{
    script_end(*script);
}

/* A session whose connections lead to the script. */
#define SESSION(server, ...)                                                                       \
    eddy_http_open(.base_url = "http://test", .connect = script_connect, .connect_arg = (server),  \
                   ##__VA_ARGS__)

/* "200 text" of the answer to GET path. */
static inline int script_get(eddy_http *http, const char *path, char *text, size_t size)
{
    eddy_auto(eddy_response) *response = eddy_try(eddy_http_get(http, path));
    const char *all = eddy_try(eddy_response_text(response));

    snprintf(text, size, "%d %s", eddy_response_status(response), all);
    return 0;
}
EDDY_CORO(script_get, eddy_http *, const char *, char *, size_t)

#define CHECK_GET(http, path, expected)                                                            \
    do {                                                                                           \
        char text_[256] = "";                                                                      \
        CHECK_OK(script_get(http, path, text_, sizeof text_));                                     \
        CHECK_STR(text_, expected);                                                                \
    } while (0)
#define CHECK_GET_FAILS(http, path, code)                                                          \
    do {                                                                                           \
        char text_[256] = "";                                                                      \
        CHECK_INT(script_get(http, path, text_, sizeof text_), code);                              \
    } while (0)

#define OK_TEXT(n, text)                                                                           \
    "HTTP/1.1 200 OK\r\nContent-Length: " #n "\r\nContent-Type: text/plain\r\n\r\n" text

#endif
