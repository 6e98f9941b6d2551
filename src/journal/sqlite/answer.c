/* Answers: a row by the worker's id, and once the hops and the facts of each address. A record may name an answer
 * before the record that carries its content is written (another worker's ring, or a new database): then the
 * row stands without content (complete = 0) and gets it when it comes. */
#include <stdio.h>
#include <string.h>

#include "journal/sqlite/state.h"

static int intern_fact(struct sqlite_sink *sink, const struct record_address *address, int64_t *id)
{
	char text[ADDR_TEXT_MAX];
	addr_format(&address->address, text);
	int64_t address_id, organisation_id, evidence_id;
	int result = intern_text(sink, TABLE_ADDRESS, text, &address_id);
	if (result == PF_OK)
		result = intern_text(sink, TABLE_LABEL, address->organisation, &organisation_id);
	if (result == PF_OK)
		result = intern_text(sink, TABLE_LABEL, address->evidence, &evidence_id);
	if (result != PF_OK)
		return result;
	struct value values[] = {
		{.number = address_id},
		{.text = standing_word(address->standing)},
		{.text = confidence_word(address->confidence)},
		{.number = address->special},
		{.number = address->anycast},
		{.text = address->location.code},
		{.text = address->control.code},
		{.number = address->asn},
		{.number = organisation_id},
		{.number = evidence_id},
	};
	struct {
		int64_t address, organisation, evidence;
		uint32_t asn;
		uint8_t standing, confidence;
		bool special, anycast;
		struct country location, control;
	} key;
	memset(&key, 0, sizeof key);
	key.address = address_id;
	key.organisation = organisation_id;
	key.evidence = evidence_id;
	key.asn = address->asn;
	key.standing = address->standing;
	key.confidence = address->confidence;
	key.special = address->special;
	key.anycast = address->anycast;
	strcpy(key.location.code, address->location.code);
	strcpy(key.control.code, address->control.code);
	result = intern_known(sink, TABLE_FACT, &key, sizeof key, id);
	if (result != PF_ENOENT)
		return result;
	return intern_resolve(sink, TABLE_FACT, &key, sizeof key, values, PF_COUNT(values), id, NULL);
}

static bool is_double(const struct record_answer *answer, size_t index)
{
	for (size_t i = 0; i < index; i++)
		if (addr_equal(&answer->addresses[i].address, &answer->addresses[index].address))
			return true;
	return false;
}

/* Where the answer stands, for the sums: the country of the first address that has its standing; "": of none is one known. */
static const char *country_of(const struct record_answer *answer)
{
	const char *any = "";
	for (size_t i = 0; i < answer->address_count; i++) {
		const struct record_address *address = &answer->addresses[i];
		if (!country_known(address->location))
			continue;
		if (address->standing == answer->standing)
			return address->location.code;
		if (!*any)
			any = address->location.code;
	}
	return any;
}

/* Of an answer whose row says that it is complete. */
static int write_content(struct sqlite_sink *sink, const struct record_answer *answer, int64_t id,
                         const char *country)
{
	int64_t facts[CONTENT_FACTS_MAX + 1];
	size_t fact_count = 0;
	int result = PF_OK;
	for (size_t i = 0; i < answer->hop_count && result == PF_OK; i++) {
		int64_t name;
		result = intern_name(sink, &answer->hops[i], &name, NULL);
		struct value hop[] = {{.number = id}, {.number = (int64_t)i}, {.number = name}};
		if (result == PF_OK)
			result = statement_run(sink->statements[ST_HOP_INSERT], hop, PF_COUNT(hop));
	}
	for (size_t i = 0; i < answer->address_count && result == PF_OK; i++) {
		if (is_double(answer, i))
			continue;
		int64_t fact;
		result = intern_fact(sink, &answer->addresses[i], &fact);
		struct value address[] = {{.number = id}, {.number = (int64_t)i}, {.number = fact}};
		if (result == PF_OK)
			result = statement_run(sink->statements[ST_ADDRESS_INSERT], address, PF_COUNT(address));
		if (fact_count < PF_COUNT(facts))
			facts[fact_count++] = fact;
	}
	if (result == PF_OK)
		content_note(sink->contents, id, answer, facts, fact_count, country);
	return result;
}

/* What memory knows of an answer: the key is the worker's id, and its second byte string says whether the
 * content is there, so that "complete" needs no SELECT. */
struct answer_key {
	uint64_t key;
	uint64_t complete;
};

/* `*fresh`: the row was made, with what the record says. */
static int resolve(struct sqlite_sink *sink, const struct record *record, const char *country,
                   int64_t *id, bool *complete, bool *fresh)
{
	const struct record_answer *answer = record->answer;
	struct answer_key plain = {record->answer_id, 0};
	struct value values[] = {{.number = (int64_t)record->answer_id},
	                         {.number = answer != NULL},
	                         {.text = answer ? standing_word(answer->standing) : ""},
	                         {.text = answer ? confidence_word(answer->confidence) : ""},
	                         {.number = answer ? answer->overseas_count : 0},
	                         {.number = answer ? answer->judged_count : 0},
	                         {.text = country}};
	int result = intern_resolve(sink, TABLE_ANSWER, &plain, sizeof plain, values, PF_COUNT(values),
	                            id, fresh);
	*complete = false;
	if (result != PF_OK || *fresh)
		return result;
	sqlite3_stmt *state = sink->statements[ST_ANSWER_STATE];
	if (sqlite3_bind_int64(state, 1, *id) != SQLITE_OK)
		return PF_EIO;
	result = sqlite3_step(state);
	*complete = result == SQLITE_ROW && sqlite3_column_int(state, 0);
	sqlite3_reset(state);
	return result == SQLITE_ROW ? PF_OK : PF_EIO;
}

static int remember_complete(struct sqlite_sink *sink, const struct answer_key *key, int64_t id)
{
	struct dictionary_entry *entry =
		dictionary_add(&sink->tables[TABLE_ANSWER].ids, key, sizeof *key, id);
	return entry ? PF_OK : PF_ENOMEM;
}

/* The row was there before its content. */
static int fill(struct sqlite_sink *sink, const struct record_answer *answer, int64_t id,
                const char *country)
{
	struct value values[] = {{.number = id},
	                         {.text = standing_word(answer->standing)},
	                         {.text = confidence_word(answer->confidence)},
	                         {.number = answer->overseas_count},
	                         {.number = answer->judged_count},
	                         {.text = country}};
	return statement_run(sink->statements[ST_ANSWER_FILL], values, PF_COUNT(values));
}

int answer_see(struct sqlite_sink *sink, const struct record *record, int64_t *id, bool *complete)
{
	const char *country = record->answer ? country_of(record->answer) : "";
	struct answer_key key = {record->answer_id, 1};
	int result = intern_known(sink, TABLE_ANSWER, &key, sizeof key, id);
	*complete = true;
	if (result != PF_ENOENT)
		return result;
	bool fresh = false;
	struct answer_key plain = {record->answer_id, 0};
	result = intern_known(sink, TABLE_ANSWER, &plain, sizeof plain, id);
	*complete = false;
	if (result == PF_ENOENT)
		result = resolve(sink, record, country, id, complete, &fresh);
	if (result == PF_OK && !*complete && record->answer) {
		if (!fresh)
			result = fill(sink, record->answer, *id, country);
		if (result == PF_OK)
			result = write_content(sink, record->answer, *id, country);
		*complete = result == PF_OK;
	}
	if (result == PF_OK && *complete)
		result = remember_complete(sink, &key, *id);
	return result;
}
