/* chat.c - all who run it on a network talk to each other, without a server:
 * chat NAME [INTERFACE [PORT]]
 *
 * Lines from standard input go to a multicast group that everybody has joined; what is said there
 * is printed. Try it in two terminals, with "lo" for one machine. Ctrl-D or Ctrl-C ends it. */
#include <eddy.h>
#include <stdlib.h>

static const char GROUP[] = "239.255.77.7";
enum { LONGEST = 1200 };

static int listen_to_all(eddy_datagram *room)
{
    char text[LONGEST + 1], name[EDDY_ADDRESS_TEXT];
    eddy_address from;

    for (;;) {
        ssize_t n = eddy_datagram_receive(room, text, LONGEST, &from);

        if (n == EDDY_EMSGSIZE) /* somebody else's program: not a reason to leave */
            continue;
        text[eddy_try(n)] = '\0';
        printf("%s  (%s)\n", text, eddy_address_format(&from, name));
        fflush(stdout);
    }
}
EDDY_CORO(listen_to_all, eddy_datagram *)

static int say(eddy_datagram *room, const char *name, const char *line)
{
    char text[LONGEST];
    eddy_address everybody;

    snprintf(text, sizeof text, "%s: %s", name, line);
    eddy_try(eddy_address_parse(&everybody, GROUP, eddy_datagram_port(room)));
    return (int)eddy_datagram_send_to(room, text, strlen(text), &everybody);
}

static int chat(const char *name, const char *via, int port)
{
    char *line;

    eddy_auto(eddy_datagram) *room = eddy_try(
        eddy_datagram_open(.host = "*", .port = port, .reuse_port = true, .multicast_via = via));
    eddy_try(eddy_datagram_join(room, GROUP, via));
    eddy_auto(eddy_stream) *input = eddy_try(eddy_stdin());
    eddy_auto(eddy_task) *listener = eddy_try(eddy_create_task(listen_to_all_coro(room)));
    eddy_try(say(room, name, "hello"));
    while (eddy_try(eddy_read_line(input, &line)), line)
        eddy_try(say(room, name, line));
    return say(room, name, "bye");
}
EDDY_CORO(chat, const char *, const char *, int)

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: chat NAME [INTERFACE [PORT]]\n");
        return 2;
    }
    int port = argc > 3 ? (int)strtol(argv[3], NULL, 10) : 7077;
    int status = eddy_run(chat_coro(argv[1], argc > 2 ? argv[2] : NULL, port));

    return status < 0 && status != EDDY_ECANCELED;
}
