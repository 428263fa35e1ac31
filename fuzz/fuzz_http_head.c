/* fuzz_http_head.c - heads of HTTP/1 against a parser that takes a head apart line by line, with
 * copies, and knows nothing else: both accept the same, and say the same. The bytes come in two
 * pieces. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/head.h"

#include <ctype.h>

enum kind { REQUEST, RESPONSE, TRAILERS };

/* ---- the simple parser ---- */

#define TOKEN "!#$%&'*+-.^_`|~" /* and letters and digits */

struct simple {
    char first[8192];
    char names[100][8192], values[100][8192];
    int count;
};
static struct simple simple;

static bool all_of(const char *text, const char *extra)
{
    for (const char *c = text; *c; c++)
        if (!isalnum((unsigned char)*c) && !strchr(extra, *c))
            return false;
    return *text != '\0';
}

static bool has_control(const char *text)
{
    for (; *text; text++)
        if (((unsigned char)*text < ' ' && *text != '\t') || *text == 0x7f)
            return true;
    return false;
}

/* One line without its end; false: it is no field. */
static bool simple_field(char *line)
{
    char *colon = strchr(line, ':');

    if (!colon || simple.count == 100)
        return false;
    *colon = '\0';
    char *value = colon + 1 + strspn(colon + 1, " \t");
    for (size_t n = strlen(value); n && strchr(" \t", value[n - 1]); n--)
        value[n - 1] = '\0';
    snprintf(simple.names[simple.count], sizeof simple.names[0], "%s", line);
    snprintf(simple.values[simple.count++], sizeof simple.values[0], "%s", value);
    return all_of(line, TOKEN);
}

/* Cuts data into lines. The bytes of the head with them, 0: there is no good one. */
static size_t simple_lines(enum kind kind, const char *data, size_t size)
{
    char line[8192];
    size_t at = 0;
    int number = 0;

    simple.count = 0;
    for (;; number++) {
        const char *end = memmem(data + at, size - at, "\r\n", 2);
        if (!end)
            return 0;
        size_t n = (size_t)(end - data) - at;
        if (n >= sizeof line || memchr(data + at, '\0', n))
            return 0;
        memcpy(line, data + at, n);
        line[n] = '\0';
        at += n + 2;
        if (has_control(line))
            return 0;
        if (n == 0 && number > 0)
            return at;
        if (n == 0 && at <= 4 && kind == REQUEST)
            number--;
        else if (number == 0 && kind != TRAILERS && !all_of((char[]){line[0], 0}, TOKEN))
            return 0;
        else if (number == 0 && kind != TRAILERS)
            snprintf(simple.first, sizeof simple.first, "%s", line);
        else if (n == 0 || !simple_field(line))
            return 0;
    }
}

static int simple_values(const char *name, const char **value)
{
    int n = 0;

    for (int i = 0; i < simple.count; i++)
        if (strcasecmp(simple.names[i], name) == 0) {
            *value = simple.values[i];
            n++;
        }
    return n;
}

/* What the fields say of the body: -1 nothing, -2 chunks, -3 nonsense, else its length. */
static int64_t simple_length(bool http_1_0)
{
    const char *length = NULL, *coding = NULL;
    int lengths = simple_values("Content-Length", &length);
    int codings = simple_values("Transfer-Encoding", &coding);

    if (codings)
        return codings > 1 || lengths || http_1_0 || strcasecmp(coding, "chunked") != 0 ? -3 : -2;
    if (!lengths)
        return -1;
    if (lengths > 1 || strspn(length, "0123456789") != strlen(length) || strlen(length) > 19 ||
        !*length || strtoull(length, NULL, 10) > INT64_MAX)
        return -3;
    return (int64_t)strtoull(length, NULL, 10);
}

/* Whether the first line is "METHOD TARGET HTTP/1.D", "HTTP/1.D 200 …" or "HTTP/1.D 200". Targets
 * other than paths are not judged. */
static bool simple_first(enum kind kind, char *method, char *target, int *status)
{
    char minor;
    int end = 0;

    if (kind == RESPONSE)
        return sscanf(simple.first, "HTTP/1.%c %3d%n", &minor, status, &end) == 2 && end == 12 &&
               isdigit((unsigned char)minor) && simple.first[8] == ' ' && *status >= 100 &&
               strspn(simple.first + 9, "0123456789") == 3 && strchr(" ", simple.first[12]);
    char *space = strchr(simple.first, ' '), *last = strrchr(simple.first, ' ');
    if (!space || space == last || strlen(last) != 9 || strncmp(last, " HTTP/1.", 8) != 0)
        return false;
    snprintf(method, 8192, "%.*s", (int)(space - simple.first), simple.first);
    snprintf(target, 8192, "%.*s", (int)(last - space - 1), space + 1);
    return isdigit((unsigned char)last[8]) && all_of(method, TOKEN) && *target &&
           strlen(method) <= 32 && !strpbrk(target, " #\t");
}

