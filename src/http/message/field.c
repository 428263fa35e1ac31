/* field.c - lists of header fields, and of pairs. */
#include "http/message/field.h"

#include "http/message/token.h"

int eddy__fields_add(struct eddy__fields *fields, struct eddy__arena *arena, const char *name,
                     const char *value)
{
    if (fields->count + 1 >= fields->capacity) {
        unsigned capacity = fields->capacity ? 2 * fields->capacity : 16;
        eddy_pair *list = eddy__arena_alloc(arena, capacity * sizeof *list);

        if (!list)
            return EDDY_ENOMEM;
        if (fields->count)
            memcpy(list, fields->list, fields->count * sizeof *list);
        fields->list = list;
        fields->capacity = capacity;
    }
    fields->list[fields->count++] = (eddy_pair){name, value};
    fields->list[fields->count] = (eddy_pair){NULL, NULL};
    return 0;
}

const char *eddy__fields_get(const struct eddy__fields *fields, const char *name)
{
    return eddy_pairs_header(fields->list, name);
}

const char *eddy__fields_next(const struct eddy__fields *fields, const char *name,
                              const char *after)
{
    unsigned i = 0;

    while (i < fields->count && fields->list[i].value != after)
        i++;
    return i < fields->count ? eddy_pairs_header(fields->list + i + 1, name) : NULL;
}

bool eddy__list_has(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (*list) {
        list += strspn(list, ", \t");
        size_t n = strcspn(list, ", \t");
        if (n == length && eddy__same_words(list, word, n))
            return true;
        list += n;
    }
    return false;
}

bool eddy__fields_has_token(const struct eddy__fields *fields, const char *name, const char *token)
{
    for (unsigned i = 0; i < fields->count; i++)
        if (eddy__same_word(fields->list[i].name, name) &&
            eddy__list_has(fields->list[i].value, token))
            return true;
    return false;
}

/* ---- <eddy/http/message.h> ---- */

const char *eddy_pairs_get(const eddy_pair *pairs, const char *name)
{
    for (; pairs && name && pairs->name; pairs++)
        if (strcmp(pairs->name, name) == 0)
            return pairs->value;
    return NULL;
}

const char *eddy_pairs_header(const eddy_pair *pairs, const char *name)
{
    for (; pairs && name && pairs->name; pairs++)
        if (eddy__same_word(pairs->name, name))
            return pairs->value;
    return NULL;
}
