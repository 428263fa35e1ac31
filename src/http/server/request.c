/* request.c - what a handler asks of its request, but for the body. What costs something is made
 * when it is asked for. */
#include "http/server/server.h"

#include "http/message/token.h"

enum { MAX_PAIRS = 1000 };

static const eddy_pair none[1];

/* ---- the target ---- */

/* Where the path begins in a target of absolute form, "http://host/path?query". */
static const char *skip_authority(const char *target)
{
    const char *authority = strstr(target, "://");

    return authority ? authority + 3 + strcspn(authority + 3, "/?") : target;
}

int eddy__request_take_target(eddy_request *r)
{
    const char *path = r->head.target;

    if (strcmp(r->head.method, "CONNECT") == 0) {
        r->last = true; /* what follows is meant for the tunnel */
        return eddy__raise(EDDY_HTTP(501), "no tunnels are made here");
    }
    if (*path != '/' && strcmp(path, "*") != 0)
        path = skip_authority(path);
    size_t length = strcspn(path, "?");
    r->query_text = path[length] ? path + length + 1 : NULL;
    if (length == 0)
        r->raw_path = "/";
    else
        r->raw_path = path[length] ? eddy__arena_copy(r->arena, path, length) : path;
    return r->raw_path ? 0 : EDDY_ENOMEM;
}

const char *eddy_request_method(const eddy_request *r)
{
    return r->head.method;
}

const char *eddy_request_target(const eddy_request *r)
{
    return r->head.target;
}

int eddy_request_version(const eddy_request *r)
{
    return r->head.major == 2 ? EDDY_HTTP_2 : EDDY_HTTP_1_1;
}

const char *eddy_request_host(const eddy_request *r)
{
    return r->head.host ? r->head.host : "";
}

const char *eddy_request_path(eddy_request *r)
{
    if (!r->path)
        r->path = strchr(r->raw_path, '%')
                      ? eddy__percent_decode(r->raw_path, strlen(r->raw_path), false, r->arena)
                      : r->raw_path;
    return r->path;
}

const char *eddy_request_param(const eddy_request *r, const char *name)
{
    return eddy_pairs_get(r->match.params.list, name);
}

/* ---- the query and header fields ---- */

const eddy_pair *eddy_request_query_pairs(eddy_request *r)
{
    if (!r->query_known && r->query_text) {
        int status =
            eddy__form_parse(r->query_text, strlen(r->query_text), MAX_PAIRS, r->arena, &r->query);

        if (status == EDDY_ENOMEM)
            return NULL;
        if (status < 0) {
            eddy__raise(EDDY_HTTP(400), "the query is not well formed, or too long");
            return NULL;
        }
    }
    r->query_known = true;
    return r->query.list ? r->query.list : none;
}

const char *eddy_request_query(eddy_request *r, const char *name)
{
    return r->query_text ? eddy_pairs_get(eddy_request_query_pairs(r), name) : NULL;
}

const char *eddy_request_header(const eddy_request *r, const char *name)
{
    return eddy__fields_get(&r->head.fields, name);
}

const eddy_pair *eddy_request_headers(const eddy_request *r)
{
    return r->head.fields.list ? r->head.fields.list : none;
}

const eddy_pair *eddy_request_trailers(const eddy_request *r)
{
    return r->body_ended ? r->exchange->trailers.list : NULL;
}

/* ---- forms ---- */

static bool has_type(const eddy_request *r, const char *wanted)
{
    const char *type = eddy_request_header(r, "Content-Type");
    size_t length = type ? strcspn(type, "; \t") : 0;

    return length == strlen(wanted) && eddy__same_words(type, wanted, length);
}

static int parse_form(eddy_request *r)
{
    size_t size;
    const char *text = eddy__try(eddy_request_bytes(r, &size));
    int status = eddy__form_parse(text, size, MAX_PAIRS, r->arena, &r->form);

    if (status < 0 && status != EDDY_ENOMEM)
        return eddy__raise(EDDY_HTTP(400), "the form is not well formed, or too long");
    return status;
}

static int take_form(eddy_request *r)
{
    static const char escaped[] = "application/x-www-form-urlencoded";

    if (has_type(r, escaped))
        return parse_form(r);
    if (has_type(r, "multipart/form-data"))
        return eddy__request_form_of_parts(r);
    return eddy__raise(EDDY_HTTP(415), "a form is expected, %s or multipart/form-data", escaped);
}

const eddy_pair *eddy_request_form(eddy_request *r)
{
    if (!r->form_known && take_form(r) < 0)
        return NULL;
    r->form_known = true;
    return r->form.list ? r->form.list : none;
}

/* ---- what the server and others know ---- */

void *eddy_request_arg(const eddy_request *r)
{
    return r->arg;
}

eddy_stream *eddy_request_connection(const eddy_request *r)
{
    return r->connection;
}

static struct eddy__value *find_value(const eddy_request *r, const void *key)
{
    struct eddy__value *v = r->values;

    while (v && v->key != key)
        v = v->next;
    return v;
}

int eddy_request_set_value(eddy_request *r, const void *key, void *value)
{
    struct eddy__value *v = find_value(r, key);

    if (!v) {
        v = eddy__try(eddy__arena_alloc(r->arena, sizeof *v));
        *v = (struct eddy__value){r->values, key, NULL};
        r->values = v;
    }
    v->value = value;
    return 0;
}

void *eddy_request_value(const eddy_request *r, const void *key)
{
    const struct eddy__value *v = find_value(r, key);

    return v ? v->value : NULL;
}

void eddy_request_set_max_body(eddy_request *r, uint64_t size)
{
    r->max_body = size;
}
