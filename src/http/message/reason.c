/* reason.c - why a stream upon an exchange has failed. */
#include "http/message/exchange.h"

const char *eddy__exchange_reason(const eddy_transport *transport, int code)
{
    const eddy_error *error = eddy_last_error();
    const char *words = eddy_error_code(error) == code ? eddy_error_message(error) : NULL;
    const char *peer = eddy_stream_peer(transport->stream);
    const char *said = words && strncmp(words, "cannot ", 7) == 0 ? strstr(words, peer) : NULL;

    return said && strncmp(said + strlen(peer), ": ", 2) == 0 ? said + strlen(peer) + 2 : words;
}
