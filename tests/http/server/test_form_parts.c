/* test_form_parts.c - forms with files: parts one after another, as streams. */
#include "http/server/talk.h"

#include "base/base.h"

#define FORM_CHUNKED                                                                               \
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n"            \
    "Content-Type: multipart/form-data; boundary=x\r\n\r\n"
#define PART(name, more, data)                                                                     \
    "--x\r\nContent-Disposition: form-data; name=\"" name "\"" more "\r\n\r\n" data "\r\n"

/* "name filename type: bytes", a line for each part; only two bytes of one called "two". */
static int list_parts(eddy_request *request)
{
    char all[1000] = "";
    eddy_request_part part;

    while (eddy_try(eddy_request_next_part(request, &part)) > 0) {
        size_t at = strlen(all);
        at += (size_t)snprintf(all + at, sizeof all - at, "%s %s %s: ", part.name,
                               part.filename ? part.filename : "-", part.type ? part.type : "-");
        size_t most = strcmp(part.name, "two") == 0 ? 2 : 100;
        for (ssize_t n = 1; n > 0 && most > 0; most -= (size_t)n, at += (size_t)n)
            n = eddy_try(eddy_read(part.body, all + at, min_size(most, 3)));
        snprintf(all + at, sizeof all - at, "\n");
    }
    return eddy_respond_text(request, 200, "%s", all);
}

static void post_chunked(eddy_stream *peer, const char *form, size_t piece)
{
    send_bytes(peer, FORM_CHUNKED);
    for (size_t left = strlen(form), n; left; left -= n, form += n) {
        n = min_size(piece, left);
        CHECK_OK(eddy_printf(peer, "%zx\r\n%.*s\r\n", n, (int)n, form));
    }
    send_bytes(peer, "0\r\n\r\n");
}

static const char *body_of(const char *answer)
{
    const char *end = strstr(answer, "\r\n\r\n");

    return end ? end + 4 : "";
}

TEST(http_HS17_parts_come_one_after_another_however_the_bytes_do)
{
    static const char form[] = PART("a", "", "1\r\n--y") PART("two", "; filename=\"b c\"", "hello")
        PART("f", "; filename=\"../x\"\r\nContent-Type: a/b", "") "--x--\r\nignored";
    eddy_auto(eddy_router) *router = router_of(list_parts);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    for (size_t piece = 1; piece <= sizeof form; piece += piece < 80 ? 1 : 40) {
        eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

        post_chunked(peer, form, piece);
        CHECK_STR(body_of(rest_of(peer)), "a - -: 1\r\n--y\ntwo b c -: he\nf ../x a/b: \n");
    }
}

static int list_fields(eddy_request *request)
{
    const eddy_pair *form = eddy_try(eddy_request_form(request));

    CHECK_PTR(eddy_request_form(request), form);
    return eddy_respond_text(request, 200, "%s=%s", form->name ? form->name : "",
                             form->name ? form->value : "");
}

static int status_of_form(eddy_http_server *server, const char *form)
{
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    post_chunked(peer, form, 1000);
    return (int)strtol(rest_of(peer) + strlen("HTTP/1.1 "), NULL, 10);
}

#define OTHER(type)                                                                                \
    "POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: 0\r\n" type "\r\n"

TEST(http_HS17_what_is_no_form_is_refused)
{
    eddy_auto(eddy_router) *router = router_of(list_parts);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    CHECK_INT(status_of_form(server, "--x--"), 200);
    CHECK_INT(status_of_form(server, ""), 400);
    CHECK_INT(status_of_form(server, "--x\r"), 400);
    CHECK_INT(status_of_form(server, PART("a", "", "cut") "--x"), 400);
    CHECK_INT(status_of_form(server, "--x\r\nno head at all\r\n\r\n"), 400);
    CHECK_INT(status_of(server, OTHER("")), 415);
    CHECK_INT(status_of(server, OTHER("Content-Type: multipart/mixed; boundary=x\r\n")), 415);
    CHECK_INT(status_of(server, OTHER("Content-Type: multipart/form-data\r\n")), 415);
}

