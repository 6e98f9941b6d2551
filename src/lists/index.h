/* The name index of all lists together: one open-addressing table of keyed 64-bit hashes of names
 * in wire form. No name is kept; the line number leads back to the list's file. Filled by one
 * thread, sealed, and from then on only read, by any number of threads.
 *
 * That no names are kept means that two different names with one hash are taken for one. With 64
 * bits, a key that is new at each load, and 10 million names the chance is 1 in 10^12 for each
 * suffix that is looked up. */
#ifndef PF_LISTS_INDEX_H
#define PF_LISTS_INDEX_H

#include "base/hash.h"
#include "dns/name.h"
#include "value/listset.h"

/* 32 million names take 850 MB: more than a resolver for things has use for, and a bound for what one
 * bad file can take. */
#define LIST_INDEX_ENTRY_MAX (32u << 20)

enum list_covers {
	LIST_COVERS_SELF = 1,  /* the name itself */
	LIST_COVERS_BELOW = 2, /* all that is below it */
	LIST_EXCEPTION = 4,    /* takes what it covers out of its list */
};

struct list_entry {
	uint16_t list;
	uint8_t covers; /* enum list_covers, or-ed; SELF or BELOW or both is there */
	uint32_t line;
};

struct list_index;

/* Owned by the caller; NULL without memory. */
struct list_index *list_index_new(struct hash_key key);
void list_index_free(struct list_index **index);

/* PF_OK; PF_ECONFLICT when the list has an entry already that covers the same; PF_EFULL at
 * LIST_INDEX_ENTRY_MAX; PF_ENOMEM. */
PF_MUST_CHECK int list_index_add(struct list_index *index, const struct dns_name *name,
                                 const struct list_entry *entry);

/* Gives back what growing left over. Without memory for that it stays as it is. */
void list_index_seal(struct list_index *index);

/* Fills `set` with the lists that hold the name: an entry of theirs covers it and no exception does. */
void list_index_match(const struct list_index *index, const struct dns_name *name,
                      struct list_set *set);

/* The line of the most specific entry by which `list` holds the name, the first of several; 0 when it
 * does not. `labels` gets the number of labels of the entry's name: it is the name's tail. */
unsigned list_index_find(const struct list_index *index, size_t list, const struct dns_name *name,
                         unsigned *labels);

size_t list_index_count(const struct list_index *index);
size_t list_index_bytes(const struct list_index *index);

#endif
