/* dir_tree.c - the folders that are watched, by watch descriptor and by place. */
#include "fs/dir_watch.h"

enum { FIRST_BUCKETS = 8 };

/* ---- the buckets ---- */

static struct eddy__dir_node **tree_bucket_of(const struct eddy__dir_tree *tree, int wd)
{
    return &tree->by_wd[(unsigned)wd & (tree->bucket_count - 1)];
}

static struct eddy__dir_node **name_bucket(const struct eddy__dir_tree *tree, int parent_wd,
                                           const char *name)
{
    uint32_t hash = 2166136261 ^ (uint32_t)parent_wd;

    for (; *name; name++)
        hash = (hash ^ (unsigned char)*name) * 16777619;
    return &tree->by_name[hash & (tree->bucket_count - 1)];
}

static void put_name(const struct eddy__dir_tree *tree, struct eddy__dir_node *node)
{
    if (!node->parent)
        return;
    struct eddy__dir_node **bucket = name_bucket(tree, node->parent->wd, node->name);

    node->alike = *bucket;
    *bucket = node;
}

static void put(const struct eddy__dir_tree *tree, struct eddy__dir_node *node)
{
    struct eddy__dir_node **bucket = tree_bucket_of(tree, node->wd);

    node->next = *bucket;
    *bucket = node;
    put_name(tree, node);
}

static bool tree_grow(struct eddy__dir_tree *tree)
{
    struct eddy__dir_tree grown = *tree;

    grown.bucket_count = max_size(2 * tree->bucket_count, FIRST_BUCKETS);
    grown.by_wd = eddy_alloc_zero(2 * grown.bucket_count * sizeof(struct eddy__dir_node *));
    if (!grown.by_wd)
        return false;
    grown.by_name = grown.by_wd + grown.bucket_count;
    for (size_t i = 0; i < tree->bucket_count; i++)
        for (struct eddy__dir_node *node; (node = tree->by_wd[i]);) {
            tree->by_wd[i] = node->next;
            put(&grown, node);
        }
    eddy_free(tree->by_wd);
    *tree = grown;
    return true;
}

static void tree_take_out(struct eddy__dir_tree *tree, const struct eddy__dir_node *node)
{
    struct eddy__dir_node **at = tree_bucket_of(tree, node->wd);

    while (*at != node)
        at = &(*at)->next;
    *at = node->next;
    tree->count--;
}

static void take_out_name(const struct eddy__dir_tree *tree, const struct eddy__dir_node *node)
{
    if (!node->parent)
        return;
    struct eddy__dir_node **at = name_bucket(tree, node->parent->wd, node->name);

    while (*at != node)
        at = &(*at)->alike;
    *at = node->alike;
}

/* ---- looking for one ---- */

struct eddy__dir_node *eddy__dir_find(const struct eddy__dir_tree *tree, int wd)
{
    struct eddy__dir_node *node = tree->bucket_count ? *tree_bucket_of(tree, wd) : NULL;

    while (node && node->wd != wd)
        node = node->next;
    return node;
}

struct eddy__dir_node *eddy__dir_placed(const struct eddy__dir_tree *tree, int wd)
{
    struct eddy__dir_node *node = eddy__dir_find(tree, wd);

    return node && (node->parent || node == tree->root) ? node : NULL;
}

struct eddy__dir_node *eddy__dir_child(const struct eddy__dir_tree *tree,
                                       const struct eddy__dir_node *parent, const char *name)
{
    struct eddy__dir_node *node = *name_bucket(tree, parent->wd, name);

    while (node && (node->parent != parent || strcmp(node->name, name) != 0))
        node = node->alike;
    return node;
}

/* ---- their places ---- */

static void list_add_head(struct list *head, struct list *node)
{
    list_add_tail(head->next, node);
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
    struct eddy__dir_node *node = eddy_alloc_zero(sizeof *node);
    char *copy = node ? eddy_strdup(name) : NULL;

    if (!copy || (tree->count >= tree->bucket_count && !tree_grow(tree))) {
        eddy_free(copy);
        eddy_free(node);
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
    struct eddy__dir_node *there = eddy__dir_child(tree, parent, name);

    if (there == node)
        return true;
    if (is_below(parent, node) || (there && is_below(node, there)))
        return false;
    char *copy = eddy_strdup(name);
    if (!copy)
        return false;
    if (there)
        eddy__dir_drop(tree, there);
    take_out_name(tree, node);
    eddy_free(node->name);
    node->name = copy;
    node->parent = parent;
    list_remove(&node->siblings);
    list_add_head(&parent->children, &node->siblings);
    put_name(tree, node);
    return true;
}

void eddy__dir_displace_all(struct eddy__dir_tree *tree)
{
    for (size_t i = 0; i < tree->bucket_count; i++) {
        for (struct eddy__dir_node *node = tree->by_wd[i]; node; node = node->next) {
            list_remove(&node->siblings);
            eddy_free(eddy_take(node->arrived));
            node->replaced = 0;
            node->parent = NULL;
        }
        tree->by_name[i] = NULL;
    }
}

void eddy__dir_drop_displaced(struct eddy__dir_tree *tree)
{
    for (size_t i = 0; i < tree->bucket_count; i++)
        for (struct eddy__dir_node *node = tree->by_wd[i], *next; node; node = next) {
            next = node->next;
            if (!node->parent && node != tree->root)
                eddy__dir_drop(tree, node); /* nothing is below it */
        }
}

/* ---- the end ---- */

void eddy__dir_unwatch(const struct eddy__dir_tree *tree, int wd)
{
    int error = errno;

    if (wd != tree->kept)
        eddy__sys(inotify_rm_watch(tree->fd, wd)); /* fails when the kernel was first */
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
        take_out_name(tree, node);
        tree_take_out(tree, node);
        eddy__dir_unwatch(tree, node->wd);
        eddy_free(node->name);
        eddy_free(node->arrived);
        eddy_free(node);
        node = parent;
    } while (node);
}

void eddy__dir_drop_all(struct eddy__dir_tree *tree)
{
    if (tree->root)
        eddy__dir_drop(tree, tree->root);
    eddy__dir_drop_displaced(tree);
    eddy_free(tree->by_wd);
    tree->by_wd = tree->by_name = NULL;
    tree->bucket_count = 0;
}

/* ---- paths ---- */

/* Fills it from its end. */
char *eddy__dir_path(const struct eddy__dir_node *node, const char *name)
{
    size_t size = strlen(name) + 1;
    char *path, *to;

    for (const struct eddy__dir_node *n = node; n->parent; n = n->parent)
        size += strlen(n->name) + 1;
    path = eddy_alloc(size);
    if (!path)
        return NULL;
    to = path + size - strlen(name) - 1;
    memcpy(to, name, strlen(name) + 1);
    for (const struct eddy__dir_node *n = node; n->parent; n = n->parent) {
        size_t length = strlen(n->name);

        *--to = '/';
        to -= length;
        memcpy(to, n->name, length);
    }
    if (!*name && size > 1)
        path[size - 2] = '\0'; /* the folder itself: no slash at the end */
    return path;
}
