/* dns_server.h - a DNS server on loopback for tests, in a thread of its own. The first label of a
 * name that ends in .test says how it answers; the digits behind it are a number.
 *
 *     in4 in6 both   A 127.0.0.1, AAAA ::1      two      A 127.0.0.2 and 127.0.0.1
 *     ttlN           in4 with a TTL of N s      alias    in4 by a CNAME with a TTL of 7 s
 *     manyN          N A, 100 without N         bigN     the same with TC, whole by TCP
 *     slowN          in4 after N ms             lostN    in4 from the N-th question on
 *     silent         nothing                    nobody   NXDOMAIN
 *     empty          no record                  broken   SERVFAIL
 *     garbage short wrongid circle              answers that are none, as their names say
 *
 *     mangledN       both with errors that depend on N
 *     flipN          A 127.0.0.1 for N questions, 127.0.0.2 for those that follow
 *
 * Other names are NXDOMAIN. TTLs are 60 s. The name of 192.0.2.9 is in4.test, other addresses have
 * none. */
#ifndef DNS_SERVER_H
#define DNS_SERVER_H

#include "test.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <sys/socket.h>

struct dns_server {
    pthread_t thread;
    int udp, tcp, stop[2];
    atomic_int questions; /* A and AAAA each, also again */
    int flips;            /* for A of flipN */
    char address[32];     /* for .servers */
};

struct dns_message {
    unsigned char bytes[65536];
    size_t size;
};

enum { DNS_A = 1, DNS_CNAME = 5, DNS_PTR = 12, DNS_AAAA = 28, DNS_QUESTION = 12 };

static inline void dns_put(struct dns_message *m, const void *bytes, size_t size)
{
    CHECK(m->size + size <= sizeof m->bytes);
    memcpy(m->bytes + m->size, bytes, size);
    m->size += size;
}

static inline void dns_put16(struct dns_message *m, unsigned n)
{
    dns_put(m, &(uint16_t){htons((uint16_t)n)}, 2);
}

static inline void dns_record(struct dns_message *m, unsigned name, unsigned type, uint32_t ttl,
                              const void *data, size_t size)
{
    dns_put16(m, 0xc000 | name);
    dns_put16(m, type);
    dns_put16(m, 1);
    dns_put(m, &(uint32_t){htonl(ttl)}, 4);
    dns_put16(m, (unsigned)size);
    dns_put(m, data, size);
    if (!++m->bytes[7])
        m->bytes[6]++;
}

static inline void dns_in4(struct dns_message *m, unsigned name, uint32_t ttl, const char *address)
{
    struct in_addr a;

    inet_pton(AF_INET, address, &a);
    dns_record(m, name, DNS_A, ttl, &a, sizeof a);
}

/* What was asked for, as text, and its type. */
static inline int dns_parse(const struct dns_message *q, char host[256], unsigned *type)
{
    size_t at = DNS_QUESTION, used = 0;

    while (at < q->size && q->bytes[at] && at + q->bytes[at] < q->size && used < 190) {
        memcpy(host + used, q->bytes + at + 1, q->bytes[at]);
        used += q->bytes[at];
        host[used++] = '.';
        at += q->bytes[at] + 1u;
    }
    host[used ? used - 1 : 0] = '\0';
    if (at + 5 > q->size)
        return -1;
    *type = q->bytes[at + 2];
    return (int)(at + 5);
}

