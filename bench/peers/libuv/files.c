/* libuv: many small files are read, 100 at once, each by open, read and close in the thread pool;
 * as files.c. */
#include "bench.h"

#include <fcntl.h>
#include <uv.h>

enum { AT_ONCE = 100 };

struct reader {
    uv_fs_t fs;
    uv_file file;
    uv_buf_t buffer;
};

static const char *folder;
static long count, left;

static void open_next(struct reader *r);

static void on_closed(uv_fs_t *fs)
{
    uv_fs_req_cleanup(fs);
    open_next(fs->data);
}

static void on_read(uv_fs_t *fs)
{
    struct reader *r = fs->data;

    if (fs->result != BENCH_FILE_SIZE)
        abort();
    free(r->buffer.base);
    uv_fs_req_cleanup(fs);
    uv_fs_close(uv_default_loop(), fs, r->file, on_closed);
}

static void on_open(uv_fs_t *fs)
{
    struct reader *r = fs->data;

    r->file = (uv_file)fs->result;
    if (r->file < 0)
        abort();
    uv_fs_req_cleanup(fs);
    r->buffer = uv_buf_init(malloc(BENCH_FILE_SIZE + 1), BENCH_FILE_SIZE + 1);
    uv_fs_read(uv_default_loop(), fs, r->file, &r->buffer, 1, 0, on_read);
}

static void open_next(struct reader *r)
{
    char path[512];

    if (left == 0)
        return;
    bench_file(path, sizeof path, folder, --left % count);
    uv_fs_open(uv_default_loop(), &r->fs, path, O_RDONLY, 0, on_open);
}

static void read_many(long reads)
{
    static struct reader readers[AT_ONCE];

    left = reads;
    for (int i = 0; i < AT_ONCE; i++) {
        readers[i].fs.data = &readers[i];
        open_next(&readers[i]);
    }
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
}

int main(int argc, char **argv)
{
    long reads = bench_arg(argc, argv, 3, 0);

    folder = argv[1];
    count = bench_arg(argc, argv, 2, 0);
    read_many(count);
    double start = bench_now(), cpu = bench_cpu();
    read_many(reads);
    bench_report_files(reads, bench_now() - start, bench_cpu() - cpu);
    return 0;
}
