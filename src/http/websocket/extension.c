/* extension.c - permessage-deflate in Sec-WebSocket-Extensions (RFC 7692 section 7.1). */
#include "http/websocket/handshake.h"

#include "http/message/token.h"

/* One of the list: its name, and what parameters it has. */
struct offer {
    bool deflate; /* and all of its parameters are right */
    bool server_forgets, client_forgets;
    int server_bits, client_bits; /* 0: not said; 15, too, for client_max_window_bits alone */
};

static const char *skip_blanks(const char *text)
{
    return text + strspn(text, " \t");
}

/* Takes a token off *text; its length. */
static size_t take_token(const char **text, const char **token)
{
    size_t n = 0;

    *token = skip_blanks(*text);
    while (eddy__char_is((*token)[n], EDDY__CHAR_TOKEN))
        n++;
    *text = skip_blanks(*token + n);
    return n;
}

/* The value behind a =, which may be in quotes; *size is 0 where there is none. */
static const char *take_extension_value(const char **text, size_t *size)
{
    const char *value;

    *size = 0;
    if (**text != '=')
        return "";
    *text = skip_blanks(*text + 1);
    bool quoted = **text == '"';
    *text += quoted;
    *size = take_token(text, &value);
    if (quoted && **text == '"')
        *text = skip_blanks(*text + 1);
    else if (quoted)
        *size = 0;
    return value;
}

static bool token_is(const char *token, size_t size, const char *word)
{
    return size == strlen(word) && eddy__same_words(token, word, size);
}

static bool take_bits(int *bits, bool has_value, const char *value, size_t size)
{
    int64_t number = eddy__parse_number(value, size);

    if (*bits || (has_value && (number < 8 || number > 15 || value[0] == '0')))
        return false;
    *bits = has_value ? (int)number : 15;
    return true;
}

/* One parameter. False: it is unknown, given twice, or has a value that it cannot have. */
static bool take_extension_parameter(struct offer *offer, const char **text)
{
    const char *name;
    size_t length = take_token(text, &name), size;
    bool has_value = **text == '=';
    const char *value = take_extension_value(text, &size);
    bool *forgets = token_is(name, length, "server_no_context_takeover")   ? &offer->server_forgets
                    : token_is(name, length, "client_no_context_takeover") ? &offer->client_forgets
                                                                           : NULL;

    if (forgets) {
        bool first = !*forgets;

        *forgets = true;
        return first && !has_value;
    }
    if (token_is(name, length, "server_max_window_bits"))
        return has_value && take_bits(&offer->server_bits, has_value, value, size);
    return token_is(name, length, "client_max_window_bits") &&
           take_bits(&offer->client_bits, has_value, value, size);
}

/* Takes the next one off the list. False: there is none, or what there is cannot be read. */
static bool take_offer(const char **text, struct offer *offer)
{
    const char *name;

    *offer = (struct offer){0};
    *text += strspn(*text, ", \t");
    size_t size = take_token(text, &name);
    if (!size)
        return false;
    offer->deflate = token_is(name, size, "permessage-deflate");
    while (**text == ';') {
        ++*text;
        if (!take_extension_parameter(offer, text))
            offer->deflate = false;
    }
    return **text == ',' || **text == '\0';
}

const char *eddy__deflate_offer(const eddy_websocket_opts *opts)
{
    return opts->deflate_context
               ? "permessage-deflate"
               : "permessage-deflate; server_no_context_takeover; client_no_context_takeover";
}

const char *eddy__deflate_choose(struct eddy__deflate_terms *terms, const char *offers,
                                 const eddy_websocket_opts *opts, struct eddy__arena *arena)
{
    struct offer offer;
    char bits[40] = "";

    /* zlib has no window of 8 bits to pack with. */
    do
        if (!take_offer(&offers, &offer))
            return NULL;
    while (!offer.deflate || offer.server_bits == 8);
    *terms = (struct eddy__deflate_terms){
        .on = true,
        .out_bits = (unsigned char)(offer.server_bits ? offer.server_bits : 15),
        .out_forgets = offer.server_forgets || !opts->deflate_context,
        .in_forgets = offer.client_forgets || !opts->deflate_context,
    };
    if (offer.server_bits)
        snprintf(bits, sizeof bits, "; server_max_window_bits=%d", offer.server_bits);
    return eddy__arena_printf(arena, "permessage-deflate%s%s%s", bits,
                              terms->out_forgets ? "; server_no_context_takeover" : "",
                              terms->in_forgets ? "; client_no_context_takeover" : "");
}

int eddy__deflate_agree(struct eddy__deflate_terms *terms, const char *answer,
                        const eddy_websocket_opts *opts)
{
    struct offer offer;

    if (!opts->deflate || !take_offer(&answer, &offer) || !offer.deflate || *answer)
        return eddy__raise(EDDY_EPROTO,
                           "the server answers with an extension that was not "
                           "offered: %s",
                           answer);
    if (offer.client_bits)
        return eddy__raise(EDDY_EPROTO, "the server sets client_max_window_bits, which was not "
                                        "offered");
    *terms = (struct eddy__deflate_terms){
        .on = true,
        .out_bits = 15,
        .out_forgets = offer.client_forgets || !opts->deflate_context,
        .in_forgets = offer.server_forgets,
    };
    return 0;
}
