/* error_record.h - the record itself; of base/ only. */
#ifndef EDDY_BASE_ERROR_RECORD_H
#define EDDY_BASE_ERROR_RECORD_H

#include "base/error.h"

enum { EDDY__MESSAGE_MAX = 1023 };

/* Either a failure (inner NULL, message set) or a step of the way it took: "awaited by task", whose
 * message, when NULL, is that of the record it leads to. */
struct eddy_error {
    unsigned refs;
    int code;
    eddy_error *inner;
    eddy_error *next;
    const eddy_place *place;
    const char *message;
    char task[48];
    unsigned frame_count;
    void *frames[12];
    char text[];
};

#endif
