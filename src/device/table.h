/* Addresses and what is known of each: open addressing by address. The watcher of the kernel's neighbours keeps one,
 * the book keeps another; what workers read is made of that (device/key_index.h). */
#ifndef PF_DEVICE_TABLE_H
#define PF_DEVICE_TABLE_H

#include "base/addr.h"
#include "base/hash.h"

/* Two in a cache line. */
struct address_entry {
	struct addr addr; /* family 0: empty */
	struct mac mac;
	uint8_t sources : 4; /* the book's: who says so; the lease index's: which file */
	uint8_t counted : 4; /* the book's: how the row counts it */
	union {
		uint32_t row;  /* the book's: the device's number */
		int interface; /* the watcher's: where it was seen last */
	};
	union {
		uint32_t
			dump; /* the watcher's: the last dump that named it, or during which an event did */
		uint32_t asked_s; /* the book's: when its name was asked for; 0: never */
	};
};
_Static_assert(sizeof(struct address_entry) == 32, "two of them are to fill a cache line");

struct address_table {
	struct hash_key key;
	size_t count, mask; /* at least half of the slots are empty */
	size_t unused;      /* so that slots begin at a multiple of their size */
	struct address_entry slots[];
};

/* What is no address but leads to a device all the same stands in the same table, as keys of families that no address
 * has. Of text its keyed hash stands there, so that a stranger's words take no room. */
enum key_family {
	KEY_MAC = 'M',
	KEY_WORD = 'W',   /* what a trusted forwarder calls its client */
	KEY_ID = 'I',     /* of struct device */
	KEY_CLIENT = 'C', /* DHCP client identifier or DUID */
	KEY_HOST = 'H',   /* host name in lower case */
	KEY_STAND = 'S',  /* a MAC that stands at a configured IPv4 address */
};
struct addr key_of_mac(const struct mac *mac);
struct addr key_of_stand(const struct mac *mac);
struct addr key_of_bytes(struct hash_key key, enum key_family family, const void *bytes,
                         size_t length);

/* Zeroed memory of tables and rosters: large pieces stand on huge pages, where the system has such, because a look-up would
 * else miss the TLB as well as the cache. NULL without memory. `bytes` as they were asked for. */
void *large_new(size_t bytes);
void large_free(void *memory, size_t bytes);

/* With room for `count` entries; NULL without memory. */
struct address_table *table_new(struct hash_key key, size_t count);
void table_free(struct address_table **table);

/* The address's entry or NULL. */
struct address_entry *table_find(struct address_table *table, const struct addr *addr);
const struct address_entry *table_look(const struct address_table *table, const struct addr *addr);

/* The address's entry, made when there is none (all but the address is zero then); may move the table. NULL without
 * memory: then all is as it was. */
struct address_entry *table_put(struct address_table **table, const struct addr *addr);

/* Other entries may move into the gap: only those at or after it in the order of the slots, or those at the
 * beginning, so a loop over all slots looks at the same slot once more and misses nothing. */
void table_remove(struct address_table *table, struct address_entry *entry);

#endif
