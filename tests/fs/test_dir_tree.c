/* The folders that are watched: found by number and name, moved and dropped with what is below. */
#include "test.h"

#include "fs/dir_watch.h"

static struct eddy__dir_tree tree;

static struct eddy__dir_node *add(struct eddy__dir_node *parent, const char *name, int wd)
{
    struct eddy__dir_node *node = eddy__dir_add(&tree, parent, name, wd);

    CHECK(node != NULL);
    return node;
}

static void expect_path(const struct eddy__dir_node *node, const char *name, const char *expected)
{
    char *path = eddy__dir_path(node, name);

    CHECK_STR(path, expected);
    eddy_free(path);
}

static void begin(void)
{
    tree = (struct eddy__dir_tree){.fd = -1};
    add(NULL, "/top/root", 1);
}

TEST_PLAIN(dir_tree_paths)
{
    begin();
    struct eddy__dir_node *a = add(tree.root, "a", 2), *b = add(a, "b", 3);

    expect_path(tree.root, "", "");
    expect_path(tree.root, "x", "x");
    expect_path(b, "x", "a/b/x");
    expect_path(b, "", "a/b");
    eddy__dir_drop_all(&tree);
}

TEST_PLAIN(dir_tree_moves_take_along_and_replace)
{
    begin();
    struct eddy__dir_node *a = add(tree.root, "a", 2), *b = add(a, "b", 3);
    struct eddy__dir_node *c = add(tree.root, "c", 4);

    struct eddy__dir_node *e = add(add(c, "d", 5), "e", 6);
    CHECK(!eddy__dir_move(&tree, a, b, "a")); /* not below itself */
    CHECK(!eddy__dir_move(&tree, e, c, "d")); /* nor in place of what it is in */
    expect_path(b, "", "a/b");
    CHECK(eddy__dir_move(&tree, b, c, "d")); /* in place of d, and of e below it */
    expect_path(b, "", "c/d");
    CHECK_INT(tree.count, 4);
    CHECK_PTR(eddy__dir_find(&tree, 5), NULL);
    CHECK_PTR(eddy__dir_find(&tree, 6), NULL);
    CHECK(eddy__dir_move(&tree, b, c, "d")); /* where it is already */
    CHECK_PTR(eddy__dir_child(&tree, c, "d"), b);
    CHECK_PTR(eddy__dir_child(&tree, a, "b"), NULL);
    eddy__dir_drop_all(&tree);
    CHECK_INT(tree.count, 0);
}

TEST_PLAIN(dir_tree_many_and_deep)
{
    enum { MANY = 5000 };
    struct eddy__dir_node *node;

    begin();
    node = tree.root;
    for (int wd = 2; wd < MANY; wd++)
        node = add(wd % 3 ? node : tree.root, "n", wd * 7);
    for (int wd = 2; wd < MANY; wd++)
        CHECK_INT(eddy__dir_find(&tree, wd * 7)->wd, wd * 7);
    CHECK_PTR(eddy__dir_find(&tree, 8), NULL);
    node = tree.root;
    for (int wd = 0; wd < 100000; wd++)
        node = add(node, "d", 100000 + wd);
    eddy__dir_drop(&tree, eddy__dir_find(&tree, 100000));
    CHECK_INT(tree.count, MANY - 1);
    eddy__dir_drop_all(&tree);
}

TEST_PLAIN(W4_dir_tree_places_are_forgotten_and_found_again)
{
    begin();
    struct eddy__dir_node *a = add(tree.root, "a", 2), *b = add(a, "b", 3);

    eddy__dir_displace_all(&tree);
    CHECK_PTR(eddy__dir_placed(&tree, 1), tree.root);
    CHECK_PTR(eddy__dir_find(&tree, 3), b);
    CHECK_PTR(eddy__dir_placed(&tree, 3), NULL);
    CHECK_PTR(eddy__dir_child(&tree, a, "b"), NULL);
    CHECK(eddy__dir_move(&tree, b, tree.root, "a"));
    expect_path(b, "x", "a/x");
    eddy__dir_drop_displaced(&tree);
    CHECK_INT(tree.count, 2);
    CHECK_PTR(eddy__dir_child(&tree, tree.root, "a"), b);
    eddy__dir_drop_all(&tree);
}
