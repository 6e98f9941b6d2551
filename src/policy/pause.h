/* Pauses: for a while nothing is sinkholed, for all devices or for those with a tag. Rules decide as ever; a sinkhole is
 * suspended (policy.h), flags stay. A pause ends by itself, since each query is held against its end.
 *
 * They are kept by the names of tags, because the numbers are the snapshot's; each thread resolves them once for each
 * snapshot. */
#ifndef PF_POLICY_PAUSE_H
#define PF_POLICY_PAUSE_H

#include "base/rcu.h"
#include "policy/policy.h"

#define PAUSE_COUNT_MAX TAG_MAX
#define PAUSE_DURATION_MAX_US (7LL * 86400 * 1000000) /* who wants longer means another policy */
#define PAUSE_FILE_BYTES_MAX (16u << 10)

struct pause {
	char tag[TAG_NAME_MAX]; /* "all": all devices */
	int64_t until_wall_us;
};

/* Immutable once it is published. */
struct pauses {
	struct rcu_head rcu;
	uint64_t generation; /* another one for each that is published, from 1 */
	size_t count;
	struct pause list[PAUSE_COUNT_MAX];
};

/* Sets the pause of a tag, until_wall_us 0 ends it; those that are over at `now_wall_us` go. PF_EFULL. */
PF_MUST_CHECK int pauses_set(struct pauses *pauses, const char *tag, int64_t until_wall_us,
                             int64_t now_wall_us);

/* What a file keeps of them: lines of "TAG UNTIL-IN-MICROSECONDS" behind a head, with a last line that says that it
 * is whole. Returns the length. */
size_t pauses_write(const struct pauses *pauses, char text[PAUSE_FILE_BYTES_MAX]);
/* PF_OK, or PF_EINVAL for anything that pauses_write has not written, or that would last longer than
 * PAUSE_DURATION_MAX_US from now (a clock that was set, or a hand): then there is none. Those that are over are left
 * out. */
PF_MUST_CHECK int pauses_read(struct pauses *pauses, const char *text, size_t length,
                              int64_t now_wall_us);

/* What a thread has made of them for one snapshot. */
struct paused {
	uint64_t generation;
	size_t count;
	int64_t last_wall_us; /* no pause is longer */
	tag_set tags[PAUSE_COUNT_MAX];
	int64_t until_wall_us[PAUSE_COUNT_MAX];
};

/* `pauses` may be NULL. Tags that the policy does not know are nobody's. */
void paused_resolve(struct paused *paused, const struct pauses *pauses,
                    const struct policy *policy);

/* Until when is a device with these tags paused? 0: it is not. */
static inline int64_t paused_until(const struct paused *paused, tag_set tags, int64_t now_wall_us)
{
	int64_t until_wall_us = 0;
	if (now_wall_us >= paused->last_wall_us)
		return 0;
	for (size_t i = 0; i < paused->count; i++)
		if (paused->tags[i] & tags && now_wall_us < paused->until_wall_us[i] &&
		    paused->until_wall_us[i] > until_wall_us)
			until_wall_us = paused->until_wall_us[i];
	return until_wall_us;
}

#endif
