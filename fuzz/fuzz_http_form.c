/* fuzz_http_form.c - queries and forms: what was read is written so that it is read again as the
 * same; escapes and base64 likewise. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/message/encode.h"

enum { FIELDS_MAX = 20 };

static void check_form(const char *text, size_t size, struct eddy__arena *arena)
{
    struct eddy__fields pairs, again;
    int status = eddy__form_parse(text, size, FIELDS_MAX, arena, &pairs);

    MUST(status == 0 || status == EDDY_EINVAL || status == EDDY_ELIMIT);
    if (status < 0)
        return;
    MUST(pairs.count <= FIELDS_MAX);
    char *written = eddy__form_format(pairs.list, arena);
    MUST(written && strcspn(written, " \r\n;") == strlen(written));
    MUST(eddy__form_parse(written, strlen(written), FIELDS_MAX, arena, &again) == 0);
    MUST(again.count == pairs.count);
    for (unsigned i = 0; i < pairs.count; i++)
        MUST(strcmp(pairs.list[i].name, again.list[i].name) == 0 &&
             strcmp(pairs.list[i].value, again.list[i].value) == 0);
}

static void check_escapes(const char *text, size_t size, struct eddy__arena *arena)
{
    char *decoded = eddy__percent_decode(text, size, false, arena);

    if (!decoded)
        return;
    char *encoded = eddy__percent_encode(decoded, arena);
    char *again = eddy__percent_decode(encoded, strlen(encoded), true, arena);
    MUST(again && strcmp(decoded, again) == 0);
}

static void check_base64(const char *text, size_t size, struct eddy__arena *arena)
{
    size_t length;
    char *encoded = eddy__base64_encode(text, size, arena);
    char *decoded = eddy__base64_decode(encoded, strlen(encoded), &length, arena);

    MUST(decoded && length == size && memcmp(decoded, text, size) == 0);
    decoded = eddy__base64_decode(text, size, &length, arena);
    if (decoded) { /* one text for the same bytes, and no other */
        encoded = eddy__base64_encode(decoded, length, arena);
        MUST(strlen(encoded) == size && memcmp(encoded, text, size) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct eddy__arena arena = {0};

    check_form((const char *)data, size, &arena);
    check_escapes((const char *)data, size, &arena);
    check_base64((const char *)data, size, &arena);
    eddy_error_clear();
    eddy__arena_free(&arena);
    return 0;
}
