/* Findings by a hash of what they are, see tally.h. A batch that fails comes again: what it has counted is not kept. */
#include "capture/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

#define SLOT_COUNT (REPLAY_FINDINGS_MAX * 2)

struct entry {
	uint64_t hash;
	uint64_t uncommitted;
	struct replay_finding finding;
};

struct tally {
	struct sink sink; /* first: what the journal sees */
	struct sink *inner;
	struct hash_key key;
	size_t count;
	bool full;
	uint16_t slots[SLOT_COUNT]; /* index + 1 */
	struct entry entries[REPLAY_FINDINGS_MAX];
};

/* ---- counting ---------------------------------------------------------------------------- */

static struct entry *find(struct tally *tally, const struct record *record)
{
	struct hash_key key = {tally->key.seed ^ ((uint64_t)record->action << 16 | record->rule)};
	uint64_t hash = hash_bytes(key, record->name->wire, record->name->length);
	hash = hash_bytes((struct hash_key){hash}, record->device_id, strlen(record->device_id));
	size_t slot = hash % SLOT_COUNT;
	for (; tally->slots[slot]; slot = (slot + 1) % SLOT_COUNT)
		if (tally->entries[tally->slots[slot] - 1].hash == hash)
			return &tally->entries[tally->slots[slot] - 1];
	if (tally->count == REPLAY_FINDINGS_MAX) {
		tally->full = true;
		return NULL;
	}
	struct entry *entry = &tally->entries[tally->count++];
	struct replay_finding *finding = &entry->finding;
	tally->slots[slot] = (uint16_t)tally->count;
	entry->hash = hash;
	finding->action = record->action;
	snprintf(finding->device, sizeof finding->device, "%s", record->device_name);
	snprintf(finding->rule, sizeof finding->rule, "%s", record->rule_name);
	snprintf(finding->reason, sizeof finding->reason, "%s", record->reason);
	dns_name_to_text(record->name, finding->name);
	return entry;
}

static void note(struct tally *tally, const struct record *record)
{
	struct entry *entry = record->action == ACTION_ALLOW ? NULL : find(tally, record);
	if (entry)
		entry->uncommitted++;
}

/* ---- the sink ---------------------------------------------------------------------------- */

static int tally_begin(struct sink *sink, char *error, size_t error_size)
{
	struct tally *tally = (struct tally *)sink;
	for (size_t i = 0; i < tally->count; i++)
		tally->entries[i].uncommitted = 0;
	return tally->inner ? tally->inner->begin(tally->inner, error, error_size) : PF_OK;
}

static int tally_write(struct sink *sink, const struct record *record, char *error,
                       size_t error_size)
{
	struct tally *tally = (struct tally *)sink;
	int result =
		tally->inner ? tally->inner->write(tally->inner, record, error, error_size) : PF_OK;
	if (result == PF_OK)
		note(tally, record);
	return result;
}

static int tally_commit(struct sink *sink, char *error, size_t error_size)
{
	struct tally *tally = (struct tally *)sink;
	int result = tally->inner ? tally->inner->commit(tally->inner, error, error_size) : PF_OK;
	for (size_t i = 0; i < tally->count && result == PF_OK; i++)
		tally->entries[i].finding.count += tally->entries[i].uncommitted;
	return result;
}

/* Retention does not come in: nothing of a capture is too old for its journal. What the inner sink has put off it writes when it is
 * closed. */
static void tally_idle(struct sink *sink, int64_t now_wall_us)
{
	(void)sink;
	(void)now_wall_us;
}

static void tally_close(struct sink **sink)
{
	struct tally *tally = (struct tally *)*sink;
	if (tally->inner)
		tally->inner->close(&tally->inner);
	free(tally);
	*sink = NULL;
}

struct sink *tally_new(struct sink *inner)
{
	struct tally *tally = calloc(1, sizeof *tally);
	if (!tally)
		return NULL;
	tally->sink = (struct sink){.name = inner ? inner->name : "tally",
	                            .begin = tally_begin,
	                            .write = tally_write,
	                            .commit = tally_commit,
	                            .idle = tally_idle,
	                            .close = tally_close};
	tally->inner = inner;
	tally->key = hash_key_random();
	return &tally->sink;
}

static int by_count(const void *left, const void *right)
{
	const struct replay_finding *a = left, *b = right;
	if (a->count != b->count)
		return a->count < b->count ? 1 : -1;
	int order = strcmp(a->name, b->name);
	return order ? order : strcmp(a->device, b->device);
}

int tally_findings(struct sink *sink, struct replay_summary *summary)
{
	struct tally *tally = (struct tally *)sink;
	summary->findings = calloc(tally->count + 1, sizeof *summary->findings);
	if (!summary->findings)
		return PF_ENOMEM;
	for (size_t i = 0; i < tally->count; i++)
		if (tally->entries[i].finding.count)
			summary->findings[summary->finding_count++] = tally->entries[i].finding;
	summary->findings_full = tally->full;
	qsort(summary->findings, summary->finding_count, sizeof *summary->findings, by_count);
	return PF_OK;
}
