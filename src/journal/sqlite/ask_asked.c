/* Which names each device has asked: pairs of numbers come from the endpoints and the sums, and are put together and in order here. SQLite would
 * keep and sort each pair with its words, which takes twice as long. */
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/ask.h"
#include "journal/sqlite/dictionary.h"
#include "journal/sqlite/span.h"
#include "journal/sqlite/tables.h"

#define US_PER_DAY INT64_C(86400000000)
#define PAIRS_MAX (1u << 22)

/* A device or a name: its words. In order, once all of them are known. */
struct word {
	int64_t id;
	char *key, *text; /* owned; of a name `key` is NULL */
};

struct words {
	struct dictionary ids; /* an id to its index in `list` */
	struct word *list;     /* owned */
	size_t count, room;
};

struct pair {
	int64_t device, name; /* ids; places, once all words are known */
};

struct asked {
	struct dictionary pairs;
	struct words devices, names;
	struct pair *list; /* owned */
};

/* ---- which ------------------------------------------------------------------------------- */

static int take_pair(sqlite3_stmt *row, void *each, void *data)
{
	struct asked *asked = each;
	const struct pair pair = {sqlite3_column_int64(row, 0), sqlite3_column_int64(row, 1)};
	(void)data;
	if (dictionary_find(&asked->pairs, &pair, sizeof pair))
		return PF_OK;
	bool full = asked->pairs.entry_count == PAIRS_MAX;
	return !full && dictionary_add(&asked->pairs, &pair, sizeof pair, 0) ? PF_OK : PF_ENOMEM;
}

/* Endpoints; whole months, the days before the first of them, and what is not rolled up yet. */
static int add_sources(struct sqlite_store *store, struct question *question,
                       const struct store_filter *filter)
{
	bool all = !filter->since_wall_us && !filter->device && !filter->devices;
	ask_add(question, "SELECT ifnull(m.target, a.device), a.name FROM (SELECT ");
	ask_add(question, all ? "DISTINCT " : "");
	ask_add(question, "e.device AS device, e.name AS name FROM endpoint e WHERE 1");
	int result = ask_filter_devices(store, question, filter, "e.device");
	if (filter->since_wall_us)
		ask_add_number(question, " AND e.last >= ?", filter->since_wall_us / US_PER_MS);
	int64_t since_day = filter->since_wall_us / US_PER_DAY, month = span_month(since_day);
	if (span_first_day(month) != since_day)
		month++;
	if (all) /* an index has them in order, so that twelve months cost little more than one */
		ask_add(question, " UNION ALL SELECT device, name FROM"
		                  " (SELECT DISTINCT s.name, s.device FROM sum_month s)");
	else
		ask_add_number(question,
		               " UNION ALL SELECT s.device, s.name FROM device d CROSS JOIN sum_month s"
		               " ON s.device = d.id WHERE s.month >= ?",
		               month);
	if (result == PF_OK && !all)
		result = ask_filter_devices(store, question, filter, "d.id");
	ask_add_number(question,
	               " UNION ALL SELECT s.device, s.name FROM device d CROSS JOIN sum_day s"
	               " ON s.device = d.id WHERE s.day >= ?",
	               since_day);
	ask_add_number(question, " AND s.day < ?", span_first_day(month));
	if (result == PF_OK)
		result = ask_filter_devices(store, question, filter, "d.id");
	ask_add(question, " UNION ALL SELECT s.device, s.name" TABLES_UNROLLED);
	ask_add_number(question, " WHERE +s.hour >= ?", since_day * 24);
	if (result == PF_OK)
		result = ask_filter_devices(store, question, filter, "d.id");
	ask_add(question, ") a LEFT JOIN merged m ON m.device = a.device");
	return result;
}

/* ---- words ------------------------------------------------------------------------------- */

