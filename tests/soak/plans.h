/* plans.h - what connections of the soak of streams do, and how they tell. */
#ifndef SOAK_PLANS_H
#define SOAK_PLANS_H

#define PLANS(X)                                                                                   \
    X(echo)      /* messages, each sent back */                                                    \
    X(duplex)    /* a large one, sent back while it is still being sent */                         \
    X(upload)    /* a slow writer, half-closing; the sum comes back */                             \
    X(download)  /* a slow reader; the server ends the connection */                               \
    X(impatient) /* as echo; the server's reads time out again and again */                        \
    X(deaf)      /* the server does not answer, the client's read times out */                     \
    X(loris)     /* the client does not go on, the server's read times out */                      \
    X(fails)     /* the handler resets the connection and fails */                                 \
    X(doomed)    /* the handler is cancelled */                                                    \
    X(reset)     /* the client resets in the middle of a message */                                \
    X(abrupt)    /* the client closes with an answer unread */                                     \
    X(cancelled) /* the client's task is cancelled anywhere */                                     \
    X(hasty)     /* connecting times out early, and who is connected leaves without a word */

#include "soak.h"

struct hello {
    uint32_t magic;
    uint32_t plan;
    uint32_t size;
    uint32_t seed;
};

/* What goes before each message's bytes. */
struct head {
    uint32_t size;
    uint32_t seed;
};

enum { MAGIC = 0x50a4 };

#endif
