/* test_multipart.c - bodies of several parts, written. Tests with R4 in their names are rows of the
 * list of hostile input. */
#include "http/message/multipart.h"
#include "test.h"

#include <eddy/file.h>

static struct eddy__arena arena;
static struct eddy__multipart multipart;
static char sent[200000];
static size_t sent_size;

static int take(void *arg, const void *data, size_t size)
{
    (void)arg;
    CHECK(sent_size + size < sizeof sent);
    memcpy(sent + sent_size, data, size);
    sent_size += size;
    sent[sent_size] = '\0';
    return 0;
}

/* Writes the parts, with "BOUNDARY" in place of the boundary in the answer. */
static char *write_parts(const eddy_http_part *parts)
{
    char *text = eddy__arena_copy(&arena, "", 0), *rest = sent;

    sent_size = 0;
    CHECK_OK(eddy__multipart_init(&multipart, parts));
    CHECK(eddy__multipart_length(&multipart, &arena) >= -1);
    CHECK_OK(eddy__multipart_write(&multipart, &arena, take, NULL));
    for (char *at; (at = strstr(rest, multipart.boundary)); rest = at + strlen(multipart.boundary))
        text = eddy__arena_printf(&arena, "%s%.*sBOUNDARY", text, (int)(at - rest), rest);
    return eddy__arena_printf(&arena, "%s%s", text, rest);
}

TEST(multipart_of_texts_bytes_and_streams)
{
    eddy_stream *ends[2];
    CHECK_OK(eddy_stream_pair(ends));

    CHECK_OK(eddy_write(ends[0], "stream", 6));
    eddy_stream_close(ends[0]);
    CHECK_STR(write_parts(eddy_http_parts({"a", .text = "1"}, {"b\"", .data = "", .size = 0},
                                          {"c", .stream = ends[1], .filename = "x\"y"},
                                          {"d", .text = "{}", .type = "application/json"})),
              "--BOUNDARY\r\nContent-Disposition: form-data; name=\"a\"\r\n\r\n1"
              "\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"b%22\"\r\n\r\n"
              "\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"c\"; filename=\"x%22y\"\r\n"
              "Content-Type: application/octet-stream\r\n\r\nstream"
              "\r\n--BOUNDARY\r\nContent-Disposition: form-data; name=\"d\"\r\n"
              "Content-Type: application/json\r\n\r\n{}"
              "\r\n--BOUNDARY--\r\n");
    CHECK_INT(eddy__multipart_length(&multipart, &arena), -1);
    CHECK(!eddy__multipart_can_begin(&multipart));
    CHECK_STR(write_parts(eddy_http_parts({NULL, .text = NULL})), "--BOUNDARY--\r\n");
    eddy_stream_close(ends[1]);
    eddy__arena_free(&arena);
}

TEST(multipart_of_a_file)
{
    char *path;
    eddy_stream *file = eddy_temp_file(NULL, &path);
    const eddy_http_part *parts = eddy_http_parts({"f", .file = path}, {"a", .text = "1"});

    CHECK_OK(eddy_write(file, "content of a file", 17));
    eddy_stream_close(file);
    char *text = write_parts(parts);
    CHECK(strstr(text, "\r\n\r\ncontent of a file\r\n--BOUNDARY\r\n"));
    CHECK(strstr(text, eddy__arena_printf(&arena, "; filename=\"%s\"", strrchr(path, '/') + 1)));
    CHECK_INT(eddy__multipart_length(&multipart, &arena), sent_size);
    CHECK(eddy__multipart_can_begin(&multipart));
    CHECK(strstr(write_parts(parts), "content of a file")); /* once more */
    CHECK_OK(eddy_write_file(path, "content of a file, which has grown", 34));
    sent_size = 0;
    CHECK_OK(eddy__multipart_write(&multipart, &arena, take, NULL));
    CHECK(strstr(sent, "\r\n\r\ncontent of a file\r\n--"));
    CHECK_OK(eddy_write_file(path, "content", 7));
    CHECK_INT(eddy__multipart_write(&multipart, &arena, take, NULL), EDDY_EOF);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "the part f of a form has 7 of its 17"));
    unlink(path);
    CHECK_INT(eddy__multipart_length(&multipart, &arena), EDDY_ENOENT);
    CHECK_INT(eddy__multipart_write(&multipart, &arena, take, NULL), EDDY_ENOENT);
    eddy_free(path);
    eddy__arena_free(&arena);
}

TEST(multipart_boundaries_are_random)
{
    struct eddy__multipart other;
    const eddy_http_part *parts = eddy_http_parts({"a", .text = ""});

    CHECK_OK(eddy__multipart_init(&multipart, parts));
    CHECK_OK(eddy__multipart_init(&other, parts));
    CHECK_INT(strlen(other.boundary), 37);
    CHECK(strcmp(multipart.boundary, other.boundary) != 0);
    CHECK_STR(eddy__multipart_type(&other, &arena),
              eddy__arena_printf(&arena, "multipart/form-data; boundary=%s", other.boundary));
    eddy__arena_free(&arena);
}

TEST(multipart_R4_13_no_line_begins_in_a_name)
{
    static const char *const bad[] = {"a\rb", "a\nb", "\x01", "a\x7f"};

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        bool escaped = strpbrk(bad[i], "\r\n"); /* in a filename */

        CHECK_INT(eddy__multipart_init(&multipart, eddy_http_parts({bad[i], .text = ""})),
                  EDDY_EINVAL);
        CHECK_INT(eddy__multipart_init(&multipart,
                                       eddy_http_parts({"a", .text = "", .filename = bad[i]})),
                  escaped ? 0 : EDDY_EINVAL);
        CHECK_INT(
            eddy__multipart_init(&multipart, eddy_http_parts({"a", .text = "", .type = bad[i]})),
            EDDY_EINVAL);
        CHECK_INT(eddy__multipart_init(&multipart, eddy_http_parts({"a", .file = bad[i]})),
                  escaped ? 0 : EDDY_EINVAL);
    }
    CHECK(strstr(write_parts(eddy_http_parts({"a", .text = "", .filename = "\r\nX: \"\n"})),
                 "; filename=\"%0D%0AX: %22%0A\"\r\n"));
    eddy__arena_free(&arena);
    CHECK_INT(eddy__multipart_init(&multipart, eddy_http_parts({"a", .type = "text/plain"})),
              EDDY_EINVAL);
    CHECK_INT(eddy__multipart_init(&multipart, eddy_http_parts({"a", .text = "", .file = "b"})),
              EDDY_EINVAL);
    CHECK_INT(eddy__multipart_init(&multipart, eddy_http_parts({"a", .text = "", .length = 1})),
              EDDY_EINVAL);
}
