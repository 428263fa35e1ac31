/* fuzz_http_date.c - dates: what was read is written so that it is read again as the same, as the
 * system counts days; and any time is written. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/encode.h"

#include <time.h>

static void check_written(time_t when)
{
    char text[EDDY__DATE_SIZE];
    struct tm tm = {0};

    eddy__date_format(text, when);
    MUST(strlen(text) == EDDY__DATE_SIZE - 1 && strcmp(text + 25, " GMT") == 0);
    MUST(strptime(text, "%a, %d %b %Y %H:%M:%S GMT", &tm) && timegm(&tm) == when);
    MUST(eddy__date_parse(text) == when);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char text[100];
    int64_t when = 0;

    memcpy(&when, data, size < sizeof when ? size : sizeof when);
    check_written((time_t)(when % 253402300800 < 0 ? -(when % 62135596800) : when % 253402300800));
    eddy__date_format(text, (time_t)when);
    take_text(&in, text, sizeof text);
    time_t read = eddy__date_parse(text);
    if (read != -1)
        check_written(read);
    return 0;
}
