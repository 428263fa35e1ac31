/* What a context manager does around its body, a type with a closer does around a block: this one
 * wraps a file and says when it opens and closes. */
#include "tour.h"

typedef struct managed_file {
    const char *filename;
    eddy_stream *stream;
} managed_file;

static managed_file *managed_file_open(managed_file *file, const char *filename, const char *mode)
{
    printf("Opening %s...\n", filename);
    file->filename = filename;
    file->stream = eddy_file_open(filename, mode);
    return file->stream ? file : NULL;
}

static void managed_file_close(managed_file *file)
{
    if (!file)
        return;
    printf("Closing %s...\n", file->filename);
    eddy_stream_close(file->stream);
}
EDDY_AUTOCLOSE(managed_file, managed_file_close)

static int write_text(const char *text)
{
    managed_file storage;
    eddy_auto(managed_file) *f = eddy_try(managed_file_open(&storage, "test.txt", "w"));

    eddy_try(eddy_write(f->stream, text, strlen(text)));
    return 0;
}

static int read_text(void)
{
    managed_file storage;
    char content[64] = "";
    eddy_auto(managed_file) *f = eddy_try(managed_file_open(&storage, "test.txt", "r"));

    eddy_try(eddy_read(f->stream, content, sizeof content - 1));
    printf("Read: %s\n", content);
    return 0;
}

static int use_managed_file(void)
{
    printf("\n=== Async Context Manager Decorator ===\n");
    eddy_try(write_text("Hello, Async World!"));
    eddy_try(read_text());
    return eddy_unlink("test.txt");
}
EDDY_CORO(use_managed_file)

int main(void)
{
    return eddy_run(use_managed_file_coro()) < 0;
}
