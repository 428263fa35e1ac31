/* command.h - what a subcommand of eddy is, and how it refuses what it was given. */
#ifndef EDDY_TOOL_COMMAND_H
#define EDDY_TOOL_COMMAND_H

/* Exit statuses: 128 + signal when one ended the work. */
enum { STATUS_OK = 0, STATUS_FAILED = 1, STATUS_USAGE = 2, STATUS_SIGNAL = 128 };

struct command {
    const char *name;
    const char *summary;               /* half a line for eddy --help */
    const char *help;                  /* what eddy help NAME prints */
    int (*run)(int argc, char **argv); /* argv[0] is the name; returns an exit status */
};

extern const struct command fetch_command, serve_command;

/* Says on stderr what is wrong, after "eddy NAME: ", without the password of a URL in it; returns
 * STATUS_USAGE. */
int refuse(const char *name, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
