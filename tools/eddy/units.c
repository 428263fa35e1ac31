/* units.c - formats sizes and times. */
#include "units.h"
#include <stdio.h>

const char *format_bytes(char text[UNIT_TEXT_SIZE], double bytes)
{
    static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB", "PiB"};
    unsigned unit = 0;

    /* 1023.95 would be rounded to 1024.0 */
    while (bytes >= (unit ? 1023.95 : 1023.5) && unit < sizeof units / sizeof *units - 1) {
        bytes /= 1024;
        unit++;
    }
    snprintf(text, UNIT_TEXT_SIZE, "%.*f %s", unit ? 1 : 0, bytes, units[unit]);
    return text;
}

const char *format_time(char text[UNIT_TEXT_SIZE], double seconds)
{
    if (!(seconds >= 0 && seconds < 99 * 3600)) {
        snprintf(text, UNIT_TEXT_SIZE, "-:--");
        return text;
    }
    unsigned long s = (unsigned long)(seconds + 0.5);
    if (s >= 3600)
        snprintf(text, UNIT_TEXT_SIZE, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
    else
        snprintf(text, UNIT_TEXT_SIZE, "%lu:%02lu", s / 60, s % 60);
    return text;
}
