/* Conditions, ranges and codings. */
#include "test.h"

#include "http/server/condition.h"

/* A file of 100 bytes, changed on Sunday, 6 November 1994, at 08:49:37. */
static const struct eddy__validators file = {"\"abc\"", 784111777, 100};
#define THEN "Sun, 06 Nov 1994 08:49:37 GMT"
#define BEFORE "Sun, 06 Nov 1994 08:49:36 GMT"
#define AFTER "Sun, 06 Nov 1994 08:49:38 GMT"

static struct eddy__range range;

static int status_of(const eddy_pair *headers)
{
    return eddy__condition_status(headers, false, &file, &range);
}
#define STATUS(...) status_of(eddy_pairs(__VA_ARGS__))

TEST(http_HR9_conditions_have_the_order_of_the_RFC)
{
    CHECK_INT(status_of(NULL), 200);
    CHECK(range.start == 0 && range.size == 100);
    CHECK_INT(STATUS({"If-None-Match", "\"abc\""}), 304);
    CHECK_INT(STATUS({"if-none-match", "W/\"abc\""}), 304);
    CHECK_INT(STATUS({"If-None-Match", "\"x\", \"abc\""}), 304);
    CHECK_INT(STATUS({"If-None-Match", "\"x\",W/\"abc\" , \"y\""}), 304);
    CHECK_INT(STATUS({"If-None-Match", " * "}), 304);
    CHECK_INT(STATUS({"If-None-Match", "\"x\""}), 200);
    CHECK_INT(STATUS({"If-None-Match", "abc"}), 200);
    CHECK_INT(STATUS({"If-None-Match", "\"abc"}), 200);
    CHECK_INT(STATUS({"If-None-Match", ""}), 200);
    CHECK_INT(STATUS({"If-Modified-Since", THEN}), 304);
    CHECK_INT(STATUS({"If-Modified-Since", AFTER}), 304);
    CHECK_INT(STATUS({"If-Modified-Since", BEFORE}), 200);
    CHECK_INT(STATUS({"If-Modified-Since", "yesterday"}), 200);
    CHECK_INT(STATUS({"If-None-Match", "\"x\""}, {"If-Modified-Since", THEN}), 200);
    CHECK_INT(STATUS({"If-Match", "\"abc\""}), 200);
    CHECK_INT(STATUS({"If-Match", "W/\"abc\""}), 412);
    CHECK_INT(STATUS({"If-Match", "\"x\""}), 412);
    CHECK_INT(STATUS({"If-Match", "*"}), 200);
    CHECK_INT(STATUS({"If-Unmodified-Since", THEN}), 200);
    CHECK_INT(STATUS({"If-Unmodified-Since", BEFORE}), 412);
    CHECK_INT(STATUS({"If-Match", "\"abc\""}, {"If-Unmodified-Since", BEFORE}), 200);
    CHECK_INT(STATUS({"If-Match", "\"x\""}, {"If-None-Match", "\"abc\""}), 412);
    CHECK_INT(STATUS({"If-None-Match", "\"abc\""}, {"Range", "bytes=0-1"}), 304);
    CHECK_INT(STATUS({"If-Match", "\"x\""}, {"Range", "bytes=0-1"}), 412);
}

TEST(http_row_18_one_range_is_served_and_several_are_all)
{
    static const struct {
        const char *text;
        int status;
        uint64_t start, size;
    } cases[] = {
        {"bytes=0-0", 206, 0, 1},
        {"bytes=10-19", 206, 10, 10},
        {"Bytes= 10-19 ", 206, 10, 10},
        {"bytes=10-", 206, 10, 90},
        {"bytes=-10", 206, 90, 10},
        {"bytes=-1000", 206, 0, 100},
        {"bytes=99-1000", 206, 99, 1},
        {"bytes=0-99999999999999999999999999999999", 206, 0, 100},
        {"bytes=-99999999999999999999999999999999", 206, 0, 100},
        {"bytes=0-18446744073709551615", 206, 0, 100},
        {"bytes=100-", 416, 0, 100},
        {"bytes=18446744073709551615-", 416, 0, 100},
        {"bytes=99999999999999999999999999999999-", 416, 0, 100},
        {"bytes=-0", 416, 100, 0},
        {"bytes=0-0,2-3", 200, 0, 100},
        {"bytes=0-1,0-1,0-1,0-1", 200, 0, 100},
        {"bytes=5-4", 200, 0, 100},
        {"bytes=-", 200, 0, 100},
        {"bytes=", 200, 0, 100},
        {"bytes", 200, 0, 100},
        {"bytes=+1-2", 200, 0, 100},
        {"bytes=1--2", 200, 0, 100},
        {"bytes=1-2x", 200, 0, 100},
        {"bytes=0x1-2", 200, 0, 100},
        {"lines=1-2", 200, 0, 100},
        {"", 200, 0, 100},
    };

    for (size_t i = 0; i < count_of(cases); i++)
        if (STATUS({"Range", cases[i].text}) != cases[i].status || range.start != cases[i].start ||
            range.size != cases[i].size)
            test_fail(__FILE__, __LINE__, "%s: %d, %llu bytes from %llu", cases[i].text,
                      STATUS({"Range", cases[i].text}), (unsigned long long)range.size,
                      (unsigned long long)range.start);
    CHECK_INT(eddy__condition_status(eddy_pairs({"Range", "bytes=0-1"}), true, &file, &range), 200);
    static const struct eddy__validators empty = {"\"\"", 0, 0};
    CHECK_INT(eddy__condition_status(eddy_pairs({"Range", "bytes=0-"}), false, &empty, &range),
              416);
    CHECK_INT(eddy__condition_status(eddy_pairs({"Range", "bytes=-5"}), false, &empty, &range),
              416);
}

TEST(http_row_18_a_range_of_another_file_is_all_of_this_one)
{
    CHECK_INT(STATUS({"Range", "bytes=0-1"}, {"If-Range", "\"abc\""}), 206);
    CHECK_INT(STATUS({"Range", "bytes=0-1"}, {"If-Range", "\"x\""}), 200);
    CHECK_INT(STATUS({"Range", "bytes=0-1"}, {"If-Range", "W/\"abc\""}), 200);
    CHECK_INT(STATUS({"Range", "bytes=0-1"}, {"If-Range", THEN}), 206);
    CHECK_INT(STATUS({"Range", "bytes=0-1"}, {"If-Range", AFTER}), 200);
    CHECK_INT(STATUS({"Range", "bytes=200-"}, {"If-Range", "\"x\""}), 200);
}

TEST(http_HR9_a_coding_is_sent_to_who_takes_it)
{
    static const struct {
        const char *accept;
        bool br;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", false},
        {"br", true},
        {"BR", true},
        {"gzip, br", true},
        {"gzip;q=0.5,br;q=1.0", true},
        {"br;q=0", false},
        {"br;q=0.000, gzip", false},
        {"br;q=0.001", true},
        {"br ; q = 0.5", true},
        {"br ; Q=0", false},
        {"brotli", false},
        {"xbr", false},
        {"*", false},
        {",,br", true},
        {"gzip;br", false},
    };

    for (size_t i = 0; i < count_of(cases); i++)
        if (eddy__accepts_coding(cases[i].accept, "br") != cases[i].br)
            test_fail(__FILE__, __LINE__, "%s", cases[i].accept);
}
