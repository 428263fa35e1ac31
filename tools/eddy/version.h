/* version.h - which version of a file a part belongs to: what its server called it, and how long it
 * is. It lies beside the part, in .NAME.part-of. */
#ifndef EDDY_TOOL_VERSION_H
#define EDDY_TOOL_VERSION_H

#include "folder.h"
#include <eddy/http/response.h>

enum { VERSION_TAG_SIZE = 512 };

struct version {
    char tag
        [VERSION_TAG_SIZE]; /* for If-Range: an entity tag or a date; "": none can be relied on */
    int64_t size;           /* of the whole file; −1: not known */
};

/* That of an answer's whole body. */
struct version version_of(const eddy_response *response);

/* Writes it down for the part of name, which comes from url (without its query); and reads that
 * again: 1, or 0 when there is nothing, or something else. Both: -errno. version_load gives -EXDEV
 * when the part comes from another URL. */
int version_save(const struct folder *folder, const char *name, const char *url,
                 const struct version *version);
int version_load(const struct folder *folder, const char *name, const char *url,
                 struct version *version);
/* Nothing is known any more. */
void version_forget(const struct folder *folder, const char *name);

#endif
