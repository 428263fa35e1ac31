/* masked.h - what is printed of texts that may hold a password. */
#ifndef EDDY_TOOL_MASKED_H
#define EDDY_TOOL_MASKED_H

/* The URL, which is one without a problem, with *** for the password in it, if there is one:
 * http://user:***@host/. To be freed by the caller; NULL when memory is short. */
char *masked_url(const char *url);

/* The same for a text with what may be anything, a wrong URL for example: rather masks too much.
 * To be freed by the caller; NULL when memory is short. */
char *masked_text(const char *text);

#endif
