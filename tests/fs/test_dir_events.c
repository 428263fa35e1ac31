/* Events that wait: which one stands for another, the bound. */
#include "test.h"

#include "fs/dir_watch.h"

enum { ANY = 31 };

static struct eddy__dir_events events;

static void begin(size_t max, unsigned kinds)
{
    events = (struct eddy__dir_events){.max = max, .kinds = kinds};
    list_init(&events.notes);
}

static void note(int kind, const char *path)
{
    eddy__dir_note(&events, kind, false, eddy_strdup(path));
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

static void move(const char *from, const char *to)
{
    eddy__dir_note_move(&events, true, eddy_strdup(to), eddy_strdup(from));
}

TEST_PLAIN(W1_dir_events_do_not_stand_for_what_has_taken_their_place)
{
    begin(100, ANY);
    note(EDDY_DIR_CREATED, "d/a");
    note(EDDY_DIR_CREATED, "a");
    move("a", "b");
    note(EDDY_DIR_MODIFIED, "d/a"); /* a move of others changes nothing */
    note(EDDY_DIR_CREATED, "a");    /* another one */
    move("d", "e");
    note(EDDY_DIR_CREATED, "d/a"); /* another one, for its folder is */
    note(EDDY_DIR_MODIFIED, "e/a");
    expect(EDDY_DIR_CREATED, "d/a");
    expect(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_MOVED, "b");
    expect(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_MOVED, "e");
    expect(EDDY_DIR_CREATED, "d/a");
    expect(EDDY_DIR_MODIFIED, "e/a");
    expect(0, NULL);
}

TEST_PLAIN(W1_dir_events_of_a_folder_do_not_stand_for_a_file)
{
    begin(100, ANY);
    note(EDDY_DIR_CREATED, "a");
    eddy__dir_note(&events, EDDY_DIR_CREATED, true, eddy_strdup("a"));
    expect(EDDY_DIR_CREATED, "a");
    expect(EDDY_DIR_CREATED, "a");
    expect(0, NULL);
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
