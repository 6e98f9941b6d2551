/* Where the entries of all lists go: names into the index, all else into tables of their own. Filled by one
 * thread, sealed, and from then on only read, by any number of threads. */
#ifndef PF_LISTS_TABLES_H
#define PF_LISTS_TABLES_H

#include "base/hash.h"
#include "lists/detail.h"
#include "lists/index.h"
#include "lists/line.h"
#include "lists/patterns.h"
#include "lists/prefixes.h"

struct list_tables {
	struct list_index *index;
	struct list_details *details;
	struct list_patterns *patterns;
	struct list_prefixes *networks[TRIGGER_COUNT]; /* NULL for the triggers that are names */
	struct list_set by_client;                     /* lists with entries for TRIGGER_CLIENT */
	struct list_set by_answer; /* … for TRIGGER_ADDRESS, NS_NAME or NS_ADDRESS */
	struct list_set by_server; /* … for TRIGGER_NS_NAME */
	struct list_set replying;  /* lists with entries that want to be replied something */
	struct list_set beyond;    /* lists with entries that are more than plain names in the index */
	bool names_known;          /* the index was sealed before: only what is beyond it is added */
};

/* Takes over the index, which may be NULL without memory for it. `tags` are the configuration's; they must live until the
 * tables are sealed. PF_OK or PF_ENOMEM; deinit is due in each case. */
PF_MUST_CHECK int list_tables_init(struct list_tables *tables, struct list_index *index,
                                   const struct tag_table *tags);
void list_tables_deinit(struct list_tables *tables);

/* Adds what a line lists (ITEM_NAME, ITEM_PATTERN or ITEM_NETWORK). PF_OK; PF_ECONFLICT when the list has it
 * already; PF_EFULL; PF_ENOMEM. */
PF_MUST_CHECK int list_tables_add(struct list_tables *tables, uint16_t list,
                                  const struct line_item *item, unsigned line);

/* Sorts, and compiles what is not in `keep` (which may be NULL). Expressions that turn out to be wrong are told and left out. PF_OK or PF_ENOMEM. */
PF_MUST_CHECK int list_tables_seal(struct list_tables *tables, const struct regex_keep *keep,
                                   void (*tell)(void *data, uint16_t list, unsigned line,
                                                const char *message),
                                   void *data);

/* What an entry is, as one number, in the tables and in the file alike: finding the line of an entry is finding the item
 * with the same one. */
uint64_t list_item_identity(const struct line_item *item);
uint64_t list_entry_identity(const struct list_tables *tables, const struct line_item *item,
                             uint32_t detail);

/* A name server's name as the index holds it: apart from the names that are asked for, by a last label that
 * no name in the world ends with. False when it is too long for that. */
bool list_server_name(const struct dns_name *name, struct dns_name *out);

size_t list_tables_bytes(const struct list_tables *tables);

#endif
