/* coding.c - bodies decoded: bytes of a source go through one coding or two. */
#include "http/message/coding.h"

#include "http/message/coding_kind.h"
#include "http/message/token.h"

#include <eddy/memory.h>
#include <eddy/task.h>

enum { BUFFER = 16 << 10, IGNORED_MAX = 64 << 10, CODINGS_MAX = 2 };
/* What is decoded before others run, in bytes that come and go; a step counts as so many. */
enum { AT_A_STRETCH = 1 << 20, STEP = 512 };

struct eddy__decoder {
    const struct eddy__coding_kind *kind;
    eddy__decoder_source *source;
    void *arg;
    struct eddy__decoder *inner; /* owned, the source of this one; NULL: that is the caller's */

    void *state;     /* of the kind; NULL before the first byte */
    bool at_end;     /* of a member */
    bool ignoring;   /* what follows the last member */
    bool exhausted;  /* the source has ended */
    bool broken;     /* the bytes were wrong */
    size_t ignored;  /* bytes that were */
    size_t work;     /* since others have run */
    int64_t given;   /* decoded bytes */
    int64_t most;    /* of them */
    uint8_t *buffer; /* `first`, or BUFFER bytes once something has come */
    size_t from, to; /* the bytes in the buffer that are to be decoded */
    uint8_t first[64];
};

/* ---- what a decoder reads ---- */

/* Reads until there are `least` bytes, at most sizeof first, or no more. 0 or the failure. */
static int decoder_fill(struct eddy__decoder *d, size_t least)
{
    memmove(d->buffer, d->buffer + d->from, d->to - d->from);
    d->to -= d->from;
    d->from = 0;
    while (d->to < least && !d->exhausted) {
        size_t room = (d->buffer == d->first ? sizeof d->first : BUFFER) - d->to;
        ssize_t n = eddy__try(d->source(d->arg, d->buffer + d->to, room));

        d->to += (size_t)n;
        d->exhausted = n == 0;
    }
    return 0;
}

/* The first bytes have come: now it is worth what the coding needs. */
static int decoder_begin(struct eddy__decoder *d)
{
    uint8_t *buffer = eddy_alloc(BUFFER);

    if (buffer)
        d->state = d->kind->open(d->buffer + d->from, d->to - d->from);
    if (!d->state) {
        eddy_free(buffer);
        return eddy__raise(EDDY_ENOMEM, "no memory for decoding %s", d->kind->name);
    }
    memcpy(buffer, d->buffer, d->to);
    d->buffer = buffer;
    return 0;
}

/* ---- decoding ---- */

/* Decodes what there is: how many bytes that gave. */
static ssize_t decoder_step(struct eddy__decoder *d, uint8_t *buf, size_t size)
{
    struct eddy__coding_step step = {d->buffer + d->from, d->to - d->from, buf, size, NULL};
    int status = d->kind->step(d->state, &step);

    d->work += STEP + (d->to - d->from - step.in_size) + (size - step.out_size);
    d->from = d->to - step.in_size;
    d->at_end = status == EDDY__CODING_DONE;
    if (status == EDDY_ENOMEM)
        return eddy__raise(status, "no memory for decoding %s", d->kind->name);
    d->broken = status < 0;
    if (d->broken)
        return eddy__raise(status, "the body is not %s: %s", d->kind->name,
                           step.why ? step.why : "it cannot be decoded");
    d->given += (int64_t)(size - step.out_size);
    if (d->given > d->most)
        return eddy__raise(EDDY_ELIMIT, "a body of more than %lld bytes when decoded",
                           (long long)d->most);
    return (ssize_t)(size - step.out_size);
}

/* Bytes that need not be waited for can be many: others get their turn (rule D4). */
static int decoder_pause(struct eddy__decoder *d)
{
    if (d->work < AT_A_STRETCH || !eddy_current_task())
        return 0;
    d->work = 0;
    return eddy_sleep(0);
}

/* A member has ended: 1 when another begins; 0 after the last, the rest having been ignored. */
static int decoder_next_member(struct eddy__decoder *d)
{
    eddy__try(decoder_fill(d, d->kind->magic));
    if (!d->ignoring && d->kind->again && d->to >= d->kind->magic &&
        d->kind->again(d->state, d->buffer)) {
        d->at_end = false;
        return 1;
    }
    d->ignoring = true;
    while (d->to && d->ignored < IGNORED_MAX) {
        d->ignored += d->to;
        d->to = 0;
        eddy__try(decoder_fill(d, 1));
    }
    return 0;
}

