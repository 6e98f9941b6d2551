/* Names that stand in the same lists in the same way share one description: a group, the set of their entries.
 * A name's slot in the index holds only the number of its group, whatever the number of lists.
 *
 * While lists are read a name goes from group to group: from none to {tv}, on to {tv, trackers}. A group that
 * no name is in any more is forgotten, and its number used again. */
#ifndef PF_LISTS_GROUPS_H
#define PF_LISTS_GROUPS_H

#include "lists/index.h"

/* A slot has 23 bits for the number of a group, which is its place. Real lists make some thousand. */
#define GROUPS_MAX ((1u << 23) - 1)

struct groups;

/* Owned by the caller; NULL without memory. */
struct groups *groups_new(void);
void groups_free(struct groups **groups);

/* The group of a name that is in the group `from` (0: in none) and gets one entry more; no name is moved
 * yet. PF_OK; PF_ECONFLICT when an entry of the group covers as much; PF_EFULL; PF_ENOMEM. */
PF_MUST_CHECK int groups_with(struct groups *groups, uint32_t from, const struct list_entry *entry,
                              uint32_t *to);

/* A name goes from one group, or from none (0), to another. */
void groups_move(struct groups *groups, uint32_t from, uint32_t to);

/* How groups are read once the index is sealed: a group begins at words[GROUP_UNIT_WORDS * g] and ends behind the entry with
 * GROUP_LAST, so that nothing else must be read to find it; small ones stand in one line of memory. A word is an entry (GROUP_LIST, GROUP_COVERS), and
 * its detail follows in a word of its own when it has one. Many plain entries are four bitmaps instead, behind a word that says so, and before
 * those with details. What is left of its last unit is zeroed.
 * The group 0 is none: one entry that covers nothing. */
#define GROUP_UNIT_WORDS 2
#define GROUP_LIST(word) ((uint16_t)(word))
#define GROUP_COVERS(word) ((uint8_t)((word) >> 16))
#define GROUP_DETAIL_FOLLOWS (1u << 24)
#define GROUP_LAST (1u << 25)
#define GROUP_BITMAPS \
	(1u << 26) /* the first word, when bitmaps follow; with GROUP_LAST nothing follows these */
#define GROUP_BITMAP_WORDS (LIST_MAX / 32)
enum group_bitmap {
	BITMAP_SELF,
	BITMAP_BELOW,
	BITMAP_SELF_EXCEPTED,
	BITMAP_BELOW_EXCEPTED,
	BITMAP_COUNT
};

/* How large all groups are when they are packed. */
struct groups_size {
	size_t group_count, word_count;
	uint64_t name_count;
};
struct groups_size groups_measure(const struct groups *groups);

/* Writes the words of the size that was measured. Groups of more names than most stand before the others: lists that overlap make tens of
 * thousands of groups, and nearly all names are in some hundred of them, which so share a few lines of memory. `numbers` gets the number in
 * `words` of each group; it has room for groups_number_end() of them. */
void groups_pack(const struct groups *groups, const struct groups_size *size, uint32_t *words,
                 uint32_t *numbers);
size_t groups_number_end(const struct groups *groups);

#endif
