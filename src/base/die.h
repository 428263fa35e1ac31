/* die.h - last words, from signal handlers too: no stdio, no memory. */
#ifndef EDDY_BASE_DIE_H
#define EDDY_BASE_DIE_H

#include <stddef.h>

void eddy__put(int fd, const char *text);
void eddy__put_number(int fd, size_t n);

/* Ends the process by SIGABRT; at once with EXIT_FAILURE. */
void eddy__abort(void) __attribute__((noreturn, cold));
void eddy__exit_failure(void) __attribute__((noreturn, cold));

#endif
