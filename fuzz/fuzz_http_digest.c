/* fuzz_http_digest.c - challenges of Digest authentication: what is taken is answered by one line
 * whose quotes are even. */
/* pkg-config: eddy-http */
#include "fuzz.h"

#include "http/client/digest.h"

static void check_answer(const char *answer)
{
    bool quoted = false;

    MUST(strncmp(answer, "Digest username=\"", 17) == 0 && !strpbrk(answer, "\r\n"));
    for (const char *c = answer; *c; c++) {
        if (quoted && *c == '\\' && c[1])
            c++;
        else if (*c == '"')
            quoted = !quoted;
    }
    MUST(!quoted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct input in = {data, size};
    struct eddy__arena arena = {0};
    struct eddy__digest digest = {0};
    char text[600], user[50];

    take_text(&in, text, sizeof text);
    take_text(&in, user, sizeof user);
    text[strcspn(text, "\r")] = '\0';
    if (eddy__digest_challenge(&digest, text, &arena)) {
        const struct eddy__digest_request request = {"GET", "/", user, "password"};
        const char *answer = eddy__digest_answer(&digest, &request, &arena);

        MUST(digest.realm && digest.nonce && digest.algorithm);
        if (answer)
            check_answer(answer);
        else
            MUST(eddy_last_status() == EDDY_EINVAL);
    }
    eddy_error_clear();
    eddy__arena_free(&arena);
    return 0;
}
