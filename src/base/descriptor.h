/* descriptor.h - descriptors that the library makes are above 2. Where the program was started with
 * one of the three standard ones closed, the kernel would put the next one there, and who reads
 * standard input would read from the loop's. Each system call that makes one is wrapped in one of
 * these. */
#ifndef EDDY_BASE_DESCRIPTOR_H
#define EDDY_BASE_DESCRIPTOR_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

/* fd, or a duplicate above 2 in its place, with close-on-exec; −1 with errno. */
static inline int eddy__above_standard(int fd)
{
    if (__builtin_expect(fd < 0 || fd > 2, 1))
        return fd;
    int above = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    int error = errno;

    close(fd);
    errno = error;
    return above;
}

/* Both of a pair that was just made, where r is 0; else both are closed. 0, or −1 with errno. */
static inline int eddy__pair_above_standard(int r, int fds[2])
{
    if (r < 0)
        return r;
    fds[0] = eddy__above_standard(fds[0]);
    int error = errno;

    fds[1] = eddy__above_standard(fds[1]);
    if (fds[0] >= 0 && fds[1] >= 0)
        return 0;
    if (fds[0] >= 0)
        error = errno;
    for (int i = 0; i < 2; i++)
        if (fds[i] >= 0)
            close(fds[i]);
    errno = error;
    return -1;
}

/* opendir. */
static inline DIR *eddy__dir_open(const char *path)
{
    int fd = eddy__above_standard(open(path, O_RDONLY | O_DIRECTORY | O_NONBLOCK | O_CLOEXEC));
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    int error = errno;

    if (!dir && fd >= 0)
        close(fd);
    errno = error;
    return dir;
}

#endif
