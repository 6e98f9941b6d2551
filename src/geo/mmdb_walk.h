/* Private to geo/: every network of an mmdb with the value that it leads to, in the order of the addresses. */
#ifndef PF_GEO_MMDB_WALK_H
#define PF_GEO_MMDB_WALK_H

#include "base/addr.h"
#include "geo/mmdb.h"

struct mmdb_leaf_taker {
	/* What it returns other than PF_OK ends the walk. `start` and `end` are of one family. */
	int (*take)(void *data, const struct addr *start, const struct addr *end, MMDB_entry_s *entry);
	void *data;
};

/* Walks a tree that mmdb_open has checked. In an IPv6 tree what stands below ::/96 is IPv4; the other ways to there (6to4, mapped
 * addresses) are not gone: those addresses are unwrapped before they are asked for. PF_OK; PF_EINVAL with the reason
 * in `*fault`, as the end of a sentence; or what `take` returned. */
PF_MUST_CHECK int mmdb_walk(const MMDB_s *mmdb, const struct mmdb_leaf_taker *taker,
                            const char **fault);

#endif
