/* json.h - texts as JSON has them. */
#ifndef EDDY_TOOL_JSON_H
#define EDDY_TOOL_JSON_H

#include <stdio.h>

/* Writes before as it is, and text between quotes, escaped; what is no UTF-8 in it is U+FFFD. */
void json_text(FILE *stream, const char *before, const char *text);

#endif
