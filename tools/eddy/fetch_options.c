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
    "  -c N                  N downloads at a time, 1 to 1000 (default 10)\n"
    "  --limit-per-host N    at most N of them from one server (default: as -c)\n"
    "  -o DIR                where files go (default: here); made when only DIR is missing\n"
    "  -i FILE               reads URLs from FILE, one a line; - is standard input\n"
    "  -C                    goes on with files that an earlier run with -C has begun, and passes\n"
    "                        over those that are there\n"
    "  --timeout S           seconds for one attempt, up to 86400 (default 300)\n"
    "  --retries N           further attempts after a transient failure, 0 to 100 (default 3,\n"
    "                        with -d none)\n"
    "  --checksum HASH       what the file must be: sha256:, sha384: or sha512: and the digits\n"
    "  -H 'NAME: VALUE'      a header field of every request\n"
    "  -d DATA               sends DATA by POST; @FILE: the bytes of FILE, @-: standard input\n"
    "  --proxy URL           http://, https:// or socks5://; '': none (default: as the\n"
    "                        environment says)\n"
    "  --http2               nothing but HTTP/2, also without TLS (default: within TLS what the\n"
    "                        server chooses)\n"
    "  --resolvers LIST      asks these servers for names: 192.0.2.1,[2001:db8::1]:53\n"
    "  --json                tells at the end on standard output what became of each file\n"
    "  -h, --help            this text\n"
    "\n"
    "A file is called what the last part of the URL's path is called (index.html when that is\n"
    "empty). Nothing is overwritten: a second a.txt becomes a-1.txt. No part of a file is ever\n"
    "seen under its name.\n"
    "\n"
    "Transient are failures of the connection, timeouts and the statuses 408, 429 and 5xx.\n"
    "Exit status: 0; 1 when a download failed; 2 for bad usage; 130 after Ctrl-C.\n";

enum {
    OPTION_TIMEOUT = 256,
    OPTION_RETRIES,
    OPTION_PER_HOST,
    OPTION_CHECKSUM,
    OPTION_PROXY,
    OPTION_RESOLVERS,
    OPTION_HTTP2,
    OPTION_JSON,
};

static const struct option long_options[] = {
    {"timeout", required_argument, NULL, OPTION_TIMEOUT},
    {"retries", required_argument, NULL, OPTION_RETRIES},
    {"limit-per-host", required_argument, NULL, OPTION_PER_HOST},
    {"checksum", required_argument, NULL, OPTION_CHECKSUM},
    {"proxy", required_argument, NULL, OPTION_PROXY},
    {"resolvers", required_argument, NULL, OPTION_RESOLVERS},
    {"http2", no_argument, NULL, OPTION_HTTP2},
    {"json", no_argument, NULL, OPTION_JSON},
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

static int parse_checksum(struct checksum *result, const char *text)
{
    if (checksum_parse(result, text))
        return 0;
    refuse("fetch",
           "--checksum %s: sha256: and 64 hexadecimal digits are wanted, or sha384: and 96, or "
           "sha512: and 128",
           text);
    return -1;
}

/* What else a field's name and value may not have the session says, which knows it. */
static int add_header(struct fetch_options *self, const char *text)
{
    size_t length = strcspn(text, ":");

    if (length == 0 || !text[length]) {
        refuse("fetch", "-H '%s': a field is wanted, as in 'Accept-Language: en'", text);
        return -1;
    }
    if (self->header_count == FETCH_HEADERS_MAX) {
        refuse("fetch", "-H: more than %d header fields", FETCH_HEADERS_MAX);
        return -1;
    }
    char *name = strdup(text);
    if (!name) {
        refuse("fetch", "out of memory");
        return -1;
    }
    name[length] = '\0';
    const char *value = name + length + 1;
    self->headers[self->header_count++] = (eddy_pair){name, value + strspn(value, " \t")};
    return 0;
}

static int take_data(struct fetch_options *self, const char *data)
{
    if (self->data) {
        refuse("fetch", "-d %s: there was a -d already; fields of a form are joined by &", data);
        return -1;
    }
    self->data = data;
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
        self->list_is_input = self->list_is_input || strcmp(optarg, "-") == 0;
        return url_list_read(&self->urls, optarg);
    case OPTION_TIMEOUT:
        return parse_seconds("--timeout", optarg, &self->timeout);
    case OPTION_RETRIES:
        self->retries_said = true;
        return parse_count("--retries", optarg, 0, 100, &self->retries);
    case OPTION_PER_HOST:
        return parse_count("--limit-per-host", optarg, 1, 1000, &self->per_host);
    case OPTION_CHECKSUM:
        return parse_checksum(&self->checksum, optarg);
    case OPTION_PROXY:
        self->proxy = optarg;
        return 0;
    case OPTION_RESOLVERS:
        self->resolvers = optarg;
        return 0;
    case OPTION_HTTP2:
        self->http2 = true;
        return 0;
    case OPTION_JSON:
        self->json = true;
        return 0;
    case 'H':
        return add_header(self, optarg);
    case 'd':
        return take_data(self, optarg);
    case 'C':
        self->resume = true;
        return 0;
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

/* What does not go together. */
static int check_together(const struct fetch_options *self)
{
    const char *problem = NULL;

    if (self->urls.count == 0)
        problem = "no URL to fetch; see eddy help fetch";
    else if (self->checksum.algorithm && self->urls.count > 1)
        problem = "--checksum is of one file, and there are more URLs";
    else if (self->list_is_input && self->data && strcmp(self->data, "@-") == 0)
        problem = "-i - and -d @-: standard input can be one of them";
    else if (self->resume && self->data)
        problem = "-C and -d: what a POST answers is not resumed";
    else if (self->resume && eddy_pairs_header(self->headers, "Range"))
        problem = "-C and -H 'Range: …': -C asks for ranges by itself";
    if (problem)
        refuse("fetch", "%s", problem);
    return problem ? -1 : 0;
}

int fetch_options_parse(struct fetch_options *self, int argc, char **argv)
{
    int option;

    *self = (struct fetch_options){.at_once = 10, .retries = 3, .timeout = 300, .folder = "."};
    opterr = 0;
    optind = 0; /* from the start, whatever getopt was used for before */
    while ((option = getopt_long(argc, argv, ":c:o:i:H:d:Ch", long_options, NULL)) != -1)
        if (take_option(self, option, argv) < 0)
            return -1;
    if (self->help)
        return 0;
    /* A POST that has failed may have had its effect. */
    if (self->data && !self->retries_said)
        self->retries = 0;
    if (take_urls(self, argv + optind, argc - optind) < 0)
        return -1;
    return check_together(self);
}

void fetch_options_clear(struct fetch_options *self)
{
    for (unsigned i = 0; i < self->header_count; i++)
        free((char *)(uintptr_t)self->headers[i].name);
    self->header_count = 0;
    url_list_clear(&self->urls);
}
