/* Process groups: signals and closing reach all of them, the leader's end notwithstanding. */
#include "process/children.h"

#define GROUP .new_group = true, .stdout = EDDY_PIPE

/* A shell that leads a group, and its first line: a member's number. */
static eddy_process *open_group(const char *command, bool kill_on_close, double grace,
                                pid_t *member)
{
    char *line;
    eddy_process *p =
        eddy_process_shell(command, GROUP, .kill_on_close = kill_on_close, .grace = grace);

    CHECK(p != NULL);
    CHECK(eddy_read_line(eddy_process_stdout(p), &line) > 0);
    *member = (pid_t)strtol(line, NULL, 10);
    CHECK(*member > 0);
    return p;
}

/* A zombie that nobody has reaped yet has ended, too. */
static bool has_ended(pid_t pid)
{
    char path[32], state = 'X';

    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "r");
    if (!file)
        return true;
    CHECK_INT(fscanf(file, "%*d %*s %c", &state), 1);
    fclose(file);
    return state == 'Z' || state == 'X';
}

#define STUBBORN "(trap '' TERM; echo $(exec sh -c 'echo $PPID'); exec sleep 100) & "

CHILD_TEST(P1_member_of_a_group_that_ignores_sigterm_is_killed)
{
    pid_t member;
    eddy_process *p = open_group(STUBBORN "wait", true, 0.1, &member);
    double began = eddy_time();

    eddy_process_close(p); /* the leader dies of SIGTERM at once */
    CHECK(has_ended(member));
    CHECK(eddy_time() - began > 0.0999);
    check_no_child();
}

CHILD_TEST(P1_members_end_when_the_leader_has_ended_long_ago)
{
    pid_t member;
    int status = -1;
    eddy_process *p = open_group(STUBBORN "exit 3", true, 0.05, &member);

    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK_INT(status, 3);
    CHECK(!has_ended(member));
    eddy_process_close(p);
    CHECK(has_ended(member));
    check_no_child();
}

CHILD_TEST(P1_run_of_a_group_leaves_nobody)
{
    eddy_auto(eddy_process_result) result = {0};

    RUN(&result, "sleep 100 > /dev/null 2>&1 & echo $!", .new_group = true);
    CHECK(has_ended((pid_t)strtol(result.out.data, NULL, 10)));
    check_no_child();
}

/* It has the grace, whatever the leader does; and the close waits no longer than it needs. */
CHILD_TEST(P1_member_of_a_group_has_time_to_clean_up)
{
    pid_t member;
    char path[] = "/tmp/eddy-group-XXXXXX", command[256], text[8] = "";
    int fd = mkstemp(path);

    snprintf(command, sizeof command,
             "sh -c 'trap \"sleep 0.2; echo clean > %s; exit\" TERM; echo $$; "
             "while :; do sleep 0.01; done' & wait",
             path);
    eddy_process *p = open_group(command, true, 20, &member);
    double began = eddy_time();
    eddy_process_close(p);
    CHECK(has_ended(member));
    CHECK(eddy_time() - began < 15);
    CHECK_INT(pread(fd, text, 7, 0), 6);
    CHECK_STR(text, "clean\n");
    close(fd);
    unlink(path);
}

CHILD_TEST(P1_signals_reach_the_group_when_its_leader_has_ended)
{
    pid_t member;
    char *line;
    int status;
    eddy_auto(eddy_process) *p = open_group("sleep 100 & echo $!", false, 0, &member);

    CHECK_INT(eddy_process_wait(p, &status), 0);
    CHECK(!has_ended(member));
    CHECK_INT(eddy_process_status(p, &status), 0);
    CHECK_INT(eddy_process_terminate(p), 0);
    CHECK_INT(eddy_read_line(eddy_process_stdout(p), &line), 0); /* nobody holds the pipe */
}

/* Without .kill_on_close the group lives on; the leader is reaped. */
CHILD_TEST(P1_closed_group_lives_on)
{
    pid_t member;
    eddy_process *p = open_group("sleep 100 & echo $!", false, 0, &member);

    CHECK_INT(eddy_process_wait(p, NULL), 0);
    CHECK(has_child());
    eddy_process_close(p);
    check_no_child();
    CHECK(!has_ended(member));
    kill(member, SIGKILL);
}

CHILD_TEST(P1_leader_of_a_closed_group_is_reaped_later)
{
    eddy_process *p = eddy_process_open(ARGV("sleep", "0.2"), .new_group = true);

    eddy_process_close(p);
    for (int i = 0; i < 50 && has_child(); i++)
        CHECK_INT(eddy_process_run(ARGV("sleep", "0.1"), NULL), 0);
    check_no_child();
}

static int closes_one(void *arg)
{
    eddy_process_close(*(eddy_process **)arg);
    return 0;
}

CHILD_TEST(process_group_killed_in_a_callback)
{
    pid_t member;
    eddy_process *p = open_group(STUBBORN "exit 0", true, 0, &member);

    CHECK_INT(eddy_process_wait(p, NULL), 0);
    eddy_loop_call_soon(eddy_loop_running(), closes_one, &p);
    for (int i = 0; i < 2000 && !has_ended(member); i++) {
        CHECK_INT(eddy_sleep(0), 0);
        usleep(1000);
    }
    CHECK(has_ended(member));
    check_no_child();
}

/* Its number may be somebody else's by now: nothing is sent. */
CHILD_TEST(process_group_whose_leader_somebody_else_has_reaped)
{
    pid_t member;
    eddy_process *p = open_group("sleep 100 & echo $!", true, 0, &member);

    CHECK_INT(waitpid(eddy_process_pid(p), NULL, 0), eddy_process_pid(p));
    CHECK_INT(eddy_process_kill(p), 0);
    CHECK_INT(eddy_process_wait(p, NULL), EDDY_ECHILD);
    CHECK_INT(eddy_process_kill(p), 0);
    eddy_process_close(p);
    CHECK(!has_ended(member));
    kill(member, SIGKILL);
}

TEST_PLAIN(group_lives_as_long_as_a_member_has_not_ended)
{
    int fds[2];

    CHECK_INT(pipe(fds), 0);
    pid_t pid = fork();
    if (pid == 0) {
        char byte;

        setpgid(0, 0);
        prctl(PR_SET_NAME, ") Z 1 (");
        close(fds[1]);
        _exit((int)read(fds[0], &byte, 1));
    }
    setpgid(pid, pid);
    CHECK(eddy__group_lives(pid));
    CHECK(eddy__group_lives(getpgrp()));
    close(fds[0]);
    close(fds[1]);
    checked(0);
    CHECK(has_child());
    CHECK(!eddy__group_lives(pid)); /* a zombie */
    CHECK_INT(waitpid(pid, NULL, 0), pid);
    CHECK(!eddy__group_lives(pid));
}
