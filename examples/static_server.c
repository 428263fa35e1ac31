/* static_server.c - a folder over HTTP/1.1: static_server ROOT [PORT [--latency SECONDS]]
 *
 * GET and HEAD, keep-alive, nothing above ROOT. It shows streams in use, not all that a web server
 * needs. Ctrl-C or SIGTERM ends it gracefully, and it takes the socket of a systemd unit. */
#include <ctype.h>
#include <eddy.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { PATH_SIZE = 1024, FULL_PATH_SIZE = 4096, MAX_HEADERS = 100 };
static const double IDLE_SECONDS = 30.0;

/* What all connections serve. */
struct site {
    const char *root;
    double latency; /* seconds by which every answer is delayed, as a network would */
};

struct request {
    char method[8];
    char path[PATH_SIZE]; /* decoded; without the / it begins with, and without the query */
    int status;           /* of the answer, as far as the request decides it */
    bool keep_alive;
};

/* ---- reading a request ---- */

static int hex(char c)
{
    if (isdigit((unsigned char)c))
        return c - '0';
    return isxdigit((unsigned char)c) ? tolower((unsigned char)c) - 'a' + 10 : -1;
}

/* %41 is A. False for what is malformed, too long, or contains a zero. */
static bool decode(const char *from, char *to, size_t size)
{
    for (; *from && *from != '?' && *from != '#'; from++) {
        int c = (unsigned char)*from;

        if (c == '%') {
            int high = hex(from[1]);
            int low = high < 0 ? -1 : hex(from[2]);
            c = high << 4 | low;
            from += 2;
            if (low < 0 || c == 0)
                return false;
        }
        if (--size == 0)
            return false;
        *to++ = (char)c;
    }
    *to = '\0';
    return true;
}

/* Whether one of the parts between slashes is "..". */
static bool goes_up(const char *path)
{
    for (;;) {
        size_t length = strcspn(path, "/");

        if (length == 2 && path[0] == '.' && path[1] == '.')
            return true;
        if (!path[length])
            return false;
        path += length + 1;
    }
}

static int parse_request_line(char *line, struct request *request)
{
    char *version = line;
    const char *method = strsep(&version, " "), *target = version ? strsep(&version, " ") : NULL;

    request->keep_alive = version && strcmp(version, "HTTP/1.1") == 0;
    if (!version || (!request->keep_alive && strcmp(version, "HTTP/1.0") != 0))
        return 400;
    if (target[0] != '/' || !decode(target + 1, request->path, sizeof request->path))
        return 400;
    snprintf(request->method, sizeof request->method, "%.7s", method);
    if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0)
        return 405;
    return goes_up(request->path) || request->path[0] == '/' ? 403 : 200;
}

static void parse_header(char *line, struct request *request)
{
    char *value = line;
    const char *name = strsep(&value, ":");

    if (!value)
        return;
    value += strspn(value, " \t");
    if (strcasecmp(name, "Connection") == 0)
        request->keep_alive = strcasecmp(value, "close") != 0 &&
                              (request->keep_alive || strcasecmp(value, "keep-alive") == 0);
    /* Bodies are not read, so nothing can follow one. */
    if (strcasecmp(name, "Transfer-Encoding") == 0 ||
        (strcasecmp(name, "Content-Length") == 0 && strcmp(value, "0") != 0))
        request->keep_alive = false;
}

/* 1, or 0 when the peer has ended. */
static int read_request(eddy_stream *peer, struct request *request)
{
    char *line;

    eddy_try(eddy_read_line(peer, &line));
    if (!line)
        return 0;
    request->status = parse_request_line(line, request);
    for (int i = 0; i < MAX_HEADERS; i++) {
        if (eddy_try(eddy_read_line(peer, &line)) == 0)
            return 1;
        parse_header(line, request);
    }
    request->status = 400;
    return 1;
}

/* ---- answering ---- */

static const char *reason(int status)
{
    switch (status) {
    case 200:
        return "OK";
    case 400:
        return "Bad Request";
    case 403:
        return "Forbidden";
    case 404:
        return "Not Found";
    default:
        return "Method Not Allowed";
    }
}

static const char *content_type(const char *path)
{
    static const char *const types[][2] = {
        {".html", "text/html; charset=utf-8"},
        {".css", "text/css"},
        {".js", "text/javascript"},
        {".txt", "text/plain; charset=utf-8"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".json", "application/json"},
        {".svg", "image/svg+xml"},
    };
    const char *end = strrchr(path, '.');

    for (size_t i = 0; end && i < sizeof types / sizeof types[0]; i++)
        if (strcasecmp(end, types[i][0]) == 0)
            return types[i][1];
    return "application/octet-stream";
}

