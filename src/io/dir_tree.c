/* dir_tree.c - the folders that are watched, by watch descriptor and by name. */
#include "io/dir_watch.h"

enum { FIRST_BUCKETS = 8 };

/* ---- by watch descriptor ---- */

static struct eddy__dir_node **bucket_of(const struct eddy__dir_tree *tree, int wd)
{
    return &tree->buckets[(unsigned)wd & (tree->bucket_count - 1)];
}

struct eddy__dir_node *eddy__dir_find(const struct eddy__dir_tree *tree, int wd)
{
    struct eddy__dir_node *node = tree->bucket_count ? *bucket_of(tree, wd) : NULL;

    while (node && node->wd != wd)
        node = node->next;
    return node;
}

static void put(struct eddy__dir_tree *tree, struct eddy__dir_node *node)
{
    struct eddy__dir_node **bucket = bucket_of(tree, node->wd);

    node->next = *bucket;
    *bucket = node;
}

static bool grow(struct eddy__dir_tree *tree)
{
    struct eddy__dir_tree grown = *tree;

    grown.bucket_count = max_size(2 * tree->bucket_count, FIRST_BUCKETS);
    grown.buckets = eddy__alloc_zero(grown.bucket_count * sizeof(struct eddy__dir_node *));
    if (!grown.buckets)
        return false;
    for (size_t i = 0; i < tree->bucket_count; i++)
        for (struct eddy__dir_node *node; (node = tree->buckets[i]);) {
            tree->buckets[i] = node->next;
            put(&grown, node);
        }
    eddy__free(tree->buckets);
    *tree = grown;
    return true;
}

static void take_out(struct eddy__dir_tree *tree, const struct eddy__dir_node *node)
{
    struct eddy__dir_node **place = bucket_of(tree, node->wd);

    while (*place != node)
        place = &(*place)->next;
    *place = node->next;
    tree->count--;
}

/* ---- by name ---- */

static void list_add_head(struct list *head, struct list *node)
{
    list_add_tail(head->next, node);
}

struct eddy__dir_node *eddy__dir_child(const struct eddy__dir_node *parent, const char *name)
{
    list_each(link, &parent->children) {
        struct eddy__dir_node *child = container_of(link, struct eddy__dir_node, siblings);

        if (strcmp(child->name, name) == 0)
            return child;
    }
    return NULL;
}

static bool is_below(const struct eddy__dir_node *node, const struct eddy__dir_node *top)
{
    while (node && node != top)
        node = node->parent;
    return node;
}

struct eddy__dir_node *eddy__dir_add(struct eddy__dir_tree *tree, struct eddy__dir_node *parent,
                                     const char *name, int wd)
{
    struct eddy__dir_node *node = eddy__alloc_zero(sizeof *node);
    char *copy = node ? eddy__strdup(name) : NULL;

    if (!copy || (tree->count >= tree->bucket_count && !grow(tree))) {
        eddy__free(copy);
        eddy__free(node);
        return NULL;
    }
    node->parent = parent;
    node->name = copy;
    node->wd = wd;
    list_init(&node->siblings);
    list_init(&node->children);
    if (parent)
        list_add_head(&parent->children, &node->siblings);
    else
        tree->root = node;
    put(tree, node);
    tree->count++;
    return node;
}

bool eddy__dir_move(struct eddy__dir_tree *tree, struct eddy__dir_node *node,
                    struct eddy__dir_node *parent, const char *name)
{
    struct eddy__dir_node *there = eddy__dir_child(parent, name);

    if (there == node)
        return true;
    char *copy = is_below(parent, node) ? NULL : eddy__strdup(name);
    if (!copy)
        return false;
    if (there && !is_below(node, there))
        eddy__dir_drop(tree, there);
    eddy__free(node->name);
    node->name = copy;
    node->parent = parent;
    list_remove(&node->siblings);
    list_add_head(&parent->children, &node->siblings);
    return true;
}

/* ---- the end ---- */

void eddy__dir_unwatch(const struct eddy__dir_tree *tree, int wd)
{
    int error = errno;

    if (!eddy__fault())
        inotify_rm_watch(tree->fd, wd); /* fails when the kernel was first */
    errno = error;
}

/* From the leaves up, without recursion: folders may be deeper than a small stack. */
void eddy__dir_drop(struct eddy__dir_tree *tree, struct eddy__dir_node *top)
{
    struct eddy__dir_node *node = top, *parent;

    do {
        while (!list_empty(&node->children))
            node = container_of(node->children.next, struct eddy__dir_node, siblings);
        parent = node == top ? NULL : node->parent;
        if (node == tree->root)
            tree->root = NULL;
        list_remove(&node->siblings);
        take_out(tree, node);
        eddy__dir_unwatch(tree, node->wd);
        eddy__free(node->name);
        eddy__free(node);
        node = parent;
    } while (node);
}

void eddy__dir_drop_all(struct eddy__dir_tree *tree)
{
    if (tree->root)
        eddy__dir_drop(tree, tree->root);
    eddy__free(tree->buckets);
    tree->buckets = NULL;
    tree->bucket_count = 0;
}

/* ---- paths ---- */

/* Fills it from its end: the names of the folders up to, but without, `top`. */
static char *join(const struct eddy__dir_node *node, const struct eddy__dir_node *top,
                  const char *name)
{
    size_t size = strlen(name) + 1;
    char *path, *to;

    for (const struct eddy__dir_node *n = node; n != top; n = n->parent)
        size += strlen(n->name) + 1;
    path = eddy__alloc(size);
    if (!path)
        return NULL;
    to = path + size - strlen(name) - 1;
    memcpy(to, name, strlen(name) + 1);
    for (const struct eddy__dir_node *n = node; n != top; n = n->parent) {
        size_t length = strlen(n->name);

        *--to = '/';
        to -= length;
        memcpy(to, n->name, length);
    }
    if (!*name && size > 1)
        path[size - 2] = '\0'; /* the folder itself: no slash at the end */
    return path;
}

char *eddy__dir_path(const struct eddy__dir_node *node, const char *name)
{
    const struct eddy__dir_node *root = node;

    while (root->parent)
        root = root->parent;
    return join(node, root, name);
}

char *eddy__dir_full_path(const struct eddy__dir_node *node, const char *name)
{
    return join(node, NULL, name);
}
