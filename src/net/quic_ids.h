/* Private to net/: which connection of a worker an id leads to. A connection has several, and retires them as it goes. */
#ifndef PF_NET_QUIC_IDS_H
#define PF_NET_QUIC_IDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/hash.h"

#define QUIC_ID_BYTES_MAX 20  /* RFC 9000, 17.2 */
#define QUIC_ID_BUCKETS 16384 /* some for each of the most connections */

struct quic_connection;

struct quic_id {
	struct quic_id *next;    /* in its bucket */
	struct quic_id *sibling; /* of the same connection */
	struct quic_connection *connection;
	uint8_t length;
	uint8_t bytes[QUIC_ID_BYTES_MAX];
};

/* Zeroed at first, but for the key. */
struct quic_ids {
	struct hash_key key;
	struct quic_id *buckets[QUIC_ID_BUCKETS];
};

/* NULL: nobody's. */
struct quic_id *quic_id_find(const struct quic_ids *ids, const uint8_t *bytes, size_t length);
/* One more, at the head of `siblings`. False: no memory, too long, or somebody's already. */
bool quic_id_add(struct quic_ids *ids, struct quic_connection *connection,
                 struct quic_id **siblings, const uint8_t *bytes, size_t length);
/* It is no longer good. */
void quic_id_retire(struct quic_ids *ids, struct quic_id **siblings, const uint8_t *bytes,
                    size_t length);
/* All of them. */
void quic_ids_forget(struct quic_ids *ids, struct quic_id **siblings);

#endif
