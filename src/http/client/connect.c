/* connect.c - a stream to a server: by TCP or a Unix socket, to addresses that the program has
 * judged, through a proxy, with TLS. */
#include "http/client/client.h"

#include <eddy/names.h>

enum { ADDRESSES = 32 }; /* of a name that are judged and tried */

static const eddy_stream_opts stream_opts = {.limit = EDDY__HTTP_HEAD + 1024};

static int judge(struct eddy__call *call, const eddy_address *address, const char *host)
{
    const eddy_http_opts *opts = &call->http->opts;
    char text[EDDY_ADDRESS_TEXT];
    int status = opts->on_address(address, host, opts->connect_arg);

    if (status < 0 && eddy_last_status() != status)
        return eddy__raise(status, "%s at %s is refused by .on_address", host,
                           eddy_address_format(address, text));
    return status;
}

/* Tries one address after the other. */
static eddy_stream *connect_judged(struct eddy__call *call, const struct eddy__url *url)
{
    eddy_address addresses[ADDRESSES];
    char host[EDDY_HOST_TEXT];
    eddy_stream *stream = NULL;
    int n = eddy_getaddrinfo(url->host, url->port, addresses, ADDRESSES);

    for (int i = 0; i < n; i++)
        if (judge(call, &addresses[i], url->host) < 0)
            return NULL;
    for (int i = 0; i < n && !stream; i++)
        stream = eddy_connect(eddy_address_format_host(&addresses[i], host), .port = url->port,
                              .stream = stream_opts);
    return stream;
}

static eddy_stream *connect_plain(struct eddy__call *call, const struct eddy__url *url)
{
    const eddy_http_opts *opts = &call->http->opts;

    if (opts->connect)
        return opts->connect(url->host, url->port, opts->connect_arg);
    if (call->way.unix_path)
        return eddy_connect_unix_with(call->way.unix_path, &stream_opts);
    if (opts->on_address && !call->way.proxy)
        return connect_judged(call, url);
    return eddy_connect(url->host, .port = url->port, .stream = stream_opts);
}

static int start_tls(struct eddy__call *call, eddy_stream *stream, const struct eddy__url *url,
                     const char *alpn)
{
    eddy_tls_opts tls = *call->way.tls;

    if (!tls.server_name || url != call->way.url)
        tls.server_name = url->host;
    if (!tls.alpn)
        tls.alpn = alpn;
    return eddy_start_tls_with(stream, &tls);
}

static int through_proxy(struct eddy__call *call, eddy_stream *stream)
{
    const struct eddy__url *proxy = call->way.proxy;

    if (call->way.socks)
        return eddy__proxy_socks(call, stream);
    if (proxy->secure)
        eddy__try(start_tls(call, stream, proxy, "http/1.1"));
    return call->way.plain ? 0 : eddy__proxy_tunnel(call, stream);
}

/* What the server may choose from. */
static const char *versions_of(const struct eddy__call *call)
{
    int version = call->http->opts.version;

    if (call->opts.upgrade || version == EDDY_HTTP_1_1)
        return "http/1.1";
    return version == EDDY_HTTP_2 ? "h2" : "h2,http/1.1";
}

static int agree(struct eddy__call *call, eddy_stream *stream)
{
    if (call->way.proxy)
        eddy__try(through_proxy(call, stream));
    return call->url.secure ? start_tls(call, stream, &call->url, versions_of(call)) : 0;
}

eddy_stream *eddy__http_connect(struct eddy__call *call)
{
    const struct eddy__url *first = call->way.proxy ? call->way.proxy : &call->url;
    eddy_stream *stream = connect_plain(call, first);

    if (stream && agree(call, stream) < 0) {
        eddy_stream_abort(stream);
        eddy_stream_close(stream);
        stream = NULL;
    }
    if (!stream)
        eddy_ignore(
            eddy__http_explain(eddy_last_status(), "%s %s", call->method, call->url.authority));
    return stream;
}
