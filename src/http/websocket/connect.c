/* connect.c - a WebSocket to a server: the client's side. */
#include "http/client/client.h"
#include "http/websocket/handshake.h"

static void connected_is_done(void *arg)
{
    eddy_response_close(arg);
}

/* The fields of the handshake and those of the program; NULL, raised. */
static const eddy_pair *all_fields_of(struct eddy__handshake *shake, const eddy_pair *headers,
                                      struct eddy__arena *arena)
{
    for (const eddy_pair *h = headers; h && h->name; h++)
        if (eddy__fields_add(&shake->fields, arena, h->name, h->value) < 0)
            return NULL;
    return shake->fields.list;
}

static eddy_websocket *open_upon(eddy_response *response, struct eddy__handshake *shake,
                                 const eddy_websocket_opts *opts)
{
    if (eddy__handshake_check(shake, &response->head, opts, &response->arena) < 0)
        return NULL;
    struct eddy__websocket_settings settings = eddy__handshake_settings(shake, opts);
    settings.done = connected_is_done;
    settings.arg = response;
    return eddy__websocket_open(eddy_response_body(response), true, &settings);
}

static eddy_websocket *connect_with(eddy_http *http, const char *url,
                                    const eddy_websocket_opts *opts, struct eddy__arena *arena)
{
    struct eddy__handshake shake;
    const eddy_pair *fields = NULL;

    if (eddy__handshake_request(&shake, opts, arena) >= 0)
        fields = all_fields_of(&shake, opts->headers, arena);
    eddy_response *response = fields ? eddy_http_get(http, url, .upgrade = "websocket",
                                                     .headers = fields, .max_redirects = -1)
                                     : NULL;
    eddy_websocket *ws = response ? open_upon(response, &shake, opts) : NULL;
    if (!ws)
        eddy_response_close(response);
    return ws;
}

eddy_websocket *eddy_websocket_connect_with(eddy_http *http, const char *url,
                                            const eddy_websocket_opts *opts)
{
    struct eddy__arena arena = {0};
    eddy_websocket *ws = connect_with(http, url, opts ? opts : &(eddy_websocket_opts){0}, &arena);

    eddy__arena_free(&arena);
    return ws;
}
