/* test_status.c - every status code has a name and a sentence. */
#include "test.h"

#include "base/base.h"
#include <eddy/http_status.h>

#define ROW(code, value, text) {code, #code},
static const struct {
    int code;
    const char *name;
} codes[] = {EDDY_CODES_(ROW)};

TEST_PLAIN(status_every_code_has_its_name_and_a_sentence)
{
    for (size_t i = 0; i < count_of(codes); i++) {
        CHECK_STR(eddy_status_name(codes[i].code), codes[i].name);
        CHECK(strlen(eddy_status_message(codes[i].code)) > 3);
        CHECK(strcmp(eddy_status_message(codes[i].code), "no error") != 0);
    }
}

/* What programs were compiled with. */
TEST_PLAIN(status_codes_have_their_values_and_words)
{
    CHECK_INT(EDDY_ETIMEDOUT, -ETIMEDOUT);
    CHECK_INT(EDDY_ECLOSED, -5000);
    CHECK_INT(EDDY_ETLS, -5014);
    CHECK_INT(EDDY_EUSER, -10000);
    CHECK_STR(eddy_status_name(-EPERM), "EDDY_EPERM");
    CHECK_STR(eddy_status_name(-5006), "EDDY_EOF");
    CHECK_STR(eddy_status_message(-ETIMEDOUT), "timed out");
    CHECK_STR(eddy_status_message(-EPERM), strerror(EPERM));
}

TEST_PLAIN(status_codes_are_distinct)
{
    for (size_t i = 0; i < count_of(codes); i++)
        for (size_t k = 0; k < i; k++)
            CHECK(codes[i].code != codes[k].code);
}

TEST_PLAIN(status_of_the_user_and_unknown_ones)
{
    CHECK_STR(eddy_status_name(EDDY_EUSER - 1), "EDDY_EUSER");
    CHECK_STR(eddy_status_message(EDDY_EUSER - 1), "failed");
    CHECK_STR(eddy_status_name(EDDY_HTTP(404)), "EDDY_HTTP(404)");
    CHECK_STR(eddy_status_message(EDDY_HTTP(404)), "404 Not Found");
    CHECK_STR(eddy_status_name(EDDY_HTTP(999)), "EDDY_HTTP");
    CHECK_STR(eddy_status_name(-4999), "EDDY_E?");
    CHECK_STR(eddy_status_name(0), "EDDY_E?");
    CHECK_STR(eddy_status_name(5), "EDDY_E?");
    CHECK_STR(eddy_status_message(0), "no error");
    CHECK_STR(eddy_status_message(5), "no error");
    CHECK_STR(eddy_status_message(INT32_MIN), "failed");
    CHECK_STR(eddy_status_name(-EL3RST), "EDDY_E?"); /* the system's, without a name here */
    CHECK_STR(eddy_status_message(-EL3RST), strerror(EL3RST));
}
