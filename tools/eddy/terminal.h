/* terminal.h - one line on the terminal that stderr is, which changes. */
#ifndef EDDY_TOOL_TERMINAL_H
#define EDDY_TOOL_TERMINAL_H

#include <stdbool.h>

/* Whether stderr is a terminal that can clear a line. */
bool terminal_can_show(void);
/* Shows the text, as printf makes it, in place of the line, as far as there is room. */
void terminal_show(const char *format, ...) __attribute__((format(printf, 1, 2)));
void terminal_clear(void);

#endif