static int send_head(eddy_stream *peer, const struct request *request, int status, const char *type,
                     long long size)
{
    eddy_try(eddy_printf(peer,
                         "HTTP/1.1 %d %s\r\n"
                         "Content-Type: %s\r\n"
                         "Content-Length: %lld\r\n"
                         "%s%s\r\n",
                         status, reason(status), type, size,
                         status == 405 ? "Allow: GET, HEAD\r\n" : "",
                         request->keep_alive ? "" : "Connection: close\r\n"));
    return 0;
}

static int send_failure(eddy_stream *peer, const struct request *request, int status)
{
    char body[64];
    int size = snprintf(body, sizeof body, "%d %s\n", status, reason(status));

    eddy_try(send_head(peer, request, status, "text/plain", size));
    if (strcmp(request->method, "HEAD") != 0)
        eddy_try(eddy_write(peer, body, (size_t)size));
    return 0;
}

static int send_file(eddy_stream *peer, const struct request *request, eddy_stream *file,
                     int64_t size)
{
    eddy_try(send_head(peer, request, 200, content_type(request->path), size));
    if (strcmp(request->method, "HEAD") == 0)
        return 0;
    if (eddy_try(eddy_sendfile(peer, file, 0, size)) < size)
        return eddy_raise(EDDY_EIO, "a file became shorter while it was sent");
    return 0;
}

/* Where the file of a request lies and what it is; a folder stands for the index.html in it. */
static int find_file(const struct site *site, struct request *request, char *path,
                     struct stat *about)
{
    size_t length = strlen(request->path);

    snprintf(path, FULL_PATH_SIZE, "%s/%s", site->root, request->path);
    eddy_try(eddy_stat(path, about));
    if (!S_ISDIR(about->st_mode))
        return 0;
    snprintf(request->path + length, PATH_SIZE - length, "%sindex.html",
             length && request->path[length - 1] != '/' ? "/" : "");
    snprintf(path, FULL_PATH_SIZE, "%s/%s", site->root, request->path);
    return eddy_stat(path, about);
}

static int answer(eddy_stream *peer, struct request *request)
{
    const struct site *site = eddy_stream_arg(peer);
    char path[FULL_PATH_SIZE];
    struct stat about;

    if (site->latency > 0)
        eddy_try(eddy_sleep(site->latency));
    if (request->status != 200)
        return send_failure(peer, request, request->status);
    int status = find_file(site, request, path, &about);
    if (status >= 0 && !S_ISREG(about.st_mode))
        return send_failure(peer, request, 403);
    eddy_auto(eddy_stream) *file = status < 0 ? NULL : eddy_file_open(path, "r");
    if (file)
        return send_file(peer, request, file, about.st_size);
    if (eddy_last_status() == EDDY_ECANCELED)
        return EDDY_ECANCELED;
    return send_failure(peer, request, eddy_last_status() == EDDY_EACCES ? 403 : 404);
}

/* ---- serving ---- */

static int next_request(eddy_stream *peer, struct request *request)
{
    int status = 0;

    eddy_timeout(IDLE_SECONDS) {
        status = eddy_server_await_request(peer);
        if (status > 0)
            status = read_request(peer, request);
    }
    return status;
}

static int talk(eddy_stream *peer)
{
    struct request request = {0};

    do {
        int status = next_request(peer, &request);

        if (status == EDDY_ELIMIT) {
            request = (struct request){.status = 400};
            return send_failure(peer, &request, 400);
        }
        if (status == 0 || status == EDDY_ETIMEDOUT)
            return 0;
        eddy_try(status);
        if (request.status == 400 || eddy_server_stopping(peer))
            request.keep_alive = false;
        eddy_try(answer(peer, &request));
    } while (request.keep_alive);
    return 0;
}

static int serve(const char *folder, int port, double latency)
{
    struct site site = {.root = folder, .latency = latency};
    struct stat about;

    eddy_try(eddy_stat(folder, &about));
    if (!S_ISDIR(about.st_mode))
        return eddy_raise(EDDY_ENOTDIR, "%s is not a folder", folder);
    eddy_auto(eddy_server) *server =
        eddy_try(eddy_server_open(talk, .port = port, .activation = "*", .drain = 10.0,
                                  .stop_on_signal = true, .arg = &site, .stream.limit = 8192));
    printf("serving %s on http://127.0.0.1:%d\n", folder, eddy_server_port(server));
    fflush(stdout);
    return eddy_server_wait(server);
}
EDDY_CORO(serve, const char *, int, double)

int main(int argc, char **argv)
{
    bool slow = argc == 5 && strcmp(argv[3], "--latency") == 0;

    if (argc < 2 || (argc > 3 && !slow)) {
        fprintf(stderr, "usage: static_server ROOT [PORT [--latency SECONDS]]\n");
        return 2;
    }
    int port = argc > 2 ? (int)strtol(argv[2], NULL, 10) : 8000;
    double latency = slow ? strtod(argv[4], NULL) : 0;

    return eddy_run(serve_coro(argv[1], port, latency)) < 0;
}
