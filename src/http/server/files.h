/* files.h - what the parts of static files share: files.c finds which file is meant, file_load.c
 * opens it, file_cache.c keeps it, file_answer.c sends it, file_listing.c looks at a folder,
 * file_page.c writes its page. */
#ifndef EDDY_HTTP_SERVER_FILES_H
#define EDDY_HTTP_SERVER_FILES_H

#include "base/list.h"
#include "http/message/arena.h"
#include <eddy/http/files.h>
#include <eddy/http/respond.h>
#include <eddy/stream.h>
#include <sys/stat.h>

enum { EDDY__FILE_SMALL = 64 * 1024 }; /* so long a file is kept as its content */
enum { EDDY__FILE_PATH = 1024 };       /* bytes of a path, from the folder on */
enum { EDDY__FILE_ETAG = 40 };

/* What to send: the file itself or one that is it in a content coding. */
struct eddy__file_body {
    char *content;       /* NULL: it is longer than EDDY__FILE_SMALL */
    eddy_stream *stream; /* of that */
    uint64_t size;
    time_t modified;
    char etag[EDDY__FILE_ETAG];
};

enum { EDDY__FILE_PLAIN, EDDY__FILE_BR, EDDY__FILE_GZIP, EDDY__FILE_FORMS };

/* A file, found and opened. It belongs to the cache and to the requests that send it. */
struct eddy__file_entry {
    struct list used;               /* in the cache: the one not used for longest is the first */
    struct eddy__file_entry *chain; /* in the same bucket of the cache */
    unsigned refs;
    bool cached;
    struct eddy__file_body bodies[EDDY__FILE_FORMS]; /* size, modified and etag are 0 for none */
    bool has[EDDY__FILE_FORMS];
    char path[]; /* relative to the folder */
};

/* A folder behind a route. */
struct eddy__files {
    char *folder;
    char *index;
    char *spa;          /* NULL: none */
    char *listing_foot; /* NULL: none */
    eddy_route_files_opts opts;
    _Atomic(struct eddy__file_cache *) caches; /* one for each loop that has asked */
};

/* ---- file_load.c ---- */

/* Whether names of path may be served at all: no empty one, no "..", no dotfile; and it has less
 * than half of EDDY__FILE_PATH bytes. */
bool eddy__file_path_is_fine(const struct eddy__files *files, const char *path);
/* What is at the path beneath the folder: S_IFREG, S_IFDIR, or 0 for nothing that may be served;
 * where links are followed, real becomes the path without them, otherwise path. Or a failure,
 * raised. */
EDDY_SUSPENDS int eddy__file_look(const struct eddy__files *files, const char *path,
                                  char real[EDDY__FILE_PATH]);
/* Opens the file at real, and its coded variants; the entry is for path. EDDY_ENOENT for what is no
 * regular file. */
EDDY_SUSPENDS struct eddy__file_entry *eddy__file_load(const struct eddy__files *files,
                                                       const char *path, const char *real);
/* One file, without variants; beneath may be NULL. */
EDDY_SUSPENDS struct eddy__file_entry *eddy__file_load_one(const char *beneath, const char *path);
void eddy__file_unref(struct eddy__file_entry *entry);
/* Whether a failure means that there is no such file for a client. */
bool eddy__file_is_missing(int code);

/* ---- file_cache.c ---- */

/* The entry for path, with a reference for the caller; NULL: it is not in memory. */
struct eddy__file_entry *eddy__file_cached(struct eddy__files *files, const char *path);
/* A number that changes when something in the folder has changed. Entries that were loaded since
 * are kept with it. */
uint64_t eddy__file_cache_age(struct eddy__files *files);
void eddy__file_cache_keep(struct eddy__files *files, struct eddy__file_entry *entry, uint64_t age);
void eddy__file_caches_close(struct eddy__files *files);

/* ---- file_answer.c ---- */

/* Answers with the entry, which is the request's from now on, also after a failure: its bytes are
 * not copied. files is NULL for a file that no route stands for. */
EDDY_SUSPENDS int eddy__file_answer(eddy_request *request, const struct eddy__files *files,
                                    struct eddy__file_entry *entry, const char *type);

/* Adds the coded form of a small text, where answers of the route are coded (gzip.c), so that it is
 * kept with it. */
int eddy__file_pack(const eddy_request *request, struct eddy__file_entry *entry);
/* Those of a request that has been answered. */
struct eddy__kept_file;
void eddy__files_release(struct eddy__kept_file *kept);

/* ---- file_listing.c ---- */

/* Answers with the page for the folder at real, which is path for the client: "" or "a/b/". */
EDDY_SUSPENDS int eddy__file_listing(eddy_request *request, const struct eddy__files *files,
                                     const char *path, const char *real);

/* ---- file_page.c ---- */

struct eddy__file_item {
    const char *name;
    bool folder;
    uint64_t size;
    time_t modified;
};
enum { EDDY__FILE_BY_NAME, EDDY__FILE_BY_SIZE, EDDY__FILE_BY_TIME };
struct eddy__file_order {
    unsigned by; /* EDDY__FILE_BY_… */
    bool descending;
};
struct eddy__file_page {
    const char *path;   /* of the request, "/s/a/" */
    const char *inside; /* the end of it from the route's folder on, "" or "a/" */
    const struct eddy__file_item *items;
    size_t count;
    size_t left_out; /* items that are not among them */
    struct eddy__file_order order;
    const char *foot; /* HTML below the list; NULL: none */
};
/* What the query asks for: "sort=size&order=desc". */
struct eddy__file_order eddy__file_order(eddy_request *request);
/* The page itself; the caller gives it to eddy_free. NULL, raised. */
char *eddy__file_page(const struct eddy__file_page *of);

/* ---- file_type.c ---- */

/* By the end of the path, whatever its capital letters; never NULL. */
const char *eddy__file_type(const char *path);

#endif
