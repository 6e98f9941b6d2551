/* What queries have in common. Most are the same as an earlier one but for their time: one look-up by all that the record says then
 * stands for those of its device, client, name, outcome, reason and answer. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/flat.h"
#include "journal/sqlite/retention.h"
#include "journal/sqlite/tables.h"

#define SLOTS_FIRST 1024

/* ---- what memory knows ------------------------------------------------------------------- */

/* Its own slot, or the free one in which it would stand; there is one, as half of them are free. The digest is keyed and
 * evenly spread: no second hash is needed. */
static size_t slot_of(const struct sqlite_sink *sink, const uint64_t digest[2])
{
	size_t mask = sink->kind_slot_count - 1, at = (digest[0] >> 32) & mask;
	for (; sink->kind_slots[at].index; at = (at + 1) & mask) {
		if (sink->kind_slots[at].tag != (uint32_t)digest[0])
			continue;
		const struct kind_seen *kind = &sink->kinds[sink->kind_slots[at].index - 1];
		if (kind->digest[0] == digest[0] && kind->digest[1] == digest[1])
			break;
	}
	return at;
}

struct kind_seen *kind_known(const struct sqlite_sink *sink, const uint64_t digest[2])
{
	if (!sink->kind_count)
		return NULL;
	size_t at = slot_of(sink, digest);
	return sink->kind_slots[at].index ? &sink->kinds[sink->kind_slots[at].index - 1] : NULL;
}

/* First all slots are fetched, then all kinds: with many kinds neither line is in a cache, and they are waited for together. */
void kind_foresee(struct sqlite_sink *sink, struct sink_brief *briefs, size_t count)
{
	size_t mask = sink->kind_slot_count - 1;
	for (size_t i = 0; i < count; i++) {
		hash_bytes_wide(sink->kind_seed, briefs[i].key, briefs[i].key_length, briefs[i].digest);
		if (sink->kind_count)
			__builtin_prefetch(&sink->kind_slots[(briefs[i].digest[0] >> 32) & mask]);
	}
	for (size_t i = 0; i < count && sink->kind_count; i++) {
		struct kind_slot slot = sink->kind_slots[(briefs[i].digest[0] >> 32) & mask];
		const struct kind_seen *kind = &sink->kinds[slot.index - 1];
		int64_t hour = briefs[i].time_wall_us / (TABLES_MS_PER_HOUR * 1000);
		if (!slot.index)
			continue;
		__builtin_prefetch(kind);
		__builtin_prefetch(&kind->tallies[hour & 1]);
	}
}

static void link_kind(struct sqlite_sink *sink, size_t index)
{
	const uint64_t *digest = sink->kinds[index].digest;
	sink->kind_slots[slot_of(sink, digest)] =
		(struct kind_slot){(uint32_t)index + 1, (uint32_t)digest[0]};
}

/* Room for one more. */
static int make_room(struct sqlite_sink *sink)
{
	if (sink->kind_count < sink->kind_slot_count / 2)
		return PF_OK;
	size_t count = sink->kind_slot_count ? sink->kind_slot_count * 2 : SLOTS_FIRST;
	struct kind_slot *slots = calloc(count, sizeof *slots);
	if (!slots)
		return PF_ENOMEM;
	free(sink->kind_slots);
	sink->kind_slots = slots;
	sink->kind_slot_count = count;
	for (size_t i = 0; i < sink->kind_count; i++)
		link_kind(sink, i);
	return PF_OK;
}

/* ---- its parts --------------------------------------------------------------------------- */

static int see_client(struct sqlite_sink *sink, const struct addr *client, int64_t *id)
{
	int result = intern_known(sink, TABLE_CLIENT, client, sizeof *client, id);
	if (result != PF_ENOENT)
		return result;
	char text[ADDR_TEXT_MAX];
	addr_format(client, text);
	struct value value = {.text = text};
	return intern_resolve(sink, TABLE_CLIENT, client, sizeof *client, &value, 1, id, NULL);
}

int kind_outcome(struct sqlite_sink *sink, const struct record *record, int64_t *id)
{
	size_t upstream_length = strlen(record->upstream);
	struct {
		uint16_t type;
		uint8_t rcode, dropped_reply, action, standing, confidence, source, protocol, dnssec;
		char upstream[RECORD_UPSTREAM_MAX];
	} key = {record->type,          record->rcode,
	         record->dropped_reply, record->action,
	         record->standing,      record->confidence,
	         record->source,        record->protocol,
	         record->dnssec,        ""};
	memcpy(key.upstream, record->upstream, upstream_length);
	size_t length = offsetof(typeof(key), upstream) + upstream_length;
	int result = intern_known(sink, TABLE_OUTCOME, &key, length, id);
	if (result != PF_ENOENT)
		return result;
	char rcode[DNS_TYPE_TEXT_MAX] = "DROPPED";
	if (!record->dropped_reply)
		dns_rcode_to_text(record->rcode, rcode);
	result = intern_type(sink, record->type);
	if (result != PF_OK)
		return result;
	struct value values[] = {{.number = record->type},
	                         {.text = rcode},
	                         {.text = action_word(record->action)},
	                         {.text = standing_word(record->standing)},
	                         {.text = confidence_word(record->confidence)},
	                         {.text = record_source_word(record->source)},
	                         {.text = record->upstream},
	                         {.text = protocol_word(record->protocol)},
	                         {.number = record->dnssec}};
	return intern_resolve(sink, TABLE_OUTCOME, &key, length, values, PF_COUNT(values), id, NULL);
}

