/* status.c - names and sentences of status codes. */
#include "base/base.h"
#include <eddy/http_status.h>

#define ROW(name, value, text) {value, #name, text},
#define HTTP_ROW(status, reason) {EDDY_HTTP(status), "EDDY_HTTP(" #status ")", #status " " reason},
static const struct status {
    int code;
    const char *name;
    const char *message; /* NULL: the system's */
} statuses[] = {EDDY_CODES_(ROW) EDDY_HTTP_STATUSES_(HTTP_ROW)};

static const struct status *status_find(int code)
{
    for (size_t i = 0; i < count_of(statuses); i++)
        if (statuses[i].code == code)
            return &statuses[i];
    return NULL;
}

const char *eddy_status_name(int code)
{
    const struct status *status = status_find(code);

    if (status)
        return status->name;
    if (code <= EDDY_HTTP(100) && code >= EDDY_HTTP(999))
        return "EDDY_HTTP";
    return code <= EDDY_EUSER ? "EDDY_EUSER" : "EDDY_E?";
}

const char *eddy_status_message(int code)
{
    const struct status *status = status_find(code);

    if (status && status->message)
        return status->message;
    if (code <= -4096)
        return "failed";
    return code < 0 ? strerror(-code) : "no error";
}
