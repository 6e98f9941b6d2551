/* The slots of refill.h. */
#include "lists/refill.h"

#include "base/pages.h"
#include "lists/sealed.h"

/* Of a name's bucket and those behind it: as far as bucket_distance reaches. */
#define BUCKETS_BEHIND BUCKET_DISTANCE_MAX
/* With fewer names than so many hundredths of what was expected a table makes the better index. */
#define FILLED_PERCENT_MIN 75

#define GROUP_BITS ((uint64_t)GROUPS_MAX << SLOT_HASH_BITS)

static size_t bytes_of(const struct refill *refill)
{
	return (filter_words(refill->bucket_count) + refill->bucket_end * BUCKET_SLOTS) *
	       sizeof(uint64_t);
}

int refill_init(struct refill *refill, size_t name_count)
{
	size_t bucket_count = name_count * 100 / (BUCKET_SLOTS * BUCKET_LOAD_PERCENT) + 1;
	*refill =
		(struct refill){.bucket_count = bucket_count, .bucket_end = bucket_count + BUCKETS_BEHIND};
	refill->block = pages_new(bytes_of(refill));
	if (!refill->block)
		return PF_ENOMEM;
	refill->slots = refill->block + filter_words(bucket_count);
	return PF_OK;
}

void refill_deinit(struct refill *refill)
{
	pages_free(refill->block, bytes_of(refill));
	refill->slots = refill->block = NULL;
}

void refill_fetch(const struct refill *refill, uint64_t hash)
{
	__builtin_prefetch(refill->slots + sealed_bucket(refill->bucket_count, hash) * BUCKET_SLOTS, 1);
	__builtin_prefetch(&refill->block[filter_word(filter_words(refill->bucket_count), hash)], 1);
}

uint64_t *refill_find(const struct refill *refill, uint64_t hash)
{
	uint64_t *bucket = refill->slots + sealed_bucket(refill->bucket_count, hash) * BUCKET_SLOTS;
	uint64_t *end = bucket + (bucket_distance(bucket) + 1) * BUCKET_SLOTS;
	for (uint64_t *slot = bucket; slot < end; slot++)
		if (SLOT_GROUP(*slot) && SLOT_HASH(*slot) == SLOT_HASH(hash))
			return slot;
	return NULL;
}

void refill_set_group(uint64_t *slot, uint32_t group)
{
	*slot = (*slot & ~GROUP_BITS) | (uint64_t)group << SLOT_HASH_BITS;
}

void refill_put(struct refill *refill, uint64_t hash, uint32_t group)
{
	uint64_t *home = refill->slots + sealed_bucket(refill->bucket_count, hash) * BUCKET_SLOTS;
	uint64_t *end = home + (BUCKET_DISTANCE_MAX + 1) * BUCKET_SLOTS;
	uint64_t *slot = home;
	while (slot < end && SLOT_GROUP(*slot))
		slot++;
	if (slot == end || refill->failed) {
		refill->failed = true;
		return;
	}
	*slot |= SLOT_HASH(hash);
	refill->block[filter_word(filter_words(refill->bucket_count), hash)] |= filter_bits(hash);
	refill_set_group(slot, group);
	refill->name_count++;
	unsigned distance = (unsigned)((size_t)(slot - home) / BUCKET_SLOTS);
	if (distance > bucket_distance(home))
		bucket_set_distance(home, distance);
}

bool refill_misjudged(const struct refill *refill)
{
	size_t expected = refill->bucket_count * BUCKET_SLOTS * BUCKET_LOAD_PERCENT / 100;
	return refill->failed || refill->name_count * 100 < expected * FILLED_PERCENT_MIN;
}

size_t refill_slot_count(const struct refill *refill)
{
	size_t end = refill->bucket_end * BUCKET_SLOTS;
	while (end > refill->bucket_count * BUCKET_SLOTS && !SLOT_GROUP(refill->slots[end - 1]))
		end--;
	return (end + BUCKET_SLOTS - 1) / BUCKET_SLOTS * BUCKET_SLOTS;
}

uint64_t *refill_take(struct refill *refill, size_t bytes)
{
	size_t old_bytes = bytes_of(refill);
	uint64_t *block = refill->block;
	if (bytes != old_bytes)
		block = pages_resize(block, old_bytes, bytes);
	if (block)
		refill->slots = refill->block = NULL;
	return block;
}

void refill_renumber(uint64_t *slots, size_t slot_count, const uint32_t *numbers)
{
	for (size_t i = 0; i < slot_count; i++)
		if (SLOT_GROUP(slots[i]))
			refill_set_group(&slots[i], numbers[SLOT_GROUP(slots[i])]);
}
