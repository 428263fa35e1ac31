/* tour.h - what the programs of the tour have in common: standard output goes out line by line, and
 * a few values are printed as Python prints them, so that the two can be compared. */
#ifndef TOUR_H
#define TOUR_H

#include <eddy.h>
#include <stdarg.h>
#include <stdio.h>

__attribute__((constructor)) static inline void buffer_lines(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
}

static inline const char *truth(bool value)
{
    return value ? "True" : "False";
}

/* A text as a result: storage that a caller can provide. */
struct text {
    char s[64];
};

__attribute__((format(printf, 2, 3))) static inline void text_set(struct text *text,
                                                                  const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vsnprintf(text->s, sizeof text->s, format, args);
    va_end(args);
}

/* label['a', 'b'] */
static inline void print_texts(const char *label, const struct text *texts, size_t n)
{
    printf("%s[", label);
    for (size_t i = 0; i < n; i++)
        printf("%s'%s'", i ? ", " : "", texts[i].s);
    printf("]\n");
}

/* label[1, 2] */
static inline void print_ints(const char *label, const int *ints, size_t n)
{
    printf("%s[", label);
    for (size_t i = 0; i < n; i++)
        printf("%s%d", i ? ", " : "", ints[i]);
    printf("]\n");
}

#endif
