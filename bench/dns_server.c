/* dns_server.c - a DNS server for the names question: every name has one IPv4 address and no other.
 *
 * dns_server prints "ready PORT" and serves until it is terminated. */
#include "bench.h"

#include <string.h>

enum { HEADER = 12, TYPE_A = 1, ROOM = 512 };

/* Where the question ends: after its name, type and class; 0 when it does not. */
static size_t end_of_question(const unsigned char *message, size_t size)
{
    size_t at = HEADER;

    while (at < size && message[at])
        at += message[at] + 1u;
    return at + 5 <= size ? at + 5 : 0;
}

/* Makes an answer of a query; its size. What follows the question is dropped. */
static size_t answer(unsigned char *message, size_t size)
{
    static const unsigned char address[] = {0xc0, HEADER, 0, TYPE_A, 0,   1, 0, 0,
                                            0,    60,     0, 4,      192, 0, 2, 1};
    size_t end = end_of_question(message, size);

    if (!end)
        return 0;
    int has_address = message[end - 3] == TYPE_A;
    message[2] |= 0x80; /* an answer */
    message[3] = 0x80;  /* recursion is available, no failure */
    memset(message + 6, 0, 6);
    if (!has_address)
        return end;
    message[7] = 1;
    memcpy(message + end, address, sizeof address);
    return end + sizeof address;
}

int main(void)
{
    unsigned char message[ROOM + 16];
    struct sockaddr_in at = bench_address(0);
    socklen_t length = sizeof at;
    int fd = socket(AF_INET, SOCK_DGRAM, 0);

    if (bind(fd, (struct sockaddr *)&at, sizeof at) < 0 ||
        getsockname(fd, (struct sockaddr *)&at, &length) < 0)
        bench_die("bind");
    bench_ready(ntohs(at.sin_port));
    for (;;) {
        length = sizeof at;
        ssize_t n = recvfrom(fd, message, ROOM, 0, (struct sockaddr *)&at, &length);
        size_t size = n > HEADER ? answer(message, (size_t)n) : 0;

        if (size)
            sendto(fd, message, size, 0, (struct sockaddr *)&at, length);
    }
}
