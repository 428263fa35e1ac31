/* url_list.h - the URLs to fetch, from arguments and from files. */
#ifndef EDDY_TOOL_URL_LIST_H
#define EDDY_TOOL_URL_LIST_H

#include <stddef.h>

enum { URL_LIST_MAX = 1000000, URL_LENGTH_MAX = 65536 };

struct url_list {
    char **urls;
    size_t count;
    size_t capacity;
};

/* Appends url. NULL, or the reason why it is refused. */
const char *url_list_add(struct url_list *self, const char *url);

/* Appends a file's URLs, one a line ("-": of standard input); blank lines and those that begin with
 * # are passed over, as are byte order marks and carriage returns. 0, or -1 after having named on
 * stderr each line that is wrong. */
int url_list_read(struct url_list *self, const char *path);

void url_list_clear(struct url_list *self);

#endif
