/* The name index of all lists together. Filled by one thread, sealed, and from then on only read, by any number
 * of threads: a look-up hashes the tails of a name, finds one slot for each that some list has, and there the
 * number of the group of lists that have it (groups.h), so that it costs the same with one list and with 200.
 *
 * No name is kept, only keyed hashes, which sealed.h weighs; and no line number: lists_find_line reads the file
 * again. While it is filled it takes 15 to 20 bytes a name (name_table.h), sealed 9.6 and the groups; with a good guess of the
 * number of names never more than that. */
#ifndef PF_LISTS_INDEX_H
#define PF_LISTS_INDEX_H

#include "base/hash.h"
#include "dns/name.h"
#include "lists/tails.h"
#include "value/listset.h"

/* 32 million names take 300 MB: more than a resolver for things has use for, and a bound for what one
 * bad file can take. */
#define LIST_INDEX_ENTRY_MAX (32u << 20)

enum list_covers {
	LIST_COVERS_SELF = 1,  /* the name itself */
	LIST_COVERS_BELOW = 2, /* all that is below it */
	LIST_EXCEPTION = 4,    /* takes what it covers out of its list */
};

/* `detail` is 0 for a plain entry, which is most of all. Else it is a number that the index only keeps and
 * hands out: lists/ maps it to the condition under which the entry holds (a type, a client, a name that is
 * spared) or to the reply that it asks for. */
struct list_entry {
	uint16_t list;
	uint8_t covers; /* enum list_covers, or-ed; SELF or BELOW or both is there */
	uint32_t detail;
};

/* An entry that covers the name which was asked for. */
struct list_hit {
	uint32_t detail;
	uint16_t list;
	uint8_t covers; /* of the entry, LIST_EXCEPTION among them */
	uint8_t labels; /* of the entry's name: it is the name's tail of so many labels */
};

/* Entries with a detail are rare. When more of all lists together cover a name, each list is asked for by itself (match.c); of one list
 * no more count. */
#define LIST_HITS_MAX 256

/* All that covers a name. An exception counts for its own list only; which of the hits hold, and which
 * hits are overruled by which exceptions, is for those to say who know the details. */
struct list_match {
	struct list_set held;     /* lists with a plain entry that covers the name */
	struct list_set excepted; /* lists with a plain exception that does */
	bool any_excepted;
	bool hits_cut; /* there were more than LIST_HITS_MAX: the least specific are missing */
	unsigned hit_count;
	struct list_hit hits[LIST_HITS_MAX]; /* with a detail; the longest tails first */
};

struct list_index;

/* Owned by the caller; NULL without memory. */
struct list_index *list_index_new(struct hash_key key);
/* For about as many different names as that: filled without a table (refill.h), when they are enough to be worth it. When
 * list_index_misjudged says so after the filling, the names must be added to another index, made without a guess. */
struct list_index *list_index_new_for(struct hash_key key, size_t name_count);
bool list_index_misjudged(const struct list_index *index);
void list_index_free(struct list_index **index);

/* Before it is sealed. `entry->list` is under LIST_MAX. PF_OK; PF_ECONFLICT when entries of the list cover the same already, with the same detail; PF_EFULL
 * at LIST_INDEX_ENTRY_MAX, or when more sets of lists occur than have numbers; PF_ENOMEM. */
PF_MUST_CHECK int list_index_add(struct list_index *index, const struct dns_name *name,
                                 const struct list_entry *entry);

/* The same in two steps, for who adds many: where the name's place is known, what it needs is on its way from memory while others
 * are put. */
struct list_index_place {
	uint64_t hash;
	uint8_t labels;
};
struct list_index_place list_index_fetch(const struct list_index *index,
                                         const struct dns_name *name);
PF_MUST_CHECK int list_index_put(struct list_index *index, struct list_index_place place,
                                 const struct list_entry *entry);

/* About so many names will be in it: that only saves time. */
void list_index_expect(struct list_index *index, size_t count);

/* Makes it ready to be looked up. PF_OK, or PF_ENOMEM: then it can only be freed. */
PF_MUST_CHECK int list_index_seal(struct list_index *index);

/* The lists that hold the name, when nothing but plain entries without exceptions covers it, as is nearly always so. False when there is
 * more to say: then `held` is undefined, and list_index_match says it. `tails` is what list_index_expect_name filled for this name, or NULL. Fills `sole` too, whose labels
 * count only when some list holds the name. */
bool list_index_match_plain(const struct list_index *index, const struct dns_name *name,
                            const struct list_tails *tails, struct list_set *held,
                            struct list_sole *sole);

/* The name is going to be looked up: what that will read is fetched from memory. Fills `tails`. */
void list_index_expect_name(const struct list_index *index, const struct dns_name *name,
                            struct list_tails *tails);

/* Allocates nothing. Of `match->hits` only the first hit_count are written. */
void list_index_match(const struct list_index *index, const struct dns_name *name,
                      struct list_match *match);

/* The entries of one list that cover the name, plain ones and exceptions among them, the most specific
 * first. Returns their number; when there are more than LIST_HITS_MAX the least specific are missing. */
size_t list_index_find(const struct list_index *index, size_t list, const struct dns_name *name,
                       struct list_hit hits[LIST_HITS_MAX]);

/* Entries that were added; of a sealed index they may stand in fewer slots. */
size_t list_index_count(const struct list_index *index);
size_t list_index_names(const struct list_index *index); /* different ones; of a sealed index */
size_t list_index_bytes(const struct list_index *index);

/* The inside of a sealed index, for whoever keeps it on a disk; borrowed. */
struct sealed;
const struct sealed *list_index_sealed(const struct list_index *index);
/* A sealed index over a block that somebody else owns, longer than the index lives. NULL without memory. */
struct list_index *list_index_over(const struct sealed *sealed);

#endif
