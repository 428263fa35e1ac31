/* failure.c - what becomes of a handler that has failed: an answer, and a report unless the
 * failure is an answer itself. */
#include "http/server/server.h"

enum { SHOWN = 200 }; /* bytes of a target, in reports */

static int status_of_code(int code)
{
    int status = EDDY_HTTP(0) - code;

    return status >= 200 && status <= 999 ? status : 0;
}

/* How a connection ends for whoever reads and writes it. */
static bool is_end_of_peer(int code)
{
    return code == EDDY_EOF || code == EDDY_EPIPE || code == EDDY_ECONNRESET ||
           code == EDDY_ECONNABORTED;
}

/* "404 Not Found" without the number. */
static const char *phrase_of(int status)
{
    const char *text = eddy_status_message(EDDY_HTTP(status));

    return strlen(text) > 4 && text[3] == ' ' ? text + 4 : text;
}

void eddy__report_request(const eddy_request *r, int status, const char *before, const char *after)
{
    char text[SHOWN + 120];
    const eddy_error *error = eddy_last_error();

    if (eddy_error_code(error) != status) {
        eddy__raise(status, "%s", eddy_status_message(status));
        error = eddy_last_error();
    }
    snprintf(text, sizeof text, "%s %.20s %.*s %s", before, r->head.method ? r->head.method : "?",
             SHOWN, r->head.target ? r->head.target : "?", after);
    eddy_loop_call_exception_handler(
        eddy_loop_running(),
        &(eddy_report){.message = text, .task = eddy_current_task(), .error = error});
}

/* The message of the failure, which the handler wrote for its client, or else the usual words. */
static int say_failure(eddy_request *r, int code, int status)
{
    const eddy_error *error = eddy_last_error();
    const char *message = eddy_error_code(error) == code ? eddy_error_message(error) : NULL;

    if (!message || !*message)
        message = phrase_of(status);
    return eddy_respond_text(r, status, "%s\n", message);
}

/* Whether the handler failed of a body that its client has cut off, or that was refused. */
static bool is_fault_of_body(const eddy_request *r, int code)
{
    return r->body_failed && (is_end_of_peer(code) || status_of_code(code));
}

int eddy__answer_failure(eddy_request *r, int code)
{
    bool theirs = is_fault_of_body(r, code);
    int status = theirs && is_end_of_peer(code) ? 400 : status_of_code(code);

    if (code == EDDY_ECANCELED || r->peer_gone || (r->upgraded && is_end_of_peer(code)))
        return code;
    if (!theirs && (!status || r->answer.begun))
        eddy__report_request(r, code, "the handler of", "has failed");
    if (r->answer.begun)
        return code;
    int said =
        status ? say_failure(r, code, status) : eddy_respond_text(r, 500, "%s\n", phrase_of(500));
    if (said >= 0)
        eddy_error_clear();
    return said;
}

int eddy__answer_missing(eddy_request *r)
{
    int code = eddy__raise(EDDY_EINVAL, "the handler has returned 0 and said no answer");

    return eddy__answer_failure(r, code);
}