ssize_t eddy__decoder_read(struct eddy__decoder *d, void *buf, size_t size)
{
    if (d->broken)
        return eddy__raise(EDDY_EPROTO, "the body is not %s", d->kind->name);
    while (size) {
        eddy__try(decoder_pause(d));
        if (!d->state) {
            eddy__try(decoder_fill(d, d->kind->magic));
            if (d->to == 0)
                return 0;
            eddy__try(decoder_begin(d));
        }
        if (d->at_end && eddy__try(decoder_next_member(d)) == 0)
            return 0;
        ssize_t n = eddy__try(decoder_step(d, buf, size));
        if (n)
            return n;
        if (d->at_end || d->from < d->to)
            continue;
        if (d->exhausted)
            return eddy__raise(EDDY_EOF, "the body ended in the middle of what %s has coded",
                               d->kind->name);
        eddy__try(decoder_fill(d, 1));
    }
    return 0;
}

/* ---- opening ---- */

static const struct eddy__coding_kind *find_coding(const char *name, size_t size)
{
    static const struct eddy__coding_kind *const kinds[] = {
        &eddy__coding_gzip, &eddy__coding_deflate, &eddy__coding_brotli, &eddy__coding_zstd};

    for (size_t i = 0; i < count_of(kinds); i++)
        for (int other = 0; other < 2; other++) {
            const char *known = other ? kinds[i]->other_name : kinds[i]->name;

            if (known && strlen(known) == size && eddy__same_words(known, name, size))
                return kinds[i];
        }
    return NULL;
}

/* The codings that a field names, in the order in which they were applied: how many. */
static int parse_codings(const struct eddy__coding_kind *kinds[CODINGS_MAX], const char *text)
{
    int count = 0;

    for (;; text += strcspn(text, ", \t")) {
        text += strspn(text, ", \t");
        size_t size = strcspn(text, ", \t");

        if (size == 0)
            return count;
        if (size == 8 && eddy__same_words(text, "identity", size))
            continue;
        const struct eddy__coding_kind *kind = find_coding(text, size);
        if (!kind)
            return eddy__raise(EDDY_ENOTSUP, "the content coding \"%.*s\" is not known",
                               (int)min_size(size, 40), text);
        if (count == CODINGS_MAX)
            return eddy__raise(EDDY_ENOTSUP, "more than %d content codings upon each other",
                               CODINGS_MAX);
        kinds[count++] = kind;
    }
}

static ssize_t read_inner(void *arg, void *buf, size_t size)
{
    return eddy__decoder_read(arg, buf, size);
}

int eddy__decoder_open(struct eddy__decoder **decoder, const char *codings,
                       eddy__decoder_source *source, void *arg)
{
    const struct eddy__coding_kind *kinds[CODINGS_MAX];
    int count = eddy__try(parse_codings(kinds, codings));
    struct eddy__decoder *outer = NULL;

    *decoder = NULL;
    while (count--) { /* what was applied last is decoded first */
        struct eddy__decoder *d = eddy_alloc_zero(sizeof *d);

        if (!d) {
            eddy__decoder_close(outer);
            return eddy__raise(EDDY_ENOMEM, "no memory for decoding a body");
        }
        d->kind = kinds[count];
        d->most = INT64_MAX;
        d->source = outer ? read_inner : source;
        d->arg = outer ? outer : arg;
        d->inner = outer;
        d->buffer = d->first;
        outer = d;
    }
    *decoder = outer;
    return 0;
}

void eddy__decoder_limit(struct eddy__decoder *d, int64_t most)
{
    for (; d; d = d->inner)
        d->most = most;
}

void eddy__decoder_close(struct eddy__decoder *d)
{
    while (d) {
        struct eddy__decoder *inner = d->inner;

        if (d->state)
            d->kind->close(d->state);
        if (d->buffer != d->first)
            eddy_free(d->buffer);
        eddy_free(d);
        d = inner;
    }
}
