/* The journal against other rules: each question that was asked, with the answer that it had, is decided once more, by the code that
 * decides those of now (pipeline/decide.h), and what would come out differently is told. Nothing is asked of anybody.
 *
 * Facts of answers (where, who, how sure) are those that were journalled: by the databases and the home of their day. */
#ifndef PF_SIMULATE_SIMULATE_H
#define PF_SIMULATE_SIMULATE_H

#include "config/config.h"
#include "journal/store.h"
#include "lists/lists.h"
#include "policy/policy.h"

struct simulate_rules {
	const struct config *config;
	const struct policy *policy;
	const struct lists *lists;
	/* Fills the device of an id, with its tags; one that nobody knows has TAG_ALL and TAG_UNKNOWN. */
	void (*device)(void *data, const char *id, const char *name, struct device *device);
	void *device_data;
	/* Asked now and then: is it to end here? NULL: never. */
	bool (*stop)(void *data);
	void *stop_data;
};

#define SIMULATE_CHANGES_MAX (1u << 20) /* kinds of queries; some 300 MB */

/* Queries of one device for one name that would be decided differently, in the same way. Strings are the result's. */
struct simulate_change {
	char *device_id, *device, *name;
	uint8_t from, to; /* enum action */
	uint16_t rule,
		list; /* that would decide: from 1, 0: none; `list` from 1: the list that made it, 0: no list */
	int64_t count, first_wall_us, last_wall_us;
};

struct simulate_result {
	int64_t queries, same;
	int64_t changed[3][3]; /* from and to, by enum action */
	/* Of these: queries that a rule on names sinkholed and that would go out now. What a rule on answers would say of them nobody
	 * knows, because their answers were never seen; they count as let through. */
	int64_t unseen;
	struct simulate_change *changes; /* the most queries first */
	size_t change_count, change_room;
};

/* Would anything that was let through (allowed or flagged) be sinkholed? */
bool simulate_breaks(const struct simulate_result *result);

/* `result` needs simulate_free in each case. PF_OK; PF_EIO, PF_EINVAL, PF_ENOMEM, or PF_EFULL (stopped, or too many
 * changes) with a sentence in the store. */
PF_MUST_CHECK int simulate_run(struct store *store, const struct store_filter *filter,
                               const struct simulate_rules *rules, struct simulate_result *result);
void simulate_free(struct simulate_result *result);

#endif
