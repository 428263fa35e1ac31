/* Two sensors feed a bounded queue; one consumer keeps moving averages and raises alarms at once,
 * and another coroutine reports every half second. */
#include "random.h"
#include "tour.h"

enum { WINDOW = 3 };

struct sensor {
    const char *name;
    double offset;
    struct random random;
    int window[WINDOW]; /* the last readings */
    int count;
};

struct reading {
    struct sensor *sensor;
    int value;
};

static int measure(struct sensor *sensor, eddy_queue *readings)
{
    eddy_try(eddy_sleep(sensor->offset));
    for (int i = 0; i < 6; i++) {
        struct reading reading = {sensor, random_int(&sensor->random, 10, 99)};
        eddy_try(eddy_queue_put(readings, &reading));
        eddy_try(eddy_sleep(0.2));
    }
    return 0;
}
EDDY_CORO(measure, struct sensor *, eddy_queue *)

static void process(struct sensor *sensor, int value)
{
    int sum = 0;

    sensor->window[sensor->count++ % WINDOW] = value;
    int n = sensor->count < WINDOW ? sensor->count : WINDOW;
    for (int i = 0; i < n; i++)
        sum += sensor->window[i];
    printf("%s: %d, average of %d: %.1f\n", sensor->name, value, n, (double)sum / n);
    if (value > 80)
        printf("ALARM %s: %d\n", sensor->name, value);
}

static int consumer(eddy_queue *readings, int *count)
{
    struct reading reading;

    for (;;) {
        eddy_try(eddy_queue_get(readings, &reading));
        ++*count;
        process(reading.sensor, reading.value);
        eddy_queue_task_done(readings);
    }
}
EDDY_CORO(consumer, eddy_queue *, int *)

static int reporter(const int *count)
{
    for (;;) {
        eddy_try(eddy_sleep(0.5));
        printf("-- %d readings so far\n", *count);
    }
}
EDDY_CORO(reporter, const int *)

static int watch_sensors(void)
{
    struct sensor temp = {.name = "temp", .offset = 0.05, .random = {3}};
    struct sensor load = {.name = "load", .offset = 0.15, .random = {4}};
    int count = 0;
    eddy_auto(eddy_queue) *readings = eddy_try(eddy_queue_open(sizeof(struct reading), 4));
    eddy_auto(eddy_group) *side = eddy_try(eddy_group_open());

    eddy_group_start(side, consumer_coro(readings, &count));
    eddy_group_start(side, reporter_coro(&count));
    eddy_try(eddy_gather(measure_coro(&temp, readings), measure_coro(&load, readings)));
    eddy_try(eddy_queue_join(readings));
    eddy_group_cancel(side); /* these two would go on for ever */
    eddy_try(eddy_group_join(side));
    printf("%d readings in all\n", count);
    return 0;
}
EDDY_CORO(watch_sensors)

int main(void)
{
    return eddy_run(watch_sensors_coro()) < 0;
}
