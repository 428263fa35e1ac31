/* chunk.c - the chunked coding. */
#include "http/message/chunk.h"

#include "http/message/token.h"

enum { EXTENSIONS = 4 << 10 };

/* What comes next. */
enum chunk_state {
    FIRST_DIGIT, /* of a size; the state in which a body begins */
    DIGITS,
    NAME, /* of an extension, to begin */
    EXTENSION,
    QUOTED,  /* a quoted string in an extension */
    ESCAPED, /* the character behind a backslash in one */
    LINE_LF,
    DATA_CR, /* the end of a chunk's data */
    DATA_LF,
};

static const char *take_digit(struct eddy__chunks *chunks, char c)
{
    int value = eddy__char_is(c, EDDY__CHAR_DIGIT) ? c - '0' : (c | 0x20) - 'a' + 10;

    if (!eddy__char_is(c, EDDY__CHAR_HEX))
        return "a bad size of a chunk";
    if (chunks->coming > INT64_MAX >> 4 || ++chunks->digits > 16)
        return "a chunk whose size is too large";
    chunks->coming = chunks->coming << 4 | (unsigned)value;
    chunks->state = DIGITS;
    return NULL;
}

/* A character behind the size, extensions included. */
static const char *take_extension(struct eddy__chunks *chunks, char c)
{
    int state = chunks->state;

    if (c == '\r' && (state == DIGITS || state == EXTENSION)) {
        chunks->state = LINE_LF;
        return NULL;
    }
    if (!eddy__char_is(c, EDDY__CHAR_VALUE))
        return "a control character in the extension of a chunk";
    if (++chunks->extension > EXTENSIONS)
        return "too many extensions of chunks";
    if (state == QUOTED)
        chunks->state = c == '"' ? EXTENSION : c == '\\' ? ESCAPED : QUOTED;
    else if (state == NAME && !eddy__char_is(c, EDDY__CHAR_TOKEN))
        return "an extension of a chunk without a name";
    else if (c == ';' && state != ESCAPED)
        chunks->state = NAME;
    else
        chunks->state = state == ESCAPED || c == '"' ? QUOTED : EXTENSION;
    return NULL;
}

static void end_line(struct eddy__chunks *chunks)
{
    chunks->left = chunks->coming;
    chunks->ended = chunks->coming == 0;
    chunks->coming = 0;
    chunks->digits = 0;
    chunks->state = DATA_CR;
}

/* One character: NULL, or what is wrong with it. */
static const char *take_char(struct eddy__chunks *chunks, char c)
{
    switch ((enum chunk_state)chunks->state) {
    case FIRST_DIGIT:
        return take_digit(chunks, c);
    case DIGITS:
        return c == ';' || c == '\r' ? take_extension(chunks, c) : take_digit(chunks, c);
    case NAME ... ESCAPED:
        return take_extension(chunks, c);
    case LINE_LF:
        end_line(chunks);
        return c == '\n' ? NULL : "CR without LF behind the size of a chunk";
    case DATA_CR:
        chunks->state = DATA_LF;
        return c == '\r' ? NULL : "a chunk that is longer than its size";
    case DATA_LF:
        chunks->state = FIRST_DIGIT;
        return c == '\n' ? NULL : "a chunk that is longer than its size";
    }
    return NULL;
}

ssize_t eddy__chunks_next(struct eddy__chunks *chunks, const char *data, size_t size,
                          const char **why)
{
    size_t i = 0;

    while (i < size && !chunks->left && !chunks->ended) {
        const char *wrong = take_char(chunks, data[i++]);
        if (unlikely(wrong)) {
            *why = wrong;
            return -1;
        }
    }
    return (ssize_t)i;
}

size_t eddy__chunk_line(char line[EDDY__CHUNK_LINE], size_t size)
{
    return (size_t)snprintf(line, EDDY__CHUNK_LINE, "%zx\r\n", size);
}
