/* A file is a stream. The disk never blocks the loop: whoever reads or writes just waits. */
#include "tour.h"

static int read_file(const char *file)
{
    char contents[64] = "";
    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(file, "r"));

    eddy_try(eddy_read(f, contents, sizeof contents - 1));
    printf("Read from %s: %s\n", file, contents);
    return 0;
}

static int write_file(const char *file, const char *data)
{
    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(file, "w"));

    eddy_try(eddy_write(f, data, strlen(data)));
    printf("Wrote to %s\n", file);
    return 0;
}

static int file_io(void)
{
    const char *file = "data.txt";

    eddy_try(write_file(file, "Hello, world!"));
    eddy_try(read_file(file));
    return eddy_unlink(file);
}
EDDY_CORO(file_io)

int main(void)
{
    return eddy_run(file_io_coro()) < 0;
}
