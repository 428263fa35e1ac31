/* file.h - files: a file is a stream (eddy_read, eddy_read_line, eddy_write, …) with a position,
 * and whole files, paths and folders. The disk never blocks the loop: the ring or worker threads
 * do the work. Failures name the path: "cannot open /x/y: no such file or directory". */
#ifndef EDDY_FILE_H
#define EDDY_FILE_H

#include <eddy/base.h>
#include <eddy/memory.h>
#include <eddy/stream.h>
#include <sys/stat.h>

EDDY_BEGIN_DECLS

typedef struct eddy_file_opts {
    unsigned mode; /* permissions of a new file, less the umask; 0: 0666 */
    /* A folder that the file lies beneath, whatever a stranger makes of the path, which is relative
     * to it: one that leads out of the folder, by "..", by a link, or because it is absolute, is
     * EDDY_EXDEV, and so is a link as its last name. Links on the way that stay beneath it are
     * followed, where the kernel looks after that (Linux 5.6); elsewhere they are EDDY_EXDEV.
     * NULL: the file may lie anywhere. */
    const char *beneath;
    eddy_stream_opts stream;
    bool regular;  /* nothing but a regular file: EDDY_EINVAL for others, and no wait for a FIFO */
    bool no_links; /* with .beneath: no link on the way either, EDDY_EXDEV */
} eddy_file_opts;

/* Opens a file; mode as fopen's: "r", "w" or "a", then any of "+" (reads and writes), "x" (must not
 * exist) and "b" (nothing). Always close-on-exec. NULL with a record: EDDY_ENOENT, EDDY_EISDIR,
 * EDDY_EACCES, … The caller closes it with eddy_stream_close. Opening a FIFO waits for its
 * other end, which holds up nothing else; EDDY_ELIMIT when more than 1,024 opens of the loop wait.
 *
 * Reads and writes share one position; with "a" writes go to the end and do not move it. The end of
 * a file is not final: a later read sees what was added. eddy_write returns when the kernel has all
 * bytes, so that closing the file cannot fail; a write that fails or is cancelled may have written
 * a part. In a file that is open for both, a read during a write, or the other way round, is
 * EDDY_EBUSY. eddy_stream_peer is the path. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_file_open_with(const char *path, const char *mode,
                                                        const eddy_file_opts *opts);
#define eddy_file_open(path, mode, ...)                                                            \
    eddy_file_open_with((path), (mode), &(eddy_file_opts){__VA_ARGS__})
/* A new file for reading and writing in folder (NULL: $TMPDIR or /tmp), with permissions 0600. With
 * path NULL it has no name, and is gone when it is closed. Otherwise *path is its name, which the
 * caller gives to eddy_free, and the file stays. NULL with a record on failure. */
EDDY_API EDDY_SUSPENDS eddy_stream *eddy_temp_file(const char *folder, char **path);

/* Read and write at offset, whatever the position is, and without moving it; any number of tasks
 * may do so at once. pread returns how many bytes it has read: fewer than size only where the file
 * ends, 0 at its end. pwrite returns size. */
EDDY_API EDDY_SUSPENDS ssize_t eddy_file_pread(eddy_stream *file, void *buf, size_t size,
                                               int64_t offset);
EDDY_API EDDY_SUSPENDS ssize_t eddy_file_pwrite(eddy_stream *file, const void *buf, size_t size,
                                                int64_t offset);
/* Sets the position: SEEK_SET, SEEK_CUR, SEEK_END. Returns it, counted from the beginning.
 * EDDY_ESPIPE for a FIFO or terminal, EDDY_EINVAL before the beginning or past INT64_MAX. */
EDDY_API EDDY_SUSPENDS int64_t eddy_file_seek(eddy_stream *file, int64_t offset, int whence);
/* As fstat. */
EDDY_API EDDY_SUSPENDS int eddy_file_stat(eddy_stream *file, struct stat *result);
/* Cuts the file off at size, or extends it with zeros. The position stays. */
EDDY_API EDDY_SUSPENDS int eddy_file_truncate(eddy_stream *file, int64_t size);
/* Returns when all that was written is on the disk. */
EDDY_API EDDY_SUSPENDS int eddy_file_sync(eddy_stream *file);

