/* Things that stand once in a table of their own: found in memory, else in the database, else made. */
#include <string.h>

#include "dns/dns.h"
#include "journal/sqlite/retention.h"

static int bind_values(sqlite3_stmt *statement, const struct value *values, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		int result = values[i].text ? sqlite3_bind_text(statement, (int)i + 1, values[i].text, -1,
		                                                SQLITE_STATIC)
		                            : sqlite3_bind_int64(statement, (int)i + 1, values[i].number);
		if (result != SQLITE_OK)
			return result;
	}
	return SQLITE_OK;
}

int statement_run(sqlite3_stmt *statement, const struct value *values, size_t count)
{
	int result = bind_values(statement, values, count);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	/* What reset returns is the failure of the step, which is known already. */
	sqlite3_reset(statement);
	return result == SQLITE_DONE || result == SQLITE_ROW ? PF_OK : PF_EIO;
}

int intern_known(struct sqlite_sink *sink, enum table table, const void *key, size_t key_length,
                 int64_t *id)
{
	const struct dictionary_entry *entry =
		dictionary_find(&sink->tables[table].ids, key, key_length);
	if (!entry)
		return PF_ENOENT;
	*id = entry->id;
	retention_keep(sink, table, *id);
	return PF_OK;
}

/* By the first of the values, as many as the statement asks for. */
static int find(sqlite3_stmt *statement, const struct value *values, size_t count, int64_t *id)
{
	size_t wanted = (size_t)sqlite3_bind_parameter_count(statement);
	int result = bind_values(statement, values, wanted < count ? wanted : count);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	if (result == SQLITE_ROW)
		*id = sqlite3_column_int64(statement, 0);
	sqlite3_reset(statement);
	return result == SQLITE_ROW ? PF_OK : result == SQLITE_DONE ? PF_ENOENT : PF_EIO;
}

/* Makes the row, unless it is there. */
static int make(struct sqlite_sink *sink, sqlite3_stmt *insert, const struct value *values,
                size_t count, int64_t *id, bool *made)
{
	int result = statement_run(insert, values, count);
	*made = result == PF_OK && sqlite3_changes(sink->db);
	if (*made)
		*id = sqlite3_last_insert_rowid(sink->db);
	return result;
}

int intern_resolve(struct sqlite_sink *sink, enum table table, const void *key, size_t key_length,
                   const struct value *values, size_t value_count, int64_t *id, bool *fresh)
{
	struct interned *interned = &sink->tables[table];
	int result = PF_OK;
	bool made = false;
	if (interned->were_new)
		result = make(sink, interned->insert, values, value_count, id, &made);
	if (result == PF_OK && !made)
		result = find(interned->find, values, value_count, id);
	if (result == PF_ENOENT)
		result = make(sink, interned->insert, values, value_count, id, &made);
	if (result != PF_OK)
		return result;
	interned->were_new = made;
	if (fresh)
		*fresh = made;
	retention_keep(sink, table, *id);
	return dictionary_add(&interned->ids, key, key_length, *id) ? PF_OK : PF_ENOMEM;
}

int intern_name(struct sqlite_sink *sink, const struct dns_name *name, int64_t *id, bool *fresh)
{
	if (fresh)
		*fresh = false;
	int result = intern_known(sink, TABLE_NAME, name->wire, name->length, id);
	if (result != PF_ENOENT)
		return result;
	char text[NAME_TEXT_MAX];
	dns_name_to_text(name, text);
	struct value value = {.text = text};
	return intern_resolve(sink, TABLE_NAME, name->wire, name->length, &value, 1, id, fresh);
}

int intern_text(struct sqlite_sink *sink, enum table table, const char *text, int64_t *id)
{
	int result = intern_known(sink, table, text, strlen(text), id);
	if (result != PF_ENOENT)
		return result;
	struct value value = {.text = text};
	return intern_resolve(sink, table, text, strlen(text), &value, 1, id, NULL);
}

int intern_type(struct sqlite_sink *sink, uint16_t type)
{
	if (dictionary_find(&sink->types, &type, sizeof type))
		return PF_OK;
	char text[DNS_TYPE_TEXT_MAX];
	dns_type_to_text(type, text);
	struct value values[] = {{.number = type}, {.text = text}};
	int result = statement_run(sink->statements[ST_TYPE_PUT], values, PF_COUNT(values));
	if (result != PF_OK)
		return result;
	return dictionary_add(&sink->types, &type, sizeof type, type) ? PF_OK : PF_ENOMEM;
}
