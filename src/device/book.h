/* The book of devices: who is here and who was, by all that is known: the configuration, the kernel's neighbours, DHCP
 * leases, what forwarders say, tags of people and of rules. It belongs to the control thread and the admin, who take turns
 * (one lock of the daemon's); workers read the roster that it makes.
 *
 * A device is a row. Addresses, MACs, ids, DHCP client identifiers and host names lead to rows. Rows of configured devices come
 * first, in the registry's order; behind them are the others, `unknown` until somebody names or tags them, at most
 * BOOK_UNKNOWN_MAX: when a new one does not fit, those that were seen least are forgotten, and counted.
 *
 * What changes who is who is told as a struct device_change: an address that was asked from before its MAC was known, a
 * MAC that was made up anew by a device that its lease gives away. */
#ifndef PF_DEVICE_BOOK_H
#define PF_DEVICE_BOOK_H

#include "base/clock.h"
#include "config/config.h"
#include "device/lease.h"
#include "device/roster.h"
#include "device/vendor.h"
#include "value/change.h"

/* Strangers can make up addresses. 65,536 unknown devices take some 30 MB, and no network has as many things. */
#define BOOK_UNKNOWN_MAX 65536
#define BOOK_CHANGES_MAX 1024 /* not yet taken; more are counted as lost: history, not verdicts */
#define BOOK_TAGS_MAX 16      /* that people give one device at run time */

struct book;

/* NULL without memory. `unknown_max` 0: BOOK_UNKNOWN_MAX. */
struct book *book_new(struct hash_key key, size_t unknown_max);
void book_free(struct book **book);

/* Takes a new configuration over and makes the roster for its snapshot; rows that it does not name stay, with all that is
 * known of them. `config` and `registry` are borrowed until the next call, `vendors` too (it may be NULL). PF_OK and the
 * caller's `*out`; PF_ENOMEM: the book is as it was. */
PF_MUST_CHECK int book_adopt(struct book *book, const struct config *config,
                             const struct registry *registry, const struct vendors *vendors,
                             struct now now, struct roster **out);

/* Has anything changed that workers should know? */
bool book_is_dirty(const struct book *book);
/* The roster of this moment, the caller's; NULL without memory: it stays dirty. */
struct roster *book_roster(struct book *book);

/* ---- what the house tells ---- */

/* While it learns, whoever comes is no new device: for the first look at a network. */
void book_learn(struct book *book, bool learns);
/* `mac` NULL: the kernel has forgotten the address. */
void book_neighbour(struct book *book, const struct addr *addr, const struct mac *mac,
                    struct now now);
/* The leases of file `file` (below CONFIG_LEASE_FILES_MAX) take the place of those it had; `list` is taken over and
 * becomes empty. PF_ENOMEM: the old ones stay. */
PF_MUST_CHECK int book_leases(struct book *book, size_t file, struct lease_list *list,
                              struct now now);
/* Somebody asked whom the roster did not know, at `wall_us`. */
void book_sighting(struct book *book, const struct asker *asker, int64_t wall_us);
/* A device asked a name that the asks-pattern of tag rule `rule` fits. */
void book_asked(struct book *book, const char *id, size_t rule, int64_t wall_us);
/* Ends `new` where its time has come, and gives IPv6 addresses to whose MAC has moved (device/stands.c). Returns the microseconds until that is so the next time; -1: nobody is new. */
int64_t book_expire(struct book *book, int64_t wall_us);

/* ---- names of the reverse zone ---- */

/* Addresses whose device no lease names, at most `max`: they count as asked for now, and come again in an hour at the
 * earliest. A call looks at a bounded part of all addresses, the next one at the next. */
size_t book_unnamed(struct book *book, int64_t wall_us, struct addr *addrs, size_t max);
/* The reverse zone has this name for an address. True: it says something new of a device. */
bool book_name(struct book *book, const struct addr *addr, const char *name);

/* ---- silence ---- */

/* The first known device from `from` on that has asked, but not for as long as its `silent-after` says, and that was not told of
 * since; -1: none. Then it counts as told. `*since_wall_us`: when it asked last. */
int book_silent(struct book *book, size_t from, int64_t wall_us, int64_t *since_wall_us);
/* For so long nobody could hear anybody (the daemon was down, the machine slept), or the clock was set: that is no silence. */
void book_deaf(struct book *book, int64_t gap_us);

