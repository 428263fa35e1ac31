/* condition.c - what a client asks beside the file itself: conditions, a range, codings. */
#include "http/server/condition.h"

#include "http/message/encode.h"
#include "http/message/token.h"

/* ---- conditions ---- */

/* Whether a list of entity tags has this one, or is "*". Weak ones are equal to none but with
 * weak. */
static bool has_etag(const char *list, const char *etag, bool weak)
{
    size_t length = strlen(etag);

    list += strspn(list, " \t");
    if (list[0] == '*' && !list[1 + strspn(list + 1, " \t")])
        return true;
    while (*list) {
        bool is_weak = strncmp(list, "W/", 2) == 0;
        const char *tag = is_weak ? list + 2 : list;
        const char *end = *tag == '"' ? strchr(tag + 1, '"') : NULL;

        if (!end)
            return false;
        if ((weak || !is_weak) && (size_t)(end - tag) + 1 == length &&
            memcmp(tag, etag, length) == 0)
            return true;
        list = end + 1 + strspn(end + 1, " \t,");
    }
    return false;
}

/* The time that a field says; -1: there is no such field, or it says none. */
static time_t time_of(const eddy_pair *headers, const char *name)
{
    const char *text = eddy_pairs_header(headers, name);

    return text ? eddy__date_parse(text) : -1;
}

/* 412, 304 or 200 (RFC 9110 section 13.2.2). */
static int check_preconditions(const eddy_pair *headers, const struct eddy__validators *v)
{
    const char *match = eddy_pairs_header(headers, "If-Match");
    const char *none_match = eddy_pairs_header(headers, "If-None-Match");
    time_t since = time_of(headers, "If-Modified-Since");
    time_t unmodified = time_of(headers, "If-Unmodified-Since");

    if (match ? !has_etag(match, v->etag, false) : unmodified != -1 && v->modified > unmodified)
        return 412;
    if (none_match ? has_etag(none_match, v->etag, true) : since != -1 && v->modified <= since)
        return 304;
    return 200;
}

/* ---- ranges ---- */

/* The digits at *text as a number, no more than UINT64_MAX; -1: there are none. Goes past them. */
static bool take_position(const char **text, uint64_t *number)
{
    const char *c = *text;

    *number = 0;
    for (; eddy__char_is(*c, EDDY__CHAR_DIGIT); c++)
        *number =
            *number > (UINT64_MAX - 9) / 10 ? UINT64_MAX : *number * 10 + (uint64_t)(*c - '0');
    bool some = c != *text;
    *text = c;
    return some;
}

/* "bytes=2-5", "bytes=2-", "bytes=-5": 206, 416, or 200 for what is something else. */
static int parse_range(const char *text, uint64_t size, struct eddy__range *range)
{
    uint64_t first, last;

    if (!eddy__same_words(text, "bytes=", min_size(strlen(text) + 1, 6)))
        return 200;
    text += 6;
    text += strspn(text, " \t");
    bool has_first = take_position(&text, &first);
    if (*text++ != '-')
        return 200;
    bool has_last = take_position(&text, &last);
    if (text[strspn(text, " \t")] || (!has_first && !has_last) ||
        (has_first && has_last && last < first))
        return 200;
    if (!has_first) { /* the last so many */
        range->size = last < size ? last : size;
        range->start = size - range->size;
        return range->size ? 206 : 416;
    }
    if (first >= size)
        return 416;
    range->start = first;
    range->size = (has_last && last < size ? last + 1 : size) - first;
    return 206;
}

/* Whether the range is of the file as it is. */
static bool is_same_file(const eddy_pair *headers, const struct eddy__validators *v)
{
    const char *same = eddy_pairs_header(headers, "If-Range");

    if (!same)
        return true;
    if (strchr(same, '"'))
        return has_etag(same, v->etag, false);
    return eddy__date_parse(same) == v->modified;
}

int eddy__condition_status(const eddy_pair *headers, bool head, const struct eddy__validators *v,
                           struct eddy__range *range)
{
    const char *asked = head ? NULL : eddy_pairs_header(headers, "Range");
    int status = check_preconditions(headers, v);

    *range = (struct eddy__range){0, v->size};
    if (status == 200 && asked && is_same_file(headers, v))
        status = parse_range(asked, v->size, range);
    return status;
}

/* ---- codings ---- */

bool eddy__accepts_coding(const char *accept, const char *coding)
{
    size_t length = strlen(coding);

    for (; accept && *accept; accept += strcspn(accept, ",")) {
        accept += strspn(accept, ", \t");
        size_t n = strcspn(accept, ",; \t");
        if (n != length || !eddy__same_words(accept, coding, n))
            continue;
        accept += n + strspn(accept + n, " \t");
        if (*accept != ';')
            return true;
        accept += 1 + strspn(accept + 1, " \t");
        if (*accept != 'q' && *accept != 'Q')
            return true;
        accept += 1 + strspn(accept + 1, "= \t");
        /* 0, 0.0, 0.00 and 0.000 refuse it */
        return strspn(accept, "0.") != strcspn(accept, ", \t");
    }
    return false;
}
