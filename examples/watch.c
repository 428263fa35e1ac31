/* watch.c - prints what changes in a folder and those below it: watch FOLDER
 *
 * Ctrl-C ends it. */
#include <eddy.h>

static const char *name_of(int kind)
{
    switch (kind) {
    case EDDY_DIR_CREATED:
        return "created";
    case EDDY_DIR_MODIFIED:
        return "modified";
    case EDDY_DIR_REMOVED:
        return "removed";
    case EDDY_DIR_MOVED:
        return "moved";
    case EDDY_DIR_ATTRIBUTES:
        return "attributes";
    case EDDY_DIR_OVERFLOW:
        return "too much at once, look at everything anew";
    default:
        return "gone";
    }
}

static int watch(const char *folder)
{
    eddy_auto(eddy_dir_watch) *watch = eddy_try(eddy_dir_watch_open(folder, .recursive = true));
    eddy_dir_event event = {0};

    printf("watching %s\n", folder);
    while (event.kind != EDDY_DIR_GONE) {
        fflush(stdout);
        eddy_try(eddy_dir_watch_next(watch, &event));
        printf("%s %s%s", name_of(event.kind), event.path, event.folder && *event.path ? "/" : "");
        printf("%s%s\n", event.from ? " from " : "", event.from ? event.from : "");
    }
    return 0;
}
EDDY_CORO(watch, const char *)

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: %s FOLDER\n", argv[0]);
        return 2;
    }
    int status = eddy_run(watch_coro(argv[1]));

    return status < 0 && status != EDDY_ECANCELED;
}
