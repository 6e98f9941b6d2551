/* Addresses and what is known of each: open addressing by address. The watcher of the kernel's neighbours keeps one,
 * the book keeps another; what workers read are copies, which nobody changes. */
#ifndef PF_DEVICE_TABLE_H
#define PF_DEVICE_TABLE_H

#include "base/addr.h"
#include "base/hash.h"

struct address_entry {
	struct addr addr; /* family 0: empty */
	struct mac mac;
	uint8_t sources; /* the book's: who says so */
	uint8_t counted; /* the book's: how the row counts it */
	int interface;   /* the watcher's: where it was seen last */
	unsigned
		dump; /* the watcher's: the last dump that named it, or during which an event did; the book's: the
	                    second in which its name was asked for, 0: never */
	uint32_t row; /* the book's: the device's number */
};

struct address_table {
	struct hash_key key;
	size_t count, mask; /* at least half of the slots are empty */
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
};
struct addr key_of_mac(const struct mac *mac);
struct addr key_of_bytes(struct hash_key key, enum key_family family, const void *bytes,
                         size_t length);

/* With room for `count` entries; NULL without memory. */
struct address_table *table_new(struct hash_key key, size_t count);
struct address_table *table_copy(const struct address_table *table);
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
