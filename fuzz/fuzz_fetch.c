/* fuzz_fetch.c - the command line of eddy fetch, its URLs and the file names made of them. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "../tools/eddy/command.h"
#include "../tools/eddy/fetch_options.h"
#include "../tools/eddy/units.h"
#include "../tools/eddy/url.h"

#include <math.h>
#include <stdarg.h>

static unsigned refusals;

/* In place of the one that writes to standard error. */
int refuse(const char *name, const char *format, ...)
{
    char text[200];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    MUST(strcmp(name, "fetch") == 0 && text[0]);
    refusals++;
    return STATUS_USAGE;
}

static void check_name(const char *url)
{
    char name[URL_FILE_NAME_SIZE];

    url_file_name(url, name);
    MUST(name[0] && name[0] != '.' && strlen(name) < URL_FILE_NAME_SIZE);
    for (const char *c = name; *c; c++)
        MUST(*c != '/' && (unsigned char)*c >= ' ' && *c != 127);
}

static void check_options(int argc, char **argv)
{
    struct fetch_options options;
    unsigned before = refusals;
    int status = fetch_options_parse(&options, argc, argv);

    MUST((status < 0) == (refusals > before));
    if (status == 0 && !options.help) {
        MUST(options.at_once >= 1 && options.at_once <= 1000 && options.retries <= 100);
        MUST(options.timeout > 0 && options.timeout <= 86400);
        MUST(options.folder && options.urls.count > 0 && options.per_host <= 1000);
        MUST(!options.headers[options.header_count].name && !(options.resume && options.data));
        MUST(!options.checksum.algorithm || options.urls.count == 1);
    }
    for (size_t i = 0; i < options.urls.count; i++)
        check_name(options.urls.urls[i]);
    fetch_options_clear(&options);
}

static void check_units(struct input in)
{
    char text[UNIT_TEXT_SIZE];
    double number = 0;

    memcpy(&number, in.data, in.size < sizeof number ? in.size : sizeof number);
    MUST(strlen(format_bytes(text, number)) > 2);
    MUST(strlen(format_time(text, number)) > 3);
}

/* -i names a file, which no input may choose. */
static bool reads_a_file(const char *word)
{
    return word[0] == '-' && word[1] != '-' && strchr(word, 'i');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    char words[8][300];
    char *argv[10] = {words[0]};
    int argc = 1;

    check_units(in);
    snprintf(words[0], sizeof words[0], "fetch");
    while (in.size && argc < 8) {
        argv[argc] = take_text(&in, words[argc], sizeof words[0]);
        if (reads_a_file(argv[argc++]))
            return 0;
    }
    check_options(argc, argv);
    return 0;
}
