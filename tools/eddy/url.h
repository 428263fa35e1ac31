/* url.h - which URLs are fetched, and what their files are called. */
#ifndef EDDY_TOOL_URL_H
#define EDDY_TOOL_URL_H

#include <stddef.h>

/* Why this is no URL that can be fetched; NULL when it is one. Valid until the next call. */
const char *url_problem(const char *url);

/* With %XX in place of bytes beyond ASCII, as browsers show and send them. To be freed by the
 * caller; NULL when memory is short. */
char *url_escaped(const char *url);

/* The functions below take URLs without a problem. */

enum { URL_FILE_NAME_SIZE = 201 }; /* leaves room under NAME_MAX for "-123" and ".part" */

/* The last part of the path, percent-decoded, as a harmless file name: index.html when it is empty,
 * and _ for separators, control characters and a leading dot. */
void url_file_name(const char *url, char name[URL_FILE_NAME_SIZE]);

/* "https://host:8443"; and the URL without user, query and fragment. To be freed by the caller;
 * NULL when memory is short. */
char *url_server(const char *url);
char *url_without_query(const char *url);

#endif
