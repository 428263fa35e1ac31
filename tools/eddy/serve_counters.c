/* serve_counters.c - counts of several loops, and the line on the terminal. */
#include "serve_counters.h"
#include "terminal.h"
#include "units.h"
#include <eddy/task.h>
#include <math.h>
#include <stdio.h>

#define PERIOD 0.1

void serve_counters_take(struct serve_counters *self, const eddy_http_server *server)
{
    eddy_http_server_stats stats = eddy_http_server_get_stats(server);

    atomic_store_explicit(&self->open, eddy_http_server_connections(server), memory_order_relaxed);
    atomic_store_explicit(&self->connections, stats.connections, memory_order_relaxed);
    atomic_store_explicit(&self->requests, stats.requests, memory_order_relaxed);
    atomic_store_explicit(&self->refused, stats.refused, memory_order_relaxed);
    atomic_store_explicit(&self->received, stats.received, memory_order_relaxed);
    atomic_store_explicit(&self->sent, stats.sent, memory_order_relaxed);
}

int serve_counters_follow(struct serve_counters *self, eddy_http_server *server)
{
    int r = 0;

    while (r == 0) {
        serve_counters_take(self, server);
        r = eddy_sleep(PERIOD);
    }
    return r;
}

/* ---- the sum ---- */

struct sum {
    unsigned open;
    unsigned long long requests, refused, received, sent;
};

static struct sum sum_of(const struct serve_counters *all, int n)
{
    struct sum sum = {0};

    for (int i = 0; i < n; i++) {
        sum.open += atomic_load_explicit(&all[i].open, memory_order_relaxed);
        sum.requests += atomic_load_explicit(&all[i].requests, memory_order_relaxed);
        sum.refused += atomic_load_explicit(&all[i].refused, memory_order_relaxed);
        sum.received += atomic_load_explicit(&all[i].received, memory_order_relaxed);
        sum.sent += atomic_load_explicit(&all[i].sent, memory_order_relaxed);
    }
    return sum;
}

/* ", 3 refused" and ", 1.2 MiB received", where there are some. */
static void format_others(char *text, size_t size, const struct sum *sum)
{
    char received[UNIT_TEXT_SIZE];
    int length = 0;

    *text = '\0';
    if (sum->received)
        length =
            snprintf(text, size, ", %s received", format_bytes(received, (double)sum->received));
    if (sum->refused)
        snprintf(text + length, size - (size_t)length, ", %llu refused", sum->refused);
}

static void draw_counters(const struct sum *sum, double requests, double bytes)
{
    char sent[UNIT_TEXT_SIZE], rate[UNIT_TEXT_SIZE], others[80];

    format_others(others, sizeof others, sum);
    terminal_show("%u connection%s, %llu requests (%.0f/s), %s sent (%s/s)%s", sum->open,
                  sum->open == 1 ? "" : "s", sum->requests, requests,
                  format_bytes(sent, (double)sum->sent), format_bytes(rate, bytes), others);
}

/* Rates follow the last second or so. */
int serve_counters_show(const struct serve_counters *all, int n)
{
    struct sum before = sum_of(all, n);
    double requests = 0, bytes = 0, weight = 1 - exp(-PERIOD);
    int r = 0;

    if (!terminal_can_show())
        return 0;
    while (r == 0) {
        struct sum now = sum_of(all, n);
        requests += weight * ((double)(now.requests - before.requests) / PERIOD - requests);
        bytes += weight * ((double)(now.sent - before.sent) / PERIOD - bytes);
        draw_counters(&now, requests, bytes);
        before = now;
        r = eddy_sleep(PERIOD);
    }
    terminal_clear();
    return r;
}

void serve_counters_report(const struct serve_counters *all, int n, double seconds)
{
    struct sum sum = sum_of(all, n);
    char sent[UNIT_TEXT_SIZE], time[UNIT_TEXT_SIZE], others[80];

    format_others(others, sizeof others, &sum);
    fprintf(stderr, "%llu request%s, %s sent%s in %s\n", sum.requests, sum.requests == 1 ? "" : "s",
            format_bytes(sent, (double)sum.sent), others, format_time(time, seconds));
}
