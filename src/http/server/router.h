/* router.h - looking up who answers a request (router.c, find.c). A router that no route is added
 * to any more may be asked by several threads. */
#ifndef EDDY_HTTP_SERVER_ROUTER_H
#define EDDY_HTTP_SERVER_ROUTER_H

#include "http/message/field.h"
#include "http/server/pattern.h"
#include <eddy/http/router.h>

/* A handler or middleware, with what eddy_request_arg gives in it; NULL: the server's. */
struct eddy__link {
    eddy_http_handler *handler;
    void *arg;
};

struct eddy__route {
    struct eddy__pattern pattern;
    struct eddy__link answer;
    double timeout;             /* 0: the server's */
    uint64_t body_limit;        /* 0: the server's */
    const eddy_router *group;   /* whose middleware stands around it */
    struct eddy__route *next;   /* of the router, the newest first */
    struct eddy__route *beside; /* at the same place of the tree, for another method */
};

/* What answers: the chain of middleware, and behind it route's answer or, where route is NULL, an
 * answer without a handler, of which status, allow and location tell. */
struct eddy__route_match {
    const struct eddy__route *route;
    struct eddy__fields params;     /* in the order of the pattern */
    const struct eddy__link *chain; /* the outermost first */
    unsigned links;                 /* of chain */
    int status;           /* without a route: 404; 405; 204 for OPTIONS; 307: there is one with a
                             slash behind the path */
    const char *allow;    /* for 405 and 204: the value of an Allow field */
    const char *location; /* for 307: the path, to which the query is added */
};

/* Finds who answers. host is that of the request with or without its port, or NULL; path is the one
 * of the target, not decoded and without its query, or "*". Texts of the match lie in arena, or in
 * the router. 0; EDDY_HTTP(400), raised, for a path that has a bad escape, "." or ".." in it;
 * EDDY_ENOMEM, raised. Does not suspend. */
int eddy__router_find(const eddy_router *router, const char *method, const char *host,
                      const char *path, struct eddy__arena *arena, struct eddy__route_match *match);

/* What a handler or middleware of the library has as its arg: the router gives it to release when
 * is closed itself. EDDY_ENOMEM, raised; then it was given to close. */
int eddy__router_own(eddy_router *router, void *arg, void (*release)(void *arg));

/* ---- the tree ---- */

/* A place in the tree: what a path may go on with behind the segments that lead to it. */
struct eddy__node {
    const char *text;          /* of the segment that leads here */
    struct eddy__node **texts; /* by text, in order */
    unsigned count;            /* of texts */
    struct eddy__node *single; /* behind {name} */
    struct eddy__route *end;   /* the patterns that end here */
    struct eddy__route *empty; /* those with {$} */
    struct eddy__route *rest;  /* those with {name...} or a slash at the end */
};

/* The routes of a host. */
struct eddy__host {
    const char *name; /* "": any */
    struct eddy__node root;
    struct eddy__host *next; /* the one for any host is the last */
};

struct eddy_router {
    struct eddy_router *root;   /* of a group, the router itself; of that, itself */
    struct eddy_router *within; /* of a group */
    struct eddy_router *groups; /* of the root: all of them, the newest first */
    struct eddy_router *next;   /* in that list */
    const char *prefix;         /* those of the outer groups included */
    struct eddy__pattern place; /* of a group with a prefix: prefix and all beneath it */
    struct eddy__link *chain;   /* middleware of the outer ones, then its own */
    unsigned links;
    /* of the root */
    struct eddy__arena arena; /* patterns, routes, nodes, hosts, groups */
    struct eddy__host *hosts;
    struct eddy__route *routes;
    struct eddy__owned *owned;
};

/* The place in texts of the child that text leads to, or where it would stand. */
unsigned eddy__node_place(const struct eddy__node *node, const char *text, bool *there);

#endif