static int add_word(struct sqlite_store *store, struct words *words, sqlite3_stmt *find, int64_t id)
{
	if (dictionary_find(&words->ids, &id, sizeof id))
		return PF_OK;
	if (words->count == words->room) {
		size_t room = words->room ? words->room * 2 : 256;
		struct word *grown = realloc(words->list, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		words->list = grown;
		words->room = room;
	}
	sqlite3_reset(find);
	if (sqlite3_bind_int64(find, 1, id) != SQLITE_OK)
		return ask_explain(store);
	int step = sqlite3_step(find); /* without a row the words are empty */
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		return ask_explain(store);
	struct word *word = &words->list[words->count++];
	*word = (struct word){.id = id, .text = strdup(ask_text_of(find, 0))};
	if (sqlite3_column_count(find) > 1)
		word->key = strdup(ask_text_of(find, 1));
	bool whole = word->text && (word->key || sqlite3_column_count(find) == 1);
	return whole && dictionary_add(&words->ids, &id, sizeof id, 0) ? PF_OK : PF_ENOMEM;
}

static int by_text(const void *left, const void *right)
{
	const struct word *a = left, *b = right;
	int order = strcmp(a->text, b->text);
	return order || !a->key ? order : strcmp(a->key, b->key);
}

/* In order; `ids` tells each one's place then. */
static void rank(struct words *words)
{
	if (words->count)
		qsort(words->list, words->count, sizeof *words->list, by_text);
	for (size_t i = 0; i < words->count; i++) {
		int64_t id = words->list[i].id;
		dictionary_find(&words->ids, &id, sizeof id)->id = (int64_t)i;
	}
}

static void words_deinit(struct words *words)
{
	for (size_t i = 0; i < words->count; i++) {
		free(words->list[i].key);
		free(words->list[i].text);
	}
	free(words->list);
	dictionary_deinit(&words->ids);
}

static int look_up(struct sqlite_store *store, struct asked *asked)
{
	sqlite3_stmt *device = NULL, *name = NULL;
	int result = PF_OK;
	size_t count = asked->pairs.entry_count;
	asked->list = calloc(count ? count : 1, sizeof *asked->list);
	if (!asked->list)
		return PF_ENOMEM;
	if (sqlite3_prepare_v2(store->db, "SELECT name, key FROM device WHERE id = ?", -1, &device,
	                       NULL) != SQLITE_OK ||
	    sqlite3_prepare_v2(store->db, "SELECT text FROM name WHERE id = ?", -1, &name, NULL) !=
	        SQLITE_OK)
		result = ask_explain(store);
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		struct pair *pair = &asked->list[i];
		memcpy(pair, asked->pairs.keys + asked->pairs.entries[i].key_offset, sizeof *pair);
		result = add_word(store, &asked->devices, device, pair->device);
		if (result == PF_OK)
			result = add_word(store, &asked->names, name, pair->name);
	}
	sqlite3_finalize(device);
	sqlite3_finalize(name);
	return result;
}

/* ---- in order ---------------------------------------------------------------------------- */

static int by_place(const void *left, const void *right)
{
	const struct pair *a = left, *b = right;
	if (a->device != b->device)
		return a->device < b->device ? -1 : 1;
	return (a->name > b->name) - (a->name < b->name);
}

static void sort(struct asked *asked)
{
	size_t count = asked->pairs.entry_count;
	rank(&asked->devices);
	rank(&asked->names);
	for (size_t i = 0; i < count; i++) {
		struct pair *pair = &asked->list[i];
		pair->device = dictionary_find(&asked->devices.ids, &pair->device, sizeof pair->device)->id;
		pair->name = dictionary_find(&asked->names.ids, &pair->name, sizeof pair->name)->id;
	}
	if (count)
		qsort(asked->list, count, sizeof *asked->list, by_place);
}

int ask_asked(struct store *base, const struct store_filter *filter,
              int (*each)(void *data, const struct store_asked *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	struct asked asked = {0};
	dictionary_init(&asked.pairs, PAIRS_MAX);
	dictionary_init(&asked.devices.ids, PAIRS_MAX);
	dictionary_init(&asked.names.ids, PAIRS_MAX);
	int result = ask_begin(store, &question);
	if (result == PF_OK)
		result = add_sources(store, &question, filter);
	if (result == PF_OK)
		result = ask_walk(store, &question, take_pair, &asked, NULL);
	if (result == PF_OK)
		result = look_up(store, &asked);
	if (result == PF_OK)
		sort(&asked);
	for (size_t i = 0; i < asked.pairs.entry_count && result == PF_OK; i++) {
		const struct word *device = &asked.devices.list[asked.list[i].device];
		const struct store_asked row = {device->key, device->text,
		                                asked.names.list[asked.list[i].name].text};
		if (*row.device_id && *row.name)
			result = each(data, &row);
	}
	words_deinit(&asked.devices);
	words_deinit(&asked.names);
	dictionary_deinit(&asked.pairs);
	free(asked.list);
	return ask_end(store, &question, result);
}
