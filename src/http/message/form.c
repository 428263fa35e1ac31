/* form.c - queries of URLs and bodies of forms: names with values, escaped. */
#include "http/message/encode.h"

static int form_add(const char *text, size_t size, struct eddy__arena *arena,
                    struct eddy__fields *pairs)
{
    const char *equals = memchr(text, '=', size);
    size_t length = equals ? (size_t)(equals - text) : size;
    size_t rest = equals ? size - length - 1 : 0;
    const char *name = eddy__try(eddy__percent_decode(text, length, true, arena));
    const char *value = eddy__try(eddy__percent_decode(text + size - rest, rest, true, arena));

    return eddy__fields_add(pairs, arena, name, value);
}

int eddy__form_parse(const char *text, size_t size, unsigned max, struct eddy__arena *arena,
                     struct eddy__fields *pairs)
{
    *pairs = (struct eddy__fields){0};
    while (size) {
        const char *amp = memchr(text, '&', size);
        size_t length = amp ? (size_t)(amp - text) : size;

        if (length && pairs->count == max)
            return eddy__raise(EDDY_ELIMIT, "more than %u fields in a query or form", max);
        if (length)
            eddy__try(form_add(text, length, arena, pairs));
        length += amp ? 1 : 0;
        text += length;
        size -= length;
    }
    return 0;
}

size_t eddy__form_write(char *to, const eddy_pair *pairs, bool plus)
{
    size_t n = 0;

    for (const eddy_pair *pair = pairs; pair && pair->name; pair++) {
        if (to && n)
            to[n] = '&';
        n += n ? 1 : 0;
        n += eddy__percent_write(to ? to + n : NULL, pair->name, plus);
        if (to)
            to[n] = '=';
        n++;
        n += eddy__percent_write(to ? to + n : NULL, pair->value ? pair->value : "", plus);
    }
    return n;
}

char *eddy__form_format(const eddy_pair *pairs, struct eddy__arena *arena)
{
    char *text = eddy__arena_alloc(arena, eddy__form_write(NULL, pairs, true) + 1);

    if (text)
        text[eddy__form_write(text, pairs, true)] = '\0';
    return text;
}
