/* test_beneath.c - J23: files beneath a folder that no path leads out of. */
#include "fs/folder.h"

#include "sandbox.h"
#include <errno.h>
#include <unistd.h>

/* folder: outside, and root, with inside, sub/deep, and links of all kinds. */
static char *root;

static void make_all(void)
{
    folder_make();
    root = strdup(in_folder("root"));
    CHECK(root);
    plain_write(in_folder("outside"), "secret");
    CHECK_OK(mkdir(root, 0700));
    CHECK_OK(mkdir(in_folder("root/sub"), 0700));
    plain_write(in_folder("root/inside"), "inside");
    plain_write(in_folder("root/sub/deep"), "deep");
    CHECK_OK(symlink("sub", in_folder("root/near")));
    CHECK_OK(symlink("inside", in_folder("root/link")));
    CHECK_OK(symlink("..", in_folder("root/up")));
    CHECK_OK(symlink(folder, in_folder("root/away")));
    CHECK_OK(symlink("../outside", in_folder("root/stolen")));
    CHECK_OK(symlink("new", in_folder("root/dangling")));
    CHECK_OK(symlink("loop", in_folder("root/loop")));
}

static void remove_all(void)
{
    static const char *const names[] = {"sub/made", "sub/deep", "sub",  "inside",
                                        "near",     "link",     "up",   "away",
                                        "stolen",   "dangling", "loop", "made"};

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char name[64];

        snprintf(name, sizeof name, "root/%s", names[i]);
        remove(in_folder(name));
    }
    free(root);
    folder_remove();
}

static void finds(const char *path, const char *text)
{
    eddy_auto(eddy_stream) *file = eddy_file_open(path, "r", .beneath = root);
    char buf[16] = "";

    CHECK(file);
    CHECK_INT(eddy_read(file, buf, sizeof buf - 1), strlen(text));
    CHECK_STR(buf, text);
}

static void fails(const char *path, const char *mode, int code)
{
    CHECK(!eddy_file_open(path, mode, .beneath = root));
    CHECK_INT(eddy_last_status(), code);
}

/* What goes out of it in every way that there is. */
static void check_all(bool follows)
{
    finds("inside", "inside");
    finds("./inside", "inside");
    finds("sub//deep", "deep");
    finds("sub/./deep", "deep");
    if (follows) {
        finds("near/deep", "deep");
        finds("sub/../inside", "inside");
    } else {
        fails("near/deep", "r", EDDY_EXDEV);
        fails("sub/../inside", "r", EDDY_EXDEV);
    }
    static const char *const out[] = {
        "../outside", "sub/../../outside", "/etc/passwd",   "//etc/passwd",
        "up/outside", "away/outside",      "stolen",        "link",
        "dangling",   "up/root/inside",    "up/../outside", "sub/../../root/inside"};
    for (size_t i = 0; i < sizeof out / sizeof *out; i++) {
        fails(out[i], "r", EDDY_EXDEV);
        fails(out[i], "w", EDDY_EXDEV);
    }
    fails("sub", "r", EDDY_EISDIR);
    fails("sub/", "r", EDDY_EISDIR);
    fails(".", "r", EDDY_EISDIR);
    fails("..", "r", EDDY_EISDIR);
    fails("sub/..", "w", EDDY_EISDIR);
    fails("missing", "r", EDDY_ENOENT);
    fails("missing/x", "r", EDDY_ENOENT);
    fails("inside/x", "r", EDDY_ENOTDIR);
    fails("", "r", EDDY_EINVAL);
    eddy_stream *file = eddy_file_open("sub/made", "wx", .beneath = root);
    CHECK(file);
    CHECK_INT(eddy_write(file, "x", 1), 1);
    eddy_stream_close(file);
    plain_expect(in_folder("root/sub/made"), "x");
    fails("sub/made", "wx", EDDY_EEXIST);
    plain_expect(in_folder("outside"), "secret");
    eddy_error_clear();
}

/* Valgrind does not know it either. */
static bool kernel_looks(void)
{
    struct {
        uint64_t flags, mode, resolve;
    } how = {O_PATH | O_CLOEXEC, 0, 8 /* RESOLVE_BENEATH */};
    int fd = (int)syscall(SYS_openat2, AT_FDCWD, ".", &how, sizeof how);

    return fd >= 0 && close(fd) == 0;
}

