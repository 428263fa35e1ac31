/* fuzz_servers.c - a resolver's list of servers: taken, or EDDY_EINVAL that shows what
 * would be right. */
#include "fuzz.h"

#include <ctype.h>

/* What is taken has nothing in it but this. */
static bool looks_like_servers(const char *text)
{
    for (; *text; text++)
        if (!isxdigit((unsigned char)*text) && !strchr("[]:.,%", *text) &&
            !isalnum((unsigned char)*text))
            return false;
    return true;
}

static int sets(const char *text)
{
    int status = eddy_loop_set_resolver(eddy_loop_running(), .servers = text);

    MUST(status == 0 || status == EDDY_EINVAL);
    MUST(status != 0 || (*text && looks_like_servers(text)));
    MUST(status == 0 || strstr(eddy_error_message(eddy_last_error()), "192.0.2.1"));
    return 0;
}
EDDY_CORO(sets, const char *)

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char text[300];

    take_text(&in, text, sizeof text);
    MUST(run_in_loop(sets_coro(text)) == 0);
    return 0;
}
