/* Private to lists/: all lists of a configuration, as they were loaded. */
#ifndef PF_LISTS_STATE_H
#define PF_LISTS_STATE_H

#include "lists/lists.h"
#include "lists/store.h"
#include "lists/tables.h"

/* A warning of a list, to be told again when it need not be read again. */
struct list_warning {
	uint32_t list;
	char *text;
};

struct lists {
	unsigned references; /* atomic: the last may be let go of by another thread */
	enum lists_origin origin;
	struct hash_key key;             /* of the index and of the sources' digests */
	struct hash_key expressions_key; /* of the digests of compiled expressions */
	size_t count;
	struct list_info *infos; /* by the list's number */
	struct tag_table tags;   /* of the configuration: conditions speak of them */
	struct list_tables tables;
	size_t warning_count;
	struct list_warning *warnings;
	struct own_file map; /* when the index lies in a mapped file … */
	/* … which lists must still be read for what is not in it, and how many details come of that. */
	struct list_set beyond;
	size_t detail_count;
};

#endif
