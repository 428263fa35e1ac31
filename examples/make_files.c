/* make_files.c - files of pseudo-random content, made in threads while the loop goes on.
 *
 *     make_files FOLDER COUNT
 *
 * Sizes are spread evenly over the magnitudes from 1 KiB to 4 MiB; the same call makes the same
 * files. */
#include <eddy.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>

enum { PARTS = 4, BLOCK = 16384, SMALLEST = 1024, LARGEST = 4 << 20 };

/* Every PARTS-th of the files, from first on: what one thread makes. */
struct part {
    const char *folder;
    int first;
    int count;
    double bytes;
};

static uint64_t next_random(uint64_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    return *state;
}

static int write_random(FILE *file, size_t size, uint64_t *state)
{
    uint64_t block[BLOCK / 8];

    for (size_t done = 0; done < size; done += BLOCK) {
        for (size_t i = 0; i < BLOCK / 8; i++)
            block[i] = next_random(state);
        size_t n = size - done < BLOCK ? size - done : BLOCK;
        if (fwrite(block, 1, n, file) != n)
            return -errno;
    }
    return 0;
}

static int make_file(struct part *part, int n)
{
    char path[PATH_MAX];
    uint64_t state = UINT64_C(0x9E3779B97F4A7C15) * (uint64_t)(n + 1);
    double share = (double)(next_random(&state) >> 11) * 0x1p-53;
    size_t size = (size_t)(SMALLEST * pow((double)LARGEST / SMALLEST, share));

    snprintf(path, sizeof path, "%s/file-%03d.bin", part->folder, n);
    FILE *file = fopen(path, "we");
    if (!file)
        return eddy_raise(-errno, "%s: %s", path, strerror(errno));
    int r = write_random(file, size, &state);
    if (fclose(file) != 0 && r == 0)
        r = -errno;
    part->bytes += (double)size;
    return r == 0 ? 0 : eddy_raise(r, "%s: %s", path, strerror(-r));
}

static int make_files(struct part *part)
{
    for (int n = part->first; n < part->count && !eddy_thread_cancelled(); n += PARTS)
        eddy_try(make_file(part, n));
    return 0;
}
EDDY_CORO(make_files, struct part *)

/* The thread works on what part points to, so it is waited for even by a task that is cancelled. */
static int make_part(struct part *part)
{
    int r = 0;

    eddy_shield(INFINITY)
        r = eddy_to_thread(make_files_coro(part));
    return r;
}
EDDY_CORO(make_part, struct part *)

static int make_all(const char *folder, int count)
{
    struct part parts[PARTS];
    eddy_coro makers[PARTS];
    double bytes = 0;

    for (int i = 0; i < PARTS; i++) {
        parts[i] = (struct part){.folder = folder, .first = i, .count = count};
        makers[i] = make_part_coro(&parts[i]);
    }
    eddy_try(eddy_gather_n(makers, PARTS));
    for (int i = 0; i < PARTS; i++)
        bytes += parts[i].bytes;
    printf("%d files of 1 KiB to 4 MiB, %.1f MiB together\n", count, bytes / (1 << 20));
    return 0;
}
EDDY_CORO(make_all, const char *, int)

int main(int argc, char **argv)
{
    long count = argc == 3 ? strtol(argv[2], NULL, 10) : 0;

    if (count < 1 || count > 1000000) {
        fprintf(stderr, "usage: %s FOLDER COUNT\n", argv[0]);
        return 2;
    }
    return eddy_run(make_all_coro(argv[1], (int)count)) < 0;
}
