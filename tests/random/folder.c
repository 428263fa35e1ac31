/* folder.c - the folders of programs, which go by the numbers of their processes. */
#define _GNU_SOURCE
#include "driver.h"

#include <ftw.h>
#include <sys/stat.h>

enum { PATH_SIZE = 64, DESCRIPTORS = 16 };

static char folder[PATH_SIZE]; /* this process's, once it has one */

static void name_folder(char path[PATH_SIZE], pid_t pid)
{
    snprintf(path, PATH_SIZE, "/tmp/eddy-random-%d", (int)pid);
}

/* A folder of that name is of a process that was there before and whose driver was killed. */
const char *random_folder(void)
{
    if (!folder[0]) {
        random_folder_remove(getpid());
        name_folder(folder, getpid());
        CHECK_INT(mkdir(folder, 0700), 0);
    }
    return folder;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st, (void)kind, (void)at;
    return remove(path);
}

void random_folder_remove(pid_t pid)
{
    char path[PATH_SIZE];

    name_folder(path, pid);
    nftw(path, remove_one, DESCRIPTORS, FTW_DEPTH | FTW_PHYS);
    if (strcmp(path, folder) == 0)
        folder[0] = '\0';
}
