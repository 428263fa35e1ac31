/* files.h - files as answers: whole folders of them behind a route, or one from a handler. With
 * ranges, conditions (ETag, Last-Modified), types by the ends of names. */
#ifndef EDDY_HTTP_FILES_H
#define EDDY_HTTP_FILES_H

#include <eddy/http/router.h>

EDDY_BEGIN_DECLS

typedef struct eddy_route_files_opts {
    bool listing;       /* a page for folders that have no index, sorted as ?sort=name, size or
                           time says, and &order=desc */
    const char *index;  /* the file that answers for its folder; NULL: "index.html", "": none */
    const char *spa;    /* the file that answers, as what it is, for what is not there and has no
                           dot in its last name; NULL: none */
    bool dotfiles;      /* also files and folders whose names begin with a dot */
    bool links;         /* follows symbolic links that stay beneath folder, also to what has a dot
                           before its name and would not be served by that */
    bool precompressed; /* sends FILE.br or FILE.gz beside FILE to who takes it */
    double max_age;     /* seconds that clients keep files unasked; 0: as they like */
    const char *listing_foot; /* HTML below the list of that page; NULL: none */
    size_t cache;             /* bytes of small files that each loop keeps in memory; 0: 16 MiB */
} eddy_route_files_opts;

/* Answers GET and HEAD of all that begins with pattern, "[HOST]/[PATH]/", with the files beneath
 * folder: only with regular ones, and with nothing outside it whatever the path or the links. What
 * cannot be had is a 404, a folder without its slash is sent to it. Small files, and 256 large ones
 * that are open, are kept in memory until something changes in folder (eddy_dir_watch). Texts are
 * copied. As eddy_route; EDDY_EINVAL also for a pattern with a method or without a slash at the
 * end, and for a time that is none. */
EDDY_API int eddy_route_files_with(eddy_router *router, const char *pattern, const char *folder,
                                   const eddy_route_files_opts *opts);
#define eddy_route_files(router, pattern, folder, ...)                                             \
    eddy_route_files_with((router), (pattern), (folder), &(eddy_route_files_opts){__VA_ARGS__})

typedef struct eddy_respond_file_opts {
    const char *beneath; /* the folder that the file lies beneath, as in eddy_file_opts */
    const char *type;    /* Content-Type; NULL: by the end of the name */
} eddy_respond_file_opts;

/* Answers with a file, with ranges and conditions. EDDY_HTTP(404), raised, when there is none, or
 * when it is no regular file; other failures as of files. Suspends. */
EDDY_API EDDY_SUSPENDS int eddy_respond_file_with(eddy_request *request, const char *path,
                                                  const eddy_respond_file_opts *opts);
#define eddy_respond_file(request, path, ...)                                                      \
    eddy_respond_file_with((request), (path), &(eddy_respond_file_opts){__VA_ARGS__})

EDDY_END_DECLS

#endif
