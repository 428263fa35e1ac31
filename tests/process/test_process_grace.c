/* How long closing a process leaves the child between SIGTERM and SIGKILL. */
#include "process/children.h"

/* A time that has passed (B7). */
CHILD_TEST(P1_no_grace_is_left)
{
    static const double none[] = {0, -1, -INFINITY};
    char *line;

    for (unsigned i = 0; i < count_of(none); i++) {
        eddy_process *p =
            eddy_process_shell("trap '' TERM; echo ready; while :; do sleep 0.05; done",
                               .stdout = EDDY_PIPE, .kill_on_close = true);
        CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 5);
        CHECK_OK(eddy_process_set_grace(p, none[i]));
        double began = eddy_time();
        eddy_process_close(p);
        CHECK(eddy_time() - began < 1.9); /* the default is 2 */
        check_no_child();
    }
}

CHILD_TEST(P1_grace_without_a_limit)
{
    char *line;
    eddy_process *p = eddy_process_shell("trap 'sleep 0.1; echo bye >&2; exit' TERM; echo ready; "
                                         "while :; do sleep 0.01; done",
                                         .stdout = EDDY_PIPE, .stderr = EDDY_STDOUT,
                                         .kill_on_close = true, .grace = 1e-9);

    CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 5);
    CHECK_OK(eddy_process_set_grace(p, INFINITY));
    double began = eddy_time();
    eddy_process_close(p);
    CHECK(eddy_time() - began > 0.0999);
    check_no_child();
}

CHILD_TEST(process_B7_grace_that_is_refused)
{
    static const double bad[] = {NAN, -1, -INFINITY};
    eddy_auto(eddy_process) *p = eddy_process_open(ARGV("true"));

    for (unsigned i = 0; i < count_of(bad); i++) {
        CHECK_PTR(eddy_process_open(ARGV("true"), .grace = bad[i]), NULL);
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK_CONTAINS(last_message(), "eddy_process_set_grace");
    }
    CHECK_INT(eddy_process_set_grace(p, NAN), EDDY_EINVAL);
    CHECK_INT(eddy_process_set_grace(NULL, 1), EDDY_EINVAL);
    CHECK_OK(eddy_process_wait(p, NULL));
}
