/* Who is who at this moment, as workers read it: a copy of what the book (device/book.h) holds, which nobody changes,
 * published within the snapshot whose tags it speaks of. A look-up is one probe by address; an address that is
 * not there is a configured network's, or unknown, and the look-up happens behind (device/sightings.h). On a campus what a
 * look-up reads is in no cache: a worker that has a batch of packets tells who is going to ask, and waits once for all. */
#ifndef PF_DEVICE_ROSTER_H
#define PF_DEVICE_ROSTER_H

#include "base/rcu.h"
#include "device/key_index.h"
#include "device/registry.h"

/* When a device asked last, in seconds since 1970 (good until 2106), and in how many different seconds it did. The one
 * thing that workers write: at most once a second for each device. */
struct sight {
	uint32_t last_s, seconds;
};

/* Workers write while the book reads, copies and clears: all go by these. Nothing is ordered by them, and of two who
 * write one place at once one is lost: nobody's life hangs on a second. */
static inline struct sight sight_load(const struct sight *sight)
{
	return (struct sight){__atomic_load_n(&sight->last_s, __ATOMIC_RELAXED),
	                      __atomic_load_n(&sight->seconds, __ATOMIC_RELAXED)};
}

static inline void sight_store(struct sight *sight, struct sight value)
{
	__atomic_store_n(&sight->last_s, value.last_s, __ATOMIC_RELAXED);
	__atomic_store_n(&sight->seconds, value.seconds, __ATOMIC_RELAXED);
}

/* The book's, and of each roster that was made of it, since a worker may be reading a roster that is no longer the newest. */
struct sights {
	size_t references;
	struct sight rows[];
};

/* Nobody has asked yet; pages that nobody touches cost nothing. NULL without memory. */
struct sights *sights_new(size_t count);
struct sights *sights_ref(struct sights *sights);
/* NULL is allowed. Any thread. */
void sights_unref(struct sights *sights);

/* A MAC that nobody has named, at the address of somebody who is configured by it. */
struct roster_guest {
	struct mac mac;
	uint32_t row;
};

/* A device in one cache line. Its id is one of a few prefixes and then its name or its MAC; who does not fit that, because the
 * name is too long, stands whole elsewhere. */
#define ROSTER_NAME_MAX 48
struct roster_row {
	tag_set tags;
	struct mac mac;
	uint8_t known : 1, has_mac : 1;
	uint8_t form;               /* of the id; 0: nobody */
	char name[ROSTER_NAME_MAX]; /* or, of those who stand elsewhere, their number as bytes */
};
_Static_assert(sizeof(struct roster_row) == 64, "a row is a cache line");

struct roster {
	struct rcu_head rcu;
	struct key_index *keys; /* owned; address, MAC or forwarder's word to row */
	struct roster_guest *guests;
	size_t guest_count, guests_max;
	struct device *whole; /* those of long names */
	size_t whole_count;
	struct sights *sights; /* a reference */
	size_t count;          /* of rows: the configured ones first, in the registry's order */
	struct roster_row *rows;
	size_t rows_bytes;
	uint64_t number; /* another one for each that is made of a book, from 1 */
};

/* Who asks, by what is known of the query. What a forwarder says counts only when it is a trusted one. */
struct asker {
	struct addr addr; /* the client's, or the one that the forwarder names; already unmapped */
	struct prefix
		subnet; /* a forwarder's word for where its client is, not to the last bit; length 0: none */
	bool has_mac; /* a forwarder's word */
	struct mac mac;
	char name[DEVICE_NAME_MAX]; /* a forwarder's word; "": none */
};

/* Fills `device`. False when nobody knows this asker yet: then the device is the unknown one that it will be.
 * `registry` is of the same snapshot. Allocates nothing. */
bool roster_identify(const struct roster *roster, const struct registry *registry,
                     const struct asker *asker, int64_t wall_us, struct device *device);

/* The same in two steps, for who remembers rows: the asker's row in this roster, or -1 with the device that it will be; and
 * that row's device, which is marked as having asked. */
int roster_row(const struct roster *roster, const struct registry *registry,
               const struct asker *asker, struct device *device);
void roster_take(const struct roster *roster, uint32_t row, int64_t wall_us, struct device *device);

/* The first step for a batch, whose memory is waited for once: the rows of these addresses, -1 where none has the address for itself
 * (roster_row knows more), and what roster_take will read is on its way. A small roster is in the cache anyway: there it only costs. */
#define ROSTER_BATCH_MAX 32
void roster_rows(const struct roster *roster, const struct addr *addrs, size_t count,
                 int rows[ROSTER_BATCH_MAX]);
void roster_fetch(const struct roster *roster, uint32_t row);
bool roster_is_small(const struct roster *roster);

/* By name (exact, else without regard to case), id, MAC or address in text, as people write it after `explain`:
 * its row, or the number of rows when it is none of them but a MAC or an address that may come; PF_ENOENT when the
 * text is none of these. */
PF_MUST_CHECK int roster_find(const struct roster *roster, const struct registry *registry,
                              const char *text, struct device *device);

/* For the book: an empty roster with room for so much, and what it fills it with, rows in their order. NULL and false without memory. */
struct roster *roster_new(struct hash_key key, const struct key_counts *keys, size_t row_count,
                          size_t guests);
PF_MUST_CHECK bool roster_add_row(struct roster *roster, const struct device *device);
void roster_add_guest(struct roster *roster, const struct mac *mac, uint32_t row);

void roster_free(struct roster **roster);
/* After a grace period. */
void roster_retire(struct roster *roster);

#endif