/* The records of an answer to a question that is already in m. */
static inline void dns_answer(struct dns_message *m, const char *label, unsigned type, long number)
{
    static const unsigned char loopback6[16] = {[15] = 1};
    static const char target[] = "\3in4\300";
    bool in4 = type == DNS_A;

    if (strcmp(label, "two") == 0 && in4) {
        dns_in4(m, DNS_QUESTION, 60, "127.0.0.2");
        dns_in4(m, DNS_QUESTION, 60, "127.0.0.1");
    } else if ((strcmp(label, "in6") == 0 || strcmp(label, "both") == 0 ||
                strcmp(label, "mangled") == 0) &&
               !in4) {
        dns_record(m, DNS_QUESTION, DNS_AAAA, 60, loopback6, sizeof loopback6);
    } else if (strcmp(label, "alias") == 0 && in4) {
        unsigned name = (unsigned)m->size + 12;
        char data[6];

        memcpy(data, target, 5);
        data[5] = DNS_QUESTION + 6; /* behind "alias" */
        dns_record(m, DNS_QUESTION, DNS_CNAME, 7, data, sizeof data);
        dns_in4(m, name, 60, "127.0.0.1");
    } else if ((strcmp(label, "many") == 0 || strcmp(label, "big") == 0) && in4) {
        char address[20];

        for (int i = 1; i <= (number ? number : 100); i++) {
            snprintf(address, sizeof address, "127.0.%d.%d", 1 + i / 256, i % 256);
            dns_in4(m, DNS_QUESTION, 60, address);
        }
    } else if ((strcmp(label, "in4") == 0 || strcmp(label, "both") == 0 ||
                strcmp(label, "slow") == 0 || strcmp(label, "lost") == 0 ||
                strcmp(label, "mangled") == 0) &&
               in4) {
        dns_in4(m, DNS_QUESTION, 60, "127.0.0.1");
    } else if (strcmp(label, "ttl") == 0 && in4) {
        dns_in4(m, DNS_QUESTION, (uint32_t)number, "127.0.0.1");
    } else if (strcmp(label, "flip") == 0 && in4) {
        dns_in4(m, DNS_QUESTION, 60, number >= 0 ? "127.0.0.1" : "127.0.0.2");
    }
}

static inline bool dns_is_known(const char *label)
{
    static const char *const known[] = {"in4",     "in6",    "both",   "two",     "ttl",
                                        "alias",   "many",   "big",    "slow",    "mangled",
                                        "lost",    "empty",  "broken", "garbage", "short",
                                        "wrongid", "circle", "silent", "flip"};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (strcmp(known[i], label) == 0)
            return true;
    return false;
}

/* Spoils an answer as its name says. */
static inline void dns_spoil(struct dns_message *m, const char *label, long number)
{
    if (strcmp(label, "mangled") == 0) {
        uint64_t state = (uint64_t)number;

        for (int i = 0; i < 1 + number % 4; i++) {
            state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            m->bytes[2 + (state >> 40) % (m->size - 2)] ^= (unsigned char)(state >> 32);
        }
        if (number % 5 == 0)
            m->size -= (size_t)(number / 5) % (m->size - DNS_QUESTION);
    } else if (strcmp(label, "garbage") == 0) {
        for (size_t i = 0; i < 64; i++)
            m->bytes[i] = (unsigned char)(i * 151 + 17);
        m->size = 64;
    } else if (strcmp(label, "short") == 0) {
        m->bytes[7] = 3; /* records that do not come */
        dns_put16(m, 0xc000 | DNS_QUESTION);
    } else if (strcmp(label, "wrongid") == 0) {
        m->bytes[0] ^= 0x55;
    } else if (strcmp(label, "circle") == 0) {
        unsigned at = (unsigned)m->size;

        dns_put16(m, 0xc000 | at); /* a name that is itself */
        dns_put(m, "\0\1\0\1\0\0\0\74\0\4\177\0\0\1", 14);
        m->bytes[7] = 1;
    }
}

static inline bool dns_respond_name(struct dns_message *m, size_t size, const char *host)
{
    m->size = size;
    m->bytes[2] = 0x81;
    m->bytes[3] = 0x80;
    memset(m->bytes + 6, 0, 6);
    if (strcmp(host, "9.2.0.192.in-addr.arpa") == 0)
        dns_record(m, DNS_QUESTION, DNS_PTR, 60, "\3in4\4test", 10);
    else
        m->bytes[3] |= 3;
    return true;
}

/* Makes the answer to m in its place; false for none. */
static inline bool dns_respond(struct dns_server *server, struct dns_message *m, bool tcp)
{
    char host[256], *label = host;
    unsigned type;
    int end = dns_parse(m, host, &type);

    if (end < 0)
        return false;
    int asked = ++server->questions;
    if (type == DNS_PTR)
        return dns_respond_name(m, (size_t)end, host);
    label[strcspn(host, ".")] = '\0';
    size_t letters = strcspn(label, "0123456789");
    long number = strtol(label + letters, NULL, 10);
    if (strncmp(label, "in", 2) != 0)
        label[letters] = '\0';
    if (strcmp(label, "silent") == 0 || (strcmp(label, "lost") == 0 && asked < number))
        return false;
    if (strcmp(label, "flip") == 0 && type == DNS_A)
        number -= ++server->flips;
    if (strcmp(label, "slow") == 0)
        poll(NULL, 0, type == DNS_A ? (int)number : 0);
    m->size = (size_t)end;
    m->bytes[2] = 0x81;
    m->bytes[3] = 0x80;
    memset(m->bytes + 6, 0, 6);
    if (strcmp(label, "big") == 0 && !tcp)
        m->bytes[2] |= 2;
    else
        dns_answer(m, label, type, number);
    if (!dns_is_known(label))
        m->bytes[3] |= 3;
    if (strcmp(label, "broken") == 0)
        m->bytes[3] |= 2;
    dns_spoil(m, label, number);
    return true;
}

