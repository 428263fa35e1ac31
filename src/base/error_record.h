/* error_record.h - the record itself; of base/ only. */
#ifndef EDDY_BASE_ERROR_RECORD_H
#define EDDY_BASE_ERROR_RECORD_H

#include "base/error.h"
#include <stdatomic.h>

enum { EDDY__MESSAGE_MAX = 1023 };

/* Either a failure (inner NULL, message set) or a step of the way it took: "awaited by task", whose
 * message, when NULL, is that of the record it leads to. It does not change once a second one has a
 * reference, and references are counted atomically: a record may go to another thread. */
struct eddy_error {
    atomic_uint refs;
    int code;
    eddy_error *inner;
    eddy_error *next;
    const eddy_place *place; /* a line of the program (rule D7), NULL: none is known */
    const char *message;
    const char *reason; /* part of text: why a cancellation was asked for */
    char task[48];
    unsigned frame_count;
    void *frames[12];
    char text[];
};

#endif
