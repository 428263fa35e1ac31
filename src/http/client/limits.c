/* limits.c - times that a request has for its parts, and words for failures. */
#include "http/client/client.h"

/* Sets what the limit is and says: the nearer of its own and the whole request's. */
static double limit_choose(struct eddy__limit *limit, const struct eddy__call *call)
{
    double left = isinf(call->deadline) ? INFINITY : call->deadline - eddy_time();

    limit->whole = left < limit->seconds;
    return limit->whole ? left : limit->seconds;
}

void eddy__limit_enter(struct eddy__limit *limit, const struct eddy__call *call, double seconds,
                       const char *what, const char *option)
{
    *limit = (struct eddy__limit){.what = what, .option = option, .seconds = seconds};
    eddy_scope_enter(&limit->scope, limit_choose(limit, call));
}

void eddy__limit_extend(struct eddy__limit *limit, const struct eddy__call *call)
{
    if (!eddy_scope_expired(&limit->scope))
        eddy_ignore(eddy_scope_reschedule(&limit->scope, limit_choose(limit, call)));
}

static COLD int limit_raise(const struct eddy__limit *limit, const struct eddy__call *call)
{
    return eddy__raise(EDDY_ETIMEDOUT, "%s %s: %s took longer than %g s (.%s)", call->method,
                       call->url.authority, limit->whole ? "the whole request" : limit->what,
                       limit->whole ? call->opts.timeout : limit->seconds,
                       limit->whole ? "timeout" : limit->option);
}

int eddy__limit_leave(struct eddy__limit *limit, const struct eddy__call *call, int status)
{
    eddy_scope_leave(&limit->scope);
    if (unlikely(status == EDDY_ETIMEDOUT && eddy_scope_expired(&limit->scope)))
        return limit_raise(limit, call);
    return status;
}

int eddy__http_explain(int code, const char *format, ...)
{
    const eddy_error *error = eddy_last_error();
    char words[320], message[700];
    va_list args;

    if (code == EDDY_ECANCELED || code == EDDY_ETIMEDOUT || eddy_error_code(error) != code)
        return code;
    va_start(args, format);
    vsnprintf(words, sizeof words, format, args);
    va_end(args);
    snprintf(message, sizeof message, "%s", eddy_error_message(error));
    return eddy__raise(code, "%s: %s", words, message);
}
