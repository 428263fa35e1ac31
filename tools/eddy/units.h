/* units.h - numbers for people. */
#ifndef EDDY_TOOL_UNITS_H
#define EDDY_TOOL_UNITS_H

enum { UNIT_TEXT_SIZE = 24 };

/* "812 B", "1.5 MiB"; returns text. */
const char *format_bytes(char text[UNIT_TEXT_SIZE], double bytes);

/* "0:05", "1:02:03"; "-:--" for what is negative or longer than 99 hours. Returns text. */
const char *format_time(char text[UNIT_TEXT_SIZE], double seconds);

#endif
