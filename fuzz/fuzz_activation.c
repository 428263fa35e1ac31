/* fuzz_activation.c - what a service manager says of the sockets that it hands over, held against
 * the digits and the pieces between colons. */
#include "fuzz.h"

#include "net/activation.h"

#include <ctype.h>

/* The value of a plain decimal number; -1: it is none. What strtol takes besides is not asked. */
static long plain_number(const char *text)
{
    long n = 0;

    for (const char *c = text; *c; c++) {
        if (!isdigit((unsigned char)*c))
            return -1;
        n = n < INT32_MAX ? n * 10 + (*c - '0') : n;
    }
    return *text && n <= INT32_MAX ? n : -1;
}

static void check_number(int n, const char *text)
{
    long expected = plain_number(text);

    MUST(n >= -1);
    MUST(expected < 0 || n == expected);
    MUST(*text || n == -1);
    for (const char *c = text; *c && n >= 0; c++)
        MUST(isdigit((unsigned char)*c) || isspace((unsigned char)*c) || strchr("+-", *c));
}

static void check_names(const struct eddy__handed *handed, const char *names)
{
    char name[256], *pieces = strdup(names), *rest = pieces;

    for (int i = 0; i < 50; i++) {
        const char *expected = rest ? strsep(&rest, ":") : "";

        eddy__handed_name(handed, i, name, sizeof name);
        MUST(strcmp(name, *expected ? expected : "unknown") == 0);
    }
    free(pieces);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char pid[32], fds[32], names[200];
    struct eddy__handed handed;

    take_text(&in, pid, sizeof pid);
    take_text(&in, fds, sizeof fds);
    take_text(&in, names, sizeof names);
    eddy__handed_parse(&handed, pid, fds, names);
    check_number(handed.owner, pid);
    check_number(handed.count, fds);
    check_names(&handed, names);
    return 0;
}
