/* The columns of owner.h, and the function that fills them. */
#include "journal/sqlite/owner.h"

#include "base/error.h"
#include "dns/registered.h"

/* registered_domain("a.vendor.com"): "vendor.com"; "" when there is none. */
static void registered_domain(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const char *text = (const char *)sqlite3_value_text(values[0]);
	struct dns_name name, domain;
	char found[NAME_TEXT_MAX] = "";
	if (text && dns_name_from_text(text, &name) == PF_OK &&
	    dns_registered_domain(&name, &domain) == PF_OK)
		dns_name_to_text(&domain, found);
	sqlite3_result_text(context, found, -1, SQLITE_TRANSIENT);
}

/* Negative: it can not be read. */
static int has_column(sqlite3 *db, const char *table, const char *column)
{
	sqlite3_stmt *find = NULL;
	int result =
		sqlite3_prepare_v2(db, "SELECT count(*) FROM pragma_table_info(?1) WHERE name = ?2", -1,
	                       &find, NULL);
	if (result == SQLITE_OK)
		result = sqlite3_bind_text(find, 1, table, -1, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_bind_text(find, 2, column, -1, SQLITE_STATIC);
	if (result == SQLITE_OK)
		result = sqlite3_step(find);
	int has = result == SQLITE_ROW ? sqlite3_column_int(find, 0) : PF_EIO;
	sqlite3_finalize(find);
	return has;
}

/* One transaction each: a journal with half of it would have columns and no domains. */
static const struct {
	const char *table, *column, *sql;
} columns[] = {
	{"name", "domain",
     "BEGIN IMMEDIATE;"
     "ALTER TABLE name ADD COLUMN domain TEXT NOT NULL DEFAULT '';"
     "UPDATE name SET domain = registered_domain(text);"
     "COMMIT"},
	{"endpoint", "via",
     "BEGIN IMMEDIATE;"
     "ALTER TABLE endpoint ADD COLUMN via TEXT NOT NULL DEFAULT '';"
     "CREATE VIEW IF NOT EXISTS v_owners (device, name, domain, via, address, asn, organisation) AS"
     " SELECT d.name, n.text, NULLIF(n.domain, ''), NULLIF(e.via, ''), a.text, NULLIF(f.asn, 0),"
     " NULLIF(l.text, '') FROM endpoint e JOIN device d ON d.id = e.device"
     " JOIN name n ON n.id = e.name JOIN address a ON a.id = e.address JOIN fact f ON f.id = e.fact"
     " JOIN label l ON l.id = f.organisation;"
     "COMMIT"},
};

int owner_open(sqlite3 *db)
{
	int result = sqlite3_create_function_v2(db, "registered_domain", 1,
	                                        SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_DIRECTONLY,
	                                        NULL, registered_domain, NULL, NULL, NULL);
	for (size_t i = 0; i < PF_COUNT(columns) && result == SQLITE_OK; i++) {
		int has = has_column(db, columns[i].table, columns[i].column);
		if (has < 0)
			return sqlite3_errcode(db);
		if (!has)
			result = sqlite3_exec(db, columns[i].sql, NULL, NULL, NULL);
		if (result != SQLITE_OK && !sqlite3_get_autocommit(db))
			sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
	}
	return result;
}

bool owner_known(sqlite3 *db)
{
	for (size_t i = 0; i < PF_COUNT(columns); i++)
		if (has_column(db, columns[i].table, columns[i].column) <= 0)
			return false;
	return true;
}
