/* fetch_options.c - the command line of eddy fetch. */
#define _GNU_SOURCE
#include "fetch_options.h"
#include "command.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const char fetch_help[] =
    "usage: eddy fetch [OPTION ...] URL ...\n"
    "       eddy fetch [OPTION ...] -i FILE\n"
    "\n"
    "Downloads files over http and https, many at a time.\n"
    "\n"
    "  -c N           N downloads at a time, 1 to 1000 (default 10)\n"
    "  -o DIR         where files go (default: here); made when only DIR itself is missing\n"
    "  -i FILE        reads URLs from FILE, one a line; - is standard input\n"
    "  --timeout S    seconds for one attempt, up to 86400 (default 300)\n"
    "  --retries N    further attempts after a transient failure, 0 to 100 (default 3)\n"
    "  -h, --help     this text\n"
    "\n"
    "A file is called what the last part of the URL's path is called (index.html when that is\n"
    "empty). Nothing is overwritten: a second a.txt becomes a-1.txt. No part of a file is ever\n"
    "seen under its name.\n"
    "\n"
    "Transient are failures of the connection, timeouts and the statuses 408, 429 and 5xx.\n"
    "Exit status: 0; 1 when a download failed; 2 for bad usage; 130 after Ctrl-C.\n";

enum { OPTION_TIMEOUT = 256, OPTION_RETRIES };

static const struct option long_options[] = {
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

static int parse_count(const char *option, const char *text, unsigned least, unsigned most,
                       unsigned *result)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < (long)least || n > (long)most) {
        refuse("fetch", "%s %s: a whole number from %u to %u is wanted", option, text, least, most);
        return -1;
    }
    *result = (unsigned)n;
    return 0;
}

static int parse_seconds(const char *option, const char *text, double *result)
{
    char *end;

    errno = 0;
    double seconds = strtod(text, &end);
    if (errno || end == text || *end || isnan(seconds) || seconds <= 0 || seconds > 86400) {
        refuse("fetch", "%s %s: seconds are wanted, more than 0 and at most 86400", option, text);
        return -1;
    }
    *result = seconds;
    return 0;
}

/* getopt has set optopt to the letter, or to a long option's value, or to 0 for an unknown one. */
static int refuse_option(int found, char **argv)
{
    char letter[3] = {'-', (char)optopt, '\0'};
    bool long_one =
        optopt == 0 || optopt >= OPTION_TIMEOUT || strncmp(argv[optind - 1], "--", 2) == 0;
    const char *option = long_one ? argv[optind - 1] : letter;

    if (found == ':')
        refuse("fetch", "%s: a value is missing", option);
    else if (long_one && strchr(option, '='))
        refuse("fetch", "%s: unknown, or no value belongs to it; see eddy help fetch", option);
    else
        refuse("fetch", "unknown option %s; see eddy help fetch", option);
    return -1;
}

static int take_option(struct fetch_options *self, int option, char **argv)
{
    switch (option) {
    case 'c':
        return parse_count("-c", optarg, 1, 1000, &self->at_once);
    case 'o':
        self->folder = optarg;
        return 0;
    case 'i':
        return url_list_read(&self->urls, optarg);
    case OPTION_TIMEOUT:
        return parse_seconds("--timeout", optarg, &self->timeout);
    case OPTION_RETRIES:
        return parse_count("--retries", optarg, 0, 100, &self->retries);
    case 'h':
        self->help = true;
        return 0;
    default:
        return refuse_option(option, argv);
    }
}

static int take_urls(struct fetch_options *self, char **urls, int count)
{
    for (int i = 0; i < count; i++) {
        const char *problem = url_list_add(&self->urls, urls[i]);
        if (problem) {
            refuse("fetch", "%s: %s", urls[i], problem);
            return -1;
        }
    }
    return 0;
}

int fetch_options_parse(struct fetch_options *self, int argc, char **argv)
{
    int option;

    *self = (struct fetch_options){.at_once = 10, .retries = 3, .timeout = 300, .folder = "."};
    opterr = 0;
    optind = 0; /* from the start, whatever getopt was used for before */
    while ((option = getopt_long(argc, argv, ":c:o:i:h", long_options, NULL)) != -1)
        if (take_option(self, option, argv) < 0)
            return -1;
    if (self->help)
        return 0;
    if (take_urls(self, argv + optind, argc - optind) < 0)
        return -1;
    if (self->urls.count == 0) {
        refuse("fetch", "no URL to fetch; see eddy help fetch");
        return -1;
    }
    return 0;
}
