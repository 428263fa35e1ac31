/* http_plans.h - what requests of the soak of HTTP do. A request is for /PLAN/SIZE/SEED. */
#ifndef SOAK_HTTP_PLANS_H
#define SOAK_HTTP_PLANS_H

#define PLANS(X)                                                                                   \
    X(get)       /* a body of a known length */                                                    \
    X(slow)      /* one in chunks, for a slow reader */                                            \
    X(post)      /* a body of a known length, whose sum comes back */                              \
    X(asks)      /* likewise, after 100 Continue */                                                \
    X(chunks)    /* one in chunks of a slow writer, sent back as it comes */                       \
    X(refused)   /* one that is too long: 413 while it is sent */                                  \
    X(fails)     /* the handler fails: 500 */                                                      \
    X(breaks)    /* the handler fails in the middle of its answer */                               \
    X(broken)    /* the client's body fails in the middle */                                       \
    X(half)      /* the client closes the answer in its middle */                                  \
    X(impatient) /* the handler takes SIZE milliseconds, longer than the client waits */           \
    X(waits)     /* the handler takes for ever, and is cancelled when the client has gone */       \
    X(cancelled) /* the client's task is cancelled anywhere */                                     \
    X(hasty)     /* the request times out early, perhaps while connecting */                       \
    X(loris)     /* half of a head: 408, without a handler */

#include "soak.h"

#include <eddy/http.h>

#endif
