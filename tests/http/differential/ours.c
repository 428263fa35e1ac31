/* ours.c - what eddy's parser makes of bytes, in the form in which differential/run compares
 * parsers.
 *
 * Reads lines "request HEX" or "response HEX": all that a peer sends before it closes. Answers each
 * by a line: for each whole message "FIRST BODY ", both in hex, with FIRST "GET /target" or a
 * status; then "= " and nothing (all was read), "short" (the bytes end in the middle of a message)
 * or why the rest is refused. Of responses only the first is read, behind those of 1xx. */
/* pkg-config: eddy-http */
#include "http/message/chunk.h"

#include <stdio.h>
#include <stdlib.h>

struct bytes {
    char *at;
    size_t size;
};

static void print_hex(struct bytes b)
{
    for (size_t i = 0; i < b.size; i++)
        printf("%02x", (unsigned char)b.at[i]);
}

/* Moves the next n bytes of input behind body. */
static void move(struct bytes *in, struct bytes *body, size_t n)
{
    memmove(body->at + body->size, in->at, n);
    body->size += n;
    in->at += n;
    in->size -= n;
}

/* NULL: the trailers are through. */
static const char *read_trailers(struct bytes *in, struct eddy__arena *arena)
{
    struct eddy__head_limits limits = {0};
    struct eddy__fields fields;
    struct eddy__refusal refusal;
    size_t seen = 0;
    ssize_t size = 2;

    if (in->size < 2)
        return "short";
    if (memcmp(in->at, "\r\n", 2) != 0)
        size = eddy__head_find(in->at, in->size, &seen, &limits, &refusal);
    if (size <= 0)
        return size < 0 ? refusal.why : "short";
    if (eddy__head_parse_trailers(in->at, (size_t)size, arena, &limits, &fields, &refusal) < 0)
        return refusal.why;
    in->at += size;
    in->size -= (size_t)size;
    return NULL;
}

static const char *read_chunks(struct bytes *in, struct bytes *body, struct eddy__arena *arena)
{
    struct eddy__chunks chunks = {0};
    const char *why;

    while (!chunks.ended) {
        ssize_t used = eddy__chunks_next(&chunks, in->at, in->size, &why);
        if (used < 0)
            return why;
        in->at += used;
        in->size -= (size_t)used;
        size_t n = min_size(chunks.left, in->size);
        move(in, body, n);
        chunks.left -= n;
        if (in->size == 0 && !chunks.ended)
            return "short";
    }
    return read_trailers(in, arena);
}

static const char *read_body(struct bytes *in, struct bytes *body, const struct eddy__head *head,
                             struct eddy__arena *arena)
{
    bool none = head->status && (head->status < 200 || head->status == 204 || head->status == 304);

    if (none)
        return NULL;
    if (head->chunked)
        return read_chunks(in, body, arena);
    size_t length = head->length >= 0 ? (size_t)head->length : head->status ? in->size : 0;
    bool whole = length <= in->size;
    move(in, body, min_size(length, in->size));
    return whole ? NULL : "short";
}

/* NULL: a message was read, and another may follow; else how it ends. */
static const char *read_message(struct bytes *in, bool response, struct eddy__arena *arena)
{
    struct eddy__head_limits limits = {0};
    struct eddy__refusal refusal;
    struct eddy__head head;
    size_t seen = 0;
    ssize_t size = eddy__head_find(in->at, in->size, &seen, &limits, &refusal);

    if (size <= 0)
        return size < 0                                            ? refusal.why
               : in->size > 4 || strspn(in->at, "\r\n") < in->size ? "short"
                                                                   : "";
    int status =
        response ? eddy__head_parse_response(in->at, (size_t)size, arena, &limits, &head, &refusal)
                 : eddy__head_parse_request(in->at, (size_t)size, arena, &limits, &head, &refusal);
    if (status < 0)
        return refusal.why;
    in->at += size;
    in->size -= (size_t)size;
    struct bytes body = {eddy__arena_alloc(arena, in->size + 1), 0};
    const char *end = read_body(in, &body, &head, arena);
    if (end || (response && head.status < 200 && head.status != 101))
        return end;
    char *first = response ? eddy__arena_printf(arena, "%d", head.status)
                           : eddy__arena_printf(arena, "%s %s", head.method, head.target);
    print_hex((struct bytes){first, strlen(first)});
    putchar(' ');
    print_hex(body);
    putchar(' ');
    return response || head.upgrade || (head.method && strcmp(head.method, "CONNECT") == 0) ? ""
                                                                                            : NULL;
}

static void run_case(char *line)
{
    struct eddy__arena arena = {0};
    bool response = strncmp(line, "response ", 9) == 0;
    char *hex = strchr(line, ' ') + 1;
    size_t size = strcspn(hex, "\n") / 2;
    struct bytes in = {malloc(size + 1), size};
    char *data = in.at;
    const char *end = NULL;
    unsigned byte;

    for (size_t i = 0; i < size; i++)
        data[i] = sscanf(hex + 2 * i, "%2x", &byte) == 1 ? (char)byte : '?';
    data[size] = '\0';
    while (!end)
        end = read_message(&in, response, &arena);
    printf("= %s\n", end);
    free(data);
    eddy__arena_free(&arena);
}

int main(void)
{
    char *line = NULL;
    size_t capacity = 0;

    while (getline(&line, &capacity, stdin) > 0)
        run_case(line);
    free(line);
    return 0;
}
