/* sse_chat.c - a chat in the browser: sse_chat [PORT], then open http://127.0.0.1:8080/ twice.
 *
 * What somebody says comes by POST and goes to all as a server-sent event (the page has an
 * EventSource). Who comes back after a break gets what was said meanwhile, by Last-Event-ID.
 * Ctrl-C ends it. */
/* pkg-config: eddy-http */
#include <eddy.h>
#include <eddy/http/events.h>
#include <eddy/http/server.h>
#include <stdlib.h>

enum { LONGEST = 500, KEPT = 100 };

/* The last words of the room; number n lies in words[n % KEPT]. */
static struct {
    char words[KEPT][LONGEST + 1];
    long count; /* of all that were said; the first one has number 0 */
    eddy_condition said;
} room;

static const char page[] =
    "<!DOCTYPE html>\n<html lang=\"en\">\n<meta charset=\"utf-8\">\n"
    "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
    "<title>Chat</title>\n"
    "<style>\n"
    ":root{color-scheme:light dark}\n"
    "body{font:16px/1.5 system-ui,sans-serif;max-width:40rem;margin:2rem auto;padding:0 1rem}\n"
    "#said{list-style:none;padding:0;min-height:12rem}\n"
    "#said li{background:#8882;border-radius:.6rem;padding:.4rem .8rem;margin:.4rem 0}\n"
    "#said li{width:fit-content}\n"
    "form{display:flex;gap:.5rem}input{flex:1}input,button{font:inherit;padding:.4rem .7rem}\n"
    "#state{color:#888;font-size:.85rem}\n"
    "</style>\n"
    "<h1>Chat</h1>\n<ul id=\"said\"></ul>\n"
    "<form><input name=\"words\" maxlength=\"500\" placeholder=\"Say something\" autofocus>"
    "<button>Send</button></form>\n<p id=\"state\">connecting</p>\n"
    "<script>\n"
    "const said = document.getElementById('said'), state = document.getElementById('state');\n"
    "const events = new EventSource('events');\n"
    "events.onopen = () => { state.textContent = 'connected'; };\n"
    "events.onerror = () => { state.textContent = 'connection lost, trying again'; };\n"
    "events.onmessage = event => {\n"
    "  const item = document.createElement('li');\n"
    "  item.textContent = event.data;\n"
    "  said.append(item);\n"
    "  item.scrollIntoView();\n"
    "};\n"
    "document.querySelector('form').onsubmit = event => {\n"
    "  event.preventDefault();\n"
    "  const input = event.target.words;\n"
    "  if (input.value) fetch('say', {method: 'POST', body: input.value});\n"
    "  input.value = '';\n"
    "};\n"
    "</script>\n";

static int show_page(eddy_request *request)
{
    return eddy_respond_bytes(request, 200, page, sizeof page - 1,
                              .type = "text/html; charset=utf-8", .no_copy = true);
}

static int say(eddy_request *request)
{
    const char *words = eddy_try(eddy_request_text(request));

    eddy_with(&room.said) {
        snprintf(room.words[room.count++ % KEPT], LONGEST + 1, "%s", words);
        eddy_try(eddy_condition_notify_all(&room.said));
    }
    return eddy_respond_bytes(request, 204, NULL, 0, .type = "");
}

/* What is not kept any more is passed over. */
static long of_the_kept(long number)
{
    return number < room.count - KEPT ? room.count - KEPT : number;
}

/* The number of what is to be sent first: what was not seen yet. */
static long first_for(eddy_request *request)
{
    const char *id = eddy_request_header(request, "Last-Event-ID");
    long seen = id ? strtol(id, NULL, 10) : -1;

    if (seen < -1 || seen >= room.count)
        return room.count;
    return seen + 1;
}

static int wait_for_words(long number)
{
    eddy_with(&room.said)
        while (room.count <= number)
            eddy_try(eddy_condition_wait(&room.said));
    return 0;
}

static int follow(eddy_request *request)
{
    eddy_auto(eddy_http_events) *events = eddy_try(eddy_http_events_open(request, .retry = 1));
    char id[24], words[LONGEST + 1];

    for (long next = first_for(request);; next++) {
        eddy_try(wait_for_words(next));
        next = of_the_kept(next);
        snprintf(id, sizeof id, "%ld", next);
        snprintf(words, sizeof words, "%s", room.words[next % KEPT]);
        eddy_try(eddy_http_events_send(events, words, .id = id));
    }
}

static int chat(int port)
{
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());

    eddy_try(eddy_route(router, "GET /{$}", show_page));
    eddy_try(eddy_route(router, "POST /say", say, .body_limit = LONGEST));
    eddy_try(eddy_route(router, "GET /events", follow));
    printf("http://127.0.0.1:%d/\n", port);
    fflush(stdout);
    return eddy_http_serve(router, .port = port, .stop_on_signal = true, .drain = 0.5);
}
EDDY_CORO(chat, int)

static int port_of(const char *text)
{
    char *end;
    long port = strtol(text, &end, 10);

    return *text && !*end && port > 0 && port <= 65535 ? (int)port : 0;
}

int main(int argc, char **argv)
{
    int port = argc == 1 ? 8080 : argc == 2 ? port_of(argv[1]) : 0;

    if (port)
        return eddy_run(chat_coro(port)) < 0;
    fprintf(stderr, "usage: %s [PORT], which is 1 to 65535; 8080\n", argv[0]);
    return 2;
}
