/* auth.c - what says who asks: cookies of the session's jar, and credentials. */
#include "http/client/client.h"

#include "http/client/cookies.h"
#include "http/message/encode.h"
#include "http/message/token.h"

static int add_cookies(struct eddy__call *call, struct eddy__fields *fields)
{
    struct eddy__arena *arena = &call->response->arena;
    eddy_cookies *cookies = call->http->opts.cookies;
    const char *value = NULL;

    if (!cookies || eddy__fields_get(fields, "Cookie"))
        return 0;
    eddy__try(eddy__cookies_header(cookies, &call->url, eddy__wall_time(), arena, &value));
    return value ? eddy__fields_add(fields, arena, "Cookie", value) : 0;
}

/* The answer to what the server has asked for earlier; NULL in *value: that is not known. */
static int answer_digest(struct eddy__call *call, const struct eddy__digest_request *request,
                         char **value)
{
    struct eddy__arena *arena = &call->response->arena;
    struct eddy__digest *digest = eddy__challenge_of(call);

    if (!digest)
        return 0;
    *value = eddy__try(eddy__digest_answer(digest, request, arena));
    call->nonce = eddy__try(eddy__arena_copy(arena, digest->nonce, strlen(digest->nonce)));
    return 0;
}

/* The value of Authorization in *value; NULL: there is none to be sent. */
static int make_credentials(struct eddy__call *call, char **value)
{
    struct eddy__arena *arena = &call->response->arena;
    const eddy_http_request_opts *opts = &call->opts;
    const char *user = opts->user ? opts->user : call->url.user;
    const char *password = opts->user ? opts->password : call->url.password;
    struct eddy__digest_request request = {call->method, call->url.target, user,
                                           password ? password : ""};

    *value = NULL;
    if (!call->trusted || (!opts->bearer && !user))
        return 0;
    if (opts->bearer)
        *value = eddy__try(eddy__arena_printf(arena, "Bearer %s", opts->bearer));
    else if (!opts->digest)
        *value = eddy__try(eddy__basic_credentials(arena, user, password));
    else
        return answer_digest(call, &request, value);
    return 0;
}

/* One field, in place of that of the session. */
static int put_credentials(struct eddy__call *call, struct eddy__fields *fields, const char *value)
{
    for (unsigned i = 0; i < fields->count; i++)
        if (eddy__same_word(fields->list[i].name, "Authorization")) {
            fields->list[i].value = value;
            return 0;
        }
    return eddy__fields_add(fields, &call->response->arena, "Authorization", value);
}

int eddy__auth_fields(struct eddy__call *call, struct eddy__fields *fields)
{
    char *value;

    eddy__try(add_cookies(call, fields));
    if (eddy_pairs_header(call->opts.headers, "Authorization"))
        return 0;
    eddy__try(make_credentials(call, &value));
    if (!value)
        return 0;
    eddy__try(eddy__check_field("Authorization", value));
    return put_credentials(call, fields, value);
}

/* One that makes no sense, or may not be set, is passed over. */
int eddy__auth_keep_cookies(struct eddy__call *call)
{
    const struct eddy__fields *fields = &call->response->head.fields;
    eddy_cookies *cookies = call->http->opts.cookies;

    if (!cookies)
        return 0;
    const char *value = eddy__fields_get(fields, "Set-Cookie");
    for (; value; value = eddy__fields_next(fields, "Set-Cookie", value))
        eddy__try(eddy__cookies_set(cookies, &call->url, value, eddy__wall_time(),
                                    &call->response->arena));
    return 0;
}

/* Once, and once more when only the nonce was too old. One of an earlier request may have become
 * that without a word. */
int eddy__auth_again(struct eddy__call *call)
{
    const struct eddy__fields *fields = &call->response->head.fields;
    struct eddy__digest digest = {0};
    int found = 0;

    if (call->response->head.status != 401 || !call->opts.digest || !call->trusted ||
        !eddy__body_can_begin(call))
        return 0;
    const char *value = eddy__fields_get(fields, "WWW-Authenticate");
    for (; value && !found; value = eddy__fields_next(fields, "WWW-Authenticate", value))
        found = eddy__try(eddy__digest_challenge(&digest, value, &call->response->arena));
    if (!found || call->challenges == EDDY__HTTP_CHALLENGES ||
        (call->challenges && !digest.stale) ||
        (call->nonce && strcmp(digest.nonce, call->nonce) == 0))
        return 0;
    eddy__try(eddy__challenge_keep(call, &digest));
    call->challenges++;
    eddy__content_drop(call->response);
    return 1;
}
