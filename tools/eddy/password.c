/* password.c - reads a password: from a file, the environment or the terminal. */
#define _GNU_SOURCE
#include "password.h"
#include "command.h"
#include <errno.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

/* A line without its end; false: there is none, or it is too long. */
static bool read_password_line(FILE *from, char password[PASSWORD_SIZE])
{
    if (!fgets(password, PASSWORD_SIZE, from))
        return false;
    size_t length = strcspn(password, "\r\n");
    bool whole = password[length] || feof(from);
    password[length] = '\0';
    return whole;
}

static int password_from_file(const char *path, char password[PASSWORD_SIZE])
{
    FILE *file = fopen(path, "re");

    if (!file) {
        refuse("serve", "--password-file %s: %s", path, strerror(errno));
        return -1;
    }
    bool found = read_password_line(file, password);
    fclose(file);
    if (found && *password)
        return 0;
    refuse("serve", "--password-file %s: the first line is no password of 1 to %d bytes", path,
           PASSWORD_SIZE - 2);
    return -1;
}

/* The terminal as it was, for a signal that ends the program while nothing is shown. */
static struct {
    int fd;
    struct termios before;
} terminal_state;

static void restore_and_end(int number)
{
    tcsetattr(terminal_state.fd, TCSAFLUSH, &terminal_state.before);
    raise(number); /* which SA_RESETHAND has made what it was */
}

/* A line that is typed unseen. */
static bool ask_terminal(FILE *terminal, const char *user, char password[PASSWORD_SIZE])
{
    struct sigaction action = {.sa_handler = restore_and_end,
                               .sa_flags = (int)SA_RESETHAND | SA_NODEFER},
                     before;
    struct termios quiet;

    terminal_state.fd = fileno(terminal);
    if (tcgetattr(terminal_state.fd, &terminal_state.before) < 0)
        return false;
    quiet = terminal_state.before;
    quiet.c_lflag &= ~(tcflag_t)ECHO;
    sigaction(SIGINT, &action, &before);
    tcsetattr(terminal_state.fd, TCSAFLUSH, &quiet);
    fprintf(terminal, "password for %s: ", user);
    fflush(terminal);
    bool found = read_password_line(terminal, password);
    tcsetattr(terminal_state.fd, TCSAFLUSH, &terminal_state.before);
    sigaction(SIGINT, &before, NULL);
    fputc('\n', terminal);
    return found && *password;
}

static int password_from_terminal(const char *user, char password[PASSWORD_SIZE])
{
    FILE *terminal = fopen("/dev/tty", "r+e");

    if (!terminal) {
        refuse("serve",
               "--auth %s: there is no terminal to ask for the password; it is taken from "
               "--password-file, or EDDY_SERVE_PASSWORD",
               user);
        return -1;
    }
    bool found = ask_terminal(terminal, user, password);
    fclose(terminal);
    if (!found)
        refuse("serve", "--auth %s: no password was given", user);
    return found ? 0 : -1;
}

int password_get(const char *user, const char *file, char password[PASSWORD_SIZE])
{
    const char *known = getenv("EDDY_SERVE_PASSWORD");

    if (file)
        return password_from_file(file, password);
    if (!known)
        return password_from_terminal(user, password);
    if (*known && strlen(known) < PASSWORD_SIZE) {
        memcpy(password, known, strlen(known) + 1);
        return 0;
    }
    refuse("serve", "EDDY_SERVE_PASSWORD is no password of 1 to %d bytes", PASSWORD_SIZE - 1);
    return -1;
}
