/* names.h - looking names up; of net/ only.
 *
 * names.c knows what was asked for and what is known, and has questions put by names_dns.c or
 * names_thread.c, which answer each of them once, by eddy__name_answer in the loop. */
#ifndef EDDY_NET_NAMES_H
#define EDDY_NET_NAMES_H

#include "net/net.h"
#include <eddy/names.h>

/* A resolver is its loop's guest from the first look-up on. */
struct eddy__resolver;
struct eddy__dns;
struct eddy__name_job;

/* Of a name. One with more is not known: to leave some out would be silent. */
enum { EDDY__ADDRESSES_MAX = 4096 };
#define EDDY__ADDRESSES_TOO_MANY "the name has more than 4096 addresses"

struct eddy__answer {
    int code;                      /* 0, EDDY_ENAME, EDDY_ENOMEM */
    struct eddy__addresses *found; /* what was wanted */
    char *called;                  /* or this */
    const char *reason;            /* why it is EDDY_ENAME */
    double ttl;                    /* seconds for which it may be kept; 0: not at all */
};

/* A host's name, in the resolver's table: QUEUED and ASKED for those who wait, KNOWN for those who
 * come; FORGOTTEN: in the table no more. refs: one of the table, and one of each who waits for it
 * or reads it, so that it can be forgotten at any time; but not while it is ASKED. */
struct eddy__name {
    struct eddy__resolver *resolver;
    struct eddy__name *next;    /* in its bucket */
    struct list link;           /* in the resolver's list for its state */
    struct eddy__name_job *job; /* ASKED in a thread */
    enum { EDDY__NAME_QUEUED, EDDY__NAME_ASKED, EDDY__NAME_KNOWN, EDDY__NAME_FORGOTTEN } state;
    unsigned refs;
    eddy_waiters_ waiters;
    eddy_address address; /* its name is wanted; without a size the addresses of host */
    int code;
    struct eddy__addresses *found;
    char *called;
    struct eddy__words reason;
    int64_t expires;
    char host[]; /* in lower case, or the address as text */
};

/* Whether that can be a host's name (host_name.c): 0, or EDDY_EINVAL raised. */
int eddy__host_check(const char *host);

/* Ends a question: the name is known, or forgotten when those who wait have taken it. Takes
 * what the answer has over. */
void eddy__name_answer(struct eddy__name *name, const struct eddy__answer *answer);
/* After answers: puts the questions that had to wait. */
void eddy__resolver_go_on(struct eddy__resolver *resolver);

/* ---- by DNS (names_dns.c) ---- */

/* With a channel of c-ares whose sockets and time-outs are the loop's. 0, or a failure, raised. */
int eddy__dns_open(struct eddy__dns **dns, eddy_loop *loop, struct eddy__resolver *resolver,
                   const eddy_resolver_opts *opts);
/* Answers what is under way. NULL is fine. */
void eddy__dns_close(struct eddy__dns *dns);
/* The system's settings have changed since it was opened. */
bool eddy__dns_is_outdated(const struct eddy__dns *dns);
/* May answer at once. */
void eddy__dns_ask(struct eddy__dns *dns, struct eddy__name *name);

/* ---- by the C library, in a thread (names_thread.c) ---- */

enum { EDDY__NAME_THREADS = 4 };
void eddy__name_job_start(eddy_loop *loop, struct eddy__name *name);
/* The question has no name any more: its answer will be dropped. NULL is fine. */
void eddy__name_job_abandon(struct eddy__name_job *job);

#endif
