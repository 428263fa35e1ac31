/* file_read.c - reading a whole file: a small one by one job in a worker thread, any other as a
 * stream. */
#include "base/descriptor.h"
#include "fs/file.h"

#include <fcntl.h>
#include <unistd.h>

enum {
    DEFAULT_LIMIT = 64 << 20,
    FIRST_READ = 8191,   /* and the byte that is always behind */
    SMALL_MAX = 1 << 20, /* longer ones are not worth a thread that cannot be cancelled */
};

static int over_limit(const char *path, size_t limit)
{
    return eddy__raise(EDDY_ELIMIT, "%s has more than the %zu bytes that are the limit", path,
                       limit);
}

/* ---- in one job ---- */

/* What a job says of a file that it has not touched. */
enum { IS_NOT_SMALL = 1 };

struct whole {
    struct eddy__job job; /* must stay first */
    struct eddy__buffer content;
    size_t limit;
    bool opened;
    char path[];
};

static struct whole *whole_of(struct eddy__job *job)
{
    return container_of(job, struct whole, job);
}

static void release_whole(struct eddy__job *job)
{
    eddy__buffer_free(&whole_of(job)->content);
    eddy_free(job);
}

static ssize_t read_more(int fd, struct eddy__buffer *b, size_t size)
{
    if (eddy__buffer_reserve(b, size) < 0)
        return EDDY_ENOMEM;
    ssize_t n = eddy__sys(read(fd, b->data + b->end, b->capacity - b->end - 1));
    if (n > 0)
        b->end += (size_t)n;
    return n;
}

/* One read that finds what was expected, and room for more, has seen the end. */
static int read_to_end(int fd, struct eddy__buffer *b, size_t expected, size_t limit)
{
    ssize_t n = read_more(fd, b, expected + 1);

    while (n > 0 && b->end != expected && b->end <= limit) {
        expected = 0;
        n = read_more(fd, b, FIRST_READ);
    }
    if (n < 0)
        return (int)n;
    return b->end > limit ? EDDY_ELIMIT : 0;
}

/* The kind comes first: opening a FIFO or a device waits, or does something. Files of the kernel
 * that have no size may wait when they are read. */
static int read_small(struct eddy__job *job)
{
    struct whole *whole = whole_of(job);
    struct stat found;

    int status = eddy__sys(stat(whole->path, &found));
    if (status < 0)
        return status;
    if (!S_ISREG(found.st_mode) || found.st_size == 0 || found.st_size > SMALL_MAX)
        return IS_NOT_SMALL;
    int fd = eddy__sys(eddy__above_standard(open(whole->path, O_RDONLY | O_CLOEXEC)));
    if (fd < 0)
        return fd;
    whole->opened = true;
    status = read_to_end(fd, &whole->content, (size_t)found.st_size, whole->limit);
    close(fd);
    return status;
}

/* The first room is made here: blocks that a thread allocates and the loop frees have malloc give
 * pages back and fetch them again. */
static struct whole *make_whole(const char *path, size_t limit)
{
    size_t size = strlen(path) + 1;
    struct whole *whole = eddy_alloc(sizeof *whole + size);

    if (!whole)
        return NULL;
    *whole =
        (struct whole){.job = {.perform = read_small, .release = release_whole}, .limit = limit};
    memcpy(whole->path, path, size);
    if (eddy__buffer_reserve(&whole->content, FIRST_READ) == 0)
        return whole;
    eddy_free(whole);
    return NULL;
}

/* Its content, in a block that is not much larger. */
static struct eddy__buffer take_content(struct whole *whole)
{
    struct eddy__buffer b = whole->content;
    char *smaller = b.end < b.capacity / 2 ? eddy_realloc(b.data, b.end + 1) : NULL;

    whole->content = (struct eddy__buffer){0};
    if (smaller) {
        b.data = smaller;
        b.capacity = b.end + 1;
    }
    return b;
}

static int job_failed(const struct whole *whole, int status)
{
    if (status == EDDY_ENOMEM)
        return eddy__raise_code(status);
    if (status == EDDY_ELIMIT)
        return over_limit(whole->path, whole->limit);
    return eddy__path_fail(whole->opened ? "read from" : "open", whole->path, status);
}

/* 0 with all of it in *b, IS_NOT_SMALL, or a failure, raised. */
static int read_in_job(const char *path, size_t limit, struct eddy__buffer *b)
{
    struct whole *whole = make_whole(path, limit);
    int status = whole ? eddy__file_job_run(&whole->job) : EDDY_ENOMEM;

    if (status < 0)
        return status == EDDY_ENOMEM ? eddy__raise_code(status)
                                     : eddy__path_fail("open", path, status);
    status = whole->job.status;
    if (status < 0)
        status = job_failed(whole, status);
    else if (status == 0)
        *b = take_content(whole);
    release_whole(&whole->job);
    return status;
}

/* ---- as a stream ---- */

/* Room for more, one byte of it for what would be over the limit, and one for the final zero. */
static int make_room(struct eddy__buffer *b, size_t limit)
{
    size_t more = max_size(b->end, FIRST_READ);

    if (b->capacity > b->end + 1)
        return 0;
    return eddy__buffer_reserve(b, min_size(more, limit + 1 - b->end));
}

static int read_all(eddy_stream *s, struct eddy__buffer *b, size_t limit)
{
    for (;;) {
        if (make_room(b, limit) < 0)
            return eddy__raise_code(EDDY_ENOMEM);
        ssize_t n = eddy_read(s, b->data + b->end, b->capacity - b->end - 1);
        if (n <= 0)
            return (int)n;
        b->end += (size_t)n;
        if (b->end > limit)
            return over_limit(eddy_stream_peer(s), limit);
    }
}

static int read_as_stream(const char *path, size_t limit, struct eddy__buffer *b)
{
    eddy_stream *s = eddy_file_open(path, "r");
    int status = s ? read_all(s, b, limit) : eddy_status_pointer_(s);

    eddy_stream_close(s);
    if (status < 0)
        eddy__buffer_free(b);
    return status;
}

/* ---- both ---- */

static int file_read_check(const char *path, char **data, size_t limit)
{
    if (!data || limit > SIZE_MAX / 4)
        return eddy__raise(EDDY_EINVAL,
                           "eddy_read_file needs a place for the data, and a limit of "
                           "at most %zu",
                           SIZE_MAX / 4);
    int status = eddy__checkpoint();
    if (status < 0)
        return status;
    return path && *path ? 0 : eddy__raise(EDDY_EINVAL, "the path of a file is expected");
}

int eddy_read_file_with(const char *path, char **data, size_t *size,
                        const eddy_read_file_opts *opts)
{
    size_t limit = opts && opts->limit ? opts->limit : DEFAULT_LIMIT;
    struct eddy__buffer b = {0};
    int status = file_read_check(path, data, limit);

    if (status == 0)
        status = read_in_job(path, limit, &b);
    if (status == IS_NOT_SMALL)
        status = read_as_stream(path, limit, &b);
    if (status < 0)
        return status;
    b.data[b.end] = '\0';
    *data = b.data;
    if (size)
        *size = b.end;
    return 0;
}