/* ---- both ---- */

static void check_fields(const struct eddy__fields *fields)
{
    MUST((int)fields->count == simple.count);
    for (int i = 0; i < simple.count; i++) {
        MUST(strcmp(fields->list[i].name, simple.names[i]) == 0);
        MUST(strcmp(fields->list[i].value, simple.values[i]) == 0);
    }
    MUST(!fields->list || !fields->list[fields->count].name);
}

/* It was accepted: the simple parser must see the same. */
static void check_good(enum kind kind, size_t length, const char *data, const struct eddy__head *h)
{
    static char method[8192], target[8192];
    int status = 0;

    MUST(simple_lines(kind, data, length) == length);
    MUST(simple_first(kind, method, target, &status));
    check_fields(&h->fields);
    MUST(h->minor == 0 || h->minor == 1);
    MUST(h->status == status);
    if (kind == REQUEST)
        MUST(strcmp(h->method, method) == 0 && strcmp(h->target, target) == 0);
    int64_t framing = simple_length(h->minor == 0);
    MUST(framing == (h->chunked ? -2 : h->length));
}

/* Whether the simple parser, too, finds something wrong. Where it does not judge, it agrees. */
static bool is_bad(enum kind kind, const char *data, size_t length)
{
    static char method[8192], target[8192];
    const char *value = "";
    int status;

    if (simple_lines(kind, data, length) != length)
        return true;
    if (kind == TRAILERS)
        return false;
    if (!simple_first(kind, method, target, &status))
        return true;
    const char *version = kind == RESPONSE ? simple.first : strrchr(simple.first, ' ') + 1;
    bool http_1_0 = strncmp(version, "HTTP/1.0", 8) == 0;
    if (simple_length(http_1_0) == -3)
        return true;
    if (simple_values("Transfer-Encoding", &value) && memmem(data, length, "\t", 1))
        return true;
    if (kind == RESPONSE)
        return false;
    int hosts = simple_values("Host", &value);
    return hosts > 1 || (hosts == 0 && !http_1_0) || target[0] != '/' ||
           strcmp(method, "CONNECT") == 0 || (hosts && !all_of(value, "."));
}

/* The same in two pieces as in one. */
static ssize_t find(const char *data, size_t size, size_t first, struct eddy__refusal *refusal)
{
    struct eddy__head_limits limits = {0};
    struct eddy__refusal other = {0};
    size_t seen = 0, again = 0;
    ssize_t length = eddy__head_find(data, size, &seen, &limits, refusal);
    char *part = memcpy(malloc(first + 1), data, first);
    ssize_t in_two = eddy__head_find(part, first, &again, &limits, &other);

    free(part);
    MUST(again <= first);
    if (in_two == 0)
        in_two = eddy__head_find(data, size, &again, &limits, &other);
    MUST(in_two == length);
    MUST(length >= 0 || (other.status == refusal->status && other.why == refusal->why));
    return length;
}

static int parse(enum kind kind, char *text, size_t size, struct eddy__arena *arena,
                 struct eddy__head *head, struct eddy__refusal *refusal)
{
    struct eddy__head_limits limits = {0};

    if (kind == REQUEST)
        return eddy__head_parse_request(text, size, arena, &limits, head, refusal);
    if (kind == RESPONSE)
        return eddy__head_parse_response(text, size, arena, &limits, head, refusal);
    return eddy__head_parse_trailers(text, size, arena, &limits, &head->fields, refusal);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    enum kind kind = (enum kind)(take_byte(&in) % 3);
    size_t first = take_byte(&in);
    struct eddy__refusal refusal = {0};
    struct eddy__arena arena = {0};
    struct eddy__head head = {0};

    if (in.size > 8000)
        return 0;
    const char *text = (const char *)in.data;
    ssize_t length = find(text, in.size, first < in.size ? first : in.size, &refusal);
    MUST(length <= (ssize_t)in.size);
    if (length <= 0) {
        MUST((length < 0) == (refusal.status != 0));
        size_t whole = simple_lines(kind, text, in.size);
        MUST(whole == 0 || (kind == TRAILERS && length == 0));
    } else {
        char *copy = memcpy(malloc((size_t)length), text, (size_t)length);
        int status = parse(kind, copy, (size_t)length, &arena, &head, &refusal);

        MUST(status == 0 || (status == EDDY_EPROTO && refusal.status >= 400 && refusal.why));
        if (status < 0)
            MUST(is_bad(kind, text, (size_t)length));
        else if (kind == TRAILERS)
            MUST(simple_lines(kind, text, (size_t)length) == (size_t)length);
        else
            check_good(kind, (size_t)length, text, &head);
        free(copy);
    }
    eddy__arena_free(&arena);
    return 0;
}
