/* test_status.c - every status code has a name and a sentence. */
#include "test.h"

#include "base/base.h"

#define ROW(code)                                                                                  \
    {                                                                                              \
        EDDY_##code, "EDDY_" #code                                                                 \
    }

static const struct {
    int code;
    const char *name;
} codes[] = {ROW(EPERM),         ROW(ENOENT),
             ROW(EINTR),         ROW(EIO),
             ROW(EBADF),         ROW(EAGAIN),
             ROW(ENOMEM),        ROW(EACCES),
             ROW(EBUSY),         ROW(EEXIST),
             ROW(ENOTDIR),       ROW(EISDIR),
             ROW(EINVAL),        ROW(EMFILE),
             ROW(ENOSPC),        ROW(EPIPE),
             ROW(ERANGE),        ROW(ENAMETOOLONG),
             ROW(ENOSYS),        ROW(EMSGSIZE),
             ROW(ENOTSUP),       ROW(EADDRINUSE),
             ROW(EADDRNOTAVAIL), ROW(ENETUNREACH),
             ROW(ECONNABORTED),  ROW(ECONNRESET),
             ROW(ENOTCONN),      ROW(ETIMEDOUT),
             ROW(ECONNREFUSED),  ROW(EHOSTUNREACH),
             ROW(EALREADY),      ROW(ECANCELED),
             ROW(ECLOSED),       ROW(ECHILDCANCELED),
             ROW(EDEADLOCK),     ROW(ENOTASK),
             ROW(ENOTREADY),     ROW(EALREADYDONE),
             ROW(EOF),           ROW(ELIMIT),
             ROW(EBROKEN),       ROW(EFULL),
             ROW(EEMPTY),        ROW(ENAME),
             ROW(ELOOP),         ROW(EOWNER),
             ROW(EUSER),         ROW(E2BIG),
             ROW(EAFNOSUPPORT),  ROW(ECHILD),
             ROW(EDESTADDRREQ),  ROW(EDQUOT),
             ROW(EFBIG),         ROW(EISCONN),
             ROW(ENETDOWN),      ROW(ENFILE),
             ROW(ENOBUFS),       ROW(ENODEV),
             ROW(ENOEXEC),       ROW(ENOTEMPTY),
             ROW(ENOTSOCK),      ROW(ENOTTY),
             ROW(ENXIO),         ROW(EPROTO),
             ROW(EROFS),         ROW(ESPIPE),
             ROW(ESRCH),         ROW(ETXTBSY),
             ROW(EXDEV),         ROW(ETLS)};

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
    CHECK_STR(eddy_status_name(-EL3RST), "EDDY_E?"); /* the system's, without a name here */
    CHECK_STR(eddy_status_message(-EL3RST), strerror(EL3RST));
}
