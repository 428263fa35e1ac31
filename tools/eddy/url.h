/* url.h - which URLs are fetched, and what their files are called. */
#ifndef EDDY_TOOL_URL_H
#define EDDY_TOOL_URL_H

#include <stddef.h>

/* Why this is no URL that can be fetched; NULL when it is one. */
const char *url_problem(const char *url);

enum { URL_FILE_NAME_SIZE = 201 }; /* leaves room under NAME_MAX for "-123" */

/* The last part of the path, percent-decoded, as a harmless file name: index.html when it is empty,
 * and _ for separators, control characters and a leading dot. The URL is one without a problem. */
void url_file_name(const char *url, char name[URL_FILE_NAME_SIZE]);

#endif
