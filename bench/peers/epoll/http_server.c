/* Plain epoll: answers that are made beforehand, one recv and one send for each event. What an HTTP
 * server costs when nothing is between the program and the kernel but the search for the end of a
 * head.
 *
 * http_server FOLDER PORT */
#include "bench.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 2048, CONNECTIONS = 16384, BODY = 1 << 20 };

struct answer {
    const char *line; /* how requests for it begin */
    char *bytes;
    size_t size;
};

static struct answer answers[] = {{.line = "GET / "}, {.line = "GET /file "}};
static char heads[CONNECTIONS][HEAD];
static size_t used[CONNECTIONS];

static void prepare(struct answer *answer, const char *body, size_t size)
{
    answer->bytes = malloc(size + HEAD);
    int head = snprintf(
        answer->bytes, HEAD,
        "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %zu\r\n\r\n", size);
    memcpy(answer->bytes + head, body, size);
    answer->size = (size_t)head + size;
}

static void prepare_all(const char *folder)
{
    static char path[4096], body[BODY];

    prepare(&answers[0], "Hello, world!", 13);
    snprintf(path, sizeof path, "%s/www/file", folder);
    FILE *file = fopen(path, "r");
    if (!file)
        bench_die(path);
    prepare(&answers[1], body, fread(body, 1, sizeof body, file));
    fclose(file);
}

static const struct answer *find(const char *head)
{
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++)
        if (strncmp(head, answers[i].line, strlen(answers[i].line)) == 0)
            return &answers[i];
    return NULL;
}

/* Takes what has come of a head; false when the connection is over. Sockets block: a send that does
 * not fit waits, which a client in closed loop hardly causes. */
static int serve(int fd)
{
    char *head = heads[fd];
    ssize_t n = recv(fd, head + used[fd], HEAD - 1 - used[fd], 0);

    if (n <= 0)
        return 0;
    used[fd] += (size_t)n;
    head[used[fd]] = '\0';
    if (!strstr(head, "\r\n\r\n"))
        return used[fd] < HEAD - 1;
    const struct answer *answer = find(head);
    used[fd] = 0;
    return answer && send(fd, answer->bytes, answer->size, MSG_NOSIGNAL) == (ssize_t)answer->size;
}

static void watch(int epoll, int fd)
{
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};

    if (fd < 0 || fd >= CONNECTIONS)
        bench_die("accept");
    used[fd] = 0;
    epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &event);
}

int main(int argc, char **argv)
{
    struct epoll_event events[256];

    if (argc != 3)
        return fprintf(stderr, "usage: http_server FOLDER PORT\n"), 2;
    prepare_all(argv[1]);
    int epoll = epoll_create1(0), listener = bench_listen(bench_arg(argc, argv, 2, 0));
    watch(epoll, listener);
    bench_ready(bench_arg(argc, argv, 2, 0));
    for (;;) {
        int n = epoll_wait(epoll, events, 256, -1);
        for (int i = 0; i < n; i++) {
            int fd = events[i].data.fd;

            if (fd == listener)
                watch(epoll, accept4(listener, NULL, NULL, 0));
            else if (!serve(fd))
                close(fd);
        }
    }
}
