/* The places of slots.h. */
#include "lists/slots.h"

#include <stdlib.h>

#define CAPACITY_MIN 64

int64_t slots_find(const struct slots *slots, uint64_t hash, slots_equal *equal, const void *table,
                   const void *wanted)
{
	size_t mask = slots->capacity - 1;
	if (!slots->capacity)
		return -1;
	for (size_t at = hash & mask; slots->places[at].place; at = (at + 1) & mask)
		if (slots->places[at].hash == (uint32_t)hash &&
		    equal(table, slots->places[at].place - 1, wanted))
			return slots->places[at].place - 1;
	return -1;
}

static void put(struct slots *slots, struct slot_place place)
{
	size_t mask = slots->capacity - 1, at = place.hash & mask;
	while (slots->places[at].place)
		at = (at + 1) & mask;
	slots->places[at] = place;
}

int slots_add(struct slots *slots, uint64_t hash, size_t place)
{
	if (slots->count * 2 == slots->capacity) {
		struct slots grown = {.capacity = slots->capacity ? slots->capacity * 2 : CAPACITY_MIN};
		grown.places = calloc(grown.capacity, sizeof *grown.places);
		if (!grown.places)
			return PF_ENOMEM;
		for (size_t i = 0; i < slots->capacity; i++)
			if (slots->places[i].place)
				put(&grown, slots->places[i]);
		grown.count = slots->count;
		free(slots->places);
		*slots = grown;
	}
	put(slots, (struct slot_place){(uint32_t)hash, (uint32_t)(place + 1)});
	slots->count++;
	return PF_OK;
}

void slots_deinit(struct slots *slots)
{
	free(slots->places);
	*slots = (struct slots){0};
}
