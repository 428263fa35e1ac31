/* The options .stdin, .stdout and .stderr where the C library has macros in parentheses: musl. */
#include <stdio.h>
#undef stdin
#undef stdout
#undef stderr
#define stdin (stdin)
#define stdout (stdout)
#define stderr (stderr)
#include <eddy/process.h>

#include "process/children.h"

CHILD_TEST(process_options_where_stdin_is_a_macro)
{
    const char *const argv[] = {"cat", NULL};
    eddy_auto(eddy_output) out = {0};
    eddy_auto(eddy_process) *p =
        eddy_process_open(argv, .stdin = EDDY_PIPE, .stdout = EDDY_PIPE, .stderr = EDDY_STDOUT);

    CHECK_INT(eddy_process_communicate(p, "hello", 5, &out, NULL), 0);
    CHECK_STR(out.data, "hello");
    CHECK_INT(fileno(stdin), 0);
    CHECK_INT(fileno(stdout), 1);
    CHECK_INT(fileno(stderr), 2);
}
