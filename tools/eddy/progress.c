/* progress.c - counts, the rate, the time that is left, and the line that shows them. */
#include "progress.h"
#include "terminal.h"
#include "units.h"
#include <eddy/loop.h>
#include <eddy/task.h>
#include <math.h>

static double now(void)
{
    return eddy_loop_time(eddy_loop_running());
}

void progress_start(struct progress *self, size_t files)
{
    *self = (struct progress){.live = terminal_can_show(), .files = files, .started = now()};
    self->sampled = self->started;
}

double progress_elapsed(const struct progress *self)
{
    return now() - self->started;
}

void progress_expect(struct progress *self, uint64_t size)
{
    self->expected += size;
    self->expected_files++;
}

void progress_resume(struct progress *self, uint64_t bytes)
{
    self->bytes_open += bytes;
}

void progress_receive(struct progress *self, uint64_t bytes)
{
    self->received += bytes;
    self->bytes_open += bytes;
}

void progress_drop(struct progress *self, uint64_t bytes)
{
    self->bytes_open -= bytes;
}

void progress_save(struct progress *self, const char *name, uint64_t bytes)
{
    char text[UNIT_TEXT_SIZE];

    self->saved++;
    self->bytes_open -= bytes;
    self->bytes_saved += bytes;
    if (!self->live)
        fprintf(stderr, "%s  %s\n", name, format_bytes(text, (double)bytes));
}

void progress_pass(struct progress *self, const char *name)
{
    self->present++;
    if (!self->live)
        fprintf(stderr, "%s  there already\n", name);
}

void progress_fail(struct progress *self, const char *url, const char *reason)
{
    self->failed++;
    if (!self->live)
        fprintf(stderr, "failed: %s: %s\n", url, reason);
}

/* The rate follows the last two seconds or so; the first sample is taken as it is. */
static void sample_rate(struct progress *self)
{
    double seconds = now() - self->sampled;

    if (seconds < 0.05)
        return;
    double current = (double)(self->received - self->sample) / seconds;
    double weight = self->rate > 0 ? 1 - exp(-seconds / 2) : 1;
    self->rate += weight * (current - self->rate);
    self->sampled += seconds;
    self->sample = self->received;
}

/* Files of unknown size count as the average of the known ones; negative: no idea. */
static double seconds_left(const struct progress *self)
{
    if (self->expected_files == 0 || self->rate <= 0)
        return -1;
    double average = (double)self->expected / (double)self->expected_files;
    double total = average * (double)(self->files - self->present - self->failed);
    double left = total - (double)(self->bytes_saved + self->bytes_open);
    return left > 0 ? left / self->rate : 0;
}

static void draw(const struct progress *self)
{
    char bytes[UNIT_TEXT_SIZE], rate[UNIT_TEXT_SIZE], left[UNIT_TEXT_SIZE];
    char failed[32] = "";

    if (self->failed)
        snprintf(failed, sizeof failed, "  %zu failed", self->failed);
    terminal_show("%zu/%zu files  %s  %s/s  %s left%s", self->saved + self->present + self->failed,
                  self->files, format_bytes(bytes, (double)(self->bytes_saved + self->bytes_open)),
                  format_bytes(rate, self->rate), format_time(left, seconds_left(self)), failed);
}

int progress_show(struct progress *self)
{
    int r = 0;

    if (!self->live)
        return 0;
    while (r == 0) {
        sample_rate(self);
        draw(self);
        r = eddy_sleep(0.1);
    }
    terminal_clear();
    return r;
}
