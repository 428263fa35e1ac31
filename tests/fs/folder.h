/* folder.h - what the tests of files share: a folder of their own. */
#ifndef FOLDER_H
#define FOLDER_H

#include "stream/peer.h"

#include <dirent.h>
#include <eddy/file.h>
#include <sys/stat.h>

static char folder[64];

/* The path of a file in it; each name has a place of its own for a while. */
static inline char *in_folder(const char *name)
{
    static char paths[8][400];
    static unsigned turn;
    char *path = paths[turn++ % 8];

    snprintf(path, sizeof paths[0], "%s/%s", folder, name);
    return path;
}

static inline void folder_make(void)
{
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(folder, sizeof folder, "%s/eddy-test-XXXXXX", base);
    CHECK(mkdtemp(folder) != NULL);
}

/* How many names are in it. */
static inline int folder_count(void)
{
    DIR *dir = opendir(folder);
    int count = -2;

    CHECK(dir != NULL);
    while (readdir(dir))
        count++;
    closedir(dir);
    return count;
}

/* With the files in it. */
static inline void folder_remove(void)
{
    DIR *dir = opendir(folder);

    CHECK(dir != NULL);
    for (struct dirent *e; (e = readdir(dir));)
        if (e->d_name[0] != '.' || strlen(e->d_name) > 2)
            remove(in_folder(e->d_name));
    closedir(dir);
    CHECK_INT(rmdir(folder), 0);
}

static inline void plain_write(const char *path, const char *text)
{
    FILE *f = fopen(path, "we");

    CHECK(f != NULL);
    CHECK(fputs(text, f) >= 0);
    CHECK_INT(fclose(f), 0);
}

/* Its content is exactly text. */
static inline void plain_expect(const char *path, const char *text)
{
    char buf[4096];
    FILE *f = fopen(path, "re");

    CHECK(f != NULL);
    buf[fread(buf, 1, sizeof buf - 1, f)] = '\0';
    fclose(f);
    CHECK_STR(buf, text);
}

#endif
