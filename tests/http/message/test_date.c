/* test_date.c - dates of header fields. */
#include "http/message/encode.h"
#include "test.h"

#include <time.h>

static void check_date(int64_t when, const char *expected)
{
    char text[EDDY__DATE_SIZE];

    eddy__date_format(text, (time_t)when);
    CHECK_STR(text, expected);
}

TEST_PLAIN(date_is_written)
{
    check_date(784111777, "Sun, 06 Nov 1994 08:49:37 GMT");
    check_date(0, "Thu, 01 Jan 1970 00:00:00 GMT");
    check_date(-1, "Wed, 31 Dec 1969 23:59:59 GMT");
    check_date(951782400, "Tue, 29 Feb 2000 00:00:00 GMT");
    check_date(253402300799, "Fri, 31 Dec 9999 23:59:59 GMT");
    check_date(253402300800, "Fri, 31 Dec 9999 23:59:59 GMT");
    check_date(INT64_MAX, "Fri, 31 Dec 9999 23:59:59 GMT");
    check_date(INT64_MIN, "Mon, 01 Jan 0001 00:00:00 GMT");
}

TEST_PLAIN(date_is_written_and_read_as_the_system_does_it)
{
    for (int64_t when = -62135596800; when < 253402300800; when += 86400 * 11 + 7919) {
        char text[EDDY__DATE_SIZE], expected[40];
        time_t t = (time_t)when;
        struct tm tm;

        gmtime_r(&t, &tm);
        strftime(expected, sizeof expected, "%a, %d %b %Y %H:%M:%S GMT", &tm);
        size_t year = strcspn(expected, "0123456789") + 7; /* without zeros in front of it */
        eddy__date_format(text, t);
        CHECK_INT(strncmp(text, expected, year), 0);
        CHECK_STR(text + 17, expected + strlen(expected) - 12);
        CHECK_INT(strtol(text + 12, NULL, 10), tm.tm_year + 1900);
        if (when != -1)
            CHECK_INT(eddy__date_parse(text), when);
    }
}

TEST_PLAIN(date_is_read_in_all_its_forms)
{
    static const char *const forms[] = {
        "Sun, 06 Nov 1994 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 GMT",
        "Sun Nov  6 08:49:37 1994",      "Sun, 06-Nov-1994 08:49:37 GMT",
        "Sun, 06-Nov-94 08:49:37 GMT",   "06 Nov 1994 08:49:37 GMT",
        "sun, 6 nov 1994 08:49:37 gmt",  "Sun, 06 Nov 1994 08:49:37 UTC",
        "Sun,06 Nov 1994 08:49:37 GMT",  "Sun, 06 Nov 1994 08:49:37",
    };

    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        CHECK_INT(eddy__date_parse(forms[i]), 784111777);
    CHECK_INT(eddy__date_parse("Thu, 01-Jan-1970 00:00:00 GMT"), 0);
    CHECK_INT(eddy__date_parse("Tue, 29 Feb 2000 00:00:00 GMT"), 951782400);
    CHECK_INT(eddy__date_parse("Friday, 01-Jan-69 00:00:00 GMT"), 3124224000);
    CHECK_INT(eddy__date_parse("Thursday, 01-Jan-70 00:00:00 GMT"), 0);
}

TEST_PLAIN(date_is_refused_when_it_is_none)
{
    static const char *const bad[] = {
        "",
        "0",
        "-1",
        "Sun",
        "Sun, 06 Nov 1994",
        "Sun, 32 Nov 1994 08:49:37 GMT",
        "Sun, 00 Nov 1994 08:49:37 GMT",
        "Thu, 29 Feb 1900 00:00:00 GMT",
        "Thu, 31 Apr 2000 00:00:00 GMT",
        "Sun, 06 Nov 1994 24:00:00 GMT",
        "Sun, 06 Nov 1994 08:60:37 GMT",
        "Sun, 06 Nov 1994 08:49:61 GMT",
        "Sun, 06 Nov 1994 08:49:37 PST",
        "Sun, 06 Nov 1994 08:49:37 GMT x",
        "Sun, 06 Nov 1994 8:49:37 GMT",
        "Sun, 06 Now 1994 08:49:37 GMT",
        "Sun, 006 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 194 08:49:37 GMT",
        "Sun, 06 Nov 0000 08:49:37 GMT",
        "Sun, 06 Nov 19940 08:49:37 GMT",
        "Sun Nov  6 08:49:37 94",
        "Son, 06 Nov 1994 08:49:37 GMT",
        "Sun, 06 Nov 1994 08-49-37 GMT",
        "Sun, 06 Nov 1994 08:49:3",
        "Sun, 06 Nov +994 08:49:37 GMT",
    };

    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (eddy__date_parse(bad[i]) != -1)
            test_fail(__FILE__, __LINE__, "\"%s\" was taken", bad[i]);
}
