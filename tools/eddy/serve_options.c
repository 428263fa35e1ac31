/* serve_options.c - the command line of eddy serve. */
#define _GNU_SOURCE
#include "serve_options.h"
#include "command.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char serve_help[] =
    "usage: eddy serve [OPTION ...] [DIR]\n"
    "\n"
    "Serves the files of a folder (default: this one) over HTTP, until Ctrl-C.\n"
    "\n"
    "  -p, --port N       the port, 0 to 65535 (default 8000); 0: one that is free\n"
    "  --host ADDRESS     where to listen (default: this computer alone); '*': everywhere\n"
    "  --tls CERT KEY     HTTPS, with these files in PEM\n"
    "  --loops N          N threads, 1 to 1024 (default 1)\n"
    "  --listing          a page for each folder without an index.html\n"
    "  --spa              index.html answers for pages that are not there\n"
    "  --links            follows symbolic links that stay in DIR\n"
    "  --cors             pages of other sites may read the files\n"
    "  --upload           takes files: PUT, and with --listing a form on the page\n"
    "  --overwrite        uploads may replace files\n"
    "  --max-upload SIZE  the largest upload: 500k, 20M, 2G (default 1G)\n"
    "  --auth USER        asks for a user and a password, which is that of --password-file,\n"
    "                     else of EDDY_SERVE_PASSWORD, else asked for here\n"
    "  --password-file F  its first line is the password\n"
    "  --log FILE         a line for each request, added to FILE; -: standard output\n"
    "  --log-json         these lines are JSON\n"
    "  -h, --help         this text\n"
    "\n"
    "Names that begin with a dot are neither served nor listed. Without --upload FILE.br or\n"
    "FILE.gz beside FILE is sent to who takes it; other texts are coded with gzip.\n"
    "\n"
    "Ctrl-C ends it once the requests under way are answered, after 10 seconds at most; a second\n"
    "one ends it at once. Exit status: 0; 1 when it cannot serve; 2 for bad usage.\n";

enum {
    OPTION_HOST = 256,
    OPTION_TLS,
    OPTION_LOOPS,
    OPTION_LISTING,
    OPTION_SPA,
    OPTION_LINKS,
    OPTION_CORS,
    OPTION_UPLOAD,
    OPTION_OVERWRITE,
    OPTION_MAX_UPLOAD,
    OPTION_AUTH,
    OPTION_PASSWORD_FILE,
    OPTION_LOG,
    OPTION_LOG_JSON,
};

static const struct option serve_long_options[] = {
    {"port", required_argument, NULL, 'p'},
    {"host", required_argument, NULL, OPTION_HOST},
    {"tls", required_argument, NULL, OPTION_TLS},
    {"loops", required_argument, NULL, OPTION_LOOPS},
    {"listing", no_argument, NULL, OPTION_LISTING},
    {"spa", no_argument, NULL, OPTION_SPA},
    {"links", no_argument, NULL, OPTION_LINKS},
    {"cors", no_argument, NULL, OPTION_CORS},
    {"upload", no_argument, NULL, OPTION_UPLOAD},
    {"overwrite", no_argument, NULL, OPTION_OVERWRITE},
    {"max-upload", required_argument, NULL, OPTION_MAX_UPLOAD},
    {"auth", required_argument, NULL, OPTION_AUTH},
    {"password-file", required_argument, NULL, OPTION_PASSWORD_FILE},
    {"log", required_argument, NULL, OPTION_LOG},
    {"log-json", no_argument, NULL, OPTION_LOG_JSON},
    {"help", no_argument, NULL, 'h'},
    {NULL, 0, NULL, 0},
};

/* ---- values ---- */

static int take_number(const char *option, const char *text, int least, int most, int *result)
{
    char *end;

    errno = 0;
    long n = strtol(text, &end, 10);
    if (errno || end == text || *end || n < least || n > most) {
        refuse("serve", "%s %s: a whole number from %d to %d is wanted", option, text, least, most);
        return -1;
    }
    *result = (int)n;
    return 0;
}

/* "500k", "20M", "2G": powers of 1024. */
static int take_size(const char *text, uint64_t *result)
{
    static const char units[] = "kMGT";
    char *end;

    errno = 0;
    unsigned long long n = strtoull(text, &end, 10);
    const char *unit = *end ? strchr(units, *end == 'K' ? 'k' : *end) : NULL;
    unsigned shift = unit ? 10 * (unsigned)(unit - units + 1) : 0;
    bool whole = unit ? !end[1] : !*end;

    if (errno || end == text || *text == '-' || !whole || n == 0 ||
        n > (uint64_t)INT64_MAX >> shift) {
        refuse("serve", "--max-upload %s: a size is wanted, such as 500k, 20M or 2G", text);
        return -1;
    }
    *result = (uint64_t)n << shift;
    return 0;
}

static int take_user(struct serve_options *self, const char *user)
{
    if (!*user || strlen(user) > 255 || strchr(user, ':')) {
        refuse("serve", "--auth %s: a name of 1 to 255 bytes without a colon is wanted%s", user,
               strchr(user, ':') ? "; the password is not told on the command line" : "");
        return -1;
    }
    self->user = user;
    return 0;
}

