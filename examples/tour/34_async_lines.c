/* Line by line through a file: eddy_read_line gives NULL at the end, and the last line need not end
 * in a newline. */
#include "tour.h"

static int print_lines(const char *filename)
{
    char *line;
    eddy_auto(eddy_stream) *f = eddy_try(eddy_file_open(filename, "r"));

    printf("\nAsync file reading:\n");
    while (eddy_try(eddy_read_line(f, &line)), line)
        printf(" %s\n", line);
    return 0;
}

static int async_lines(void)
{
    static const char content[] = "Line 1\nLine 2\nLine 3\nLine 4\nLine 5";

    eddy_try(eddy_write_file("test_lines.txt", content, strlen(content)));
    eddy_try(print_lines("test_lines.txt"));
    return eddy_unlink("test_lines.txt");
}
EDDY_CORO(async_lines)

int main(void)
{
    return eddy_run(async_lines_coro()) < 0;
}
