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

static COLD int refuse(struct eddy__refusal *refusal, int status, const char *why)
{
    *refusal = (struct eddy__refusal){status, why};
    return EDDY_EPROTO;
}

static inline bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static inline bool is_control(char c)
{
    return (unsigned char)c < 0x20 || c == 0x7f;
}

/* The first control character of p to end, or end. Eight bytes at a time: of those of a word that
 * are marked the lowest is right, and the others do not matter. */
static inline const char *find_control(const char *p, const char *end)
{
    const uint64_t ones = UINT64_MAX / 255, highs = ones << 7;
    uint64_t word;

    for (; end - p >= (ptrdiff_t)sizeof word; p += sizeof word) {
        memcpy(&word, p, sizeof word);
        word = le64toh(word);
        uint64_t no_del = word ^ ones * 0x7f;
        uint64_t marked = (((word - ones * 0x20) & ~word) | ((no_del - ones) & ~no_del)) & highs;
        if (marked)
            return p + __builtin_ctzll(marked) / 8;
    }
    while (p < end && !is_control(*p))
        p++;
    return p;
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
    if (is_control(c) && c != '\t')
        return "a control character";
    return is_blank(c) ? "a line that begins with a blank" : "a line without a name";
}

/* Goes on from *seen to `to`: the length of the head, 0 for none yet, -1. */
static ssize_t scan(const char *data, size_t size, size_t to, size_t *seen,
                    struct eddy__refusal *refusal)
{
    size_t i = *seen;

    while (i < to) {
        bool begins = i == 0 || data[i - 1] == '\n';

        if (begins && data[i] != '\r' && !eddy__char_is(data[i], EDDY__CHAR_TOKEN))
            return refuse(refusal, 400, blame(data, i)), -1;
        i = (size_t)(find_control(data + i, data + to) - data);
        if (i == to || (data[i] == '\r' && i + 1 == size))
            break;
        if (data[i] == '\t') {
            i++;
            continue;
        }
        if (data[i] != '\r' || data[i + 1] != '\n')
            return refuse(refusal, 400, blame(data, i)), -1;
        i += 2;
        if (i > 2 && data[i - 3] != '\n')
            continue;
        if (data[0] != '\r' || i > 2 * (EMPTY_LINES + 1))
            return (ssize_t)i;
        if (i > 2 * EMPTY_LINES)
            return refuse(refusal, 400, "empty lines in place of a request"), -1;
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
            return refuse(refusal, 414, "the request target is too long"), -1;
    }
    if (length == 0)
        length = scan(data, size, min_size(size, most), seen, refusal);
    if (length > (ssize_t)most || (length == 0 && size >= most))
        return refuse(refusal, 431, "the head is too large"), -1;
    return length;
}

/* ---- what it says ---- */

struct parser {
    char *at, *end;
    struct eddy__arena *arena;
    struct eddy__refusal *refusal;
    unsigned most_fields;
    struct eddy__head *head;
    /* What has come of fields that concern each other. */
    unsigned hosts, codings;
    const char *coding; /* the value of Transfer-Encoding */
    bool tab;           /* there is one around the value of this field */
    bool close, persists, upgrades, has_protocol;
};

/* Ends the text from *from to at by a zero byte, in place of the character that at stands on. */
static inline const char *take(struct parser *p, char *from)
{
    *p->at++ = '\0';
    return from;
}

static inline void skip_all(struct parser *p, int of)
{
    while (p->at < p->end && eddy__char_is(*p->at, of))
        p->at++;
}

static inline bool at_char(const struct parser *p, char c)
{
    return p->at < p->end && *p->at == c;
}

static inline bool at_line_end(const struct parser *p)
{
    return p->end - p->at >= 2 && memcmp(p->at, "\r\n", 2) == 0;
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

/* A registered name or an IPv4 address, with its percent escapes. */
static bool is_host_name(const char *text, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (!eddy__char_is(text[i], EDDY__CHAR_HOST))
            return false;
        if (text[i] == '%' && (size - i < 3 || !eddy__all_are(text + i + 1, 2, EDDY__CHAR_HEX)))
            return false;
    }
    return true;
}

