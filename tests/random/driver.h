/* driver.h - of tests/random/ only: programs that are run, and the one that failed. */
#ifndef RANDOM_DRIVER_H
#define RANDOM_DRIVER_H

#include "random.h"

#include <sys/types.h>

enum { RANDOM_STEPS_MAX = 4096 };

/* A program: a seed, and which steps of it are run. */
struct random_script {
    uint64_t seed;
    unsigned last;                     /* the last step that is run; 0: none is */
    bool is_run[RANDOM_STEPS_MAX + 1]; /* from 1 */
};

/* How a program ended that failed. */
struct random_failure {
    struct random_script script;
    int status;     /* of wait */
    double seconds; /* after so many it was late; 0: it ended by itself */
    int output;     /* a descriptor; -1: no program has failed */
};

/* Gives the next program; false when there are no more. */
typedef bool random_source(void *arg, struct random_script *next);

struct random_way {
    int jobs;
    double limit;   /* seconds for one program */
    bool show_hung; /* where it is that does not end; takes a while */
    void (*tick)(void);
};

/* Runs what the source gives, several side by side, until one fails; true when one did. */
bool random_run(const struct random_way *way, random_source *source, void *arg,
                struct random_failure *failure);

/* In this process, without limits. */
bool random_run_here(const struct random_script *script);

/* Runs the script until it fails, so many times at most; after how many it did, 0: it did not. Then
 * it is the new failure. */
unsigned random_repeat(const struct random_way *way, const struct random_script *script,
                       unsigned times, double deadline, struct random_failure *failure);

/* Ends with the program in failure that needs the fewest steps of it, and its output. In tries it
 * leaves how often that one must be run to fail, most likely; 0: it did not fail again. */
void random_minimise(const struct random_way *way, double seconds, struct random_failure *failure,
                     unsigned *tries);

/* The steps as options give them: "1-3,7". */
void random_steps_write(const struct random_script *script, FILE *out);
bool random_steps_read(struct random_script *script, const char *text);
unsigned random_steps_count(const struct random_script *script);

/* What random.c draws from: whose steps the calling process runs. */
extern const struct random_script *random_script;
struct random random_begin(const struct random_script *script);

/* The folder of the program that ran in that process is removed, if it had one. */
void random_folder_remove(pid_t pid);

#endif
