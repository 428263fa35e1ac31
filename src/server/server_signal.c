/* server_signal.c - a server that stops on SIGTERM and SIGINT. */
#include "server/server.h"
#include <eddy/signal.h>

/* The body of a task beside the accepting one. A signal that comes while the server is stopping, or
 * the end of the time to drain, aborts what is left; from then on signals do what they did before
 * the server. */
static int hear(eddy_server *server)
{
    int r = eddy_signal_next(server->signals);

    if (r >= 0 && !server->stopped) {
        eddy_server_stop(server);
        eddy_timeout(server->drain)
            r = eddy_signal_next(server->signals);
    }
    if (r != EDDY_ECANCELED)
        eddy__connections_cancel(server);
    return 0;
}
EDDY_CORO(hear, eddy_server *)

static void hearer_ended(eddy_task *task)
{
    eddy_server *server = task->owner;

    eddy_signal_close(server->signals);
    server->signals = NULL;
    eddy__server_unref(server);
}

/* A shell without job control has its background jobs ignore SIGINT: that is respected. */
static bool is_ignored(int number)
{
    struct sigaction action;

    return sigaction(number, NULL, &action) == 0 && action.sa_handler == SIG_IGN;
}

int eddy__server_signals_start(eddy_server *server)
{
    const int numbers[] = {SIGTERM, SIGINT};
    char name[EDDY_ADDRESS_TEXT + 24];
    eddy_coro coro = hear_coro(server);

    server->signals = eddy_signal_open_n(numbers, is_ignored(SIGINT) ? 1 : 2);
    if (!server->signals)
        return eddy_last_status();
    snprintf(name, sizeof name, "signals of server %s", server->name);
    server->hearer = eddy__task_new(server->loop, &coro, &(eddy_task_opts){.name = name});
    if (!server->hearer) {
        eddy_signal_close(server->signals);
        return EDDY_ENOMEM;
    }
    server->refs++;
    server->hearer->owner = server;
    server->hearer->on_end = hearer_ended;
    eddy__task_start(server->hearer);
    return 0;
}

void eddy__server_signals_end(eddy_server *server)
{
    eddy_task *hearer = server->hearer;

    if (!hearer)
        return;
    eddy__task_cancel(hearer, eddy__self());
    if (eddy__self())
        eddy__task_join(hearer);
    eddy_detach(hearer);
}
