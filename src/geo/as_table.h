/* Private to geo/: autonomous systems by number, each with its organisation and country. */
#ifndef PF_GEO_AS_TABLE_H
#define PF_GEO_AS_TABLE_H

#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "value/facts.h"

#define AS_MAX 200000 /* some 80,000 announce anything */

struct as {
	uint32_t number;
	uint32_t organisation; /* offset into the names */
	struct country country;
};

struct as_table {
	size_t count, room, slot_mask;
	struct as *systems; /* in the order in which they came */
	uint32_t *slots;    /* number → index + 1, open addressing */
	size_t names_length, names_room;
	char *names; /* organisations, NUL between them */
};

void as_table_deinit(struct as_table *table);

/* The index of an AS, added when it is new: the organisation that comes first is kept, at most GEO_ORGANISATION_MAX
 * bytes of it, as UTF-8 without control characters. PF_ENOMEM, PF_EFULL over AS_MAX. */
PF_MUST_CHECK int as_table_add(struct as_table *table, uint32_t number, const char *organisation,
                               size_t length, uint32_t *index);

/* Gives back what was allocated in advance. */
void as_table_trim(struct as_table *table);

/* "" for an AS that is not there. */
const char *as_table_organisation(const struct as_table *table, uint32_t number);

#endif