/* The option has two values: the second one is no option's. */
static int take_tls(struct serve_options *self, int argc, char **argv)
{
    if (optind >= argc || argv[optind][0] == '-') {
        refuse("serve", "--tls %s: two files are wanted, --tls CERT KEY", optarg);
        return -1;
    }
    self->cert = optarg;
    self->key = argv[optind++];
    return 0;
}

/* ---- options ---- */

static int refuse_serve_option(int found, char **argv)
{
    char letter[3] = {'-', (char)optopt, '\0'};
    bool long_one = optopt == 0 || optopt >= OPTION_HOST || strncmp(argv[optind - 1], "--", 2) == 0;
    const char *option = long_one ? argv[optind - 1] : letter;

    if (found == ':')
        refuse("serve", "%s: a value is missing%s", option,
               optopt == OPTION_TLS ? ", --tls CERT KEY" : "");
    else if (long_one && strchr(option, '='))
        refuse("serve", "%s: unknown, or no value belongs to it; see eddy help serve", option);
    else
        refuse("serve", "unknown option %s; see eddy help serve", option);
    return -1;
}

static bool *flag_of(struct serve_options *self, int option)
{
    switch (option) {
    case OPTION_LISTING:
        return &self->listing;
    case OPTION_SPA:
        return &self->spa;
    case OPTION_LINKS:
        return &self->links;
    case OPTION_CORS:
        return &self->cors;
    case OPTION_UPLOAD:
        return &self->upload;
    case OPTION_OVERWRITE:
        return &self->overwrite;
    case OPTION_LOG_JSON:
        return &self->log_json;
    case 'h':
        return &self->help;
    default:
        return NULL;
    }
}

static int take_serve_option(struct serve_options *self, int option, int argc, char **argv)
{
    switch (option) {
    case 'p':
        return take_number("--port", optarg, 0, 65535, &self->port);
    case OPTION_HOST:
        self->host = optarg;
        return 0;
    case OPTION_TLS:
        return take_tls(self, argc, argv);
    case OPTION_LOOPS:
        return take_number("--loops", optarg, 1, 1024, &self->loops);
    case OPTION_MAX_UPLOAD:
        return take_size(optarg, &self->max_upload);
    case OPTION_AUTH:
        return take_user(self, optarg);
    case OPTION_PASSWORD_FILE:
        self->password_file = optarg;
        return 0;
    case OPTION_LOG:
        self->log = optarg;
        return 0;
    default:
        break;
    }
    bool *flag = flag_of(self, option);
    if (!flag)
        return refuse_serve_option(option, argv);
    *flag = true;
    return 0;
}

/* ---- what belongs together ---- */

static int check_readable(const char *option, const char *path)
{
    if (access(path, R_OK) == 0)
        return 0;
    refuse("serve", "%s: cannot read %s: %s", option, path, strerror(errno));
    return -1;
}

static int check_spa(const struct serve_options *self)
{
    char *path;
    int found = -1;

    if (asprintf(&path, "%s/index.html", self->folder) >= 0) {
        found = access(path, R_OK);
        free(path);
    }
    if (found < 0)
        refuse("serve", "--spa: there is no index.html in %s", self->folder);
    return found;
}

static int check_folder(const struct serve_options *self)
{
    struct stat about;

    if (stat(self->folder, &about) < 0)
        refuse("serve", "%s: %s", self->folder, strerror(errno));
    else if (!S_ISDIR(about.st_mode))
        refuse("serve", "%s: not a folder", self->folder);
    else if (access(self->folder, R_OK | X_OK) < 0)
        refuse("serve", "%s: the folder cannot be read: %s", self->folder, strerror(errno));
    else if (self->upload && access(self->folder, W_OK) < 0)
        refuse("serve", "--upload: %s cannot be written to: %s", self->folder, strerror(errno));
    else
        return self->spa ? check_spa(self) : 0;
    return -1;
}

static int check_together(const struct serve_options *self)
{
    if (self->overwrite && !self->upload)
        refuse("serve", "--overwrite is for --upload");
    else if (self->max_upload && !self->upload)
        refuse("serve", "--max-upload is for --upload");
    else if (self->password_file && !self->user)
        refuse("serve", "--password-file is for --auth USER");
    else if (self->log_json && !self->log)
        refuse("serve", "--log-json is for --log FILE");
    else if (self->cert &&
             (check_readable("--tls", self->cert) < 0 || check_readable("--tls", self->key) < 0))
        return -1;
    else
        return check_folder(self);
    return -1;
}

int serve_options_parse(struct serve_options *self, int argc, char **argv)
{
    int option;

    *self = (struct serve_options){.folder = ".", .port = 8000, .loops = 1};
    opterr = 0;
    optind = 0; /* from the start, whatever getopt was used for before */
    while ((option = getopt_long(argc, argv, ":p:h", serve_long_options, NULL)) != -1)
        if (take_serve_option(self, option, argc, argv) < 0)
            return -1;
    if (self->help)
        return 0;
    if (argc - optind > 1) {
        refuse("serve", "one folder is served, not %s too", argv[optind + 1]);
        return -1;
    }
    if (optind < argc)
        self->folder = argv[optind];
    if (check_together(self) < 0)
        return -1;
    if (!self->max_upload)
        self->max_upload = UINT64_C(1) << 30;
    return 0;
}
