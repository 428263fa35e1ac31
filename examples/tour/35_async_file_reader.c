/* A class that is a context manager and an iterator: in C a type with open, next and close. */
#include "tour.h"

enum { CHUNK_SIZE = 8 };

typedef struct file_reader {
    eddy_stream *file;
} file_reader;

static file_reader *file_reader_open(file_reader *reader, const char *filename)
{
    reader->file = eddy_file_open(filename, "r");
    return reader->file ? reader : NULL;
}

static void file_reader_close(file_reader *reader)
{
    if (reader)
        eddy_stream_close(eddy_take(reader->file));
}
EDDY_AUTOCLOSE(file_reader, file_reader_close)

/* 1: chunk holds the next one, ended by a zero; 0: there is none; or a failure. */
static int file_reader_next(file_reader *reader, char chunk[CHUNK_SIZE + 1])
{
    ssize_t n = eddy_try(eddy_read(reader->file, chunk, CHUNK_SIZE));

    chunk[n] = '\0';
    return n > 0;
}

static int print_chunks(file_reader *storage)
{
    char chunk[CHUNK_SIZE + 1];
    eddy_auto(file_reader) *reader = eddy_try(file_reader_open(storage, "reader.txt"));

    while (eddy_try(file_reader_next(reader, chunk)))
        printf("Chunk: %s\n", chunk);
    return 0;
}

static int file_reader_demo(void)
{
    static const char text[] = "0123456789abcdefghijklmnopqrst";
    file_reader reader;

    eddy_try(eddy_write_file("reader.txt", text, strlen(text)));
    eddy_try(print_chunks(&reader));
    printf("Closed: %s\n", truth(!reader.file));
    return eddy_unlink("reader.txt");
}
EDDY_CORO(file_reader_demo)

int main(void)
{
    return eddy_run(file_reader_demo_coro()) < 0;
}
