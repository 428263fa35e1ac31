/* member.c - connections to a server through memory: a task for each, which the server owns. */
#include "http/server/server.h"

#include <eddy/memory.h>

static int serve_member(struct eddy__member *m)
{
    m->begun = true;
    int status = eddy__http_connection(m->server, m->stream, m);

    eddy_stream_close(eddy_take(m->stream));
    m->ended = true;
    if (m->orphan)
        eddy_free(m);
    return status == EDDY_ECANCELED ? status : 0;
}
EDDY_CORO(serve_member, struct eddy__member *)

static void free_member(struct eddy__member *m)
{
    eddy_task_close(m->task);
    eddy_stream_close(m->stream);
    eddy_free(m);
}

/* Ends one that serves; not before its handler has ended, who may be the caller. */
static void end_member(struct eddy__member *m)
{
    if (m->ended || !m->begun) {
        free_member(m);
        return;
    }
    m->orphan = true;
    if (m->task == eddy_current_task())
        eddy_detach(m->task);
    else
        eddy_task_close(m->task);
}

/* Those whose task has ended. */
static void reap_members(eddy_http_server *server)
{
    struct eddy__member **at = &server->members, *m;

    while ((m = *at) != NULL) {
        if (m->ended) {
            *at = m->next;
            free_member(m);
        } else {
            at = &m->next;
        }
    }
}

eddy_stream *eddy_http_server_connect(eddy_http_server *server)
{
    eddy_stream *pair[2];

    if (server->closing) {
        eddy__raise(EDDY_ECLOSED, "the server takes no more connections");
        return NULL;
    }
    reap_members(server);
    struct eddy__member *m = eddy_alloc_zero(sizeof *m);
    if (!m) {
        eddy__raise(EDDY_ENOMEM, "no memory for a connection");
        return NULL;
    }
    if (eddy_stream_pair(pair) < 0) {
        eddy_free(m);
        return NULL;
    }
    *m = (struct eddy__member){.next = server->members, .server = server, .stream = pair[1]};
    m->task = eddy_create_task(serve_member_coro(m), .stack_size = server->opts.stack_size);
    if (!m->task) {
        free_member(m);
        eddy_stream_close(pair[0]);
        return NULL;
    }
    server->members = m;
    return pair[0];
}

void eddy__members_end_idle(eddy_http_server *server)
{
    for (struct eddy__member *m = server->members; m; m = m->next)
        if (m->end)
            m->end(m->end_arg);
        else if (m->idle)
            eddy_cancel(m->task);
}

void eddy__members_close(eddy_http_server *server)
{
    eddy_shield(INFINITY) {
        eddy_timeout(server->opts.drain) {
            for (struct eddy__member *m = server->members; m; m = m->next)
                if (m->task != eddy_current_task())
                    eddy_ignore(eddy_await_shielded(m->task));
        }
    }
    while (server->members) {
        struct eddy__member *m = server->members;

        server->members = m->next;
        end_member(m);
    }
}