TEST(J23_no_path_leads_out_of_the_folder)
{
    make_all();
    check_all(kernel_looks());
    fails("loop/x", "r", kernel_looks() ? -ELOOP : EDDY_EXDEV);
    remove_all();
}

/* U8 */
TEST(J23_no_path_leads_out_where_the_kernel_does_not_look)
{
    int errors[] = {ENOSYS, EPERM};

    sandbox_refuse(&(struct sandbox_call)SANDBOX_CALL(openat2), 1, errors[getpid() % 2]);
    make_all();
    check_all(false);
    char name[400];
    memset(name, 'n', sizeof name);
    memcpy(name + sizeof name - 3, "/x", 3);
    fails(name, "r", -ENAMETOOLONG);
    remove_all();
}

TEST(J23_the_folder_itself)
{
    make_all();
    char *inside = root;
    root = in_folder("missing");
    fails("inside", "r", EDDY_ENOENT);
    root = in_folder("outside");
    fails("inside", "r", EDDY_ENOTDIR);
    root = in_folder("root/near"); /* the program's own word: it may be a link */
    finds("deep", "deep");
    root = inside;
    remove_all();
}

/* Links that only look like some, to whatever the process has open. */
TEST(J23_magic_links_lead_out)
{
    root = strdup("/proc/self");
    CHECK(root);
    fails("root/etc/passwd", "r", EDDY_EXDEV);
    fails("cwd/x", "r", EDDY_EXDEV);
    fails("exe", "r", EDDY_EXDEV);
    fails("fd/0", "r", EDDY_EXDEV);
    free(root);
    eddy_error_clear();
}

/* The words say what leads out of what. */
TEST(J23_words)
{
    make_all();
    fails("../outside", "r", EDDY_EXDEV);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "../outside: it leads out of "));
    CHECK(strstr(eddy_error_message(eddy_last_error()), root));
    fails("missing", "r", EDDY_ENOENT);
    CHECK(strstr(eddy_error_message(eddy_last_error()), root));
    remove_all();
}

static int opens_once(void)
{
    eddy_auto(eddy_stream) *file = eddy_file_open("sub/deep", "r", .beneath = root);

    return file ? 0 : eddy_last_status();
}
EDDY_CORO(opens_once)

TEST(J23_cancelled_it_leaves_no_descriptor)
{
    make_all();
    for (int i = 0; i < 100; i++) {
        eddy_task *task = eddy_create_task(opens_once_coro());

        for (int n = 0; n < i % 4; n++)
            CHECK_OK(eddy_sleep(i % 3 ? 0 : 0.0001));
        eddy_cancel(task);
        int r = eddy_await(task);
        CHECK(r == 0 || r == EDDY_ECHILDCANCELED || r == EDDY_ECANCELED);
        eddy_task_close(task);
    }
    CHECK_OK(eddy_sleep(0.02)); /* what was left behind in a thread */
    remove_all();
}

TEST_REAL(J23_no_link_on_the_way_where_none_is_wanted)
{
    make_all();
    eddy_auto(eddy_stream) *file =
        eddy_file_open("sub/deep", "r", .beneath = root, .no_links = true);
    CHECK(file);
    CHECK(!eddy_file_open("near/deep", "r", .beneath = root, .no_links = true));
    CHECK_INT(eddy_last_status(), EDDY_EXDEV);
    remove_all();
}

/* Nothing waits for the other end of a FIFO. */
TEST_REAL(J23_nothing_but_a_regular_file_where_that_is_wanted)
{
    static const char *const modes[] = {"r", "w"};

    make_all();
    CHECK_OK(mkfifo(in_folder("root/made"), 0644));
    for (int i = 0; i < 2; i++) {
        CHECK(!eddy_file_open(in_folder("root/made"), modes[i], .regular = true));
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK(!eddy_file_open("made", modes[i], .beneath = root, .regular = true));
        CHECK_INT(eddy_last_status(), EDDY_EINVAL);
        CHECK(strstr(eddy_error_message(eddy_last_error()), "no regular file"));
    }
    CHECK(!eddy_file_open(root, "r", .regular = true));
    CHECK_INT(eddy_last_status(), EDDY_EISDIR);
    eddy_auto(eddy_stream) *file = eddy_file_open("inside", "r", .beneath = root, .regular = true);
    CHECK(file);
    CHECK_INT(fcntl(eddy_stream_fd(file), F_GETFL) & O_NONBLOCK, 0);
    remove_all();
}
