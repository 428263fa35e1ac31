/* content.c - the body of an answer as it comes, until the connection goes back into the pool. */
#include "http/client/client.h"

#include "http/message/coding.h"
#include "http/message/token.h"

/* ---- the end ---- */

/* Seconds that the connection may be kept: less than the server has announced. */
static double keep_seconds(const eddy_response *response)
{
    const char *field = eddy__fields_get(&response->head.fields, "Keep-Alive");
    const char *timeout = field ? strstr(field, "timeout=") : NULL;
    double seconds = response->http->opts.idle_timeout;

    if (timeout) {
        size_t digits = strspn(timeout + 8, "0123456789");
        int64_t announced = eddy__parse_number(timeout + 8, digits);

        if (announced >= 0 && (double)announced - 1 < seconds)
            seconds = (double)announced - 1;
    }
    return seconds;
}

static void give_back(eddy_response *response, double keep)
{
    struct eddy__http_conn *conn = response->conn;
    struct eddy__exchange *exchange = response->exchange;

    response->conn = NULL;
    response->trailers = exchange->trailers.list;
    eddy__upload_end(response->call);
    response->call->conn = NULL;
    eddy__pool_release(response->http, conn, exchange, keep);
}

/* The body has ended. While that of the request still goes out, the connection is kept for it. */
static void body_ended(eddy_response *response)
{
    const struct eddy__upload *upload = response->call->upload;

    response->trailers = response->exchange->trailers.list;
    response->ended = true;
    if (!upload || upload->ended)
        give_back(response, keep_seconds(response));
}

void eddy__content_uploaded(eddy_response *response)
{
    if (response->ended && response->conn && response->call->upload)
        give_back(response, keep_seconds(response));
}

/* ---- reading ---- */

static ssize_t content_source(void *arg, void *buf, size_t size)
{
    eddy_response *response = arg;
    struct eddy__call *call = response->call;
    struct eddy__upload *upload = call->upload;
    struct eddy__limit limit;

    if (!response->conn)
        return response->failure;
    eddy__limit_enter(&limit, call, call->opts.timeout_read, "waiting for more of the body",
                      "timeout_read");
    if (upload)
        upload->limit = &limit;
    ssize_t n = eddy__exchange_read(response->exchange, buf, size);
    if (upload)
        upload->limit = NULL;
    int status = eddy__limit_leave(&limit, call, n < 0 ? (int)n : 0);
    if (n < 0)
        return status;
    if (n > 0)
        eddy__call_moved(call);
    else
        body_ended(response);
    return n;
}

static ssize_t read_decoded(eddy_response *response, void *buf, size_t size)
{
    ssize_t n = eddy__decoder_read(response->decoder, buf, size);

    return n == EDDY_ELIMIT ? eddy__http_explain((int)n, "%s", response->call->url.authority) : n;
}

/* After an interruption the rest can still be read; any other failure lasts. */
ssize_t eddy__content_read(eddy_response *response, void *buf, size_t size)
{
    ssize_t n;

    if (response->failure)
        return eddy__raise(response->failure, "%s: the body has failed already",
                           response->call->url.authority);
    n = response->decoder ? read_decoded(response, buf, size) : content_source(response, buf, size);
    if (n < 0 && n != EDDY_ECANCELED && n != EDDY_ETIMEDOUT) {
        response->failure = (int)n;
        if (response->conn && !response->closed)
            give_back(response, 0);
    }
    return n;
}

/* ---- the beginning ---- */

static bool has_body(const eddy_response *response)
{
    const struct eddy__head *head = &response->head;

    return strcmp(response->call->method, "HEAD") != 0 && head->status != 204 &&
           head->status != 304 && (head->chunked || head->length != 0);
}

static int begin_decoding(eddy_response *response)
{
    const char *coding = eddy__fields_get(&response->head.fields, "Content-Encoding");

    if (!coding || response->http->opts.no_decode)
        return 0;
    eddy__try(eddy__decoder_open(&response->decoder, coding, content_source, response));
    eddy__decoder_limit(response->decoder, response->http->opts.max_decoded);
    return 0;
}

int eddy__content_begin(eddy_response *response)
{
    if (has_body(response))
        return begin_decoding(response);
    char none; /* over HTTP/2 the end can come later than the head */
    ssize_t n = content_source(response, &none, 1);
    return n < 0 ? (int)n : 0;
}

/* ---- nobody wants the rest ---- */

/* Whether a little patience can make the connection serve again, or spare the server a reset. */
static bool is_worth_draining(const eddy_response *response)
{
    return !response->failure && !response->http->closed && eddy_current_task() &&
           eddy__exchange_rest(response->exchange) <= EDDY__HTTP_DRAIN;
}

static void read_off(eddy_response *response)
{
    struct eddy__exchange *exchange = response->exchange;
    char scrap[2048];
    size_t left = EDDY__HTTP_DRAIN;
    ssize_t n = 1;

    while (n > 0 && left > 0) {
        n = eddy__exchange_read(exchange, scrap, min_size(sizeof scrap, left));
        left -= n > 0 ? (size_t)n : 0;
    }
}

void eddy__content_drop(eddy_response *response)
{
    if (response->conn) {
        if (is_worth_draining(response))
            eddy_shield(0.05) {
                read_off(response);
            }
        give_back(response, keep_seconds(response));
    }
    eddy__decoder_close(response->decoder);
    response->decoder = NULL;
    response->trailers = NULL;
}
