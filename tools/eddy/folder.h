/* folder.h - the folder that files are written to. */
#ifndef EDDY_TOOL_FOLDER_H
#define EDDY_TOOL_FOLDER_H

#include <stdbool.h>

struct folder {
    int fd;
    bool unnamed;     /* a file may get its name when it is whole; partial_probe finds out */
    unsigned created; /* temporary files so far: a number for the next one's name */
};

/* Opens the folder at path, making it when only its last part is missing. 0, or -1 after having
 * said on stderr what would be right. */
int folder_open(struct folder *self, const char *path);
void folder_close(struct folder *self);

#endif
