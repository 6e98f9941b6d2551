/* One answer with all that was found out of it. Its statements stay prepared: a simulation asks for tens of thousands. */
#include <stdlib.h>
#include <string.h>

#include "journal/record.h"
#include "journal/sqlite/ask.h"

static const char *const parts_sql[] = {
	"SELECT standing, confidence, overseas, judged FROM answer WHERE id = ?",
	"SELECT n.text FROM answer_hop h CROSS JOIN name n ON n.id = h.name WHERE h.answer = ?"
	" ORDER BY h.position",
	"SELECT a.text, f.standing, f.confidence, f.location, f.control, f.asn, f.special, f.anycast"
	" FROM answer_address x CROSS JOIN fact f ON f.id = x.fact"
	" CROSS JOIN address a ON a.id = f.address WHERE x.answer = ? ORDER BY x.position",
};

/* What is read, with the memory of its strings. */
struct reading {
	struct store_answer row;
	char standing[24], confidence[16];
	char *hops[RECORD_HOP_MAX]; /* owned */
	struct store_answer_address *addresses;
	struct words {
		char address[ADDR_TEXT_MAX], standing[24], confidence[16], location[4], control[4];
	} * words; /* of the addresses */
	size_t room;
};

static sqlite3_stmt *part(struct sqlite_store *store, size_t index, int64_t answer)
{
	sqlite3_stmt **statement = &store->answer_parts[index];
	if (!*statement && sqlite3_prepare_v3(store->db, parts_sql[index], -1,
	                                      SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
		return NULL;
	return sqlite3_bind_int64(*statement, 1, answer) == SQLITE_OK ? *statement : NULL;
}

static void copy(char *to, size_t size, sqlite3_stmt *statement, int column)
{
	const char *text = ask_text_of(statement, column);
	size_t length = strnlen(text, size - 1);
	memcpy(to, text, length);
	to[length] = '\0';
}

static int read_hop(struct reading *reading, sqlite3_stmt *statement)
{
	if (reading->row.hop_count == RECORD_HOP_MAX)
		return PF_OK;
	char *hop = strdup(ask_text_of(statement, 0));
	if (!hop)
		return PF_ENOMEM;
	reading->hops[reading->row.hop_count++] = hop;
	return PF_OK;
}

static int read_address(struct reading *reading, sqlite3_stmt *statement)
{
	size_t at = reading->row.address_count;
	if (at == RECORD_ADDRESS_MAX)
		return PF_OK;
	if (at == reading->room) {
		size_t room = reading->room ? 2 * reading->room : 16;
		struct words *words = realloc(reading->words, room * sizeof *words);
		if (words)
			reading->words = words;
		struct store_answer_address *addresses =
			realloc(reading->addresses, room * sizeof *addresses);
		if (addresses)
			reading->addresses = addresses;
		if (!words || !addresses)
			return PF_ENOMEM;
		reading->room = room;
	}
	struct words *words = &reading->words[at];
	copy(words->address, sizeof words->address, statement, 0);
	copy(words->standing, sizeof words->standing, statement, 1);
	copy(words->confidence, sizeof words->confidence, statement, 2);
	copy(words->location, sizeof words->location, statement, 3);
	copy(words->control, sizeof words->control, statement, 4);
	reading->addresses[at] = (struct store_answer_address){
		.asn = sqlite3_column_int64(statement, 5),
		.special = sqlite3_column_int(statement, 6),
		.anycast = sqlite3_column_int(statement, 7),
	};
	reading->row.address_count++;
	return PF_OK;
}

static int read_head(struct reading *reading, sqlite3_stmt *statement)
{
	copy(reading->standing, sizeof reading->standing, statement, 0);
	copy(reading->confidence, sizeof reading->confidence, statement, 1);
	reading->row.overseas = sqlite3_column_int64(statement, 2);
	reading->row.judged = sqlite3_column_int64(statement, 3);
	return PF_OK;
}

/* `*rows` counts what was read. */
static int read_part(struct sqlite_store *store, size_t index, int64_t answer,
                     int (*read)(struct reading *reading, sqlite3_stmt *statement),
                     struct reading *reading, size_t *rows)
{
	sqlite3_stmt *statement = part(store, index, answer);
	if (!statement)
		return ask_explain(store);
	int result = PF_OK, step = SQLITE_DONE;
	while (result == PF_OK && (step = sqlite3_step(statement)) == SQLITE_ROW) {
		result = read(reading, statement);
		++*rows;
	}
	if (result == PF_OK && step != SQLITE_DONE)
		result = ask_explain(store);
	sqlite3_reset(statement);
	return result;
}

static void finish(struct reading *reading)
{
	reading->row.standing = reading->standing;
	reading->row.confidence = reading->confidence;
	reading->row.hops = (const char *const *)reading->hops;
	reading->row.addresses = reading->addresses;
	for (size_t i = 0; i < reading->row.address_count; i++) {
		const struct words *words = &reading->words[i];
		struct store_answer_address *address = &reading->addresses[i];
		address->address = words->address;
		address->standing = words->standing;
		address->confidence = words->confidence;
		address->location = words->location;
		address->control = words->control;
	}
}

int ask_answer(struct store *base, int64_t answer,
               int (*each)(void *data, const struct store_answer *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct reading reading = {0};
	size_t heads = 0, rows = 0;
	int result = read_part(store, 0, answer, read_head, &reading, &heads);
	if (result == PF_OK && heads)
		result = read_part(store, 1, answer, read_hop, &reading, &rows);
	if (result == PF_OK && heads)
		result = read_part(store, 2, answer, read_address, &reading, &rows);
	if (result == PF_OK && heads) {
		finish(&reading);
		result = each(data, &reading.row);
	}
	for (size_t i = 0; i < reading.row.hop_count; i++)
		free(reading.hops[i]);
	free(reading.words);
	free(reading.addresses);
	return result;
}
