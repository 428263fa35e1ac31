/* main.c - the command eddy: finds the subcommand and hands over. */
#include "command.h"
#include <eddy/base.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct command *const commands[] = {
    &fetch_command,
    &serve_command,
};
enum { COMMANDS = sizeof commands / sizeof *commands };

static const struct command *find(const char *name)
{
    for (size_t i = 0; i < COMMANDS; i++)
        if (strcmp(commands[i]->name, name) == 0)
            return commands[i];
    return NULL;
}

static void print_help(FILE *stream)
{
    fputs("usage: eddy COMMAND [OPTION ...]\n"
          "       eddy help COMMAND\n"
          "       eddy --help | --version\n"
          "\n"
          "commands:\n",
          stream);
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(stream, "  %-8s %s\n", commands[i]->name, commands[i]->summary);
}

static int unknown(const char *name)
{
    if (name[0] == '-')
        return refuse("", "unknown option '%s'; eddy --help lists what there is", name);
    return refuse("", "unknown command '%s'; eddy --help lists the commands", name);
}

static int help(int argc, char **argv)
{
    if (argc > 2)
        return refuse("", "help takes one command, not '%s' too", argv[2]);
    if (argc < 2) {
        print_help(stdout);
        return STATUS_OK;
    }
    const struct command *command = find(argv[1]);
    if (!command)
        return unknown(argv[1]);
    fputs(command->help, stdout);
    return STATUS_OK;
}

static bool is(const char *word, const char *brief, const char *full)
{
    return strcmp(word, brief) == 0 || strcmp(word, full) == 0;
}

static int dispatch(int argc, char **argv)
{
    if (argc < 2) {
        print_help(stderr);
        return STATUS_USAGE;
    }
    const struct command *command = find(argv[1]);
    if (command)
        return command->run(argc - 1, argv + 1);
    if (strcmp(argv[1], "help") == 0)
        return help(argc - 1, argv + 1);

    bool version = is(argv[1], "-V", "--version");
    if (!version && !is(argv[1], "-h", "--help"))
        return unknown(argv[1]);
    if (argc > 2)
        return refuse("", "%s stands alone, '%s' is too much", argv[1], argv[2]);
    if (version)
        puts("eddy " EDDY_VERSION);
    else
        print_help(stdout);
    return STATUS_OK;
}

/* Who has closed one of them gets no file or connection in its place, into which messages would
 * go. Writing to it still fails. */
static void hold_standard_descriptors(void)
{
    int fd;

    do
        fd = open("/dev/null", O_RDONLY);
    while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd >= 0)
        close(fd);
}

int main(int argc, char **argv)
{
    hold_standard_descriptors();
    int status = dispatch(argc, argv);

    /* A full disk or a closed pipe behind stdout is a failure like any other. */
    if (fflush(stdout) != 0 && status == STATUS_OK) {
        perror("eddy: cannot write");
        return STATUS_FAILED;
    }
    return status;
}
