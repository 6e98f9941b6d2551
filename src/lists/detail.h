/* The details of entries: what terms.h read, kept for as long as the lists are in force. Entries that say the
 * same share one detail: a zone of a million names with `CNAME .` has one. Filled by one thread, from then on
 * only read. */
#ifndef PF_LISTS_DETAIL_H
#define PF_LISTS_DETAIL_H

#include "lists/terms.h"
#include "value/tags.h"

/* Different details of all lists together: 64 MB of them. Entries of one kind share theirs, so that what
 * counts is different addresses, clients and texts. */
#define LIST_DETAILS_MAX (256u << 10)

struct list_details;

struct list_client {
	bool negated;
	bool by_address; /* else by name */
	struct prefix prefix;
	char *name;
};

struct list_detail {
	bool important, nearest, has_reply;
	struct rule_reply reply; /* when has_reply */
	size_t type_count, client_count, spared_count;
	struct list_type {
		uint16_t type;
		bool negated;
	} * types;
	struct list_client *clients;
	struct dns_name *spared;        /* the entry does not hold for these and what is below them */
	bool tags_asked, tags_excluded; /* $ctag names some that the device must have; must not have */
	tag_set tags, not_tags;
};

/* NULL without memory. `tags` of the configuration must live as long as details are added. */
struct list_details *list_details_new(const struct tag_table *tags);
void list_details_free(struct list_details **details);

/* The number of the detail that says the same as `terms`: 0 when they say nothing, else made new or found.
 * PF_OK, PF_EFULL, PF_ENOMEM. */
PF_MUST_CHECK int list_details_add(struct list_details *details, const struct terms *terms,
                                   uint32_t *number);

/* `number` is not 0. */
const struct list_detail *list_details_get(const struct list_details *details, uint32_t number);

/* A text that is equal for two details if and only if they say the same; valid until the next is added. */
const uint8_t *list_details_key(const struct list_details *details, uint32_t number,
                                size_t *length);
/* The same of terms that are not added: its hash. */
uint64_t terms_hash(const struct terms *terms);

size_t list_details_count(const struct list_details *details);
size_t list_details_bytes(const struct list_details *details);

#endif
