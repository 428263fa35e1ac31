/* cookie_parse.c - what a field Set-Cookie says (RFC 6265bis section 5.6). */
#include "http/client/cookies.h"

#include "http/message/encode.h"
#include "http/message/token.h"

enum { ATTRIBUTE_MAX = 1024, AGE_MAX = 400 * 86400, GONE = 1 };

/* A piece of the text without the blanks around it. */
struct piece {
    const char *text;
    size_t size;
};

static struct piece trim_blanks(const char *text, size_t size)
{
    while (size && (text[0] == ' ' || text[0] == '\t')) {
        text++;
        size--;
    }
    while (size && (text[size - 1] == ' ' || text[size - 1] == '\t'))
        size--;
    return (struct piece){text, size};
}

/* Takes "name=value" apart. Without "=" all is the value of a cookie without a name, or the name of
 * an attribute. */
static void split_pair(const char *text, size_t size, bool attribute, struct piece *name,
                       struct piece *value)
{
    const char *equals = memchr(text, '=', size);

    if (equals) {
        size_t length = (size_t)(equals - text);

        *name = trim_blanks(text, length);
        *value = trim_blanks(equals + 1, size - length - 1);
    } else {
        *name = trim_blanks(text, attribute ? size : 0);
        *value = trim_blanks(text, attribute ? 0 : size);
    }
}

static bool piece_is(struct piece piece, const char *word)
{
    return piece.size == strlen(word) && eddy__same_words(piece.text, word, piece.size);
}

/* When a cookie goes that lives so many seconds, at most 400 days. */
static int64_t expires_after(int64_t seconds, time_t now)
{
    if (seconds <= 0)
        return GONE;
    return now + (seconds < AGE_MAX ? seconds : AGE_MAX);
}

/* "Max-Age=3600" or "Max-Age=-1"; 0: that is no number. */
static int64_t parse_max_age(struct piece value, time_t now)
{
    bool minus = value.size > 1 && value.text[0] == '-';
    const char *digits = value.text + minus;

    if (!eddy__all_are(digits, value.size - minus, EDDY__CHAR_DIGIT))
        return 0;
    int64_t seconds = eddy__parse_number(digits, value.size - minus);
    return expires_after(minus ? 0 : seconds < 0 ? AGE_MAX : seconds, now);
}

static int64_t parse_expires(const char *value, time_t now)
{
    time_t when = eddy__date_parse(value);

    return when == -1 ? 0 : expires_after(when - now, now);
}

/* The texts of a domain in small letters. */
static const char *parse_domain(struct piece value, struct eddy__arena *arena)
{
    bool dot = value.size && value.text[0] == '.';
    char *copy = eddy__arena_copy(arena, value.text + dot, value.size - dot);

    for (char *c = copy; copy && *c; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c + ('a' - 'A'));
    return copy;
}

/* One attribute; *max_age: one has said so already, and it counts more than Expires. */
static int take_attribute(struct eddy__set_cookie *set, struct piece name, struct piece value,
                          bool *max_age, time_t now, struct eddy__arena *arena)
{
    if (value.size > ATTRIBUTE_MAX)
        return 0;
    if (piece_is(name, "secure"))
        set->secure = true;
    else if (piece_is(name, "httponly"))
        set->http_only = true;
    if (piece_is(name, "domain"))
        set->domain = eddy__try(parse_domain(value, arena));
    if (piece_is(name, "path")) {
        bool good = value.size && value.text[0] == '/' && !memchr(value.text, '\t', value.size);

        set->path = good ? eddy__try(eddy__arena_copy(arena, value.text, value.size)) : NULL;
    }
    if (piece_is(name, "max-age")) {
        int64_t expires = parse_max_age(value, now);

        *max_age |= expires != 0;
        set->expires = expires ? expires : set->expires;
    }
    if (piece_is(name, "expires") && !*max_age) {
        int64_t expires =
            parse_expires(eddy__try(eddy__arena_copy(arena, value.text, value.size)), now);

        set->expires = expires ? expires : set->expires;
    }
    return 0;
}

int eddy__set_cookie_parse(struct eddy__set_cookie *set, const char *text, time_t now,
                           struct eddy__arena *arena)
{
    struct piece name, value;
    size_t size = strcspn(text, ";");
    bool max_age = false;

    *set = (struct eddy__set_cookie){.domain = ""};
    if (*text && !eddy__all_are(text, strlen(text), EDDY__CHAR_VALUE))
        return 0;
    split_pair(text, size, false, &name, &value);
    if (name.size + value.size == 0 || name.size + value.size > EDDY__COOKIE_SIZE ||
        memchr(name.text, '\t', name.size))
        return 0; /* a file could keep neither a name with a tab nor a path */
    set->name = eddy__try(eddy__arena_copy(arena, name.text, name.size));
    set->value = eddy__try(eddy__arena_copy(arena, value.text, value.size));
    for (text += size; *text; text += size) {
        size = strcspn(++text, ";");
        split_pair(text, size, true, &name, &value);
        eddy__try(take_attribute(set, name, value, &max_age, now, arena));
    }
    return 1;
}
