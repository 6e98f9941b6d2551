/* A YAML file as a tree of nodes that know their place. libyaml is behind these functions; all text is
 * UTF-8 without control characters, so that it may stand in any message. What people can write by accident and
 * a program can abuse is refused here: aliases, anchors, tags, second documents, deep nesting. */
#ifndef PF_CONFIG_NODE_H
#define PF_CONFIG_NODE_H

#include <stdbool.h>
#include <stddef.h>

#include "config/config.h"

/* 65536 devices with name, mac, ip and two tags each take 13 nodes a device at most. */
#define NODE_COUNT_MAX (1u << 20)

enum node_kind {
	NODE_SCALAR,  /* `text` */
	NODE_LIST,    /* `count` children */
	NODE_MAPPING, /* `count` pairs: children are key, value, key, value … */
	NODE_REFUSED, /* an error was told already: whoever meets it says nothing more */
};

struct node {
	enum node_kind kind;
	struct config_pos pos;
	bool plain;                /* a scalar without quotes */
	size_t count;              /* items of a list, pairs of a mapping */
	struct node *first, *last; /* children */
	struct node *next;         /* sibling */
	struct node *older;        /* all nodes of the tree, for freeing without recursion */
	char text[];               /* NODE_SCALAR */
};

struct tree {
	struct node *root;   /* NULL: nothing but comments */
	struct node *newest; /* every node, through `older` */
	size_t count;
};

/* Reads one document. PF_OK: a tree (perhaps with refused nodes, each with an error in `diag`); PF_EINVAL: no
 * tree, and at least one error; PF_ENOMEM. `tree` needs tree_deinit in each case. */
PF_MUST_CHECK int tree_parse(struct tree *tree, const char *file, const char *text, size_t length,
                             struct diag *diag);
void tree_deinit(struct tree *tree);

/* The value of a key of a mapping; NULL when it is not there. */
const struct node *node_find(const struct node *mapping, const char *key);

/* Is there nothing behind the key? (An empty plain scalar, or `~`.) */
bool node_is_empty(const struct node *node);

/* "a list", "a mapping", "text", "nothing": for "… was found". */
const char *node_kind_words(const struct node *node);

#endif
