/* log.h - log lines on standard error: time, level, the running task's identity, a message. */
#ifndef LOG_H
#define LOG_H

#include <eddy.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

__attribute__((format(printf, 2, 3))) static inline void log_line(const char *level,
                                                                  const char *format, ...)
{
    struct timespec time;
    struct tm local;
    char stamp[32];
    char message[128];
    va_list args;

    clock_gettime(CLOCK_REALTIME, &time);
    strftime(stamp, sizeof stamp, "%Y-%m-%d %H:%M:%S", localtime_r(&time.tv_sec, &local));
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    fprintf(stderr, "%s,%03ld - root - %s - [%" PRIuPTR "] %s\n", stamp, time.tv_nsec / 1000000,
            level, (uintptr_t)eddy_current_task(), message);
}

#define log_info(...) log_line("INFO", __VA_ARGS__)
#define log_error(...) log_line("ERROR", __VA_ARGS__)

#endif
