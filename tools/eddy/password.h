/* password.h - the password that a server asks for, from where nobody else reads it. */
#ifndef EDDY_TOOL_PASSWORD_H
#define EDDY_TOOL_PASSWORD_H

enum { PASSWORD_SIZE = 256 };

/* The first line of file, if that is not NULL; else what EDDY_SERVE_PASSWORD has; else what is
 * typed on the terminal, unseen. 0, or -1 after having said on stderr what is wrong. */
int password_get(const char *user, const char *file, char password[PASSWORD_SIZE]);

#endif
