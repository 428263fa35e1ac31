/* test_alloc.c - memory: counting and failure injection. */
#include "base/alloc.h"
#include "base/fault.h"
#include "test.h"

TEST_PLAIN(alloc_counts_what_is_alive)
{
    long before = eddy__alloc_live();
    void *a = eddy_alloc(10), *b = eddy_alloc_zero(0);
    char *c = eddy_strdup("text");

    CHECK(a && b);
    CHECK_STR(c, "text");
    CHECK_PTR(eddy_strdup(NULL), NULL);
    CHECK_INT(eddy__alloc_live(), before + 3);
    a = eddy_realloc(a, 1000);
    CHECK(a != NULL);
    CHECK_INT(eddy__alloc_live(), before + 3);
    eddy_free(a);
    eddy_free(b);
    eddy_free(c);
    eddy_free(NULL);
    CHECK_INT(eddy__alloc_live(), before);
}

TEST_PLAIN(alloc_zero_is_zero)
{
    char *p = eddy_alloc_zero(100);

    for (int i = 0; i < 100; i++)
        CHECK_INT(p[i], 0);
    eddy_free(p);
}

TEST_PLAIN(alloc_fails_where_told_once)
{
    eddy__alloc_fail_at(2);
    void *a = eddy_alloc(1), *b = eddy_alloc(1), *c = eddy_alloc(1);

    CHECK(a && c);
    CHECK_PTR(b, NULL);
    eddy__alloc_fail_at(1);
    CHECK_PTR(eddy_realloc(a, 50), NULL);
    eddy__alloc_fail_at(0);
    eddy_free(a);
    eddy_free(c);
}

TEST_PLAIN(alloc_fails_from_where_told_on)
{
    eddy__alloc_fail_from(2);
    void *a = eddy_alloc(1);

    CHECK(a);
    for (int i = 0; i < 3; i++)
        CHECK_PTR(eddy_alloc(1), NULL);
    eddy__alloc_fail_from(0);
    void *b = eddy_alloc(1);
    CHECK(b);
    eddy_free(a);
    eddy_free(b);
}

TEST_PLAIN(fault_hits_where_told_once)
{
    long before = eddy__fault_count();

    CHECK(!eddy__fault());
    eddy__fault_at(2);
    CHECK(!eddy__fault());
    CHECK(eddy__fault());
    CHECK(!eddy__fault());
    CHECK_INT(eddy__fault_count(), before + 4);
}
