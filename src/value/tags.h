/* Tags as values: a set of at most 64 tags is one word, so that "does this rule speak of
 * this device?" is one AND on the packet path. Names live in the table of the snapshot. */
#ifndef PF_VALUE_TAGS_H
#define PF_VALUE_TAGS_H

#include <stddef.h>
#include <stdint.h>

#define TAG_MAX 64      /* tags in one configuration, built-in ones included: one machine word */
#define TAG_NAME_MAX 32 /* bytes, NUL included */

/* Bit i stands for the tag i of the table. */
typedef uint64_t tag_set;

/* Tags that every configuration has. */
enum tag_builtin {
	TAG_ALL = 0,     /* every device */
	TAG_UNKNOWN = 1, /* devices that nobody has named */
	TAG_NEW = 2,     /* of these, those that were first seen a short while ago (new-for) */
	TAG_BUILTIN_COUNT,
};

struct tag_table {
	size_t count;
	char names[TAG_MAX][TAG_NAME_MAX]; /* [TAG_ALL] is "all", [TAG_UNKNOWN] "unknown" … */
};

void tag_table_init(struct tag_table *table);

/* The tag's index, or PF_ENOENT. */
int tag_find(const struct tag_table *table, const char *name);

/* Adds it if it is new and returns its index; PF_EFULL over TAG_MAX, PF_EINVAL when the
 * name is no tag name (1..31 of [a-z0-9_-], starting with a letter or digit). */
int tag_add(struct tag_table *table, const char *name);

static inline tag_set tag_bit(size_t index)
{
	return (tag_set)1 << index;
}

#endif
