/* file.h - files: a file is a stream (eddy_read, eddy_read_line, eddy_write, …) with a position,
 * and whole files, paths and folders. The disk never blocks the loop: the ring or worker threads
 * do the work. Failures name the path: "cannot open /x/y: no such file or directory". */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include <eddy/base.h>
#include <eddy/stream.h>
#include <sys/stat.h>

EDDY_BEGIN_DECLS

typedef struct eddy_file_opts {
    unsigned mode; /* permissions of a new file, before the umask; 0: 0666 */
    /* A folder that the file lies beneath, whatever a stranger makes of the path, which is relative
     * to it: one that leads out of the folder, by "..", by a link, or because it is absolute, is
     * EDDY_EXDEV, and so is a link as its last name. Links on the way that stay beneath it are
     * followed, where the kernel looks after that (Linux 5.6); elsewhere they are EDDY_EXDEV.
     * NULL: the file may lie anywhere. */
    const char *beneath;
    eddy_stream_opts stream;
} eddy_file_opts;

/* Opens a file; mode as fopen's: "r", "w" or "a", then any of "+" (reads and writes), "x" (must not
 * exist) and "b" (nothing). Always close-on-exec. NULL with a record: EDDY_ENOENT, EDDY_EISDIR,
 * EDDY_EACCES, … The caller closes it with eddy_stream_close. A FIFO's open waits for its other
 * end, and stops nothing else: EDDY_ELIMIT when more than 1,024 of the loop wait.
 *
 * Reads and writes share one position; with "a" writes go to the end and leave it alone. The end of
 * a file is not final: a later read sees what was added. eddy_write returns when the kernel has all
 * of it, so that closing has nothing left to fail; one that fails or is cancelled may have written
 * a part. In a file that is open for both, a read during a write, or the other way round, is
 * EDDY_EBUSY. eddy_stream_peer is the path. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_file_open_with(const char *path, const char *mode,
                                                        const eddy_file_opts *opts);
#define eddy_file_open(path, mode, ...)                                                            \
    eddy_file_open_with((path), (mode), &(eddy_file_opts){__VA_ARGS__})
/* A new file for reading and writing in folder (NULL: $TMPDIR or /tmp), with permissions 0600. path
 * NULL: without a name, it goes when it is closed. Else *path is its name, to be given to
 * eddy_free, and the file stays. NULL with a record on failure. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_temp_file(const char *folder, char **path);

/* At a place of its own, whatever the position, and by any number of tasks at once. pread: a count,
 * less than size only at the end of the file, where it is 0; pwrite: size. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_file_pread(eddy_stream *file, void *buf, size_t size,
                                               int64_t offset);
EDDY_API EDDY_SUSPENDS ssize_t eddy_file_pwrite(eddy_stream *file, const void *buf, size_t size,
                                                int64_t offset);
/* Sets the position: SEEK_SET, SEEK_CUR, SEEK_END. Returns it, counted from the beginning.
 * EDDY_ESPIPE for a FIFO or terminal, EDDY_EINVAL before the beginning or past INT64_MAX. */
EDDY_API EDDY_SUSPENDS int64_t eddy_file_seek(eddy_stream *file, int64_t offset, int whence);
/* What the kernel knows about it. */
EDDY_API EDDY_SUSPENDS int eddy_file_stat(eddy_stream *file, struct stat *result);
/* Cuts it off at size, or extends it with zeros. The position stays. */
EDDY_API EDDY_SUSPENDS int eddy_file_truncate(eddy_stream *file, int64_t size);
/* Returns when all that was written is on the disk. */
EDDY_API EDDY_SUSPENDS int eddy_file_sync(eddy_stream *file);

typedef struct eddy_read_file_opts {
    size_t limit; /* a longer file is EDDY_ELIMIT; 0: 64 MiB */
} eddy_read_file_opts;

/* Reads the whole file. *data is to be given to eddy_free; a zero that does not count in *size
 * (NULL: nobody wants it) stands behind it. */