TEST(http_HS17_fields_of_a_form_of_either_kind)
{
    static char large[4000];
    eddy_auto(eddy_router) *router = router_of(list_fields);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router, .max_body = 3000);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    post_chunked(peer, PART("a", "", "b c") "--x--\r\n", 5);
    CHECK_STR(body_of(rest_of(peer)), "a=b c");
    CHECK_INT(status_of_form(server, PART("a", "; filename=\"\"", "") "--x--"), 200);
    CHECK_INT(status_of_form(server, PART("a", "; filename=\"f\"", "") "--x--"), 415);
    CHECK_INT(status_of(server, OTHER("Content-Type: text/plain\r\n")), 415);
    memset(large, '.', sizeof large - 1);
    memcpy(large, PART("a", "", ""), strlen(PART("a", "", "")) - 2);
    CHECK_INT(status_of_form(server, large), 413);
}

/* Each head is small, and there may be only so many. */
TEST(http_HS17_parts_have_limits)
{
    static char form[80 * 1024];
    eddy_auto(eddy_router) *router = router_of(list_fields);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);

    for (int rows = 1000; rows <= 1001; rows++) {
        size_t size = 0;
        eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

        for (int i = 0; i < rows; i++)
            size += (size_t)snprintf(form + size, sizeof form - size, "%s", PART("a", "", "1"));
        snprintf(form + size, sizeof form - size, "--x--");
        post_chunked(peer, form, 4000);
        CHECK_INT(strncmp(rest_of(peer), rows == 1000 ? "HTTP/1.1 200" : "HTTP/1.1 413", 12), 0);
    }
    memset(form, 'h', 9000);
    snprintf(form, sizeof form, "--x\r\nX: ");
    form[strlen(form)] = 'h';
    form[9000] = '\0';
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);
    post_chunked(peer, form, 4000);
    CHECK_INT(strncmp(rest_of(peer), "HTTP/1.1 413", 12), 0);
}

static int short_text(eddy_request *request)
{
    eddy_request_part part;

    CHECK_INT(eddy_request_next_part(request, &part), 1);
    CHECK_PTR(eddy_request_part_text(request, &part, 2), NULL);
    CHECK_INT(eddy_last_status(), EDDY_HTTP(413));
    CHECK_INT(eddy_request_next_part(request, &part), 1);
    CHECK_STR(eddy_request_part_text(request, &part, 3), "abc");
    CHECK_INT(eddy_request_next_part(request, &part), 0);
    CHECK_INT(eddy_request_next_part(request, &part), 0);
    return eddy_respond_text(request, 200, "fine");
}

TEST(http_HS17_a_field_has_its_limit_and_the_next_is_not_harmed)
{
    eddy_auto(eddy_router) *router = router_of(short_text);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_stream) *peer = eddy_http_server_connect(server);

    post_chunked(peer, PART("a", "", "abc") PART("b", "", "abc") "--x--", 7);
    CHECK_STR(body_of(rest_of(peer)), "fine");
}

#define FORM_BEGIN PART("a", "; filename=\"ff\"", "a")
#define FORM_REST PART("two", "; filename=\"f\"", "abc") "--x--"

static int upload(void)
{
    char answer[512];
    eddy_auto(eddy_router) *router = eddy_try(eddy_router_open());
    eddy_try(eddy_route(router, "/", list_parts));
    eddy_auto(eddy_http_server) *server = eddy_try(TALK_MEMORY(router));
    eddy_loop_set_exception_handler(eddy_loop_running(), count_report, &(int){0});
    eddy_auto(eddy_stream) *peer = eddy_try(eddy_http_server_connect(server));

    eddy_try(eddy_printf(peer, FORM_CHUNKED "%zx\r\n%s\r\n", strlen(FORM_BEGIN), FORM_BEGIN));
    eddy_try(eddy_sleep(0));
    eddy_try(eddy_printf(peer, "%zx\r\n%s\r\n0\r\n\r\n", strlen(FORM_REST), FORM_REST));
    while (eddy_try(eddy_read(peer, answer, sizeof answer)) > 0)
        ;
    return 0;
}

SWEEP(http_forms_with_files_can_be_cancelled)
{
    return upload();
}

TORTURE(http_forms_with_files_may_lack_memory)
{
    return upload();
}
