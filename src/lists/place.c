/* The walk of place.h: the table is in the order of the hashes, so that names come bucket by bucket. */
#include "lists/place.h"

#include <stdlib.h>

#include "base/pages.h"
#include "lists/sealed.h"

/* After so many bytes that were read of the table they are given back. */
#define FORGET_BYTES ((size_t)2 << 20)
/* Names that wait for room, of which there are some ten at most times; when there are more the load is too high. */
#define WAITING_MAX 4096

struct waiting {
	uint64_t slot;
	size_t home;
};

struct place {
	uint64_t *slots; /* NULL: it is only counted */
	size_t bucket, used;
	bool failed;
	size_t first, last; /* of those who wait, modulo WAITING_MAX */
	struct waiting waiting[WAITING_MAX];
};

static void put(struct place *place, uint64_t slot)
{
	if (place->slots)
		place->slots[place->bucket * BUCKET_SLOTS + place->used] |= slot;
	place->used++;
}

/* Nobody else is at home in this bucket: what room is left goes to those who wait. */
static void end_bucket(struct place *place)
{
	while (place->used < BUCKET_SLOTS && place->first != place->last) {
		const struct waiting *next = &place->waiting[place->first++ % WAITING_MAX];
		size_t distance = place->bucket - next->home;
		put(place, next->slot);
		if (distance > BUCKET_DISTANCE_MAX)
			place->failed = true;
		else if (place->slots)
			bucket_set_distance(place->slots + next->home * BUCKET_SLOTS, (unsigned)distance);
	}
	place->bucket++;
	place->used = 0;
}

static void place_name(struct place *place, size_t home, uint64_t slot)
{
	while (place->bucket < home)
		end_bucket(place);
	if (place->used < BUCKET_SLOTS)
		put(place, slot);
	else if (place->last - place->first == WAITING_MAX)
		place->failed = true;
	else
		place->waiting[place->last++ % WAITING_MAX] = (struct waiting){slot, home};
}

int place_names(struct name_table *table, size_t bucket_count, const struct place_target *target,
                size_t *slot_count)
{
	struct place *place = calloc(1, sizeof *place);
	if (!place)
		return PF_ENOMEM;
	place->slots = target ? target->slots : NULL;
	char *forgotten = (char *)table->slots;
	size_t word_count = filter_words(bucket_count);
	for (size_t i = 0; i < table->slot_count && !place->failed; i++) {
		const struct name_slot *name = &table->slots[i];
		if (target && (size_t)((const char *)name - forgotten) >= FORGET_BYTES) {
			pages_forget(forgotten, name);
			forgotten = (char *)name;
		}
		if (!name->value)
			continue;
		uint64_t hash = name_table_hash(name), group = target ? target->numbers[name->value] : 0;
		place_name(place, sealed_bucket(bucket_count, hash),
		           SLOT_HASH(hash) | group << SLOT_HASH_BITS);
		if (target)
			target->filter[filter_word(word_count, hash)] |= filter_bits(hash);
	}
	while (!place->failed && (place->bucket < bucket_count || place->first != place->last))
		end_bucket(place);
	*slot_count = place->bucket * BUCKET_SLOTS;
	int error = place->failed ? PF_EFULL : PF_OK;
	free(place);
	return error;
}
