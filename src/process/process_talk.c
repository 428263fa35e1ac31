/* process_talk.c - talking to a child until its end: communicate and run. */
#include "process/process.h"

#include <eddy/gather.h>

enum { FIRST_CAPACITY = 4096 };

void eddy_output_clear(eddy_output *output)
{
    if (!output)
        return;
    eddy_free(output->data);
    *output = (eddy_output){NULL, 0};
}

void eddy_process_result_clear(eddy_process_result *result)
{
    if (!result)
        return;
    eddy_output_clear(&result->out);
    eddy_output_clear(&result->err);
    result->status = 0;
}

/* ---- one end each ----
 * The process may be closed whenever one of them waits, or before it has begun: communicate holds
 * it, and each looks whether its pipe is still there. */

/* Children need not read all they are given. */
static int feeds(eddy_process *p, const void *input, size_t size)
{
    ssize_t r = !p->ends[0] ? EDDY_ECLOSED : size ? eddy_write(p->ends[0], input, size) : 0;

    if (r >= 0)
        r = p->ends[0] ? eddy_write_eof(p->ends[0]) : EDDY_ECLOSED;
    if (r != EDDY_EPIPE)
        return r < 0 ? (int)r : 0;
    eddy_error_clear();
    return 0;
}
EDDY_CORO(feeds, eddy_process *, const void *, size_t)

/* Room for one more byte and a zero behind it. */
static int reserve(eddy_output *to, size_t *capacity)
{
    size_t larger = max_size(2 * *capacity, FIRST_CAPACITY);
    char *data;

    if (*capacity > to->size + 1)
        return 0;
    data = eddy_realloc(to->data, larger);
    if (!data)
        return eddy__raise_code(EDDY_ENOMEM);
    to->data = data;
    *capacity = larger;
    return 0;
}

static int collects(eddy_process *p, int end, eddy_output *to)
{
    size_t capacity = to->data ? to->size + 1 : 0, max = p->max_output;

    while (p->ends[end]) {
        eddy__try(reserve(to, &capacity));
        ssize_t n =
            eddy__try(eddy_read(p->ends[end], to->data + to->size, capacity - to->size - 1));
        to->size += (size_t)n;
        to->data[min_size(to->size, max)] = '\0';
        if (n == 0)
            return 0;
        if (to->size > max) {
            to->size = max;
            return eddy__raise(EDDY_ELIMIT, "the %s of %s is over its maximum of %zu bytes",
                               eddy__end_names[end], p->name, max);
        }
    }
    return eddy__raise_code(EDDY_ECLOSED);
}
EDDY_CORO(collects, eddy_process *, int, eddy_output *)

static int drops(eddy_process *p, int end)
{
    char part[4096];

    while (p->ends[end])
        if (eddy__try(eddy_read(p->ends[end], part, sizeof part)) == 0)
            return 0;
    return eddy__raise_code(EDDY_ECLOSED);
}
EDDY_CORO(drops, eddy_process *, int)

/* ---- all of them ---- */

static int talk_to_ends(eddy_process *p, const void *input, size_t size, eddy_output *out,
                        eddy_output *err)
{
    eddy_coro coros[3];
    eddy_output *const outputs[] = {NULL, out, err};
    size_t n = 0;

    if (p->ends[0])
        coros[n++] = feeds_coro(p, input, size);
    for (int i = 1; i < 3; i++)
        if (p->ends[i])
            coros[n++] = outputs[i] ? collects_coro(p, i, outputs[i]) : drops_coro(p, i);
    return n ? eddy_gather_n(coros, n, .cancel_on_error = true) : 0;
}

int eddy_process_communicate(eddy_process *p, const void *input, size_t size, eddy_output *out,
                             eddy_output *err)
{
    if (!p)
        return eddy__raise(EDDY_EINVAL, "the process is NULL");
    if (size && !input)
        return eddy__raise(EDDY_EINVAL, "an input of %zu bytes is expected, and is NULL", size);
    if (size && !p->ends[0] && !p->closed)
        return eddy__raise(EDDY_EINVAL, "the child's standard input is not an EDDY_PIPE");
    eddy__process_ref(p);
    int r = talk_to_ends(p, input, size, out, err);
    if (r >= 0)
        r = eddy_process_wait(p, NULL);
    eddy__process_unref(p);
    return r;
}

/* ---- run ---- */

static int talk(eddy_process *p, const eddy_process_opts *opts, eddy_process_result *result)
{
    eddy__try(
        eddy_process_communicate(p, opts->input, opts->input_size, &result->out, &result->err));
    return eddy_process_wait(p, &result->status);
}

int eddy_process_run_with(const char *const *argv, eddy_process_result *result,
                          const eddy_process_opts *opts)
{
    eddy_process_opts own = opts ? *opts : (eddy_process_opts){.stdin = EDDY_INHERIT};
    eddy_process_result ignored = {.status = 0};
    eddy_process *p;
    int r = eddy__checkpoint();

    eddy_process_result_clear(result);
    if (r < 0)
        return r;
    own.stdin = own.stdin ? own.stdin : own.input_size ? EDDY_PIPE : EDDY_NULL;
    own.stdout = own.stdout ? own.stdout : EDDY_PIPE;
    own.stderr = own.stderr ? own.stderr : EDDY_PIPE;
    own.kill_on_close = true;
    p = eddy_process_open_with(argv, &own);
    if (!p)
        return eddy_status_(p);
    r = talk(p, &own, result ? result : &ignored);
    eddy_process_close(p);
    eddy_process_result_clear(&ignored);
    return r;
}
