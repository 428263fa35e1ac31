/* retry.c - requests that are tried again, if the program wants that. */
#include "http/client/client.h"

#include "http/message/encode.h"
#include "http/message/token.h"

enum { LONGEST_DELAY = 30, LONGEST_ASKED = 60 }; /* seconds */

static bool failure_may_pass(int status)
{
    static const int codes[] = {EDDY_ECONNREFUSED, EDDY_ECONNRESET, EDDY_ECONNABORTED,
                                EDDY_EPIPE,        EDDY_EOF,        EDDY_EHOSTUNREACH,
                                EDDY_ENAME,        EDDY_ETIMEDOUT};

    for (size_t i = 0; i < count_of(codes); i++)
        if (status == codes[i])
            return true;
    return false;
}

static bool answer_may_pass(int status)
{
    return status == 429 || (status >= 502 && status <= 504);
}

/* Seconds that the answer asks for; 0: it does not say. */
static double seconds_asked(const struct eddy__call *call)
{
    const char *text = eddy__fields_get(&call->response->head.fields, "Retry-After");
    int64_t seconds = text ? eddy__parse_number(text, strlen(text)) : 0;

    if (seconds >= 0)
        return (double)seconds;
    time_t when = eddy__date_parse(text);
    return when < 0 ? 0 : fmax(0, (double)(when - eddy__wall_time()));
}

/* Doubled each time; between a half and the whole of it, so that clients do not come together. */
static double next_delay(struct eddy__call *call)
{
    eddy_http *http = call->http;
    double whole = fmin(ldexp(call->opts.backoff, (int)min_size(call->tries, 30)), LONGEST_DELAY);

    http->random = http->random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return whole * (0.5 + (double)(http->random >> 33) / 0x1p32);
}

/* Seconds to wait before the next try; negative: there is none. */
static double delay_before(struct eddy__call *call, int status)
{
    double now = eddy_time(), asked = 0;

    if (call->tries >= call->opts.retries || !eddy__request_is_idempotent(call) ||
        !eddy__body_can_begin(call) || call->http->closed)
        return -1;
    if (status < 0 ? !failure_may_pass(status) : !answer_may_pass(call->response->head.status))
        return -1;
    if (status >= 0)
        asked = seconds_asked(call);
    double delay = fmax(asked, next_delay(call));
    bool in_time = now + delay < call->deadline && now + delay < eddy_deadline();
    return asked > LONGEST_ASKED || !in_time ? -1 : delay;
}

int eddy__send_patiently(struct eddy__call *call)
{
    for (;;) {
        int status = eddy__send(call);
        double delay = delay_before(call, status);

        if (delay < 0)
            return status;
        if (status < 0)
            eddy_error_clear();
        eddy__content_drop(call->response);
        eddy__try(eddy_sleep(delay));
        call->tries++;
        call->http->stats.retries++;
        call->resent = false;
    }
}
