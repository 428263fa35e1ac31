/* head.c - heads of HTTP/1: where one ends, and what it says. */
#include "http/message/head.h"

#include "http/message/token.h"

#include <arpa/inet.h>
#include <endian.h>

enum {
    HEAD_SIZE = 32 << 10,
    TARGET_SIZE = 8 << 10,
    FIELDS = 100,
    METHOD_SIZE = 32,
    EMPTY_LINES = 2, /* before a request line */
    VERSION_SIZE = sizeof "HTTP/1.1" - 1,
};

static COLD int bad_head(struct eddy__refusal *refusal, int status, const char *why)
{
    *refusal = (struct eddy__refusal){status, why};
    return EDDY_EPROTO;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* How many bytes there are from p on before the first that is less than `least` or DEL, or the end:
 * sixteen at a time. */
static inline size_t count_from(unsigned char least, const char *p, const char *end)
{
    typedef unsigned char vector __attribute__((vector_size(16)));
    size_t n = 0, size = (size_t)(end - p);

    for (; size - n >= sizeof(vector); n += sizeof(vector)) {
        vector bytes;
        uint64_t found[2];

        memcpy(&bytes, p + n, sizeof bytes);
        vector others = (vector)((bytes < least) | (bytes == 0x7f));
        memcpy(found, &others, sizeof found);
        if (found[0])
            return n + (size_t)__builtin_ctzll(le64toh(found[0])) / 8;
        if (found[1])
            return n + 8 + (size_t)__builtin_ctzll(le64toh(found[1])) / 8;
    }
    while (n < size && (unsigned char)p[n] >= least && p[n] != 0x7f)
        n++;
    return n;
}

/* ---- where it ends ---- */

/* What is wrong with the character at `at`. */
static COLD const char *blame(const char *data, size_t at)
{
    char c = data[at];

    if (c == 0x16 && at == 0)
        return "TLS is spoken to a port without it";
    if (c == '\n')
        return "a line that ends without CR";
    if (c == '\r')
        return "CR without LF";
    if (is_blank(c))
        return "a line that begins with a blank";
    return count_from(' ', &c, &c + 1) ? "a line without a name" : "a control character";
}

/* Goes on from *seen to `to`: the length of the head, 0 for none yet, -1. */
static ssize_t scan(const char *data, size_t size, size_t to, size_t *seen,
                    struct eddy__refusal *refusal)
{
    size_t i = *seen;

    while (i < to) {
        bool begins = i == 0 || data[i - 1] == '\n';

        if (begins && data[i] != '\r' && !eddy__char_is(data[i], EDDY__CHAR_TOKEN))
            return bad_head(refusal, 400, blame(data, i)), -1;
        i += count_from(' ', data + i, data + to);
        if (i == to || (data[i] == '\r' && i + 1 == size))
            break;
        if (data[i] == '\t') {
            i++;
            continue;
        }
        if (data[i] != '\r' || data[i + 1] != '\n')
            return bad_head(refusal, 400, blame(data, i)), -1;
        i += 2;
        if (i > 2 && data[i - 3] != '\n')
            continue;
        if (data[0] != '\r' || i > 2 * (EMPTY_LINES + 1))
            return (ssize_t)i;
        if (i > 2 * EMPTY_LINES)
            return bad_head(refusal, 400, "empty lines in place of a request"), -1;
    }
    *seen = i;
    return 0;
}

/* Whether data begins with a request line that is longer than size. */
static bool is_long_request(const char *data, size_t size)
{
    size_t line = 0;

    if (size > 5 && memcmp(data, "HTTP/", 5) == 0)
        return false;
    while (line + 2 < size && data[line] == '\r')
        line += 2;
    return !memchr(data + line, '\n', size - line);
}

ssize_t eddy__head_find(const char *data, size_t size, size_t *seen,
                        const struct eddy__head_limits *limits, struct eddy__refusal *refusal)
{
    size_t most = limits->size ? limits->size : HEAD_SIZE;
    size_t target = limits->target ? limits->target : TARGET_SIZE;
    size_t line = 2 * EMPTY_LINES + METHOD_SIZE + 1 + target + 1 + VERSION_SIZE + 2;
    ssize_t length = 0;

    /* The request line is judged once, when as much has come as one may have. */
    if (*seen < line && size >= line) {
        length = scan(data, size, min_size(line, most), seen, refusal);
        if (length == 0 && *seen >= line && is_long_request(data, line))
            return bad_head(refusal, 414, "the request target is too long"), -1;
    }
    if (length == 0)
        length = scan(data, size, min_size(size, most), seen, refusal);
    if (length > (ssize_t)most || (length == 0 && size >= most))
        return bad_head(refusal, 431, "the head is too large"), -1;
    return length;
}

/* ---- what it says ---- */

struct parser {
    char *at, *end;
    struct eddy__arena *arena;
    struct eddy__refusal *refusal;
    size_t most_target;
    unsigned most_fields;
    struct eddy__head *head; /* NULL: of trailers */
    /* What has come of fields that concern each other. */
    unsigned hosts, codings;
    const char *coding; /* the value of Transfer-Encoding */
    bool close, persists, upgrades, has_protocol;
};

/* Ends the text before at by a zero byte, in place of the character that at stands on. */
static inline void end_text(struct parser *p)
{
    *p->at++ = '\0';
}

/* Skips what is of that alphabet: what is not is at the latest the last CRLF. */
static inline char skip_all(struct parser *p, int of)
{
    char *at = p->at;

#pragma GCC unroll 4
    while (eddy__char_is(*at, of))
        at++;
    p->at = at;
    return *at;
}

static inline bool at_line_end(const struct parser *p)
{
    return p->at[0] == '\r' && p->at[1] == '\n';
}

/* ---- hosts ---- */

static bool is_ipv6(const char *text, size_t size)
{
    struct in6_addr address;
    char copy[INET6_ADDRSTRLEN];

    if (size >= sizeof copy)
        return false;
    memcpy(copy, text, size);
    copy[size] = '\0';
    return inet_pton(AF_INET6, copy, &address) == 1;
}

/* The length of a registered name, an IPv4 address or an address in brackets; -1: it is none. */
static ssize_t host_length(const char *text, size_t size)
{
    size_t n = 0;

    if (size && text[0] == '[') {
        const char *end = memchr(text, ']', size);
        return end && is_ipv6(text + 1, (size_t)(end - text) - 1) ? end + 1 - text : -1;
    }
    for (; n < size && eddy__char_is(text[n], EDDY__CHAR_HOST); n++)
        if (text[n] == '%' && (size - n < 3 || !eddy__all_are(text + n + 1, 2, EDDY__CHAR_HEX)))
            return -1;
    return (ssize_t)n;
}

bool eddy__is_authority(const char *text, size_t size)
{
    ssize_t host = host_length(text, size);

    if (host < 0 || (size_t)host == size)
        return host >= 0;
    const char *port = text + host + 1;
    size_t length = size - (size_t)host - 1;
    int64_t number = length ? eddy__parse_number(port, length) : 0;
    return port[-1] == ':' && number >= 0 && number <= 65535;
}

/* ---- the first line ---- */

/* "HTTP/1.1": 0, and *minor. */
static int parse_version(struct parser *p)
{
    char *v = p->at;

    if (p->end - v < VERSION_SIZE || memcmp(v, "HTTP/", 5) != 0 ||
        !eddy__char_is(v[5], EDDY__CHAR_DIGIT) || v[6] != '.' ||
        !eddy__char_is(v[7], EDDY__CHAR_DIGIT))
        return bad_head(p->refusal, 400, "no version of HTTP where one belongs");
    p->at += VERSION_SIZE;
    p->head->minor = v[7] != '0';
    if (v[5] != '1')
        return bad_head(p->refusal, 505, "a version other than HTTP/1");
    return 0;
}

/* "http://" authority [ "/" … ]: the authority is the host. */
static int parse_absolute(struct parser *p, const char *target, size_t size)
{
    size_t at = size > 8 && eddy__same_words(target, "https://", 8)  ? 8
                : size > 7 && eddy__same_words(target, "http://", 7) ? 7
                                                                     : 0;
    size_t length = strcspn(target + at, "/?");

    if (at == 0)
        return bad_head(p->refusal, 400, "a request target that is neither a path nor of HTTP");
    if (length == 0 || target[at] == ':' || !eddy__is_authority(target + at, length))
        return bad_head(p->refusal, 400, "a bad host in the request target");
    p->head->host = eddy__arena_copy(p->arena, target + at, length);
    return p->head->host ? 0 : EDDY_ENOMEM;
}

/* The four forms of RFC 9112 section 3.2. */
static int judge_target(struct parser *p, const char *target, size_t size)
{
    const char *method = p->head->method;

    if (unlikely(strcmp(method, "CONNECT") == 0)) {
        bool port = memchr(target, ':', size) && !strchr(":]", target[size - 1]);
        if (target[0] == ':' || !port || !eddy__is_authority(target, size))
            return bad_head(p->refusal, 400, "CONNECT without host and port");
        p->head->host = target;
        return 0;
    }
    if (likely(target[0] == '/'))
        return 0;
    if (size == 1 && target[0] == '*')
        return strcmp(method, "OPTIONS") == 0
                   ? 0
                   : bad_head(p->refusal, 400, "the request target * of a method that has none");
    return parse_absolute(p, target, size);
}

static int parse_request_line(struct parser *p)
{
    for (int i = 0; i < EMPTY_LINES && p->end - p->at > 4 && at_line_end(p); i++)
        p->at += 2;
    char *method = p->at;
    if (skip_all(p, EDDY__CHAR_TOKEN) != ' ' || p->at == method)
        return bad_head(p->refusal, 400, "no method in front of a request target");
    if (p->at - method > METHOD_SIZE)
        return bad_head(p->refusal, 501, "a method of more than 32 letters");
    p->head->method = method;
    end_text(p);

    char *target = p->at;
    size_t size = count_from('!', target, p->end);
    p->at += size;
    if (size > p->most_target)
        return bad_head(p->refusal, 414, "the request target is too long");
    if (size == 0 || *p->at != ' ' || memchr(target, '#', size))
        return bad_head(p->refusal, 400, "a bad request target");
    p->head->target = target;
    end_text(p);
    int status = parse_version(p);
    if (status < 0)
        return status;
    if (!at_line_end(p))
        return bad_head(p->refusal, 400, "something behind the version of HTTP");
    p->at += 2;
    return judge_target(p, target, size);
}

/* Servers without a reason phrase leave out the space before it, too. */
static int parse_status_line(struct parser *p)
{
    int status = parse_version(p);

    if (status < 0)
        return status;
    char *s = p->at;
    if (p->end - s < 5 || s[0] != ' ' || (s[4] != ' ' && s[4] != '\r') || s[1] == '0' ||
        !eddy__all_are(s + 1, 3, EDDY__CHAR_DIGIT))
        return bad_head(p->refusal, 400, "no status of three digits behind the version");
    p->head->status = (int)eddy__parse_number(s + 1, 3);
    p->at += s[4] == ' ' ? 5 : 4;
    p->head->reason = p->at;
    skip_all(p, EDDY__CHAR_VALUE);
    if (!at_line_end(p))
        return bad_head(p->refusal, 400, "a control character behind the status");
    *p->at = '\0';
    p->at += 2;
    return 0;
}

/* ---- fields that concern the message ---- */

struct field {
    const char *name, *value;
    size_t name_size, size;
    bool tab; /* around the value */
};

static inline bool is_word(const char *text, size_t size, const char *word)
{
    return size == strlen(word) && eddy__same_words(text, word, size);
}

static void read_connection(struct parser *p, const char *value)
{
    while (*value) {
        size_t size = strcspn(value, ",");
        size_t length = size;

        while (length && is_blank(value[length - 1]))
            length--;
        if (is_word(value, length, "close"))
            p->close = true;
        else if (is_word(value, length, "keep-alive"))
            p->persists = true;
        else if (is_word(value, length, "upgrade"))
            p->upgrades = true;
        value += size;
        value += strspn(value, ", \t");
    }
}

static int read_length(struct parser *p, const struct field *f)
{
    if (p->head->length >= 0)
        return bad_head(p->refusal, 400, "Content-Length twice");
    p->head->length = eddy__parse_number(f->value, f->size);
    return p->head->length < 0 ? bad_head(p->refusal, 400, "a Content-Length that is no number")
                               : 0;
}

static int read_host(struct parser *p, const struct field *f)
{
    if (p->hosts++)
        return bad_head(p->refusal, 400, "Host twice");
    if (!eddy__is_authority(f->value, f->size))
        return bad_head(p->refusal, 400, "a bad Host");
    if (!p->head->host)
        p->head->host = f->value;
    return 0;
}

static int read_coding(struct parser *p, const struct field *f)
{
    p->codings++;
    p->coding = f->value;
    return f->tab ? bad_head(p->refusal, 400, "a tab around a Transfer-Encoding") : 0;
}

static int read_known(struct parser *p, const struct field *f)
{
    if (is_word(f->name, f->name_size, "host"))
        return p->head->method ? read_host(p, f) : 0;
    if (is_word(f->name, f->name_size, "content-length"))
        return read_length(p, f);
    if (is_word(f->name, f->name_size, "transfer-encoding"))
        return read_coding(p, f);
    if (is_word(f->name, f->name_size, "connection"))
        read_connection(p, f->value);
    else if (is_word(f->name, f->name_size, "upgrade"))
        p->has_protocol |= f->size > 0;
    else if (is_word(f->name, f->name_size, "expect"))
        p->head->expects_continue |= is_word(f->value, f->size, "100-continue");
    return 0;
}

/* ---- fields ---- */

/* The name of a field, up to its colon; p->at stands behind that. */
static inline int parse_field_name(struct parser *p, struct field *f)
{
    f->name = p->at;
    char behind = skip_all(p, EDDY__CHAR_TOKEN);
    f->name_size = (size_t)(p->at - f->name);
    if (unlikely(f->name_size == 0))
        return bad_head(p->refusal, 400, "a field without a name");
    if (unlikely(behind != ':'))
        return bad_head(p->refusal, 400,
                        is_blank(behind) ? "a space before the colon of a field"
                                         : "a bad name of a field");
    end_text(p);
    return 0;
}

/* Its value, without the blanks around it; p->at stands behind its line. */
static inline int parse_field_value(struct parser *p, struct field *f)
{
    char *begin = p->at;

    while (is_blank(*begin))
        f->tab |= *begin++ == '\t';
    char *stop = begin + count_from(' ', begin, p->end);
    while (*stop == '\t')
        stop += 1 + count_from(' ', stop + 1, p->end);
    if (unlikely(stop[0] != '\r' || stop[1] != '\n'))
        return bad_head(p->refusal, 400, "a control character in the value of a field");
    p->at = stop + 2;
    while (stop > begin && is_blank(stop[-1]))
        f->tab |= *--stop == '\t';
    *stop = '\0';
    f->value = begin;
    f->size = (size_t)(stop - begin);
    return 0;
}

static int parse_field(struct parser *p, struct eddy__fields *fields)
{
    struct field f = {0};

    if (fields->count >= p->most_fields)
        return bad_head(p->refusal, 431, "too many fields");
    int status = parse_field_name(p, &f);
    if (likely(status == 0))
        status = parse_field_value(p, &f);
    if (likely(status == 0))
        status = eddy__fields_add(fields, p->arena, f.name, f.value);
    return unlikely(status < 0) || !p->head ? status : read_known(p, &f);
}

static int parse_fields(struct parser *p, struct eddy__fields *fields)
{
    while (!at_line_end(p)) {
        int status = parse_field(p, fields);
        if (unlikely(status < 0))
            return status;
    }
    return p->at + 2 == p->end ? 0 : bad_head(p->refusal, 400, "something behind a head");
}

/* ---- heads ---- */

/* What Transfer-Encoding says, seen with the rest of the head. */
static int judge_coding(struct parser *p)
{
    struct eddy__head *head = p->head;

    if (likely(!p->codings))
        return 0;
    if (head->length >= 0)
        return bad_head(p->refusal, 400, "Content-Length beside Transfer-Encoding");
    if (head->minor == 0)
        return bad_head(p->refusal, 400, "Transfer-Encoding in HTTP/1.0");
    if (p->codings > 1)
        return bad_head(p->refusal, 400, "Transfer-Encoding twice");
    head->chunked = eddy__same_word(p->coding, "chunked");
    if (head->chunked)
        return 0;
    return eddy__all_are(p->coding, strlen(p->coding), EDDY__CHAR_TOKEN)
               ? bad_head(p->refusal, 501, "an unknown Transfer-Encoding")
               : bad_head(p->refusal, 400, "a Transfer-Encoding other than chunked");
}

/* 0 if text ends as every head does, with an empty line. */
static int begin(struct parser *p, char *text, size_t size, const struct eddy__head_limits *limits)
{
    bool ends = size == 2 ? memcmp(text, "\r\n", 2) == 0
                          : size > 3 && memcmp(text + size - 4, "\r\n\r\n", 4) == 0;

    p->at = text;
    p->end = text + size;
    p->most_fields = limits->fields ? limits->fields : FIELDS;
    p->most_target = limits->target ? limits->target : TARGET_SIZE;
    return ends ? 0 : bad_head(p->refusal, 400, "a head without an end");
}

static int parse_head(struct parser *p, int (*parse_first_line)(struct parser *p))
{
    struct eddy__head *head = p->head;

    *head = (struct eddy__head){.length = -1, .major = 1};
    int status = parse_first_line(p);
    if (likely(status == 0))
        status = parse_fields(p, &head->fields);
    if (unlikely(status < 0))
        return status;
    head->keep_alive = !p->close && (head->minor > 0 || p->persists);
    head->upgrade = head->minor > 0 && p->upgrades && p->has_protocol;
    head->expects_continue &= head->minor > 0;
    if (head->method && head->minor > 0 && !p->hosts)
        return bad_head(p->refusal, 400, "no Host");
    return judge_coding(p);
}

int eddy__head_parse_request(char *text, size_t size, struct eddy__arena *arena,
                             const struct eddy__head_limits *limits, struct eddy__head *head,
                             struct eddy__refusal *refusal)
{
    struct parser p = {.arena = arena, .head = head, .refusal = refusal};
    int status = begin(&p, text, size, limits);

    return status < 0 ? status : parse_head(&p, parse_request_line);
}

int eddy__head_parse_response(char *text, size_t size, struct eddy__arena *arena,
                              const struct eddy__head_limits *limits, struct eddy__head *head,
                              struct eddy__refusal *refusal)
{
    struct parser p = {.arena = arena, .head = head, .refusal = refusal};
    int status = begin(&p, text, size, limits);

    return status < 0 ? status : parse_head(&p, parse_status_line);
}

/* Of trailers these are left out: fields that say how a message is framed, where it goes, who sends
 * it, how its content is to be read (RFC 9110 section 6.5.1). */
static const char *const not_in_trailers[] = {"authorization",
                                              "cache-control",
                                              "connection",
                                              "content-encoding",
                                              "content-length",
                                              "content-range",
                                              "content-type",
                                              "cookie",
                                              "expect",
                                              "host",
                                              "keep-alive",
                                              "location",
                                              "max-forwards",
                                              "proxy-authenticate",
                                              "proxy-connection",
                                              "proxy-authorization",
                                              "range",
                                              "set-cookie",
                                              "te",
                                              "trailer",
                                              "transfer-encoding",
                                              "upgrade",
                                              "www-authenticate"};

void eddy__trailers_leave_out(struct eddy__fields *fields)
{
    unsigned kept = 0;

    for (unsigned i = 0; i < fields->count; i++) {
        size_t j = 0;

        while (j < count_of(not_in_trailers) &&
               !eddy__same_word(fields->list[i].name, not_in_trailers[j]))
            j++;
        if (j == count_of(not_in_trailers))
            fields->list[kept++] = fields->list[i];
    }
    fields->count = kept;
    if (fields->list)
        fields->list[kept] = (eddy_pair){NULL, NULL};
}

int eddy__head_parse_trailers(char *text, size_t size, struct eddy__arena *arena,
                              const struct eddy__head_limits *limits, struct eddy__fields *fields,
                              struct eddy__refusal *refusal)
{
    struct parser p = {.arena = arena, .refusal = refusal};
    int status = begin(&p, text, size, limits);

    *fields = (struct eddy__fields){0};
    if (likely(status == 0))
        status = parse_fields(&p, fields);
    if (likely(status == 0))
        eddy__trailers_leave_out(fields);
    return status;
}