/* uri-host [ ":" port ], of which the host may be empty. */
static bool is_authority(const char *text, size_t size)
{
    bool bracket = size && text[0] == '[';
    size_t host = 0;

    while (host < size && text[host] != (bracket ? ']' : ':'))
        host++;
    if (bracket ? host == size || !is_ipv6(text + 1, host - 1) : !is_host_name(text, host))
        return false;
    host += bracket;
    if (size - host <= 1)
        return size == host || text[host] == ':';
    int64_t port = eddy__parse_number(text + host + 1, size - host - 1);
    return text[host] == ':' && port >= 0 && port <= 65535;
}

/* ---- the first line ---- */

/* "HTTP/1.1": 0, and *minor. */
static int parse_version(struct parser *p)
{
    char *v = p->at;

    if (p->end - v < VERSION_SIZE || memcmp(v, "HTTP/", 5) != 0 ||
        !eddy__char_is(v[5], EDDY__CHAR_DIGIT) || v[6] != '.' ||
        !eddy__char_is(v[7], EDDY__CHAR_DIGIT))
        return refuse(p->refusal, 400, "no version of HTTP where one belongs");
    p->at += VERSION_SIZE;
    p->head->minor = v[7] != '0';
    if (v[5] != '1')
        return refuse(p->refusal, 505, "a version other than HTTP/1");
    return 0;
}

/* scheme "://" authority [ "/" … ]: the authority, which is the host. */
static int parse_absolute(struct parser *p, const char *target, size_t size)
{
    const char *end = target + size;
    const char *colon = memchr(target, ':', size);

    if (!colon || end - colon < 4 || memcmp(colon, "://", 3) != 0 ||
        !((*target | 0x20) >= 'a' && (*target | 0x20) <= 'z'))
        return refuse(p->refusal, 400, "a request target that is neither a path nor a URL");
    for (const char *s = target; s < colon; s++)
        if (!eddy__char_is(*s, EDDY__CHAR_UNRESERVED) && *s != '+')
            return refuse(p->refusal, 400, "a bad scheme in the request target");
    const char *host = colon + 3;
    size_t length = 0;
    while (host + length < end && host[length] != '/' && host[length] != '?')
        length++;
    if (length == 0 || host[0] == ':' || !is_authority(host, length))
        return refuse(p->refusal, 400, "a bad host in the request target");
    p->head->host = eddy__arena_copy(p->arena, host, length);
    return p->head->host ? 0 : EDDY_ENOMEM;
}

/* The four forms of RFC 9112 section 3.2. */
static int judge_target(struct parser *p, const char *target, size_t size)
{
    const char *method = p->head->method;

    if (unlikely(strcmp(method, "CONNECT") == 0)) {
        const char *port = memrchr(target, ':', size);
        if (target[0] == ':' || !port || port + 1 == target + size || !is_authority(target, size))
            return refuse(p->refusal, 400, "CONNECT without host and port");
        p->head->host = target;
        return 0;
    }
    if (likely(target[0] == '/'))
        return 0;
    if (size == 1 && target[0] == '*')
        return strcmp(method, "OPTIONS") == 0
                   ? 0
                   : refuse(p->refusal, 400, "the request target * of a method that has none");
    return parse_absolute(p, target, size);
}

static int parse_request_line(struct parser *p, size_t most_target)
{
    for (int i = 0; i < EMPTY_LINES && at_line_end(p); i++)
        p->at += 2;
    char *method = p->at;
    skip_all(p, EDDY__CHAR_TOKEN);
    if (p->at == method || !at_char(p, ' '))
        return refuse(p->refusal, 400, "no method in front of a request target");
    if (p->at - method > METHOD_SIZE)
        return refuse(p->refusal, 501, "a method of more than 32 letters");
    p->head->method = take(p, method);

    char *target = p->at;
    skip_all(p, EDDY__CHAR_TARGET);
    size_t size = (size_t)(p->at - target);
    if (size > most_target)
        return refuse(p->refusal, 414, "the request target is too long");
    if (size == 0 || !at_char(p, ' '))
        return refuse(p->refusal, 400, "a bad request target");
    p->head->target = take(p, target);
    int status = parse_version(p);
    if (status < 0)
        return status;
    if (!at_line_end(p))
        return refuse(p->refusal, 400, "something behind the version of HTTP");
    p->at += 2;
    return judge_target(p, target, size);
}

