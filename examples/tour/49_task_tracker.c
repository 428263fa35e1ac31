/* A tracker starts tasks, learns from a done callback how each ended, and owns them: closing it
 * closes them. Callbacks run one at a time like everything in a loop, so its books need no lock. */
#include "monitor.h"
#include "random.h"
#include <string.h>

enum { TASKS = 7 };

struct record {
    struct text name;
    double start;
    double duration;
    const char *status;
    const char *error;
};

typedef struct task_tracker {
    eddy_task *tasks[TASKS];
    struct record records[TASKS];
    size_t count;
} task_tracker;

static void task_tracker_close(task_tracker *tracker)
{
    for (size_t i = 0; i < tracker->count; i++)
        eddy_task_close(tracker->tasks[i]);
}
EDDY_AUTOCLOSE(task_tracker, task_tracker_close)

static int note_end(eddy_task *task, void *arg)
{
    struct record *record = arg;

    record->duration = eddy_time() - record->start;
    record->error = eddy_error_message(eddy_task_error(task));
    if (eddy_task_cancelled(task))
        record->status = "cancelled";
    else
        record->status = eddy_task_status(task) < 0 ? "failed" : "completed";
    return 0;
}

static int track(task_tracker *tracker, struct text name, eddy_coro coro)
{
    eddy_task *task = eddy_try(eddy_create_task(coro));
    struct record *record = &tracker->records[tracker->count];

    tracker->tasks[tracker->count++] = task;
    *record = (struct record){.name = name, .start = eddy_time(), .status = "running"};
    return eddy_task_add_done_callback(task, note_end, record);
}

static int count(const task_tracker *tracker, const char *status)
{
    int n = 0;

    for (size_t i = 0; i < tracker->count; i++)
        n += strcmp(tracker->records[i].status, status) == 0;
    return n;
}

static void print_summary(const task_tracker *tracker)
{
    printf("\nTask Summary:\n");
    printf(" Total: %zu\n", tracker->count);
    printf(" Running: %d\n", count(tracker, "running"));
    printf(" Completed: %d\n", count(tracker, "completed"));
    printf(" Failed: %d\n", count(tracker, "failed"));
    printf(" Cancelled: %d\n", count(tracker, "cancelled"));

    printf("\nTask Details:\n");
    for (size_t i = 0; i < tracker->count; i++) {
        const struct record *record = &tracker->records[i];
        printf(" %s: %s", record->name.s, record->status);
        if (strcmp(record->status, "completed") == 0)
            printf(" (%.3fs)", record->duration);
        if (strcmp(record->status, "failed") == 0)
            printf(" - %s", record->error);
        printf("\n");
    }
}

static int sample_task(double duration)
{
    double start = eddy_time();

    log_info("Starting sample_task");
    eddy_try(eddy_sleep(duration));
    log_info("Completed sample_task in %.3fs", eddy_time() - start);
    return 0;
}
EDDY_CORO(sample_task, double)

static int monitored_sleep(const char *name, double duration)
{
    eddy_auto(monitor) *m = &(monitor){.name = name};

    monitor_enter(m);
    return eddy_sleep(duration);
}

static int monitored_task(void)
{
    eddy_try(monitored_sleep("Database Query", 0.5));
    return monitored_sleep("API Call", 0.3);
}
EDDY_CORO(monitored_task)

static int failing_task(void)
{
    eddy_try(eddy_sleep(0.2));
    return eddy_raise(EDDY_EINVAL, "Simulated failure");
}
EDDY_CORO(failing_task)

static int debugging_demo(void)
{
    struct random random = {26};
    struct text name;
    int statuses[TASKS];
    eddy_auto(task_tracker) *tracker = &(task_tracker){.count = 0};

    printf("=== Async Debugging and Monitoring ===\n");
    for (int i = 0; i < 5; i++) {
        text_set(&name, "SampleTask-%d", i);
        eddy_try(track(tracker, name, sample_task_coro(random_uniform(&random, 0.1, 0.5, 0.05))));
    }
    eddy_try(track(tracker, (struct text){"MonitoredTask"}, monitored_task_coro()));
    eddy_try(track(tracker, (struct text){"FailingTask"}, failing_task_coro()));

    eddy_try(eddy_gather_tasks(tracker->tasks, TASKS, .statuses = statuses));
    print_summary(tracker);
    return 0;
}
EDDY_CORO(debugging_demo)

int main(void)
{
    return eddy_run(debugging_demo_coro()) < 0;
}
