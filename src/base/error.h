/* error.h - error records inside the library. A record is counted: a task, the awaiters that took
 * it over and the list it hangs in hold one reference each. */
#ifndef EDDY_BASE_ERROR_H
#define EDDY_BASE_ERROR_H

#include "base/base.h"

/* Raises code with its standard sentence, without formatting: for the frequent ones. */
int eddy__raise_code(int code) __attribute__((cold));

/* Raises a cancellation: "before: reason", of which eddy_cancel_reason gives the second part. */
int eddy__raise_cancelled(int code, const char *before, const char *reason) __attribute__((cold));

eddy_error *eddy__error_ref(eddy_error *error);
void eddy__error_unref(eddy_error *error);

/* Takes the record out of the running task (NULL: none), so that clean-up cannot disturb it, and
 * puts it back, dropping what clean-up left. */
eddy_error *eddy__error_take(void);
void eddy__error_put(eddy_error *error);

/* The running task awaited another one, whose record is inner (may be NULL): keeps a record that
 * leads to it, says "awaited by" the running task, and has code. Returns code. */
int eddy__error_awaited(eddy_error *inner, int code);

/* The failure code, which the running task's record tells of, with a sentence before its message:
 * "item 3: no space". Returns code. */
int eddy__error_explain(int code, const char *format, ...)
    __attribute__((format(printf, 2, 3), cold));

/* Several failures in order. Its records are its own and lead to those of the tasks that failed,
 * which may hang in other lists, too. */
struct eddy__error_list {
    int code; /* of the first failure, also when there was no memory for a record; 0: none */
    eddy_error *first;
    eddy_error *last;
};

/* Adds the failure code with its record (may be NULL) and those that hang on it. */
void eddy__error_list_add(struct eddy__error_list *list, eddy_error *error, int code);
/* Makes the list the running task's failure and empties it. Returns the first code, or 0. */
int eddy__error_list_raise(struct eddy__error_list *list);
void eddy__error_list_clear(struct eddy__error_list *list);

/* Misuse that is a bug in the program: reports it with the place of the call to the running loop's
 * exception handler (stderr without one). Returns code, raised. */
int eddy__bug(int code, const char *format, ...) __attribute__((format(printf, 2, 3), cold));

#endif