static inline void dns_serve_udp(struct dns_server *server)
{
    struct sockaddr_in from;
    socklen_t from_size = sizeof from;
    struct dns_message m;
    ssize_t n =
        recvfrom(server->udp, m.bytes, sizeof m.bytes, 0, (struct sockaddr *)&from, &from_size);

    m.size = n > 0 ? (size_t)n : 0;
    if (m.size > DNS_QUESTION && dns_respond(server, &m, false) &&
        sendto(server->udp, m.bytes, m.size, 0, (struct sockaddr *)&from, from_size) < 0)
        return; /* the one who asked has gone */
}

/* One question of the connection; false at its end. */
static inline bool dns_serve_tcp(struct dns_server *server, int fd)
{
    unsigned char size[2];
    struct dns_message m;

    if (recv(fd, size, 2, MSG_WAITALL) != 2)
        return false;
    m.size = (size_t)(size[0] << 8 | size[1]);
    if (m.size > sizeof m.bytes || recv(fd, m.bytes, m.size, MSG_WAITALL) != (ssize_t)m.size ||
        !dns_respond(server, &m, true))
        return false;
    size[0] = (unsigned char)(m.size >> 8);
    size[1] = (unsigned char)m.size;
    /* in two pieces, which come apart */
    return send(fd, size, 2, MSG_NOSIGNAL) == 2 &&
           send(fd, m.bytes, m.size, MSG_NOSIGNAL) == (ssize_t)m.size;
}

/* The newest connection is the one that is served. */
static inline void *dns_main(void *arg)
{
    struct dns_server *server = arg;
    struct pollfd fds[4] = {{.fd = server->stop[0], .events = POLLIN},
                            {.fd = server->udp, .events = POLLIN},
                            {.fd = server->tcp, .events = POLLIN},
                            {.fd = -1, .events = POLLIN}};

    while (poll(fds, 4, -1) >= 0 && !fds[0].revents) {
        if (fds[1].revents)
            dns_serve_udp(server);
        if (fds[3].fd >= 0 && fds[3].revents && !dns_serve_tcp(server, fds[3].fd)) {
            close(fds[3].fd);
            fds[3].fd = -1;
        }
        if (fds[2].revents) {
            if (fds[3].fd >= 0)
                close(fds[3].fd);
            fds[3].fd = accept(server->tcp, NULL, NULL);
        }
    }
    if (fds[3].fd >= 0)
        close(fds[3].fd);
    return NULL;
}

/* Both sockets on one port, which may take several tries. */
static inline void dns_bind(struct dns_server *server)
{
    for (int i = 0; i < 50; i++) {
        struct sockaddr_in a = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
        socklen_t size = sizeof a;

        server->udp = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
        server->tcp = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        CHECK(server->udp >= 0 && server->tcp >= 0);
        CHECK_INT(bind(server->udp, (struct sockaddr *)&a, size), 0);
        CHECK_INT(getsockname(server->udp, (struct sockaddr *)&a, &size), 0);
        snprintf(server->address, sizeof server->address, "127.0.0.1:%d", ntohs(a.sin_port));
        if (bind(server->tcp, (struct sockaddr *)&a, size) == 0 && listen(server->tcp, 5) == 0)
            return;
        close(server->udp);
        close(server->tcp);
    }
    test_fail(__FILE__, __LINE__, "no port for a DNS server");
}

static inline void dns_server_open(struct dns_server *server)
{
    *server = (struct dns_server){0};
    dns_bind(server);
    CHECK_INT(pipe(server->stop), 0);
    CHECK_INT(pthread_create(&server->thread, NULL, dns_main, server), 0);
}

static inline void dns_server_close(struct dns_server *server)
{
    close(server->stop[1]);
    pthread_join(server->thread, NULL);
    close(server->stop[0]);
    close(server->udp);
    close(server->tcp);
}

#endif
