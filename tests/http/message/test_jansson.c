/* test_jansson.c - <eddy/jansson.h>: values of jansson in requests and answers of both sides. */
/* pkg-config: jansson */
#include "http/server/talk.h"
#include <eddy/jansson.h>

/* ---- both sides ---- */

/* Adds the numbers of a list. */
static int add_up(eddy_request *request)
{
    eddy_auto(json_t) *order = eddy_try(eddy_request_jansson(request));
    json_t *numbers = json_object_get(order, "numbers");
    json_int_t sum = 0;

    if (!json_is_array(numbers))
        return eddy_raise(EDDY_HTTP(422), "no numbers");
    for (size_t i = 0; i < json_array_size(numbers); i++)
        sum += json_integer_value(json_array_get(numbers, i));
    eddy_auto(json_t) *answer = json_pack("{s:I, s:s}", "sum", sum, "name", "Ä");
    return eddy_respond_jansson(request, 200, answer);
}

static eddy_stream *connect_to(const char *host, int port, void *arg)
{
    (void)host;
    (void)port;
    return eddy_http_server_connect(arg);
}

TEST(jansson_in_a_request_and_its_answer)
{
    eddy_auto(eddy_router) *router = router_of(add_up);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://test", .connect = connect_to, .connect_arg = server);
    eddy_auto(json_t) *order = json_pack("{s:[i,i,i]}", "numbers", 1, 2, 39);
    eddy_auto(eddy_json_text) *text = eddy_json_format(order);
    CHECK_STR(text, "{\"numbers\":[1,2,39]}");
    eddy_auto(eddy_response) *response = eddy_http_post(http, "/", .json = text);

    CHECK(response != NULL);
    CHECK_INT(eddy_response_status(response), 200);
    CHECK_STR(eddy_response_header(response, "Content-Type"), "application/json");
    eddy_auto(json_t) *answer = eddy_response_jansson(response);
    CHECK(answer != NULL);
    CHECK_INT(json_integer_value(json_object_get(answer, "sum")), 42);
    CHECK_STR(json_string_value(json_object_get(answer, "name")), "Ä");
    CHECK_STR(eddy_response_text(response), "{\"sum\":42,\"name\":\"Ä\"}");
}

/* ---- what is none ---- */

static int post(eddy_http_server *server, const char *type, const char *body, size_t size)
{
    eddy_auto(eddy_http) *http =
        eddy_http_open(.base_url = "http://test", .connect = connect_to, .connect_arg = server);
    eddy_auto(eddy_response) *response =
        eddy_http_post(http, "/", .data = body, .size = size, .type = type);

    CHECK(response != NULL);
    if (strstr(eddy_response_header(response, "Content-Type"), "json"))
        return eddy_response_status(response);
    eddy_auto(json_t) *none = eddy_response_jansson(response); /* a failure's text is no JSON */
    CHECK_PTR(none, NULL);
    CHECK_INT(eddy_last_status(), EDDY_EPROTO);
    CHECK(strstr(eddy_error_message(eddy_last_error()), "the body is no JSON: line 1, column "));
    return eddy_response_status(response);
}

TEST(jansson_refuses_what_is_no_json)
{
    eddy_auto(eddy_router) *router = router_of(add_up);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static const struct {
        const char *type, *body;
        int status;
    } bodies[] = {
        {"application/json", "{\"numbers\": []}", 200},
        {"Application/JSON; charset=utf-8", "{\"numbers\": [1]}", 200},
        {"application/vnd.sum+json", "{\"numbers\": [1]}", 200},
        {"text/plain", "{\"numbers\": []}", 415},
        {"json", "{\"numbers\": []}", 415},
        {"application/json", "", 400},
        {"application/json", "{\"numbers\": [}", 400},
        {"application/json", "{\"numbers\": []} {}", 400},
        {"application/json", "{\"numbers\": [], \"numbers\": [1]}", 400},
        {"application/json", "{\"\xff\": 1}", 400},
        {"application/json", "\"text\"", 422},
    };

    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++)
        CHECK_INT(post(server, bodies[i].type, bodies[i].body, strlen(bodies[i].body)),
                  bodies[i].status);
    CHECK_INT(post(server, "application/json", "{\"a\0\": 1}", 9), 400);
}

/* A peer that nests without end fills no stack. */
TEST(jansson_has_a_limit_of_levels)
{
    eddy_auto(eddy_router) *router = router_of(add_up);
    eddy_auto(eddy_http_server) *server = TALK_MEMORY(router);
    static char deep[100000];

    memset(deep, '[', sizeof deep);
    CHECK_INT(post(server, "application/json", deep, sizeof deep), 400);
    memset(deep + 64, ']', 64);
    CHECK_INT(post(server, "application/json", deep, 128), 422);
    memset(deep + 65, ']', 65);
    deep[64] = '[';
    CHECK_INT(post(server, "application/json", deep, 130), 400);
    CHECK_INT(post(server, "application/json", "\"[[[[\\\"[[[[\"", 12), 422); /* in a text */
    memset(deep, '[', 1000);
    deep[0] = deep[999] = '"';
    CHECK_INT(post(server, "application/json", deep, 1000), 422);
}

TEST(jansson_formats_values)
{
    eddy_auto(json_t) *list = json_array();
    json_t *inner = list;

    eddy_auto(eddy_json_text) *number = eddy_json_format(json_true());
    CHECK_STR(number, "true");
    CHECK_PTR(eddy_json_format(NULL), NULL);
    CHECK_INT(eddy_last_status(), EDDY_EINVAL);
    for (int levels = 1; levels < EDDY_JANSSON_DEPTH; levels++) {
        json_t *next = levels % 2 ? json_object() : json_array();

        if (json_is_array(inner))
            json_array_append_new(inner, next);
        else
            json_object_set_new(inner, "a", next);
        inner = next;
    }
    eddy_auto(eddy_json_text) *text = eddy_json_format(list);
    CHECK(text && strlen(text) > 200);
    json_object_set_new(inner, "a", json_object());
    CHECK_PTR(eddy_json_format(list), NULL);
    CHECK_INT(eddy_last_status(), EDDY_ELIMIT);
    json_object_clear(inner);
}
