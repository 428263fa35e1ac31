/* udp_echo.c - sends every datagram back to its sender: udp_echo [PORT]
 *
 * Try it with: nc -u 127.0.0.1 7000. It takes and sends up to 64 datagrams with a system call.
 * Ctrl-C ends it. */
#include <eddy.h>
#include <stdio.h>
#include <stdlib.h>

enum { LONGEST = 65535 }; /* no datagram is longer */

static int echo(int port)
{
    static char data[EDDY_MESSAGES_MAX][LONGEST];
    eddy_datagram_message messages[EDDY_MESSAGES_MAX];

    eddy_auto(eddy_datagram) *server = eddy_try(eddy_datagram_open(.port = port));
    for (int i = 0; i < EDDY_MESSAGES_MAX; i++)
        messages[i] = (eddy_datagram_message){.data = data[i], .room = LONGEST};
    printf("echoing on 127.0.0.1:%d\n", eddy_datagram_port(server));
    fflush(stdout);
    for (;;) {
        int n = eddy_try(eddy_datagram_receive_many(server, messages, EDDY_MESSAGES_MAX));

        /* Each goes where it came from. What cannot be sent is left out, as the network might. */
        for (int sent = 0; sent < n;) {
            int more = eddy_datagram_send_many(server, messages + sent, (size_t)(n - sent));

            if (more == EDDY_ECANCELED)
                return more;
            sent += more > 0 ? more : 1;
        }
    }
}
EDDY_CORO(echo, int)

int main(int argc, char **argv)
{
    char *end = NULL;
    int port = argc > 1 ? (int)strtol(argv[1], &end, 10) : 7000;

    if (end && *end) {
        fprintf(stderr, "usage: udp_echo [PORT]\n");
        return 2;
    }
    int status = eddy_run(echo_coro(port));

    return status < 0 && status != EDDY_ECANCELED;
}
