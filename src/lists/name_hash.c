/* The hash of one whole name, of name_hash.h. */
#include "lists/name_hash.h"

#include <string.h>

static uint64_t hash_wire(const struct name_key *key, const uint8_t *wire, unsigned labels)
{
	uint8_t starts[NAME_LABELS_MAX];
	uint64_t hash = key->second;
	name_hash_starts(wire, labels, starts);
	while (labels--)
		hash = name_hash_label(key, hash, wire + starts[labels]);
	return hash;
}

/* By itself: else the room would be zeroed for each name. */
static __attribute__((noinline)) uint64_t hash_long(const struct name_key *key,
                                                    const struct dns_name *name)
{
	uint8_t wire[NAME_WIRE_MAX + NAME_HASH_WORD] = {0};
	memcpy(wire, name->wire, name->length);
	return hash_wire(key, wire, name->labels);
}

uint64_t name_hash(const struct name_key *key, const struct dns_name *name)
{
	if (name->length > NAME_HASH_WIRE_MAX)
		return hash_long(key, name);
	return hash_wire(key, name->wire, name->labels);
}
