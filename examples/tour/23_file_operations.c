/* Files side by side: whole ones by path, a large one in chunks. A file that is not there is an
 * error like any other: its code says which, its record names the file. */
#include "tour.h"

enum { FILES = 3, CHUNK_SIZE = 1000, LARGE_SIZE = 10000 };

/* *content is NULL when there is no such file. */
static int read_file(const char *filename, char **content)
{
    size_t size;
    int r = eddy_read_file(filename, content, &size);

    if (r == EDDY_ENOENT) {
        printf("File %s not found\n", filename);
        *content = NULL;
        return 0;
    }
    eddy_try(r);
    printf("Read %zu characters from %s\n", size, filename);
    return 0;
}
EDDY_CORO(read_file, const char *, char **)

static int write_file(const char *filename, const char *content, size_t size)
{
    eddy_try(eddy_write_file(filename, content, size));
    printf("Written %zu characters to %s\n", size, filename);
    return 0;
}
EDDY_CORO(write_file, const char *, const char *, size_t)

static int process_large_file(const char *filename)
{
    char chunk[CHUNK_SIZE];
    ssize_t n;
    int chunks = 0;
    eddy_auto(eddy_stream) *file = eddy_try(eddy_file_open(filename, "rb"));

    while ((n = eddy_try(eddy_read(file, chunk, sizeof chunk))) > 0) {
        eddy_try(eddy_sleep(0.01)); /* imagine work on it */
        printf("Processed chunk %d (%zd bytes)\n", ++chunks, n);
    }
    printf("Finished processing %d chunks\n", chunks);
    return 0;
}

static const char *const test_files[FILES] = {"test1.txt", "test2.txt", "test3.txt"};
static const char *const contents[FILES] = {"Hello World", "Python Async", "File Operations"};

static int small_files(void)
{
    eddy_coro coros[FILES];
    char *results[FILES] = {NULL};

    for (int i = 0; i < FILES; i++)
        coros[i] = write_file_coro(test_files[i], contents[i], strlen(contents[i]));
    eddy_try(eddy_gather_n(coros, FILES));
    for (int i = 0; i < FILES; i++)
        coros[i] = read_file_coro(test_files[i], &results[i]);
    int r = eddy_gather_n(coros, FILES);
    for (int i = 0; i < FILES; i++) {
        if (results[i])
            printf("%s: %.20s...\n", test_files[i], results[i]);
        eddy_free(results[i]);
    }
    return r;
}

static int large_file(const char *filename)
{
    char content[LARGE_SIZE];

    memset(content, 'x', sizeof content);
    eddy_try(write_file(filename, content, sizeof content));
    return process_large_file(filename);
}

static int remove_file(const char *filename)
{
    eddy_try(eddy_unlink(filename));
    printf("Removed %s\n", filename);
    return 0;
}

static int file_operations(void)
{
    char *content;

    printf("=== Async File Operations ===\n");
    eddy_try(small_files());
    eddy_try(large_file("large_file.txt"));
    for (int i = 0; i < FILES; i++)
        eddy_try(remove_file(test_files[i]));
    eddy_try(remove_file("large_file.txt"));
    eddy_try(read_file("test1.txt", &content));
    eddy_free(content);
    return 0;
}
EDDY_CORO(file_operations)

int main(void)
{
    return eddy_run(file_operations_coro()) < 0;
}
