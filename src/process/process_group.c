/* process_group.c - who is left of a process group. The kernel tells of the end of a child only. */
#include "base/descriptor.h"
#include "process/process.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

/* A mount of another namespace's processes has other numbers. */
static bool proc_is_ours(void)
{
    char text[32];
    ssize_t n = eddy__sys(readlink("/proc/self", text, sizeof text - 1));

    if (n <= 0)
        return false;
    text[n] = '\0';
    return strtol(text, NULL, 10) == getpid();
}

/* "7 (name) S 1 7 ...": the name may have anything in it. */
static bool is_member(const char *stat, pid_t group)
{
    const char *rest = strrchr(stat, ')');
    char state;
    int of;

    return rest && sscanf(rest, ") %c %*d %d", &state, &of) == 2 && of == group && state != 'Z' &&
           state != 'X';
}

static bool lives(int proc, const char *number, pid_t group)
{
    char path[32], stat[512];
    int length = snprintf(path, sizeof path, "%.20s/stat", number);
    int fd = length > 0 ? eddy__above_standard(openat(proc, path, O_RDONLY | O_CLOEXEC)) : -1;
    ssize_t n = fd < 0 ? -1 : read(fd, stat, sizeof stat - 1);

    if (fd >= 0)
        close(fd);
    if (n <= 0)
        return false;
    stat[n] = '\0';
    return is_member(stat, group);
}

bool eddy__group_lives(pid_t group)
{
    DIR *proc;
    bool found = !proc_is_ours() || eddy__sys((proc = eddy__dir_open("/proc")) ? 0 : -1) < 0;

    if (found)
        return true;
    for (struct dirent *entry; !found && (entry = readdir(proc));)
        found = isdigit((unsigned char)*entry->d_name) && lives(dirfd(proc), entry->d_name, group);
    closedir(proc);
    return found;
}
