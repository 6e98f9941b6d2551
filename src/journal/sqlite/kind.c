/* What queries have in common. Most are the same as an earlier one but for their time: one look-up by all that the record says then
 * stands for those of its device, client, name, outcome, reason and answer. */
#include <stdio.h>
#include <string.h>

#include "dns/dns.h"
#include "journal/sqlite/retention.h"

/* What a record says besides its time. */
struct kind_key {
	uint64_t answer_id;
	struct addr client;
	uint16_t type, rule;
	uint8_t rcode, dropped_reply, action, source, standing, confidence, protocol, dnssec;
	uint8_t rest[DEVICE_ID_MAX + NAME_WIRE_MAX + RECORD_UPSTREAM_MAX + RECORD_RULE_MAX +
	             RECORD_REASON_MAX];
};

static uint8_t *add(uint8_t *out, const void *bytes, size_t length)
{
	memcpy(out, bytes, length);
	return out + length;
}

static uint8_t *add_text(uint8_t *out, const char *text)
{
	return add(out, text, strlen(text) + 1);
}

static size_t write_key(const struct record *record, struct kind_key *key)
{
	memset(key, 0, offsetof(struct kind_key, rest));
	key->answer_id = record->answer_id;
	key->client = record->client;
	key->type = record->type;
	key->rule = record->rule;
	key->rcode = record->rcode;
	key->dropped_reply = record->dropped_reply;
	key->action = record->action;
	key->source = record->source;
	key->standing = record->standing;
	key->confidence = record->confidence;
	key->protocol = record->protocol;
	key->dnssec = record->dnssec;
	uint8_t *out = key->rest;
	out = add_text(out, record->device_id);
	out = add(out, record->name->wire, record->name->length);
	out = add_text(out, record->upstream);
	if (record->rule || record->reason[0]) {
		out = add_text(out, record->rule_name);
		out = add(out, record->reason, strlen(record->reason));
	}
	return (size_t)(out - (uint8_t *)key);
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

static int see_reason(struct sqlite_sink *sink, const struct record *record, int64_t *id)
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
	                      NULL);
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

static int find_or_make(struct sqlite_sink *sink, const int64_t parts[PARTS], int64_t *id)
{
	sqlite3_stmt *find = sink->statements[ST_KIND_FIND], *insert;
	int result = step(find, parts);
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
	*kind = (struct kind_seen){.type = record->type,
	                           .action = record->action,
	                           .standing = record->standing,
	                           .dnssec = record->dnssec};
	int result = device_see(sink, record, time_ms, &kind->device);
	if (result == PF_OK)
		result = see_client(sink, &record->client, &parts[CLIENT]);
	if (result == PF_OK)
		result = intern_name(sink, record->name, &parts[NAME]);
	if (result == PF_OK)
		result = kind_outcome(sink, record, &parts[OUTCOME]);
	if (result == PF_OK && (record->rule || record->reason[0]))
		result = see_reason(sink, record, &parts[REASON]);
	if (result == PF_OK && record->answer_id)
		result = answer_see(sink, record, &parts[ANSWER], &kind->complete);
	if (result != PF_OK)
		return result;
	parts[DEVICE] = sink->devices[kind->device].id;
	kind->name = parts[NAME];
	kind->answer = parts[ANSWER];
	kind->outcome = parts[OUTCOME];
	return find_or_make(sink, parts, &kind->id);
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

int kind_see(struct sqlite_sink *sink, const struct record *record, int64_t time_ms,
             struct kind_seen **kind)
{
	struct kind_key key;
	uint64_t digest[2];
	hash_bytes_wide(sink->kind_ids.seed, &key, write_key(record, &key), digest);
	struct dictionary_entry *entry = dictionary_find(&sink->kind_ids, digest, sizeof digest);
	if (entry) {
		*kind = &sink->kinds[entry->id];
		return refresh(sink, record, *kind);
	}
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
	*kind = &sink->kinds[sink->kind_count];
	if (result == PF_OK)
		result = resolve(sink, record, time_ms, *kind);
	if (result != PF_OK)
		return result;
	/* When it forgets the others for want of room, their tallies stay. */
	if (!dictionary_add(&sink->kind_ids, digest, sizeof digest, (int64_t)sink->kind_count))
		return PF_ENOMEM;
	sink->kind_count++;
	return PF_OK;
}

void kind_forget(struct sqlite_sink *sink)
{
	dictionary_clear(&sink->kind_ids);
	sink->kind_count = sink->active_count = 0;
}
