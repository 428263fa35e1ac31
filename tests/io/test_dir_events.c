/* Events that wait: which one stands for another, halves of moves, the bound. */
#include "test.h"

#include "io/dir_watch.h"

enum { ANY = 31 };

static struct eddy__dir_events events;

static void begin(size_t max, unsigned kinds)
{
    events = (struct eddy__dir_events){.max = max, .kinds = kinds};
    list_init(&events.notes);
}

static void note(int kind, const char *path)
{
    eddy__dir_note(&events, kind, false, eddy__strdup(path));
}

/* The first one is this; or there is none (NULL). */
static void expect(int kind, const char *path)
{
    struct eddy__dir_note *first = eddy__dir_take(&events);

    CHECK(!first == !path);
    if (first) {
        CHECK_INT(first->kind, kind);
        CHECK_STR(first->path, path);
    }
    eddy__dir_note_free(first);
}

TEST_PLAIN(W1_dir_events_stand_for_what_follows)
{
    begin(100, ANY);
    note(EDDY_DIR_CREATED, "a");
    note(EDDY_DIR_CREATED, "a");
    note(EDDY_DIR_MODIFIED, "a");
    note(EDDY_DIR_MODIFIED, "b");
    note(EDDY_DIR_ATTRIBUTES, "b");
    note(EDDY_DIR_MODIFIED, "b");
    note(EDDY_DIR_REMOVED, "a");
    note(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_MODIFIED, "b");
    expect(EDDY_DIR_ATTRIBUTES, "b");
    expect(EDDY_DIR_MODIFIED, "b");
    expect(EDDY_DIR_REMOVED, "a");
    note(EDDY_DIR_MODIFIED, "a"); /* its second creation waits yet */
    expect(EDDY_DIR_CREATED, "a");
    note(EDDY_DIR_MODIFIED, "a");
    expect(EDDY_DIR_MODIFIED, "a");
    expect(0, NULL);
}

TEST_PLAIN(dir_events_that_are_not_wanted)
{
    begin(100, EDDY_DIR_MODIFIED);
    note(EDDY_DIR_CREATED, "a");
    note(EDDY_DIR_MODIFIED, "a"); /* nothing stands for it */
    expect(EDDY_DIR_MODIFIED, "a");
    expect(0, NULL);
}

TEST_PLAIN(W2_dir_events_halves_are_found_by_their_cookie)
{
    begin(100, ANY);
    eddy__dir_note_half(&events, true, eddy__strdup("a"), 7, 3);
    note(EDDY_DIR_CREATED, "b");
    CHECK_PTR(eddy__dir_half(&events, 0), NULL);
    CHECK_PTR(eddy__dir_half(&events, 8), NULL);
    CHECK_INT(eddy__dir_half(&events, 7)->wd, 3);
    eddy__dir_events_clear(&events);
    CHECK_INT(events.count, 0);
}

TEST_PLAIN(W4_dir_events_have_a_bound)
{
    begin(2, ANY);
    note(EDDY_DIR_CREATED, "a");
    note(EDDY_DIR_CREATED, "b");
    CHECK(!events.lost);
    note(EDDY_DIR_MODIFIED, "b"); /* needs no room */
    CHECK(!events.lost);
    note(EDDY_DIR_CREATED, "c");
    CHECK(events.lost);
    expect(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_CREATED, "b");
    expect(0, NULL);
}
