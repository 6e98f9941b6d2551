/* Merges and splits on their way from the book to the log and the journal. Whoever began a query before the roster changed may
 * still journal it under the old id: so a change is handed on after a grace period, when all such records are in their rings. */
#include <stdlib.h>
#include <string.h>

#include "base/log.h"
#include "daemon/devices_state.h"

#define HANDOVER_MAX 64 /* changes in one piece of memory */

struct handover {
	struct rcu_head rcu;
	struct devices *devices;
	struct journal *journal;
	bool hidden, shown; /* some devices are journalled under pseudonyms, some under their ids */
	size_t count;
	struct device_change changes[HANDOVER_MAX];
};

/* That an address got its MAC is everyday. */
static void log_change(const struct device_change *change)
{
	if (strncmp(change->from, "ip:", 3))
		log_info("%s %s %s: %s", change->from,
		         change->kind == DEVICE_MERGED ? "is the same device as"
		                                       : "is not the same device as",
		         change->into, change->why);
}

static void put(struct handover *handover, const struct device_change *change)
{
	if (journal_change(handover->journal, change) != PF_OK)
		__atomic_add_fetch(&handover->devices->changes_refused, 1, __ATOMIC_RELAXED);
}

/* Where both may be, nothing is written of a device under the one that it does not have in the journal. */
static void put_hidden(struct handover *handover, struct device_change change)
{
	change.only_known = true;
	if (handover->shown)
		put(handover, &change);
	privacy_hide_change(&handover->devices->daemon->shared.privacy_key, &change);
	put(handover, &change);
}

/* Of all devices, as the configuration has it now. */
static void look_at_privacy(struct handover *handover, const struct config *config)
{
	bool hidden = config->journal_privacy == PRIVACY_PSEUDONYM;
	handover->hidden = hidden;
	handover->shown = !hidden;
	for (size_t i = 0; i < config->privacy_tag_count; i++) {
		hidden = config->privacy_tags[i].privacy == PRIVACY_PSEUDONYM;
		handover->hidden = handover->hidden || hidden;
		handover->shown = handover->shown || !hidden;
	}
}

static void hand_over(struct rcu_head *head)
{
	struct handover *handover = (struct handover *)((char *)head - offsetof(struct handover, rcu));
	for (size_t i = 0; i < handover->count; i++)
		if (handover->hidden)
			put_hidden(handover, handover->changes[i]);
		else
			put(handover, &handover->changes[i]);
	free(handover);
}

static void log_all(struct devices *devices)
{
	struct device_change change;
	while (book_take_change(devices->book, &change))
		log_change(&change);
}

void devices_tell_changes(struct devices *devices)
{
	const struct daemon *daemon = devices->daemon;
	if (!daemon->journal_path)
		log_all(devices);
	if (!daemon->shared.journal)
		return; /* it starts behind us: they wait */
	for (;;) {
		struct handover *handover = malloc(sizeof *handover);
		if (!handover)
			return; /* they wait in the book */
		handover->devices = devices;
		handover->journal = daemon->shared.journal;
		look_at_privacy(handover, daemon->shared.snapshot->config);
		handover->count = 0;
		while (handover->count < HANDOVER_MAX &&
		       book_take_change(devices->book, &handover->changes[handover->count]))
			log_change(&handover->changes[handover->count++]);
		if (!handover->count) {
			free(handover);
			return;
		}
		call_rcu(&handover->rcu, hand_over);
	}
}

void devices_journal_ends(struct devices *devices)
{
	if (!devices)
		return;
	pthread_mutex_lock(&devices->lock);
	devices_tell_changes(devices);
	pthread_mutex_unlock(&devices->lock);
	rcu_barrier();
}
