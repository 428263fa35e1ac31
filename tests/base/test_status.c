/* test_status.c - every status code has a name and a sentence. */
#include "test.h"

#include "base/base.h"

#define CODES(_)                                                                                   \
    _(EPERM)                                                                                       \
    _(ENOENT) _(EINTR) _(EIO) _(EBADF) _(EAGAIN) _(ENOMEM) _(EACCES) _(EBUSY) _(EEXIST) _(ENOTDIR) \
        _(EISDIR) _(EINVAL) _(EMFILE) _(ENOSPC) _(EPIPE) _(ERANGE) _(ENAMETOOLONG) _(ENOSYS)       \
            _(EMSGSIZE) _(ENOTSUP) _(EADDRINUSE) _(EADDRNOTAVAIL) _(ENETUNREACH) _(ECONNABORTED)   \
                _(ECONNRESET) _(ENOTCONN) _(ETIMEDOUT) _(ECONNREFUSED) _(EHOSTUNREACH) _(EALREADY) \
                    _(ECANCELED) _(ECLOSED) _(ECHILDCANCELED) _(EDEADLOCK) _(ENOTASK) _(ENOTREADY) \
                        _(EALREADYDONE) _(EOF) _(ELIMIT) _(EBROKEN) _(EFULL) _(EEMPTY) _(ENAME)    \
                            _(ELOOP) _(EOWNER) _(EUSER)

#define ROW(code) {EDDY_##code, "EDDY_" #code},

static const struct {
    int code;
    const char *name;
} codes[] = {CODES(ROW)};

TEST_PLAIN(status_every_code_has_its_name_and_a_sentence)
{
    for (size_t i = 0; i < count_of(codes); i++) {
        CHECK_STR(eddy_status_name(codes[i].code), codes[i].name);
        CHECK(strlen(eddy_status_message(codes[i].code)) > 3);
        CHECK(strcmp(eddy_status_message(codes[i].code), "no error") != 0);
    }
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
    CHECK_STR(eddy_status_name(-4999), "EDDY_E?");
    CHECK_STR(eddy_status_name(0), "EDDY_E?");
    CHECK_STR(eddy_status_name(5), "EDDY_E?");
    CHECK_STR(eddy_status_message(0), "no error");
    CHECK_STR(eddy_status_message(5), "no error");
    CHECK_STR(eddy_status_message(INT32_MIN), "failed");
    CHECK_STR(eddy_status_name(-EXDEV), "EDDY_E?"); /* the system's, without a name here */
    CHECK_STR(eddy_status_message(-EXDEV), strerror(EXDEV));
}