/* ---- tags at run time ---- */

/* The row of what people write (roster_find); one is made for a MAC or an address that nobody has seen yet. PF_ENOENT,
 * PF_ENOMEM. */
PF_MUST_CHECK int book_find(struct book *book, const char *text, struct now now);
/* PF_OK, PF_EINVAL (no tag name, or a built-in one), PF_EFULL (BOOK_TAGS_MAX), PF_ENOMEM. */
PF_MUST_CHECK int book_tag(struct book *book, size_t row, const char *tag, int64_t wall_us);
/* PF_OK; PF_ENOENT: it has no such tag; PF_ECONFLICT: the configuration sets it, or a rule of it. */
PF_MUST_CHECK int book_untag(struct book *book, size_t row, const char *tag);

/* ---- names at run time ---- */

/* What people call a device that the configuration does not name; "" takes the name away. PF_OK; PF_EINVAL (no name: too long, or with
 * control characters), PF_ECONFLICT: the configuration names it, PF_EFULL: another device is called so, PF_ENOMEM. */
PF_MUST_CHECK int book_give_name(struct book *book, size_t row, const char *name, int64_t wall_us);

/* ---- looking ---- */

struct book_tag {
	char name[TAG_NAME_MAX];
	int64_t set_wall_us;
};

struct book_view {
	const struct device *device;
	const char *host, *vendor; /* "" when not known */
	bool host_is_reverse;      /* of the reverse zone: no lease has said it */
	bool mac_is_local;
	int config;                          /* its index in the configuration; -1 */
	int64_t first_wall_us, last_wall_us; /* 0: never */
	int64_t new_until_wall_us;           /* 0: it is not new */
	int64_t asked_wall_us;               /* when it asked last, in whole seconds; 0: never */
	int64_t quiet_from_wall_us, silent_told_wall_us; /* see struct book_memory */
	uint64_t rules;                                  /* bit i: tag rule i holds */
	size_t tag_count, address_count;
	const struct book_tag *tags; /* of people */
	bool announced;
	bool given; /* people gave it its name */
};
/* Rows are numbered from 0 to book_rows; false: nobody is there. */
size_t book_rows(const struct book *book);
bool book_view(const struct book *book, size_t row, struct book_view *view);
void book_each_address(const struct book *book,
                       void (*each)(void *data, size_t row, const struct addr *addr), void *data);
/* The words about row's tag `name`: who set it. "configuration", "rule", "person", "built-in"; NULL: it has no
 * such tag. */
const char *book_tag_origin(const struct book *book, size_t row, const char *name);

struct book_stats {
	size_t unknown, addresses;
	uint64_t evicted, changes_lost;
};
void book_stats(const struct book *book, struct book_stats *stats);

/* ---- what is remembered over a restart ---- */

struct book_memory {
	char id[DEVICE_ID_MAX], host[LEASE_HOST_MAX];
	int64_t first_wall_us, last_wall_us, new_until_wall_us;
	int64_t asked_wall_us,
		quiet_from_wall_us;      /* when it asked last; from when its silence counts */
	int64_t silent_told_wall_us; /* when it had asked last as its silence was told */
	bool host_is_reverse, announced;
};
/* The row of the memory's id, made when there is none; what it knows is added. PF_OK and `*row`; PF_EINVAL (no id of a
 * device), PF_ENOMEM. */
PF_MUST_CHECK int book_remember(struct book *book, const struct book_memory *memory, size_t *row);
/* The `asks` of tag rule `rule` when the row's device was heard to ask that often enough, else NULL; and that it was, for each rule
 * that wants to hear this. */
const char *book_heard(const struct book *book, size_t row, size_t rule);
void book_remember_heard(struct book *book, size_t row, const char *asks);
/* The first row from `from` on of an unknown device that was first seen at `until` or before and that nobody was told of; -1:
 * none. Then it counts as told. */
int book_announce(struct book *book, size_t from, int64_t until_wall_us);

/* ---- history ---- */

/* The oldest change that was not yet taken; false: none. Take them after the roster was published: a grace period later
 * nobody writes under the old id any more. */
bool book_take_change(struct book *book, struct device_change *change);

#endif