typedef struct eddy_read_file_opts {
    size_t limit; /* a longer file is EDDY_ELIMIT; 0: 64 MiB */
} eddy_read_file_opts;

/* Reads the whole file. The caller gives *data to eddy_free. A zero byte follows the data, which
 * does not count in *size (NULL: not wanted). */
EDDY_API EDDY_SUSPENDS int eddy_read_file_with(const char *path, char **data, size_t *size,
                                               const eddy_read_file_opts *opts);
#define eddy_read_file(path, data, size, ...)                                                      \
    eddy_read_file_with((path), (data), (size), &(eddy_read_file_opts){__VA_ARGS__})

typedef struct eddy_write_file_opts {
    bool atomic;   /* readers, also after a crash, see all of the old content or all of the new */
    unsigned mode; /* permissions of a new file, less the umask; 0: 0666 */
} eddy_write_file_opts;

/* Makes data the content of the file; a file that does not exist is made. With .atomic a file of
 * another name is written beside it, synced and renamed. A file that existed then keeps its
 * permissions, and its owner and group where the process may set them, but not its ACLs, extended
 * attributes and other hard links. Symbolic links are followed. EDDY_EISDIR for a folder,
 * EDDY_EINVAL for what else is no regular file. */
EDDY_API EDDY_SUSPENDS int eddy_write_file_with(const char *path, const void *data, size_t size,
                                                const eddy_write_file_opts *opts);
#define eddy_write_file(path, data, size, ...)                                                     \
    eddy_write_file_with((path), (data), (size), &(eddy_write_file_opts){__VA_ARGS__})

/* As the system calls of that name, in a worker thread. A call that is cancelled while it runs may
 * still have its effect. rename, link: to is the new name. symlink: makes path, a link to target.
 * stat and chmod follow symbolic links; lstat looks at the link itself. */
EDDY_API EDDY_SUSPENDS int eddy_rename(const char *from, const char *to);
EDDY_API EDDY_SUSPENDS int eddy_link(const char *from, const char *to);
EDDY_API EDDY_SUSPENDS int eddy_symlink(const char *target, const char *path);
EDDY_API EDDY_SUSPENDS int eddy_unlink(const char *path);
EDDY_API EDDY_SUSPENDS int eddy_chmod(const char *path, unsigned mode);
EDDY_API EDDY_SUSPENDS int eddy_mkdir(const char *path, unsigned mode);
EDDY_API EDDY_SUSPENDS int eddy_rmdir(const char *path);
EDDY_API EDDY_SUSPENDS int eddy_stat(const char *path, struct stat *result);
EDDY_API EDDY_SUSPENDS int eddy_lstat(const char *path, struct stat *result);
/* Makes the folder with mode, and folders above it that are missing with 0777, both less the umask.
 * 0 also when it exists. EDDY_EEXIST when something else is in its place, EDDY_ENOTDIR when
 * something above it is no folder. */
EDDY_API EDDY_SUSPENDS int eddy_makedirs(const char *path, unsigned mode);
/* Where a symbolic link leads, as it is written there; EDDY_EINVAL when path is none. The absolute
 * path of what exists, without symbolic links, "." and "..". The caller gives the result to
 * eddy_free; NULL with a record on failure. */
EDDY_API EDDY_SUSPENDS char *eddy_readlink(const char *path);
EDDY_API EDDY_SUSPENDS char *eddy_realpath(const char *path);

/* The names in a folder, sorted by their bytes, without "." and "..". types[i] is the st_mode of
 * eddy_lstat, as far as S_ISDIR, S_ISREG, S_ISLNK, … need it; 0 for what has gone meanwhile. */
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
