/* See as_table.h. */
#include "geo/as_table.h"

#include <stdlib.h>
#include <string.h>

#include "geo/geo.h"
#include "geo/text.h"

#define NAMES_START_BYTES 65536
#define SLOTS_START 4096 /* a power of two */

void as_table_deinit(struct as_table *table)
{
	free(table->systems);
	free(table->slots);
	free(table->names);
	*table = (struct as_table){0};
}

static uint32_t *slot_of(const struct as_table *table, uint32_t number)
{
	size_t at = (number * 0x9e3779b1u) & table->slot_mask;
	while (table->slots[at] && table->systems[table->slots[at] - 1].number != number)
		at = (at + 1) & table->slot_mask;
	return &table->slots[at];
}

static int rehash(struct as_table *table)
{
	size_t size = table->slot_mask ? (table->slot_mask + 1) * 2 : SLOTS_START;
	uint32_t *slots = calloc(size, sizeof *slots);
	if (!slots)
		return PF_ENOMEM;
	free(table->slots);
	table->slots = slots;
	table->slot_mask = size - 1;
	for (size_t i = 0; i < table->count; i++)
		*slot_of(table, table->systems[i].number) = (uint32_t)i + 1;
	return PF_OK;
}

static int keep_name(struct as_table *table, const char *name, size_t length, uint32_t *offset)
{
	if (table->names_room < table->names_length + GEO_ORGANISATION_MAX) {
		size_t room = table->names_room ? table->names_room * 2 : NAMES_START_BYTES;
		char *grown = realloc(table->names, room);
		if (!grown)
			return PF_ENOMEM;
		table->names = grown;
		table->names_room = room;
	}
	char *to = table->names + table->names_length;
	text_clean(to, GEO_ORGANISATION_MAX, name, length);
	*offset = (uint32_t)table->names_length;
	table->names_length += strlen(to) + 1;
	return PF_OK;
}

int as_table_add(struct as_table *table, uint32_t number, const char *organisation, size_t length,
                 uint32_t *index)
{
	if (table->count * 2 >= table->slot_mask && rehash(table) != PF_OK)
		return PF_ENOMEM;
	uint32_t *slot = slot_of(table, number);
	if (*slot) {
		*index = *slot - 1;
		return PF_OK;
	}
	if (table->count == AS_MAX)
		return PF_EFULL;
	if (table->count == table->room) {
		size_t room = table->room ? table->room * 2 : 1024;
		struct as *grown = realloc(table->systems, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		table->systems = grown;
		table->room = room;
	}
	struct as as = {.number = number};
	if (keep_name(table, organisation, length, &as.organisation) != PF_OK)
		return PF_ENOMEM;
	table->systems[table->count] = as;
	*index = (uint32_t)table->count++;
	*slot = *index + 1;
	return PF_OK;
}

void as_table_trim(struct as_table *table)
{
	if (!table->count)
		return;
	struct as *systems = realloc(table->systems, table->count * sizeof *systems);
	char *names = realloc(table->names, table->names_length);
	table->systems = systems ? systems : table->systems;
	table->names = names ? names : table->names;
	table->room = table->count;
	table->names_room = table->names_length;
}

const char *as_table_organisation(const struct as_table *table, uint32_t number)
{
	if (!table->slots)
		return "";
	uint32_t slot = *slot_of(table, number);
	return slot ? table->names + table->systems[slot - 1].organisation : "";
}
