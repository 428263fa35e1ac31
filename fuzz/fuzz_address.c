/* fuzz_address.c - addresses from text: what is accepted is written so that it is read again as the
 * same. */
#include "fuzz.h"

#include "stream/stream.h"

static void check_host(const char *text, int port)
{
    eddy_address a, again;
    char formatted[EDDY_ADDRESS_TEXT], number[16], host[64];

    if (eddy_address_parse(&a, text, port) < 0)
        return;
    MUST(eddy_address_port(&a) == port);
    const char *zone = strchr(text, '%');
    if (zone && zone[1] >= '0' && zone[1] <= '9' && strtoul(zone + 1, NULL, 10))
        MUST(a.u.in6.sin6_scope_id == strtoul(zone + 1, NULL, 10));
    eddy_address_format(&a, formatted);
    char *colon = strrchr(formatted, ':');
    snprintf(number, sizeof number, ":%d", port);
    MUST(colon && strcmp(colon, number) == 0);
    *colon = '\0';
    MUST(eddy_address_parse(&again, formatted, port) == 0);
    MUST(a.size == again.size && eddy_address_equal(&a, &again));
    eddy_address_format_host(&a, host);
    MUST(host[0]);
}

static void check_path(const char *text)
{
    eddy_address a;
    char formatted[EDDY_ADDRESS_TEXT];
    int status = eddy_address_of_path(&a, text);

    if (status == 0)
        MUST(strcmp(eddy_address_format(&a, formatted), text) == 0);
    else
        MUST(status == EDDY_EINVAL || status == EDDY_ENAMETOOLONG);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char text[300];

    int port = (int)(take_byte(&in) << 9 | take_byte(&in)) - 100;

    take_text(&in, text, sizeof text);
    check_host(text, port);
    check_path(text);
    return 0;
}
