/* test_clock.c - seconds and nanoseconds. */
#include "test.h"

#include "base/clock.h"

TEST_PLAIN(clock_seconds_are_rounded_up)
{
    CHECK_INT(eddy__ns_of_seconds(1), 1000000000);
    CHECK_INT(eddy__ns_of_seconds(0.5), 500000000);
    CHECK_INT(eddy__ns_of_seconds(1e-9), 1);
    CHECK_INT(eddy__ns_of_seconds(1e-10), 1); /* never 0, which would not wait */
    CHECK_INT(eddy__ns_of_seconds(1.5e-9), 2);
    CHECK_INT(eddy__ns_of_seconds(5e-324), 1);
}

TEST_PLAIN(clock_B7_odd_durations)
{
    CHECK_INT(eddy__ns_of_seconds(0), 0);
    CHECK_INT(eddy__ns_of_seconds(-0.0), 0);
    CHECK_INT(eddy__ns_of_seconds(-5), 0);
    CHECK_INT(eddy__ns_of_seconds(-INFINITY), 0);
    CHECK_INT(eddy__ns_of_seconds(NAN), 0);
    CHECK_INT(eddy__ns_of_seconds(INFINITY), NS_NEVER);
    CHECK_INT(eddy__ns_of_seconds(1e300), NS_NEVER);
    CHECK_INT(eddy__ns_of_seconds(4611686018.427387904), NS_NEVER); /* 2^62 ns */
    CHECK(eddy__ns_of_seconds(4611686018) < NS_NEVER / 2);
}

TEST_PLAIN(clock_there_and_back)
{
    CHECK(isinf(eddy__seconds_of_ns(NS_NEVER)));
    CHECK_NEAR(eddy__seconds_of_ns(1500000000), 1.5, 0);
    CHECK_NEAR(eddy__seconds_of_ns(-1500000000), -1.5, 0);
    for (double seconds = 1e-9; seconds < 1e9; seconds *= 3.7)
        CHECK(eddy__seconds_of_ns(eddy__ns_of_seconds(seconds)) >= seconds * (1 - 1e-15));
}

TEST_PLAIN(clock_goes_forward)
{
    int64_t last = eddy__clock_now();

    for (int i = 0; i < 1000; i++) {
        int64_t now = eddy__clock_now();

        CHECK(now >= last);
        last = now;
    }
    CHECK(last > 0);
}
