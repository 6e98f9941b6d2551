/* Private to fetch/: the differences between two versions of a zone (RFC 1995), gathered and then applied to the copy on
 * disk, which is read and written once and never held in memory. */
#ifndef PF_FETCH_DIFF_H
#define PF_FETCH_DIFF_H

#include "base/buffer.h"
#include "base/hash.h"
#include "dns/zone_transfer.h"
#include "fetch/copy.h"

#define DIFF_CHANGES_MAX \
	(1u << 22) /* 24 bytes each; a primary that sends more should send the zone */

struct diff_change;

struct diff {
	struct hash_key key;
	struct buffer lines;
	struct diff_change *changes; /* in the order in which they came; owned */
	size_t count, room;
};

void diff_init(struct diff *diff, uint64_t bytes_max);
void diff_deinit(struct diff *diff);
/* PF_EFULL, PF_ENOMEM. */
PF_MUST_CHECK int diff_add(struct diff *diff, const struct zone_transfer_record *record);

/* Writes the new version: `soa_line`, the records of the old copy that stay, those that were added. PF_ECONFLICT: the old copy does
 * not have what is to be taken away; PF_EIO with errno, PF_EFULL, PF_ENOMEM. */
PF_MUST_CHECK int diff_apply(struct diff *diff, const char *old_path, const char *soa_line,
                             struct replacement *writer);

#endif
