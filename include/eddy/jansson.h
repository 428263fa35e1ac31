/* jansson.h - JSON in requests and answers, on both sides, as values of the library jansson. It is
 * a header alone, of which libeddy-http knows nothing: pkg-config eddy-jansson says what to link.
 *
 *     eddy_auto(json_t) *order = json_pack("{s:s, s:i}", "what", "tea", "cups", 2);
 *     eddy_auto(eddy_json_text) *text = eddy_try(eddy_json_format(order));
 *     eddy_auto(eddy_response) *response = eddy_try(eddy_http_post(http, "/orders", .json = text));
 *     eddy_auto(json_t) *answer = eddy_try(eddy_response_jansson(response));
 *
 * Values have at most EDDY_JANSSON_DEPTH levels, so that the stack of a task is enough for them
 * whatever a peer sends (but not a packed one). */
/* pkg-config: eddy-http jansson */
#ifndef EDDY_JANSSON_H
#define EDDY_JANSSON_H

#include <eddy/http/client.h>
#include <eddy/http/respond.h>
#include <eddy/memory.h>
#include <jansson.h>
#include <string.h>

EDDY_BEGIN_DECLS

enum { EDDY_JANSSON_DEPTH = 64 };

EDDY_AUTOCLOSE(json_t, json_decref)

/* Text, to be given back: eddy_auto(eddy_json_text) *text = … */
typedef char eddy_json_text;
EDDY_AUTOCLOSE(eddy_json_text, eddy_free)

/* ---- the library's own ---- */

/* Whether arrays and objects of a text lie too deep within each other. */
static inline bool eddy_jansson_text_is_deep_(const char *text, size_t size)
{
    bool quoted = false;
    int depth = 0;

    for (size_t i = 0; i < size; i++) {
        if (text[i] == '"')
            quoted = !quoted;
        else if (quoted)
            i += text[i] == '\\';
        else if (text[i] == '[' || text[i] == '{')
            depth++;
        else if (text[i] == ']' || text[i] == '}')
            depth--;
        if (depth > EDDY_JANSSON_DEPTH)
            return true;
    }
    return false;
}

static inline bool eddy_jansson_is_deep_(const json_t *value, int levels)
{
    json_t *container = (json_t *)(uintptr_t)value;
    size_t n = json_array_size(value);

    if ((json_is_array(value) || json_is_object(value)) && levels == 0)
        return true;
    for (size_t i = 0; i < n; i++)
        if (eddy_jansson_is_deep_(json_array_get(value, i), levels - 1))
            return true;
    for (void *at = json_object_iter(container); at; at = json_object_iter_next(container, at))
        if (eddy_jansson_is_deep_(json_object_iter_value(at), levels - 1))
            return true;
    return false;
}

static inline json_t *eddy_jansson_parse_(const char *text, size_t size, int code)
{
    json_error_t error;
    json_t *value = NULL;

    if (eddy_jansson_text_is_deep_(text, size))
        eddy_raise_at(NULL, code, "the body is JSON of more than %d levels", EDDY_JANSSON_DEPTH);
    else if (!(value = json_loadb(text, size, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, &error)))
        eddy_raise_at(NULL, code, "the body is no JSON: line %d, column %d: %s", error.line,
                      error.column, error.text);
    return value;
}

/* "application/json", "application/problem+json", whatever parameters follow. */
static inline bool eddy_jansson_is_type_(const char *type)
{
    size_t size = type ? strcspn(type, "; \t") : 0;

    return (size == 16 && strncasecmp(type, "application/json", size) == 0) ||
           (size > 5 && strncasecmp(type + size - 5, "+json", 5) == 0);
}

/* ---- writing ---- */

/* The value as text, which the caller gives to eddy_free: as short as it can be, whatever value it
 * is. NULL with a record: EDDY_ELIMIT for one of too many levels (also for one that contains
 * itself), EDDY_EINVAL for NULL and for what JSON cannot say, EDDY_ENOMEM. */
static inline char *eddy_json_format(const json_t *value)
{
    size_t flags = JSON_COMPACT | JSON_ENCODE_ANY, size = 0;
    char *text = NULL;

    if (eddy_jansson_is_deep_(value, EDDY_JANSSON_DEPTH))
        eddy_raise_at(NULL, EDDY_ELIMIT, "a value of more than %d levels", EDDY_JANSSON_DEPTH);
    else if (!(size = json_dumpb(value, NULL, 0, flags)))
        eddy_raise_at(NULL, EDDY_EINVAL, "no value, or one that JSON cannot say");
    else if (!(text = (char *)eddy_alloc(size + 1)))
        eddy_raise_at(NULL, EDDY_ENOMEM, "no memory for %zu bytes of JSON", size);
    else
        text[json_dumpb(value, text, size, flags)] = '\0';
    return text;
}

/* Answers with the value: as eddy_respond_json, and as eddy_json_format fails. */
static inline int eddy_respond_jansson(eddy_request *request, int status, const json_t *value)
{
    eddy_auto(eddy_json_text) *text = eddy_json_format(value);

    return text ? eddy_respond_json(request, status, text) : eddy_last_status();
}

/* ---- reading ---- */

/* The body of a request as a value, which the caller gives to json_decref. NULL with a record that
 * is the answer: EDDY_HTTP(415) for another type than JSON, EDDY_HTTP(400) for what is no JSON, has
 * two members of one name in an object or too many levels; and as eddy_request_bytes fails.
 * Suspends. */
static inline EDDY_SUSPENDS json_t *eddy_request_jansson(eddy_request *request)
{
    const char *type = eddy_request_header(request, "Content-Type");
    size_t size = 0;

    if (!eddy_jansson_is_type_(type)) {
        eddy_raise_at(NULL, EDDY_HTTP(415), "the body is %s, and not application/json",
                      type ? type : "of no type");
        return NULL;
    }
    const void *text = eddy_request_bytes(request, &size);
    return text ? eddy_jansson_parse_((const char *)text, size, EDDY_HTTP(400)) : NULL;
}

/* The body of an answer, whatever its type. NULL with a record: EDDY_EPROTO for what is no JSON, as
 * above; and as eddy_response_bytes fails. Suspends. */
static inline EDDY_SUSPENDS json_t *eddy_response_jansson(eddy_response *response)
{
    size_t size = 0;
    const void *text = eddy_response_bytes(response, &size);

    return text ? eddy_jansson_parse_((const char *)text, size, EDDY_EPROTO) : NULL;
}

EDDY_END_DECLS

#endif
