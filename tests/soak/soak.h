/* soak.h - what the programs of a soak share: their plans, the bytes, the counts. PLANS was defined
 * before, by plans.h or http_plans.h.
 *
 * A connection, or a request, follows a plan, which the client picks and tells first. Both sides
 * count for each plan: how many began, how many came to their proper end, how many were cut, and
 * bytes each way. tests/soak/run knows which of these counts must agree. */
#ifndef SOAK_H
#define SOAK_H

#include <dirent.h>
#include <eddy.h>
#include <malloc.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum plan {
#define ENUMERATOR(name) PLAN_##name,
    PLANS(ENUMERATOR) PLAN_COUNT
#undef ENUMERATOR
};

struct sum {
    uint64_t size;
    uint64_t hash;
};

enum { PIECE = 4096, LARGEST = 1 << 20 };

static const char *const plan_names[] = {
#define NAME(name) #name,
    PLANS(NAME)
#undef NAME
};

struct tally {
    unsigned long begun;
    unsigned long done;
    unsigned long cut;
    unsigned long sent;
    unsigned long received;
};

static struct tally tallies[PLAN_COUNT];

static inline void print_tallies(void)
{
    for (int i = 0; i < PLAN_COUNT; i++) {
        const char *name = plan_names[i];

        printf("%s.begun %lu\n%s.done %lu\n%s.cut %lu\n%s.sent %lu\n%s.received %lu\n", name,
               tallies[i].begun, name, tallies[i].done, name, tallies[i].cut, name, tallies[i].sent,
               name, tallies[i].received);
    }
}

/* ---- numbers (splitmix64) and bytes ---- */

static inline uint64_t random_next(uint64_t *state)
{
    uint64_t z = (*state += UINT64_C(0x9e3779b97f4a7c15));

    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* A table in which every place of every seed is to be found: its length is a prime. */
enum { TABLE = 100003 };
static char table[TABLE + PIECE];

static inline void table_make(void)
{
    uint64_t state = 1;

    for (size_t i = 0; i < TABLE; i++)
        table[i] = (char)random_next(&state);
    memcpy(table + TABLE, table, PIECE);
}

/* The bytes of that seed from place on, PIECE of them. */
static inline const char *bytes_at(uint32_t seed, size_t place)
{
    return table + (seed % TABLE + place) % TABLE;
}

static inline size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static inline size_t piece(size_t left)
{
    return smaller(left, PIECE);
}

static inline uint64_t hash_of(uint64_t hash, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++)
        hash = (hash ^ (unsigned char)bytes[i]) * UINT64_C(0x100000001b3);
    return hash;
}

/* ---- counted reading and writing ---- */

static inline EDDY_SUSPENDS int put(eddy_stream *s, struct tally *t, const void *data, size_t size)
{
    eddy_try(eddy_write(s, data, size));
    t->sent += size;
    return 0;
}

static inline EDDY_SUSPENDS int get(eddy_stream *s, struct tally *t, void *data, size_t size)
{
    eddy_try(eddy_read_exactly(s, data, size));
    t->received += size;
    return 0;
}

static inline int wrong_bytes(size_t place)
{
    return eddy_raise(EDDY_EUSER, "wrong bytes near %zu", place);
}

/* ---- what the process has ---- */

/* A sanitizer keeps memory of its own. */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { WATCHED = 1 };
#else
enum { WATCHED = 0 };
#endif

struct census {
    int descriptors;
    size_t allocated;
};

static inline struct census take_census(void)
{
    struct census census = {0, mallinfo2().uordblks};
    DIR *folder = opendir("/proc/self/fd");

    while (folder && readdir(folder))
        census.descriptors++;
    if (folder)
        closedir(folder);
    return census;
}

static inline int does_nothing(void)
{
    return 0;
}
EDDY_CORO(does_nothing)

/* Runs coro in a process that is settled, and prints what it has left behind. */
static inline int run_counted(eddy_coro coro)
{
    struct rlimit limit;
    int status = eddy_run(does_nothing_coro());

    getrlimit(RLIMIT_NOFILE, &limit);
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
    table_make();
    struct census before = take_census();
    if (status == 0)
        status = eddy_run(coro);
    struct census after = take_census();
    print_tallies();
    printf("watched %d\n", WATCHED);
    printf("left.descriptors %d\n", after.descriptors - before.descriptors);
    printf("left.bytes %ld\n", (long)after.allocated - (long)before.allocated);
    return status;
}

#endif
