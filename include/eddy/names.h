/* names.h - host names and addresses: look-ups by DNS beside the loop, their cache and settings.
 * A program that only connects or serves by name needs none of it. */
#ifndef EDDY_NAMES_H
#define EDDY_NAMES_H

#include <eddy/address.h>
#include <eddy/base.h>
#include <eddy/loop.h>

EDDY_BEGIN_DECLS

/* The addresses of a host, each with that port (0: none), the preferred first (RFC 6724): writes at
 * most n of them to addresses and returns how many it has written. A numeric host and localhost
 * (RFC 6761) are known at once. Other names are in the loop's cache, or are asked for as the files
 * resolv.conf, hosts and nsswitch.conf of the system say. Tasks that ask for the same name share
 * one question; a task that is cancelled leaves it to the others and to the cache.
 *
 * EDDY_ENAME, with the reason, when there is no address, or more than 4,096. EDDY_EINVAL for a port
 * that is not 0 to 65,535, and before anybody is asked for what can be no host's name: over 253
 * bytes, a label that is empty or over 63, a blank, a control character, a backslash, or a byte
 * over 127 (an international name is given in its ASCII form, xn--…). */
EDDY_API EDDY_SUSPENDS int eddy_getaddrinfo(const char *host, int port, eddy_address *addresses,
                                            size_t n);

enum { EDDY_HOST_NAME = 254 }; /* bytes that any host's name fits in */

/* The name of the host that has an address. The owner of the address chooses that name: before it
 * is believed, look up whether its addresses include this one. Answers are not kept in the cache.
 * 0, or EDDY_ENAME with the reason. */
EDDY_API EDDY_SUSPENDS int eddy_getnameinfo(const eddy_address *address, char name[EDDY_HOST_NAME]);

typedef struct eddy_resolver_opts {
    const char *servers;     /* "127.0.0.1:5353,[::1]"; NULL: those of resolv_conf */
    const char *resolv_conf; /* file of servers and search list; NULL: /etc/resolv.conf */
    double timeout;          /* seconds to wait for an answer, doubled at each further try; 0: 2; at
                                most 3,600. A whole look-up is bounded by eddy_timeout. */
    int attempts;            /* tries of each server; 0: 3 */
    unsigned queries;        /* names that are asked for at once, further ones wait; 0: 64 */
    unsigned cache;          /* names kept; 0: 1,000 */
    double max_ttl;          /* seconds an answer is kept at most; 0: 300, negative: none is kept */
    bool getaddrinfo; /* asks the C library in 4 threads, as modules of nsswitch may need (mDNS) */
} eddy_resolver_opts;

/* Sets how the loop looks names up from now on, and empties its cache. 0, EDDY_EINVAL, or
 * EDDY_EBUSY while a task waits for a look-up. Does not suspend. */
EDDY_API int eddy_loop_set_resolver_with(eddy_loop *loop, const eddy_resolver_opts *opts);
#define eddy_loop_set_resolver(loop, ...)                                                          \
    eddy_loop_set_resolver_with((loop), &(eddy_resolver_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif
