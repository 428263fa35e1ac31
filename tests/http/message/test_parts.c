/* test_parts.c - multipart/form-data taken apart. Tests with R4 in their names are rows of the list
 * of hostile input. */
#include "http/message/multipart.h"
#include "test.h"

static struct eddy__arena arena;
static struct eddy__parts parts;
static struct eddy__part part;
static char seen[4096]; /* "a(text) f/name/type(text) ." */

static void see(const char *text, size_t size)
{
    size_t length = strlen(seen), least = strnlen(text, size);

    CHECK(length + least < sizeof seen);
    memcpy(seen + length, text, least);
    seen[length + least] = '\0';
}

static void see_part(void)
{
    const char *begin = seen[0] ? ") " : "";

    see(begin, 2);
    see(part.name, 100);
    if (part.filename)
        see(eddy__arena_printf(&arena, "/%s", part.filename), 100);
    if (part.type)
        see(eddy__arena_printf(&arena, ":%s", part.type), 100);
    see("(", 1);
}

/* Reads a body of which `piece` more bytes come each time: the last event, or the failure. */
static int read_body(const char *type, const char *body, size_t piece,
                     const struct eddy__parts_limits *limits)
{
    size_t size = strlen(body), from = 0, to = 0;

    seen[0] = '\0';
    int status = eddy__parts_init(&parts, type, limits);
    while (status >= 0) {
        status = eddy__parts_next(&parts, body + from, to - from, &arena, &part);
        from += status >= 0 ? part.used : 0;
        if (status == EDDY__PARTS_HEAD)
            see_part();
        if (status == EDDY__PARTS_DATA)
            see(part.data, part.size);
        if (status == EDDY__PARTS_END || (status == EDDY__PARTS_MORE && to == size))
            break;
        if (status == EDDY__PARTS_MORE)
            to = size - to < piece ? size : to + piece;
    }
    if (status == EDDY__PARTS_END)
        see(").", 2);
    return status;
}

static int read_at_once(const char *body)
{
    return read_body("multipart/form-data; boundary=b", body, SIZE_MAX, NULL);
}

#define PART(name) "--b\r\nContent-Disposition: form-data; name=\"" name "\"\r\n\r\n"

TEST(parts_of_a_form)
{
    static const char body[] =
        PART("a") "1\r\n"
                  "--b \t\r\ncontent-disposition: Form-Data;filename=\"x y.txt\" ; name=f\r\n"
                  "Content-Type:  text/plain \r\nX: y\r\n\r\n"
                  "\r\n--\r\n--bb\r\n--b-\r-\r\n\r\n" PART("") "\r\n" PART(
                      "c") "--b--\r\nepilogue\r\n--b\r\n";

    for (size_t piece = 1; piece < 60; piece++) {
        CHECK_INT(read_body("Multipart/Form-Data; charset=x; boundary=\"b\"", body, piece, NULL),
                  EDDY__PARTS_END);
        CHECK_STR(seen, "a(1) f/x y.txt:text/plain(\r\n--\r\n--bb\r\n--b-\r-\r\n) () c().");
        eddy__arena_reset(&arena);
    }
    eddy__arena_free(&arena);
}

TEST(parts_have_names_as_browsers_write_them)
{
    CHECK_INT(read_at_once("--b\r\nContent-Disposition: form-data; name=\"a%22b\"; "
                           "filename=\"C:\\dir\\\\x\\\"y\"\r\n\r\n\r\n--b--"),
              EDDY__PARTS_END);
    CHECK_STR(seen, "a%22b/C:\\dir\\\\x\"y().");
    CHECK_INT(read_at_once("--b\r\nContent-Disposition: form-data; name=\"a\\\" ; "
                           "filename=\"C:\\\"\r\n\r\n\r\n--b--"),
              EDDY__PARTS_END);
    CHECK_STR(seen, "a\\/C:\\().");
    CHECK_INT(read_at_once("--b--"), EDDY__PARTS_END);
    CHECK_INT(parts.count, 0);
    CHECK_INT(read_at_once("preamble\r\n" PART("a") "x\r\n--b--"), EDDY__PARTS_END);
    CHECK_STR(seen, "a(x).");
    eddy__arena_free(&arena);
}

