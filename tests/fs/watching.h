/* watching.h - for tests of watched folders: events as text. */
#ifndef WATCHING_H
#define WATCHING_H

#include "fs/folder.h"

#include "fs/dir_watch.h"

static inline eddy_dir_watch *watch_folder(bool recursive)
{
    folder_make();
    eddy_dir_watch *watch = eddy_dir_watch_open(folder, .recursive = recursive);
    CHECK(watch != NULL);
    return watch;
}

static inline void make_folder(const char *name)
{
    CHECK_INT(mkdir(in_folder(name), 0755), 0);
}

static inline void move(const char *from, const char *to)
{
    CHECK_INT(rename(in_folder(from), in_folder(to)), 0);
}

/* The next event as text: "created a", "moved b from a", "removed c/". */
static inline const char *next_text(eddy_dir_watch *watch)
{
    static const char *const kinds[] = {"created",    "modified", "removed", "moved",
                                        "attributes", "overflow", "gone"};
    static char text[600];
    eddy_dir_event event;

    eddy_timeout(5) {
        int status = eddy_dir_watch_next(watch, &event);

        if (status < 0)
            return eddy_status_name(status);
    }
    snprintf(text, sizeof text, "%s %s%s%s%s", kinds[__builtin_ctz((unsigned)event.kind)],
             event.path, event.folder ? "/" : "", event.from ? " from " : "",
             event.from ? event.from : "");
    return text;
}

#define EXPECT(watch, text) CHECK_STR(next_text(watch), text)

/* Nothing else has happened. */
static inline void expect_nothing(eddy_dir_watch *watch)
{
    plain_write(in_folder("mark"), "");
    EXPECT(watch, "created mark");
}

static inline void remove_all(void)
{
    char command[200];

    snprintf(command, sizeof command, "chmod -R u+rwX %s; rm -r %s", folder, folder);
    CHECK_INT(system(command), 0);
}

/* A path beside the folder that nobody else has. */
static inline char *outside(void)
{
    static char path[80];

    snprintf(path, sizeof path, "%s-out", folder);
    return path;
}

static inline void end(eddy_dir_watch *watch)
{
    eddy_dir_watch_close(watch);
    remove_all();
}

#endif
