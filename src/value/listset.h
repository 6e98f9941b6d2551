/* Which lists hold a name: the result of one walk through the name index, and what rules
 * ask of it. */
#ifndef PF_VALUE_LISTSET_H
#define PF_VALUE_LISTSET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define LIST_MAX 256 /* lists in one configuration: four machine words */

/* Bit i stands for the list i of the configuration. */
struct list_set {
	uint64_t words[LIST_MAX / 64];
};

static inline void list_set_add(struct list_set *set, size_t list)
{
	set->words[list / 64] |= (uint64_t)1 << (list % 64);
}

static inline void list_set_remove(struct list_set *set, size_t list)
{
	set->words[list / 64] &= ~((uint64_t)1 << (list % 64));
}

static inline bool list_set_has(const struct list_set *set, size_t list)
{
	return set->words[list / 64] >> (list % 64) & 1;
}

/* The lists in both sets. */
static inline void list_set_common(const struct list_set *a, const struct list_set *b,
                                   struct list_set *common)
{
	for (int i = 0; i < LIST_MAX / 64; i++)
		common->words[i] = a->words[i] & b->words[i];
}

static inline bool list_set_any(const struct list_set *set)
{
	uint64_t any = 0;
	for (int i = 0; i < LIST_MAX / 64; i++)
		any |= set->words[i];
	return any;
}

/* The lowest list in both sets, or -1. */
static inline int list_set_first_common(const struct list_set *a, const struct list_set *b)
{
	for (int i = 0; i < LIST_MAX / 64; i++)
		if (a->words[i] & b->words[i])
			return i * 64 + __builtin_ctzll(a->words[i] & b->words[i]);
	return -1;
}

#endif