static int see_reason(struct sqlite_sink *sink, const struct record *record, int64_t *id,
                      bool *fresh)
{
	char key[RECORD_REASON_MAX + RECORD_RULE_MAX + 16];
	int length =
		snprintf(key, sizeof key, "%u %s\n%s", record->rule, record->rule_name, record->reason);
	int result = intern_known(sink, TABLE_REASON, key, (size_t)length, id);
	if (result != PF_ENOENT)
		return result;
	struct value values[] = {{.text = record->reason},
	                         {.number = record->rule},
	                         {.text = record->rule_name}};
	return intern_resolve(sink, TABLE_REASON, key, (size_t)length, values, PF_COUNT(values), id,
	                      fresh);
}

/* ---- the row ----------------------------------------------------------------------------- */

enum { DEVICE, CLIENT, NAME, OUTCOME, REASON, ANSWER, PARTS };

/* Runs with the parts; 0 stands for NULL. */
static int step(sqlite3_stmt *statement, const int64_t parts[PARTS])
{
	for (int i = 0; i < PARTS; i++) {
		int bound = parts[i] ? sqlite3_bind_int64(statement, i + 1, parts[i])
		                     : sqlite3_bind_null(statement, i + 1);
		if (bound != SQLITE_OK)
			return bound;
	}
	return sqlite3_step(statement);
}

/* `fresh`: a part was made just now, so that it has no kind yet. */
static int find_or_make(struct sqlite_sink *sink, const int64_t parts[PARTS], bool fresh,
                        int64_t *id)
{
	sqlite3_stmt *find = sink->statements[ST_KIND_FIND], *insert;
	int result = fresh ? SQLITE_DONE : step(find, parts);
	*id = result == SQLITE_ROW ? sqlite3_column_int64(find, 0) : 0;
	sqlite3_reset(find);
	if (result == SQLITE_ROW) {
		retention_keep(sink, TABLE_KIND, *id);
		return PF_OK;
	}
	if (result != SQLITE_DONE)
		return PF_EIO;
	insert = sink->statements[ST_KIND_INSERT];
	result = step(insert, parts);
	sqlite3_reset(insert);
	*id = sqlite3_last_insert_rowid(sink->db);
	return result == SQLITE_DONE ? PF_OK : PF_EIO;
}

static int resolve(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
                   struct kind_seen *kind)
{
	int64_t parts[PARTS] = {0};
	bool fresh_name = false, fresh_reason = false;
	*kind = (struct kind_seen){.type = record->type,
	                           .action = record->action,
	                           .standing = record->standing,
	                           .dnssec = record->dnssec};
	int result = device_see(sink, record, time_ms, &kind->device);
	if (result == PF_OK)
		result = see_client(sink, &record->client, &parts[CLIENT]);
	if (result == PF_OK)
		result = intern_name(sink, record->name, &parts[NAME], &fresh_name);
	if (result == PF_OK)
		result = kind_outcome(sink, record, &parts[OUTCOME]);
	if (result == PF_OK && (record->rule || record->reason[0]))
		result = see_reason(sink, record, &parts[REASON], &fresh_reason);
	if (result == PF_OK && record->answer_id)
		result = answer_see(sink, record, &parts[ANSWER], &kind->complete);
	if (result != PF_OK)
		return result;
	parts[DEVICE] = sink->devices[kind->device].id;
	kind->name = parts[NAME];
	kind->answer = parts[ANSWER];
	kind->outcome = parts[OUTCOME];
	return find_or_make(sink, parts, fresh_name || fresh_reason, &kind->id);
}

/* ---- what others call -------------------------------------------------------------------- */

/* Of one that memory knows, only what may have changed. */
static int refresh(struct sqlite_sink *sink, const struct record *record, struct kind_seen *kind)
{
	int result = device_rename(sink, kind->device, record->device_name);
	if (result == PF_OK && record->answer && !kind->complete && kind->answer) {
		int64_t answer;
		result = answer_see(sink, record, &answer, &kind->complete);
	}
	return result;
}

/* Forgets what must be forgotten before one more is met. */
static int forget_some(struct sqlite_sink *sink)
{
	int result = PF_OK;
	bool full = sink->device_count == DEVICE_CACHE_MAX;
	if (full)
		result = sums_flush(sink);
	else if (sink->kind_count == KIND_CACHE_MAX)
		result = sums_gather_all(sink);
	if (result == PF_OK && full)
		sink_forget(sink); /* kinds name devices by their places */
	else if (result == PF_OK && sink->kind_count == KIND_CACHE_MAX)
		kind_forget(sink);
	return result;
}

int kind_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
             struct kind_seen **kind)
{
	uint8_t bytes[FLAT_KEY_MAX];
	const uint8_t *key;
	uint64_t digest[2];
	size_t length = flat_key_write(record, bytes, &key);
	hash_bytes_wide(sink->kind_seed, key, length, digest);
	*kind = kind_known(sink, digest);
	if (*kind)
		return refresh(sink, record, *kind);
	int result = forget_some(sink);
	if (result == PF_OK)
		result = make_room(sink);
	*kind = &sink->kinds[sink->kind_count];
	if (result == PF_OK)
		result = resolve(sink, record, time_ms, *kind);
	if (result != PF_OK)
		return result;
	memcpy((*kind)->digest, digest, sizeof digest);
	link_kind(sink, sink->kind_count++);
	return PF_OK;
}

void kind_forget(struct sqlite_sink *sink)
{
	if (sink->kind_slots)
		memset(sink->kind_slots, 0, sink->kind_slot_count * sizeof *sink->kind_slots);
	sink->kind_count = sink->active_count = 0;
}
