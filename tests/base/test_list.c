/* test_list.c - the intrusive list. */
#include "test.h"

#include "base/base.h"
#include "base/list.h"

struct item {
    int number;
    struct list link;
};

static struct list head;
static struct item items[5];

static void fill(void)
{
    list_init(&head);
    for (int i = 0; i < 5; i++) {
        items[i].number = i + 1;
        list_add_tail(&head, &items[i].link);
    }
}

/* The numbers as decimal digits, first one first; both directions agree. */
static int digits(void)
{
    int forward = 0, backward = 0, power = 1;

    list_each(link, &head) {
        CHECK_PTR(link->next->prev, link);
        forward = 10 * forward + container_of(link, struct item, link)->number;
    }
    for (struct list *link = head.prev; link != &head; link = link->prev, power *= 10)
        backward += power * container_of(link, struct item, link)->number;
    CHECK_INT(backward, forward);
    return forward;
}

TEST_PLAIN(list_adds_at_the_tail)
{
    list_init(&head);
    CHECK(list_empty(&head));
    CHECK_INT(digits(), 0);
    fill();
    CHECK(!list_empty(&head));
    CHECK_INT(digits(), 12345);
    /* in front of an element is at the tail of a list that begins with it */
    struct item six = {.number = 6};
    list_add_tail(&items[2].link, &six.link);
    CHECK_INT(digits(), 126345);
}

TEST_PLAIN(list_removes_anywhere_and_twice)
{
    fill();
    list_remove(&items[2].link);
    CHECK_INT(digits(), 1245);
    list_remove(&items[2].link);
    CHECK(list_empty(&items[2].link));
    list_remove(&items[0].link);
    list_remove(&items[4].link);
    CHECK_INT(digits(), 24);
}

TEST_PLAIN(list_takes_the_first)
{
    fill();
    for (int i = 0; i < 5; i++)
        CHECK_PTR(list_take_first(&head), &items[i].link);
    CHECK_PTR(list_take_first(&head), NULL);
    CHECK(list_empty(&head));
}

TEST_PLAIN(list_may_lose_the_one_that_is_looked_at)
{
    fill();
    list_each_safe(link, &head) if (container_of(link, struct item, link)->number % 2)
        list_remove(link);
    CHECK_INT(digits(), 24);
}