static int parse_status_line(struct parser *p)
{
    int status = parse_version(p);

    if (status < 0)
        return status;
    char *s = p->at;
    if (p->end - s < 5 || s[0] != ' ' || s[4] != ' ' || s[1] == '0' ||
        !eddy__all_are(s + 1, 3, EDDY__CHAR_DIGIT))
        return refuse(p->refusal, 400, "no status of three digits behind the version");
    p->head->status = (int)eddy__parse_number(s + 1, 3);
    p->at += 5;
    char *reason = p->at;
    skip_all(p, EDDY__CHAR_VALUE);
    if (!at_line_end(p))
        return refuse(p->refusal, 400, "a control character behind the status");
    p->head->reason = take(p, reason);
    p->at++;
    return 0;
}

/* ---- fields that concern the message ---- */

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

static int read_length(struct parser *p, const char *value, size_t size)
{
    if (p->head->length >= 0)
        return refuse(p->refusal, 400, "Content-Length twice");
    p->head->length = eddy__parse_number(value, size);
    return p->head->length < 0 ? refuse(p->refusal, 400, "a Content-Length that is no number") : 0;
}

static int read_host(struct parser *p, const char *value, size_t size)
{
    if (p->hosts++)
        return refuse(p->refusal, 400, "Host twice");
    if (!is_authority(value, size))
        return refuse(p->refusal, 400, "a bad Host");
    if (!p->head->host)
        p->head->host = value;
    return 0;
}

static int read_known(struct parser *p, const char *name, size_t name_size, const char *value,
                      size_t size)
{
    struct eddy__head *head = p->head;

    if (is_word(name, name_size, "host"))
        return head->method ? read_host(p, value, size) : 0;
    if (is_word(name, name_size, "content-length"))
        return read_length(p, value, size);
    if (is_word(name, name_size, "connection")) {
        read_connection(p, value);
    } else if (is_word(name, name_size, "upgrade")) {
        p->has_protocol |= size > 0;
    } else if (is_word(name, name_size, "expect")) {
        head->expects_continue |= is_word(value, size, "100-continue");
    } else if (is_word(name, name_size, "transfer-encoding")) {
        p->codings++;
        p->coding = value;
        if (p->tab)
            return refuse(p->refusal, 400, "a tab around a Transfer-Encoding");
    }
    return 0;
}

/* ---- fields ---- */

/* The name of a field, up to its colon; p->at stands behind that. */
static inline int parse_name(struct parser *p, char **name, size_t *size)
{
    *name = p->at;
    skip_all(p, EDDY__CHAR_TOKEN);
    *size = (size_t)(p->at - *name);
    if (likely(*size && at_char(p, ':'))) {
        take(p, *name);
        return 0;
    }
    bool blank = p->at < p->end && is_blank(*p->at);
    if (*size == 0)
        return refuse(p->refusal, 400,
                      blank ? "a line that begins with a blank" : "a field without a name");
    return refuse(p->refusal, 400,
                  blank ? "a space before the colon of a field" : "a bad name of a field");
}

/* Its value, without the blanks around it; p->at stands behind its line. */
static inline int parse_value(struct parser *p, char **value, size_t *size)
{
    p->tab = false;
    while (p->at < p->end && is_blank(*p->at))
        p->tab |= *p->at++ == '\t';
    *value = p->at;
    const char *stop = p->at;
    while ((stop = find_control(stop, p->end)) < p->end && *stop == '\t')
        stop++;
    p->at += stop - p->at;
    if (unlikely(!at_line_end(p)))
        return refuse(p->refusal, 400, "a control character in the value of a field");
    char *end = p->at;
    while (end > *value && is_blank(end[-1]))
        p->tab |= *--end == '\t';
    *end = '\0';
    *size = (size_t)(end - *value);
    p->at += 2;
    return 0;
}