EDDY_API EDDY_SUSPENDS int eddy_read_file_with(const char *path, char **data, size_t *size,
                                               const eddy_read_file_opts *opts);
#define eddy_read_file(path, data, size, ...)                                                      \
    eddy_read_file_with((path), (data), (size), &(eddy_read_file_opts){__VA_ARGS__})
/* Gives back what eddy_read_file, eddy_temp_file, eddy_readlink and eddy_realpath allocated; NULL
 * is fine. */
EDDY_API void eddy_free(void *data);

typedef struct eddy_write_file_opts {
    bool atomic;   /* readers, and a crash, see the old content or the new one, nothing between */
    unsigned mode; /* permissions of a new file, before the umask; 0: 0666 */
} eddy_write_file_opts;

/* Makes data the content of the file, which is made if need be. atomic: writes a file of another
 * name beside it, syncs it, renames it. An existing file keeps its permissions, and its owner and
 * group where the process may give them, but no ACLs, extended attributes and other names; links
 * are followed. EDDY_EISDIR for a folder, EDDY_EINVAL for what is no regular file. */
EDDY_API EDDY_SUSPENDS int eddy_write_file_with(const char *path, const void *data, size_t size,
                                                const eddy_write_file_opts *opts);
#define eddy_write_file(path, data, size, ...)                                                     \
    eddy_write_file_with((path), (data), (size), &(eddy_write_file_opts){__VA_ARGS__})

/* As the system calls of that name, in a worker thread. One that is cancelled while it runs may
 * still happen. rename, link: to is the new name; symlink: path is made, target what it says. stat
 * and chmod follow symbolic links; lstat looks at the link itself. */
EDDY_API EDDY_SUSPENDS int eddy_rename(const char *from, const char *to);
EDDY_API EDDY_SUSPENDS int eddy_link(const char *from, const char *to);
EDDY_API EDDY_SUSPENDS int eddy_symlink(const char *target, const char *path);
EDDY_API EDDY_SUSPENDS int eddy_unlink(const char *path);
EDDY_API EDDY_SUSPENDS int eddy_chmod(const char *path, unsigned mode);
EDDY_API EDDY_SUSPENDS int eddy_mkdir(const char *path, unsigned mode);
EDDY_API EDDY_SUSPENDS int eddy_rmdir(const char *path);
EDDY_API EDDY_SUSPENDS int eddy_stat(const char *path, struct stat *result);
EDDY_API EDDY_SUSPENDS int eddy_lstat(const char *path, struct stat *result);
/* Makes the folder with mode, and those above it that are missing with 0777, all before the umask.
 * 0 also when it is there; EDDY_EEXIST, EDDY_ENOTDIR: something else is in its place, or above. */
EDDY_API EDDY_SUSPENDS int eddy_makedirs(const char *path, unsigned mode);
/* What a symbolic link says, and the absolute path without links, "." and ".." of what exists. To
 * be given to eddy_free; NULL with a record on failure. EDDY_EINVAL: path is no symbolic link. */
EDDY_API EDDY_SUSPENDS char *eddy_readlink(const char *path);
EDDY_API EDDY_SUSPENDS char *eddy_realpath(const char *path);

/* The names in a folder, sorted by their bytes, without "." and "..". A type is for S_ISDIR,
 * S_ISREG, S_ISLNK, …, as of eddy_lstat; 0 of what has gone meanwhile. */
typedef struct eddy_dir {
    size_t count;
    char **names;
    mode_t *types;
} eddy_dir;

/* NULL with a record on failure; EDDY_ELIMIT when the names have more than 64 MiB. The caller
 * closes it; NULL is fine there. */
EDDY_API EDDY_SUSPENDS eddy_dir *eddy_list_dir(const char *path);
EDDY_API void eddy_dir_close(eddy_dir *dir);
EDDY_AUTOCLOSE(eddy_dir, eddy_dir_close)

EDDY_END_DECLS

#endif
