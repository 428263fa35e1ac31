/* fetch_report.c - the failures and the summary, and the same for programs. */
#include "fetch_report.h"
#include "json.h"
#include "units.h"

/* ---- for people --------------------------------------------------------------------------- */

static void report_failures(const struct fetch_outcome *self)
{
    for (size_t i = 0; i < self->count; i++) {
        const struct fetch_job *job = &self->jobs[i];
        if (job->state != FETCH_FAILED)
            continue;
        fprintf(stderr, "eddy fetch: %s: %s (%u attempt%s)", job->label,
                job->reason ? job->reason : "out of memory", job->attempts,
                job->attempts == 1 ? "" : "s");
        fprintf(stderr, job->kept ? "; kept as %s\n" : "\n", job->kept);
    }
}

static size_t not_fetched(const struct fetch_outcome *self)
{
    const struct progress *p = self->progress;

    return self->count - p->saved - p->present - p->failed;
}

static void report_interruption(const struct fetch_outcome *self)
{
    size_t parts = 0;

    for (size_t i = 0; i < self->count; i++)
        parts += self->jobs[i].state == FETCH_OPEN && self->jobs[i].kept;
    fprintf(stderr, "eddy fetch: interrupted, %zu of %zu files not fetched", not_fetched(self),
            self->count);
    if (parts)
        fprintf(stderr, "; of %zu there is a part, with which -C goes on", parts);
    fputc('\n', stderr);
}

void fetch_report(const struct fetch_outcome *self)
{
    const struct progress *p = self->progress;
    char bytes[UNIT_TEXT_SIZE], rate[UNIT_TEXT_SIZE];

    report_failures(self);
    if (self->signal)
        report_interruption(self);
    double per_second = self->seconds > 0 ? (double)p->received / self->seconds : 0;
    fprintf(stderr, "%zu file%s, %s in %.2f s, %s/s", p->saved, p->saved == 1 ? "" : "s",
            format_bytes(bytes, (double)p->bytes_saved), self->seconds,
            format_bytes(rate, per_second));
    if (p->present)
        fprintf(stderr, ", %zu there already", p->present);
    if (p->failed)
        fprintf(stderr, ", %zu failed", p->failed);
    fputc('\n', stderr);
}

/* ---- for programs ------------------------------------------------------------------------- */

static const char *state_name(enum fetch_state state)
{
    switch (state) {
    case FETCH_SAVED:
        return "saved";
    case FETCH_PRESENT:
        return "present";
    case FETCH_FAILED:
        return "failed";
    case FETCH_OPEN:
        break;
    }
    return "open";
}

static void write_job(const struct fetch_job *job)
{
    bool there = job->state == FETCH_SAVED || job->state == FETCH_PRESENT;

    json_text(stdout, "{\"url\": ", job->label);
    json_text(stdout, ", \"state\": ", state_name(job->state));
    if (there) {
        json_text(stdout, ", \"file\": ", job->name);
        printf(", \"bytes\": %llu", (unsigned long long)job->size);
    }
    if (job->status)
        printf(", \"status\": %d", job->status);
    printf(", \"attempts\": %u, \"seconds\": %.3f", job->attempts, job->seconds);
    if (!there && job->reason)
        json_text(stdout, ", \"error\": ", job->reason);
    if (!there && job->kept)
        json_text(stdout, ", \"kept\": ", job->kept);
    putchar('}');
}

void fetch_report_json(const struct fetch_outcome *self)
{
    const struct progress *p = self->progress;

    fputs("{\"files\": [", stdout);
    for (size_t i = 0; i < self->count; i++) {
        fputs(i ? ",\n  " : "\n  ", stdout);
        write_job(&self->jobs[i]);
    }
    printf("\n ],\n \"saved\": %zu, \"present\": %zu, \"failed\": %zu, \"open\": %zu,\n", p->saved,
           p->present, p->failed, not_fetched(self));
    printf(" \"bytes\": %llu, \"seconds\": %.3f", (unsigned long long)p->bytes_saved,
           self->seconds);
    if (self->signal)
        printf(", \"signal\": %d", self->signal);
    puts("}");
}
