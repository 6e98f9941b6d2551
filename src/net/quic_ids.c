/* The table of quic_ids.h. */
#include "net/quic_ids.h"

#include <stdlib.h>
#include <string.h>

static size_t bucket_of(const struct quic_ids *ids, const uint8_t *bytes, size_t length)
{
	return hash_bytes(ids->key, bytes, length) % QUIC_ID_BUCKETS;
}

static bool is(const struct quic_id *id, const uint8_t *bytes, size_t length)
{
	return id->length == length && !memcmp(id->bytes, bytes, length);
}

struct quic_id *quic_id_find(const struct quic_ids *ids, const uint8_t *bytes, size_t length)
{
	struct quic_id *id = ids->buckets[bucket_of(ids, bytes, length)];
	while (id && !is(id, bytes, length))
		id = id->next;
	return id;
}

bool quic_id_add(struct quic_ids *ids, struct quic_connection *connection,
                 struct quic_id **siblings, const uint8_t *bytes, size_t length)
{
	if (length > QUIC_ID_BYTES_MAX || quic_id_find(ids, bytes, length))
		return false;
	struct quic_id *id = calloc(1, sizeof *id);
	if (!id)
		return false;
	struct quic_id **bucket = &ids->buckets[bucket_of(ids, bytes, length)];
	id->connection = connection;
	id->length = (uint8_t)length;
	memcpy(id->bytes, bytes, length);
	id->next = *bucket;
	*bucket = id;
	id->sibling = *siblings;
	*siblings = id;
	return true;
}

/* Takes the first of the siblings away. */
static void forget(struct quic_ids *ids, struct quic_id **siblings)
{
	struct quic_id *old = *siblings;
	struct quic_id **at = &ids->buckets[bucket_of(ids, old->bytes, old->length)];
	while (*at != old)
		at = &(*at)->next;
	*at = old->next;
	*siblings = old->sibling;
	free(old);
}

void quic_id_retire(struct quic_ids *ids, struct quic_id **siblings, const uint8_t *bytes,
                    size_t length)
{
	while (*siblings && !is(*siblings, bytes, length))
		siblings = &(*siblings)->sibling;
	if (*siblings)
		forget(ids, siblings);
}

void quic_ids_forget(struct quic_ids *ids, struct quic_id **siblings)
{
	while (*siblings)
		forget(ids, siblings);
}
