/* A chat room: what one guest says all others hear. The room needs no lock, since only calls that
 * suspend let others run; but sending is such a call, so say() takes a guest only after checking
 * that he is still there. */
#include "tour.h"

enum { SEATS = 10 };

struct guest {
    char name[20];
    eddy_stream *stream;
};

struct room {
    struct guest *guests[SEATS];
    int count;
};

__attribute__((format(printf, 3, 4))) static int say(struct room *room, const struct guest *but,
                                                     const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    for (int i = 0; i < SEATS; i++)
        if (room->guests[i] && room->guests[i] != but)
            eddy_ignore(eddy_printf(room->guests[i]->stream, "%s\n", text)); /* he may have gone */
    return 0;
}

static int enter(struct room *room, struct guest *guest)
{
    for (int i = 0; i < SEATS; i++)
        if (!room->guests[i]) {
            room->guests[i] = guest;
            room->count++;
            return 0;
        }
    return eddy_raise(EDDY_EUSER, "the room is full");
}

static void leave(struct room *room, const struct guest *guest)
{
    for (int i = 0; i < SEATS; i++)
        if (room->guests[i] == guest)
            room->guests[i] = NULL;
    room->count--;
}

static int talk(struct room *room, struct guest *guest)
{
    char *line;

    for (;;) {
        eddy_try(eddy_read_line(guest->stream, &line));
        if (!line || !*line || strcmp(line, "/quit") == 0)
            return 0;
        eddy_try(say(room, guest, "%s: %s", guest->name, line));
    }
}

static int handle(eddy_stream *peer)
{
    struct room *room = eddy_stream_arg(peer);
    struct guest guest = {.stream = peer};
    char *line;

    eddy_try(eddy_read_line(peer, &line));
    snprintf(guest.name, sizeof guest.name, "%s", line ? line : "");
    eddy_try(enter(room, &guest));
    int r = say(room, NULL, "* %s joined (%d here)", guest.name, room->count);
    if (r >= 0)
        r = talk(room, &guest);
    leave(room, &guest);
    eddy_stream_close(peer);
    eddy_ignore(say(room, NULL, "* %s left (%d here)", guest.name, room->count));
    return r;
}

/* ---- the guests' side ---- */

static eddy_stream *join(int port, const char *name)
{
    eddy_auto(eddy_stream) *server = eddy_connect("127.0.0.1", .port = port);

    if (!server || eddy_printf(server, "%s\n", name) < 0)
        return NULL;
    return eddy_take(server);
}

static int expect(eddy_stream *server, const char *name)
{
    char *line;

    eddy_try(eddy_read_line(server, &line));
    printf("[%s] %s\n", name, line ? line : "");
    return 0;
}

static int converse(int port, const struct room *room)
{
    char rest[64];
    eddy_auto(eddy_stream) *ann = eddy_try(join(port, "ann"));
    eddy_try(expect(ann, "ann"));
    eddy_auto(eddy_stream) *bob = eddy_try(join(port, "bob"));
    eddy_try(expect(ann, "ann"));
    eddy_try(expect(bob, "bob"));
    eddy_auto(eddy_stream) *cy = eddy_try(join(port, "cy"));
    eddy_try(expect(ann, "ann"));
    eddy_try(expect(bob, "bob"));
    eddy_try(expect(cy, "cy"));

    eddy_try(eddy_printf(ann, "hello everyone\n"));
    eddy_try(expect(bob, "bob"));
    eddy_try(expect(cy, "cy"));
    eddy_try(eddy_printf(bob, "你好\n"));
    eddy_try(expect(ann, "ann"));
    eddy_try(expect(cy, "cy"));
    eddy_try(eddy_printf(bob, "/quit\n"));
    eddy_try(expect(ann, "ann"));
    eddy_try(expect(cy, "cy"));
    eddy_stream_close(eddy_take(cy)); /* drops without a word */
    eddy_try(expect(ann, "ann"));

    printf("left in the room:");
    for (int i = 0; i < SEATS; i++)
        if (room->guests[i])
            printf(" ['%s']", room->guests[i]->name);
    printf("\n");
    eddy_try(eddy_printf(ann, "/quit\n"));
    ssize_t n = eddy_try(eddy_read(ann, rest, sizeof rest));
    printf("end of stream: b'%.*s'\n", (int)n, rest);
    return 0;
}

static int chat_server(void)
{
    struct room room = {.count = 0};
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(handle, .host = "127.0.0.1", .arg = &room));

    return converse(eddy_server_port(server), &room);
}
EDDY_CORO(chat_server)

int main(void)
{
    return eddy_run(chat_server_coro()) < 0;
}
