/* Private to device/: what the book is made of, for the files that work on it. */
#ifndef PF_DEVICE_BOOK_STATE_H
#define PF_DEVICE_BOOK_STATE_H

#include "device/book.h"

/* Who says that an address is a device's. */
enum book_source {
	FROM_NEIGHBOUR = 1, /* the kernel: `mac` is its word */
	FROM_LEASE = 2,     /* a DHCP server */
	FROM_SIGHT = 4,     /* a query came from there */
};

/* How often a device asked what a rule wants to hear, in the hour that began then. */
struct asks {
	int64_t since_wall_us;
	uint32_t count;
};

struct row {
	struct device device; /* id "": nobody; else as it is published */
	uint32_t next_free;
	char host[LEASE_HOST_MAX];
	struct addr client_key, host_key;       /* that lead here; family 0: none */
	struct addr pinned_client, pinned_host; /* the same, by the configuration */
	int64_t first_wall_us, last_wall_us, new_until_wall_us;
	int64_t
		quiet_from_wall_us; /* since it asked last, but for the time when nobody could hear it */
	uint32_t silent_told_s; /* when it had asked last as its silence was told; 0: not told */
	tag_set config_tags;
	uint64_t rules;    /* that hold */
	uint64_t asked;    /* rules whose `asks` was heard often enough */
	struct asks *asks; /* one for each rule; NULL: never asked any */
	struct book_tag *tags;
	size_t tag_count, address_count;
	size_t neighbour_count; /* of its addresses, those that the kernel has now */
	bool host_is_reverse;   /* no lease has said it */
	bool announced;
	bool given; /* people gave it its name */
};

/* How a row counts an address. */
enum counted { COUNTED_NOT, COUNTED_ADDRESS, COUNTED_NEIGHBOUR };

struct book {
	struct hash_key key;
	size_t unknown_max;
	const struct config *config;     /* borrowed, see book_adopt */
	const struct registry *registry; /* borrowed */
	const struct vendors *vendors;   /* borrowed, or NULL */
	size_t configured;               /* rows of the configuration */
	size_t unknown;                  /* rows behind them that are somebody */
	struct row *rows;
	size_t row_count, row_room, row_max;
	uint32_t free_row;           /* ROW_NONE: none */
	struct address_table *keys;  /* addresses, MACs and forwarders' words: what workers look up */
	struct address_table *names; /* ids, client identifiers and host names */
	struct sights *sights;       /* row_max of them; pages that nobody touches cost nothing */
	struct lease_list leases[CONFIG_LEASE_FILES_MAX];
	struct address_table *lease_index; /* address to file (`interface`) and index (`row`) */
	bool dirty, learns;
	bool stands_changed;    /* IPv6 addresses may belong elsewhere now */
	uint64_t roster_number; /* of the last roster that was made */
	size_t name_cursor;     /* of the walk for names, in the slots of `keys` */
	uint64_t evicted, changes_lost;
	size_t change_first, change_count;
	struct device_change
		*changes; /* room for BOOK_CHANGES_MAX; pages that nobody touches cost nothing */
};

/* People have said who it is: it is not forgotten for want of room, and its MAC is itself wherever it stands. */
static inline bool row_is_somebody(const struct row *row)
{
	return row->tag_count || row->given;
}

static inline bool row_is_known(const struct book *book, uint32_t row)
{
	return row < book->configured || row_is_somebody(&book->rows[row]);
}

/* ---- rows.c */

/* The row of a device that is not configured, made when there is none; ROW_NONE without memory. */
uint32_t row_make(struct book *book, const struct device *device, int64_t wall_us);
/* Forgets a row to which no address leads any more. */
void row_forget(struct book *book, uint32_t row);
/* Computes its tags anew. */
void row_retag(struct book *book, uint32_t row);
uint32_t row_of_key(const struct book *book, const struct addr *key);
uint32_t row_of_id(const struct book *book, const char *id);
/* The key leads to the row from now on; false without memory. */
bool row_put_key(struct book *book, const struct addr *key, uint32_t row);
/* The same, in the place of the one that the row holds for this (`held`). Without memory all is as it was. */
void row_move_key(struct book *book, struct addr *held, const struct addr *key, uint32_t row);
/* The keys of its id and its MAC lead to the row, where they lead to no other; false without memory. */
bool row_put_own_keys(struct book *book, uint32_t row);
/* Gives the row's tags and time to another that is the same thing. */
void row_inherit(struct book *book, uint32_t from, uint32_t into);

/* ---- book.c */

/* Frees rows and keys, as book_free does; sights, leases and the book itself stay. */
void book_empty(struct book *book);

/* Where the address belongs by all that is known now; makes, moves or ends its entry. */
void book_settle(struct book *book, const struct addr *addr, int64_t wall_us);
/* The row of an address that a query came from; ROW_NONE without memory. */
uint32_t book_place(struct book *book, const struct addr *addr, int64_t wall_us);
void book_note_change(struct book *book, enum device_change_kind kind, const char *from,
                      const struct device *into, int64_t since_wall_us, int64_t wall_us,
                      const char *why);

/* ---- tagging.c */

/* Whom people know by its MAC is found by it even where the configuration names the address. */
void book_settle_addresses_of(struct book *book, size_t number, int64_t wall_us);

/* ---- stands.c */

/* The configured device at whose IPv4 address the MAC stands; ROW_NONE. */
uint32_t book_row_of_stand(const struct book *book, const struct mac *mac);
/* The kernel says that the MAC stands at this address, which is the row's. */
void book_note_stand(struct book *book, const struct addr *addr, const struct mac *mac,
                     uint32_t row);
/* Settles the IPv6 addresses anew of MACs that came to a configured IPv4 address, or left it. */
void book_follow_stands(struct book *book, int64_t wall_us);

/* ---- ties.c */

/* The lease of an address, or NULL. */
const struct lease *book_lease_of(const struct book *book, const struct addr *addr);
/* Makes the client identifiers and host names of the configuration lead to its devices; false without memory. */
bool book_pin(struct book *book);
/* The row that a lease without a MAC leads to, or ROW_NONE. */
uint32_t book_row_of_client(const struct book *book, const struct lease *lease);

#endif
