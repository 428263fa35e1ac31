/* callbacks.h - of random_callbacks.c: the model, and descriptors with what goes through them. */
#ifndef RANDOM_CALLBACKS_H
#define RANDOM_CALLBACKS_H

#include "random/random.h"

enum {
    PAIRS = 4,
    WATCHES = 12,
    CALLS = 48,
    OPS = 12,
    EACH_MAX = 3000, /* of each in a program: none is used again, so what comes late is known */
    FILE_SIZE = 4096,
    TRANSFER_MAX = 3000,
    PATIENCE = 4 /* turns */
};

enum kind { SOCKETS, PIPE, REGULAR };

/* fd is -1 for one that is closed. Each byte that is written is the tag. */
struct end {
    int fd;
    unsigned char tag;
    unsigned ops;
    size_t written, got;
};

struct pair {
    enum kind kind;
    unsigned touched; /* in which turn, last */
    struct end ends[2];
};

struct watch {
    eddy_watch *handle;
    struct pair *pair;
    struct end *end;
    unsigned wanted, late[2];
    bool open;
    struct random r;
};

enum call_kind { SOON, THREADSAFE, AT, LATER };

struct call {
    eddy_handle handle;
    enum call_kind kind;
    double value, least, most; /* what was asked for; when it is due by eddy_loop_time */
    unsigned turn, late;
    bool pending, fails;
    struct random r;
};

struct operation {
    eddy_op *op;
    unsigned char *bytes;
    struct pair *pair;
    struct end *end; /* NULL: an open */
    bool flies, cancelled, fails;
    struct random r;
};

struct program {
    struct random *r;
    eddy_loop *loop;
    bool quiet;   /* callbacks only look */
    bool closing; /* the loop */
    bool stopped;
    unsigned turns, events, reports, failures;
    unsigned char tags;
    struct pair pairs[PAIRS];
    struct watch watches[EACH_MAX], *watching[WATCHES];
    struct call calls[EACH_MAX], *coming[CALLS];
    struct operation ops[EACH_MAX], *flying[OPS];
    unsigned watches_made, calls_made, ops_made; /* ever */
    unsigned watching_count, coming_count, flying_count;
};
extern struct program the;

const struct end *peer_of(const struct pair *pair, const struct end *e);
bool reads(const struct pair *pair, const struct end *e);
bool writes(const struct pair *pair, const struct end *e);
/* What a level-triggered watch of all events is to be told. */
unsigned holding(int fd);
/* Of a regular file. */
unsigned char file_byte(size_t i);
void open_pair(struct random *r, struct pair *pair);
/* With its watches; not while it has operations. Nothing was lost on the way to it. */
void close_end(struct random *r, struct pair *pair, struct end *e);
void close_watch(struct watch *w);
void check_bytes(struct random *r, const unsigned char *bytes, size_t n, unsigned char tag);
/* Reads, writes or shuts down, without waiting. */
void transfer(struct random *r, struct pair *pair, struct end *e);

#endif
