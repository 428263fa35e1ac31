/* hung.c - asks gdb where a test is that does not end: a hang that comes once in a thousand runs
 * is understood from what is left of it. */
#include "hung.h"
#include "test.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>

enum { PROCESSES_MAX = 4 };

void hung_allow(void)
{
    prctl(PR_SET_PTRACER, PR_SET_PTRACER_ANY);
}

/* A dump is a call in the stopped process, where another thread may have the lock that it needs: it
 * comes last, and there is a limit. */
static const char script[] = "exec timeout --foreground -k 1 40 gdb -nx -q -batch -p $0 "
                             "-ex 'set scheduler-locking on' -ex 'thread apply all -s bt 30' "
                             "-ex 'thread apply all -s call (void)eddy_dump(*(void **)&stderr)'";

/* In a child. */
static _Noreturn void become_gdb(pid_t pid, int output)
{
    char number[16];
    sigset_t none;

    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    dup2(open("/dev/null", O_RDONLY | O_CLOEXEC), 0);
    dup2(output, 1);
    dup2(output, 2);
    snprintf(number, sizeof number, "%d", (int)pid);
    execl("/bin/sh", "sh", "-c", script, number, (char *)NULL);
    _exit(127);
}

static void show_process(pid_t pid, int output)
{
    dprintf(output, "process %d does not end:\n", (int)pid);
    pid_t gdb = fork();
    if (gdb == 0)
        become_gdb(pid, output);
    if (gdb > 0)
        waitpid(gdb, NULL, 0);
}

void hung_show(pid_t group, int output)
{
    DIR *dir = opendir("/proc");
    int shown = 0;

    for (struct dirent *e; dir && shown < PROCESSES_MAX && (e = readdir(dir));) {
        pid_t pid = (pid_t)strtol(e->d_name, NULL, 10);

        if (pid > 0 && getpgid(pid) == group) {
            show_process(pid, output);
            shown++;
        }
    }
    if (dir)
        closedir(dir);
}