static int parse_field(struct parser *p, struct eddy__fields *fields)
{
    char *name, *value;
    size_t name_size = 0, size = 0;

    if (fields->count >= p->most_fields)
        return refuse(p->refusal, 431, "too many fields");
    int status = parse_name(p, &name, &name_size);
    if (likely(status == 0))
        status = parse_value(p, &value, &size);
    if (likely(status == 0))
        status = eddy__fields_add(fields, p->arena, name, value);
    if (likely(status == 0) && p->head)
        status = read_known(p, name, name_size, value, size);
    return status;
}

static int parse_fields(struct parser *p, struct eddy__fields *fields)
{
    while (!at_line_end(p)) {
        int status = parse_field(p, fields);
        if (unlikely(status < 0))
            return status;
    }
    return p->at + 2 == p->end ? 0 : refuse(p->refusal, 400, "something behind a head");
}

/* ---- heads ---- */

/* What Transfer-Encoding says, seen with the rest of the head. */
static int judge_coding(struct parser *p)
{
    struct eddy__head *head = p->head;

    if (likely(!p->codings))
        return 0;
    if (head->length >= 0)
        return refuse(p->refusal, 400, "Content-Length beside Transfer-Encoding");
    if (head->minor == 0)
        return refuse(p->refusal, 400, "Transfer-Encoding in HTTP/1.0");
    if (p->codings > 1)
        return refuse(p->refusal, 400, "Transfer-Encoding twice");
    head->chunked = eddy__same_word(p->coding, "chunked");
    if (head->chunked)
        return 0;
    return eddy__all_are(p->coding, strlen(p->coding), EDDY__CHAR_TOKEN)
               ? refuse(p->refusal, 501, "an unknown Transfer-Encoding")
               : refuse(p->refusal, 400, "a Transfer-Encoding other than chunked");
}

static int parse_rest(struct parser *p)
{
    struct eddy__head *head = p->head;
    int status = parse_fields(p, &head->fields);

    if (unlikely(status < 0))
        return status;
    head->keep_alive = !p->close && (head->minor > 0 || p->persists);
    head->upgrade = head->minor > 0 && p->upgrades && p->has_protocol;
    head->expects_continue &= head->minor > 0;
    return judge_coding(p);
}

static struct parser begin(char *text, size_t size, struct eddy__arena *arena,
                           const struct eddy__head_limits *limits, struct eddy__head *head,
                           struct eddy__refusal *refusal)
{
    if (head)
        *head = (struct eddy__head){.length = -1};
    return (struct parser){
        .at = text,
        .end = text + size,
        .arena = arena,
        .refusal = refusal,
        .most_fields = limits->fields ? limits->fields : FIELDS,
        .head = head,
    };
}

int eddy__head_parse_request(char *text, size_t size, struct eddy__arena *arena,
                             const struct eddy__head_limits *limits, struct eddy__head *head,
                             struct eddy__refusal *refusal)
{
    struct parser p = begin(text, size, arena, limits, head, refusal);
    int status = parse_request_line(&p, limits->target ? limits->target : TARGET_SIZE);

    if (likely(status == 0))
        status = parse_rest(&p);
    if (likely(status == 0) && !p.hosts && head->minor > 0)
        return refuse(refusal, 400, "no Host");
    return status;
}

int eddy__head_parse_response(char *text, size_t size, struct eddy__arena *arena,
                              const struct eddy__head_limits *limits, struct eddy__head *head,
                              struct eddy__refusal *refusal)
{
    struct parser p = begin(text, size, arena, limits, head, refusal);
    int status = parse_status_line(&p);

    return status < 0 ? status : parse_rest(&p);
}

/* Of trailers these are left out: fields that say how a message is framed, where it goes, who sends
 * it, how its content is to be read (RFC 9110 section 6.5.1). */
static const char *const not_in_trailers[] = {
    "authorization",
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
    "www-authenticate",
};

static void leave_out(struct eddy__fields *fields)
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
    struct parser p = begin(text, size, arena, limits, NULL, refusal);

    *fields = (struct eddy__fields){0};
    int status = parse_fields(&p, fields);
    if (likely(status == 0))
        leave_out(fields);
    return status;
}
