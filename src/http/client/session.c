/* session.c - opening and closing sessions, and the responses they keep for reuse. */
#include "http/client/client.h"

/* ---- options ---- */

/* A time, by rule B7. */
static int http_time(double *seconds, double unset, const char *option)
{
    if (isnan(*seconds) || *seconds < 0)
        return eddy__raise(EDDY_EINVAL, "eddy_http_open: .%s is %g", option, *seconds);
    if (*seconds == 0)
        *seconds = unset;
    return 0;
}

static int http_times(eddy_http_opts *opts)
{
    eddy__try(http_time(&opts->timeout, 300, "timeout"));
    eddy__try(http_time(&opts->timeout_pool, 60, "timeout_pool"));
    eddy__try(http_time(&opts->timeout_connect, 30, "timeout_connect"));
    eddy__try(http_time(&opts->timeout_read, 60, "timeout_read"));
    eddy__try(http_time(&opts->idle_timeout, 30, "idle_timeout"));
    return http_time(&opts->max_age, 600, "max_age");
}

static int http_counts(eddy_http_opts *opts)
{
    if (opts->version < EDDY_HTTP_DEFAULT || opts->version > EDDY_HTTP_2)
        return eddy__raise(EDDY_EINVAL,
                           "eddy_http_open: .version is EDDY_HTTP_1_1 or EDDY_HTTP_2, not %d",
                           opts->version);
    if (opts->max_decoded < 0)
        return eddy__raise(EDDY_EINVAL, "eddy_http_open: .max_decoded is negative");
    opts->limit = opts->limit ? opts->limit : 100;
    opts->limit_per_host = opts->limit_per_host ? opts->limit_per_host : opts->limit;
    opts->max_body = opts->max_body ? opts->max_body : (size_t)16 << 20;
    opts->max_decoded = opts->max_decoded ? opts->max_decoded : INT64_C(1) << 30;
    return 0;
}

/* Makes *text a copy in the session's memory. */
static int http_copy(eddy_http *http, const char **text)
{
    if (*text)
        *text = eddy__try(eddy__arena_copy(&http->arena, *text, strlen(*text)));
    return 0;
}

static int http_texts(eddy_http *http)
{
    eddy_http_opts *opts = &http->opts;
    const char **texts[] = {
        &opts->base_url,          &opts->unix_path,     &opts->proxy,
        &opts->tls_opts.ca_file,  &opts->tls_opts.cert, &opts->tls_opts.key,
        &opts->tls_opts.crl_file, &opts->tls_opts.alpn, &opts->tls_opts.server_name,
        &opts->user_agent,
    };

    for (size_t i = 0; i < count_of(texts); i++)
        eddy__try(http_copy(http, texts[i]));
    return 0;
}

static int http_add_field(eddy_http *http, const char *name, const char *value)
{
    eddy__try(eddy__request_check_field(name, value));
    eddy__try(http_copy(http, &name));
    eddy__try(http_copy(http, &value));
    return eddy__fields_add(&http->fields, &http->arena, name, value);
}

static int http_fields(eddy_http *http, const eddy_pair *headers)
{
    const char *agent = http->opts.user_agent;

    for (const eddy_pair *h = headers; h && h->name; h++)
        eddy__try(http_add_field(http, h->name, h->value));
    if (!eddy__fields_get(&http->fields, "Accept"))
        eddy__try(http_add_field(http, "Accept", "*/*"));
    if (!eddy__fields_get(&http->fields, "User-Agent") && (!agent || *agent))
        eddy__try(http_add_field(http, "User-Agent", agent ? agent : "eddy/" EDDY_VERSION));
    return 0;
}

static int http_base(eddy_http *http)
{
    if (!http->opts.base_url)
        return 0;
    http->base = eddy__try((struct eddy__url *)eddy__arena_alloc(&http->arena, sizeof *http->base));
    return eddy__url_parse(http->base, http->opts.base_url, &http->arena);
}

static int http_set_up(eddy_http *http, const eddy_http_opts *opts)
{
    http->opts = opts ? *opts : (eddy_http_opts){0};
    eddy__try(http_times(&http->opts));
    eddy__try(http_counts(&http->opts));
    eddy__try(http_texts(http));
    eddy__try(eddy__proxy_check(http->opts.proxy, &http->arena));
    eddy__try(http_fields(http, http->opts.headers));
    http->opts.headers = NULL;
    http->slots = (eddy_semaphore){.value = http->opts.limit, .bound = http->opts.limit};
    return http_base(http);
}

eddy_http *eddy_http_open_with(const eddy_http_opts *opts)
{
    eddy_loop *loop = eddy_loop_running();
    eddy_http *http = loop ? eddy_alloc_zero(sizeof *http) : NULL;

    if (!http) {
        eddy__raise(loop ? EDDY_ENOMEM : EDDY_ENOTASK, "eddy_http_open: %s",
                    loop ? "no memory" : "no loop runs");
        return NULL;
    }
    http->refs = 1;
    http->loop = loop;
    http->random = (uint64_t)eddy_loop_time_ns(loop) ^ (uint64_t)(uintptr_t)http;
    list_init(&http->challenges);
    list_init(&http->idle);
    list_init(&http->busy);
    if (http_set_up(http, opts) < 0) {
        eddy__http_unref(http);
        return NULL;
    }
    return http;
}

/* ---- the end ---- */

static void response_free(eddy_response *response)
{
    eddy__arena_free(&response->arena);
    eddy_free(response);
}

void eddy__http_unref(eddy_http *http)
{
    if (--http->refs)
        return;
    while (http->spare) {
        eddy_response *response = http->spare;

        http->spare = response->next;
        response_free(response);
    }
    eddy__challenges_free(http);
    eddy__arena_free(&http->arena);
    eddy_free(http);
}

void eddy_http_close(eddy_http *http)
{
    if (!http)
        return;
    http->closed = true;
    eddy__pool_close(http);
    eddy__http_unref(http);
}

eddy_http_stats eddy_http_get_stats(const eddy_http *http)
{
    return http->stats;
}

/* ---- responses ---- */

eddy_response *eddy__response_new(eddy_http *http)
{
    eddy_response *response = http->spare;

    if (response) {
        struct eddy__arena arena = response->arena;

        http->spare = response->next;
        http->spares--;
        *response = (eddy_response){.arena = arena};
    } else {
        response = eddy_alloc_zero(sizeof *response);
        if (!response) {
            eddy__raise(EDDY_ENOMEM, "no memory for a response");
            return NULL;
        }
    }
    response->refs = 1;
    response->http = http;
    http->refs++;
    response->call = eddy__arena_alloc(&response->arena, sizeof *response->call);
    if (!response->call) {
        eddy__response_unref(response);
        return NULL;
    }
    *response->call = (struct eddy__call){.http = http, .response = response};
    return response;
}

void eddy__response_unref(eddy_response *response)
{
    eddy_http *http = response->http;

    if (--response->refs)
        return;
    eddy__content_drop(response);
    if (response->text_owned)
        eddy_free(response->text);
    if (!http->closed && http->spares < EDDY__HTTP_SPARE) {
        eddy__arena_reset(&response->arena);
        response->next = http->spare;
        http->spare = response;
        http->spares++;
    } else {
        response_free(response);
    }
    eddy__http_unref(http);
}