TEST(parts_need_a_boundary)
{
    static const char *const bad[] = {
        "multipart/form-data",
        "multipart/form-data; boundary=",
        "multipart/form-data; boundary=\"a",
        "multipart/form-data; boundary=a*b",
        "multipart/form-data; boundary=\"a \"",
        "multipart/mixed; boundary=a",
        "multipart/form-datax; boundary=a",
        "",
        "text/plain",
        "multipart/form-data; boundary",
        "multipart/form-data; x=\"boundary=a\"",
        "multipart/form-data; boundary=01234567890123456789012345678901234567890123456"
        "789012345678901234567890"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eddy__parts_init(&parts, bad[i], NULL) != EDDY_EPROTO)
            test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
}

TEST(parts_R4_41_bad_heads_are_refused)
{
    static const char *const bad[] = {"Content-Disposition: form-data",
                                      "Content-Disposition: attachment; name=a",
                                      "X: y",
                                      "Content-Disposition: form-data; name=\"a",
                                      "Content-Disposition: form-data; name",
                                      "Content-Disposition: form-data; name=a; filename=\"x",
                                      "no colon",
                                      ": x",
                                      "a b: c",
                                      "Content-Disposition: form-data; name=\"a\x01\"",
                                      "Content-Disposition: form-data; name=\"a\nb\"",
                                      "Content-Disposition: form-data\r\n ; name=a",
                                      ""};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        char *body = eddy__arena_printf(&arena, "--b\r\n%s\r\n\r\nx\r\n--b--", bad[i]);

        if (read_at_once(body) != EDDY_EPROTO)
            test_fail(__FILE__, __LINE__, "%s was taken", bad[i]);
    }
    eddy__arena_free(&arena);
}

TEST(parts_R4_19_a_bad_end_is_waited_for_only_once)
{
    static const char *const ends[] = {"", "\r", "\r\n--", "\r\n--b", "\r\n--b-", "\r\n--b\r", "x"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++)
        CHECK_INT(read_at_once(eddy__arena_printf(&arena, PART("a") "x%s", ends[i])),
                  EDDY__PARTS_MORE);
    CHECK_INT(read_at_once("--b\r\nContent-Disp"), EDDY__PARTS_MORE);
    CHECK_INT(read_at_once("--"), EDDY__PARTS_MORE);
    CHECK_INT(read_at_once(""), EDDY__PARTS_MORE);
    eddy__arena_free(&arena);
}

TEST(parts_R4_19_all_has_limits)
{
    const struct eddy__parts_limits limits = {.parts = 2, .head = 100, .preamble = 20};
    static const char type[] = "multipart/form-data; boundary=b";
    char *fields = eddy__arena_printf(&arena, "--b\r\n");

    for (size_t piece = 1; piece < 300; piece += 13) {
        CHECK_INT(read_body(type, PART("a") "1\r\n" PART("b") "2\r\n--b--", piece, &limits),
                  EDDY__PARTS_END);
        CHECK_INT(read_body(type, PART("a") "\r\n" PART("b") "\r\n" PART("c"), piece, &limits),
                  EDDY_ELIMIT);
        CHECK_INT(read_body(type, "12345678901234567890\r\n--b--", piece, &limits),
                  EDDY__PARTS_END);
        CHECK_INT(read_body(type, "123456789012345678901\r\n--b--", piece, &limits), EDDY_ELIMIT);
        CHECK_INT(read_body(type,
                            eddy__arena_printf(&arena,
                                               "--b\r\nContent-Disposition: form-data; "
                                               "name=a\r\nX: %0100d\r\n\r\n",
                                               1),
                            piece, &limits),
                  EDDY_ELIMIT);
    }
    for (int i = 0; i < 21; i++)
        fields = eddy__arena_printf(&arena, "%sX: y\r\n", fields);
    CHECK_INT(read_at_once(eddy__arena_printf(&arena, "%s\r\n", fields)), EDDY_ELIMIT);
    eddy__arena_free(&arena);
}
