/* files.c - many small files are read, 100 at once.
 *
 * files FOLDER COUNT READS: the files are named 00000, 00001, … */
#include "bench.h"

#include <eddy.h>

enum { AT_ONCE = 100 };

struct reading {
    const char *folder;
    long count;
    long left;
};

static int read_some(struct reading *reading)
{
    char path[512];

    while (reading->left > 0) {
        char *data;
        size_t size;

        bench_file(path, sizeof path, reading->folder, --reading->left % reading->count);
        eddy_try(eddy_read_file(path, &data, &size));
        eddy_free(data);
        if (size != BENCH_FILE_SIZE)
            return eddy_raise(EDDY_EIO, "%s has %zu bytes", path, size);
    }
    return 0;
}
EDDY_CORO(read_some, struct reading *)

static int read_many(const char *folder, long count, long reads)
{
    struct reading reading = {folder, count, reads};
    eddy_coro readers[AT_ONCE];

    for (int i = 0; i < AT_ONCE; i++)
        readers[i] = read_some_coro(&reading);
    return eddy_gather_n(readers, AT_ONCE);
}

static int measure(const char *folder, long count, long reads)
{
    eddy_try(read_many(folder, count, count));
    double start = bench_now(), cpu = bench_cpu();
    eddy_try(read_many(folder, count, reads));
    bench_report_files(reads, bench_now() - start, bench_cpu() - cpu);
    return 0;
}
EDDY_CORO(measure, const char *, long, long)

int main(int argc, char **argv)
{
    if (argc != 4)
        return fprintf(stderr, "usage: files FOLDER COUNT READS\n"), 2;
    return eddy_run(
               measure_coro(argv[1], bench_arg(argc, argv, 2, 0), bench_arg(argc, argv, 3, 0))) < 0;
}
