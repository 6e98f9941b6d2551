/* Questions to the store, see ask.h. */
#include "journal/sqlite/ask.h"

#include <stdio.h>
#include <string.h>

#include "dns/dns.h"
#include "dns/registered.h"
#include "journal/sqlite/schema.h"

/* A pattern that means more names than this is tested on each row, not looked up for each name. */
#define GLOB_NAMES_MAX 1000

int ask_explain(struct sqlite_store *store)
{
	schema_explain(store->db, store->path, store->store.error, sizeof store->store.error);
	return PF_EIO;
}

/* ---- building ---------------------------------------------------------------------------- */

void ask_add(struct question *question, const char *sql)
{
	buffer_print(&question->sql, "%s", sql);
}

void ask_add_text(struct question *question, const char *sql, const char *text)
{
	ask_add(question, sql);
	question->parameters[question->count++].text = text;
}

void ask_add_number(struct question *question, const char *sql, int64_t number)
{
	ask_add(question, sql);
	question->parameters[question->count].text = NULL;
	question->parameters[question->count++].number = number;
}

sqlite3_stmt *ask_prepare(struct sqlite_store *store, struct question *question)
{
	sqlite3_stmt *statement = NULL;
	int result = question->sql.failed
	                 ? SQLITE_NOMEM
	                 : sqlite3_prepare_v2(store->db, question->sql.data, -1, &statement, NULL);
	for (size_t i = 0; i < question->count && result == SQLITE_OK; i++)
		result = question->parameters[i].text
		             ? sqlite3_bind_text(statement, (int)i + 1, question->parameters[i].text, -1,
		                                 SQLITE_STATIC)
		             : sqlite3_bind_int64(statement, (int)i + 1, question->parameters[i].number);
	if (result == SQLITE_OK)
		return statement;
	ask_explain(store);
	sqlite3_finalize(statement);
	return NULL;
}

/* The first column of the first row of a small question; 0 when there is none. PF_EIO. */
int ask_number(struct sqlite_store *store, const char *sql, const char *text, int64_t number,
               int64_t *answer)
{
	sqlite3_stmt *statement = NULL;
	int result = sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL);
	if (result == SQLITE_OK)
		result = text ? sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC)
		              : sqlite3_bind_int64(statement, 1, number);
	if (result == SQLITE_OK)
		result = sqlite3_step(statement);
	*answer = result == SQLITE_ROW ? sqlite3_column_int64(statement, 0) : 0;
	if (result != SQLITE_ROW && result != SQLITE_DONE)
		ask_explain(store);
	sqlite3_finalize(statement);
	return result == SQLITE_ROW || result == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* Names are kept in lower case and without the last dot. GLOB gives '[' a meaning that we do not. Returns
 * whether there are wildcards; PF_EINVAL when it is longer than any name. */
static int write_pattern(struct question *question, const char *name)
{
	size_t length = strlen(name);
	char *out = question->pattern;
	bool wild = strpbrk(name, "*?") != NULL;
	if (length > ASK_PATTERN_BYTES_MAX - 1)
		return PF_EINVAL;
	if (length > 1 && name[length - 1] == '.' && name[length - 2] != '\\')
		length--;
	for (size_t i = 0; i < length; i++) {
		char c = name[i];
		if (c == '[' && wild) {
			memcpy(out, "[[]", 3);
			out += 3;
		} else {
			*out++ = c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
		}
	}
	*out = '\0';
	return wild;
}

int ask_filter_name(struct sqlite_store *store, struct question *question, const char *name,
                    const char *column)
{
	int wild = write_pattern(question, name);
	int64_t answer;
	if (wild < 0) {
		snprintf(store->store.error, sizeof store->store.error,
		         "The name to look for is longer than any name can be (%d bytes).",
		         ASK_PATTERN_BYTES_MAX - 1);
		return PF_EINVAL;
	}
	const char *sql =
		wild ? "SELECT count(*) FROM name WHERE text GLOB ?" : "SELECT id FROM name WHERE text = ?";
	int result = ask_number(store, sql, question->pattern, 0, &answer);
	question->nothing = question->nothing || !answer;
	if (!wild) {
		buffer_print(&question->sql, " AND %s = ", column);
		ask_add_number(question, "?", answer);
		return result;
	}
	bool few = answer <= GLOB_NAMES_MAX;
	buffer_print(&question->sql, " AND %s%s IN (SELECT id FROM name WHERE text GLOB ",
	             few ? "" : "+", column);
	ask_add_text(question, "?)", question->pattern);
	return result;
}

/* A domain that somebody could register, in the form in which names are kept. */
static int normal_domain(struct sqlite_store *store, const char *domain, char text[NAME_TEXT_MAX])
{
	struct dns_name name, registered;
	if (dns_name_from_text(domain, &name) != PF_OK) {
		snprintf(store->store.error, sizeof store->store.error, "\"%.100s\" is no domain.", domain);
		return PF_EINVAL;
	}
	if (dns_registered_domain(&name, &registered) != PF_OK) {
		snprintf(store->store.error, sizeof store->store.error,
		         "\"%.60s\" is a public suffix, below which others register domains; a name like "
		         "\"*.%.60s\" finds them all.",
		         domain, domain);
		return PF_EINVAL;
	}
	dns_name_to_text(&registered, text);
	if (dns_name_equal(&name, &registered))
		return PF_OK;
	snprintf(store->store.error, sizeof store->store.error,
	         "\"%.90s\" is no registered domain; that is \"%.90s\".", domain, text);
	return PF_EINVAL;
}

int ask_filter_domain(struct sqlite_store *store, struct question *question, const char *domain,
                      const char *column)
{
	char text[NAME_TEXT_MAX];
	int64_t count;
	int result = normal_domain(store, domain, text);
	if (result != PF_OK)
		return result;
	if (strlen(text) >= sizeof question->domain)
		return PF_EINVAL;
	strcpy(question->domain, text);
	result = ask_number(store, "SELECT count(*) FROM name WHERE domain = ?", question->domain, 0,
	                    &count);
	question->nothing = question->nothing || !count;
	buffer_print(&question->sql, " AND %s IN (SELECT id FROM name WHERE domain = ", column);
	ask_add_text(question, "?)", question->domain);
	return result;
}

int ask_names_are_few(struct sqlite_store *store, struct question *question,
                      const struct store_filter *filter, bool *few)
{
	int64_t count = 1, in_domain = 1;
	int wild = filter->name ? write_pattern(question, filter->name) : 0;
	int result = PF_OK;
	if (wild > 0)
		result = ask_number(store, "SELECT count(*) FROM name WHERE text GLOB ?", question->pattern,
		                    0, &count);
	if (result == PF_OK && filter->domain)
		result = ask_number(store, "SELECT count(*) FROM name WHERE domain = ?", filter->domain, 0,
		                    &in_domain);
	*few = count <= GLOB_NAMES_MAX && in_domain <= GLOB_NAMES_MAX;
	return result;
}

/* ---- devices ----------------------------------------------------------------------------- */

static bool is_among(const struct store_filter *filter, const char *id)
{
	for (size_t i = 0; i < filter->device_count; i++)
		if (!strcmp(filter->devices[i], id))
			return true;
	return !filter->devices;
}

/* Appends "(3,7,9" of the devices that the statement finds. */
static int list_ids(struct sqlite_store *store, const struct store_filter *filter, const char *sql,
                    const char *text, struct buffer *list)
{
	sqlite3_stmt *statement = NULL;
	int step = SQLITE_ERROR;
	if (sqlite3_prepare_v2(store->db, sql, -1, &statement, NULL) != SQLITE_OK ||
	    sqlite3_bind_text(statement, 1, text, -1, SQLITE_STATIC) != SQLITE_OK)
		goto out;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *key = (const char *)sqlite3_column_text(statement, 1);
		if (key && is_among(filter, key))
			buffer_print(list, "%s%lld", list->length ? "," : "(",
			             (long long)sqlite3_column_int64(statement, 0));
	}
out:
	if (step != SQLITE_DONE)
		ask_explain(store);
	sqlite3_finalize(statement);
	return step == SQLITE_DONE ? PF_OK : PF_EIO;
}

/* With those that were merged into them (merge.h), which bear their name. */
static const char by_name_or_id[] =
	"SELECT d.id, t.key FROM device d LEFT JOIN merged m ON m.device = d.id"
	" JOIN device t ON t.id = ifnull(m.target, d.id) WHERE ?1 IN (t.name, t.key)";
static const char by_id[] =
	"SELECT id, key FROM device WHERE key = ?1 UNION ALL SELECT m.device, d.key FROM device d"
	" JOIN merged m ON m.target = d.id WHERE d.key = ?1";

int ask_filter_devices(struct sqlite_store *store, struct question *question,
                       const struct store_filter *filter, const char *column)
{
	struct buffer list;
	int result = PF_OK;
	if (!filter->device && !filter->devices)
		return PF_OK;
	if (filter->device_count > STORE_DEVICES_MAX) {
		snprintf(store->store.error, sizeof store->store.error,
		         "More than %d devices at once: ask for fewer.", STORE_DEVICES_MAX);
		return PF_EINVAL;
	}
	buffer_init(&list, ASK_SQL_BYTES_MAX);
	if (filter->device)
		result = list_ids(store, filter, by_name_or_id, filter->device, &list);
	for (size_t i = 0; !filter->device && i < filter->device_count && result == PF_OK; i++)
		result = list_ids(store, filter, by_id, filter->devices[i], &list);
	if (result == PF_OK && list.length)
		buffer_print(&question->sql, " AND %s IN %s)", column, list.data);
	question->nothing = question->nothing || !list.length;
	if (list.failed)
		result = PF_ENOMEM;
	buffer_deinit(&list);
	return result;
}

/* ---- others ------------------------------------------------------------------------------ */

int ask_filter_type(struct sqlite_store *store, struct question *question, const char *type,
                    const char *sql)
{
	int number = dns_type_from_text(type);
	if (number < 0) {
		snprintf(store->store.error, sizeof store->store.error,
		         "\"%.32s\" is no type; types are written A, AAAA, HTTPS or TYPE65.", type);
		return PF_EINVAL;
	}
	ask_add_number(question, sql, number);
	return PF_OK;
}

bool ask_filter_places(struct question *question, const struct store_filter *filter,
                       const char *before)
{
	if (!filter->country && !filter->location && !filter->control && !filter->asn)
		return false;
	ask_add(question, before);
	ask_add(question, "1");
	if (filter->location)
		ask_add_text(question, " AND f.location = ?", filter->location);
	if (filter->control)
		ask_add_text(question, " AND f.control = ?", filter->control);
	if (filter->country) {
		ask_add_text(question, " AND (f.location = ?", filter->country);
		ask_add_text(question, " OR f.control = ?)", filter->country);
	}
	if (filter->asn)
		ask_add_number(question, " AND f.asn = ?", filter->asn);
	return true;
}

void ask_filter_decision(struct question *question, const struct store_filter *filter)
{
	if (filter->rule)
		ask_add_text(question, " AND k.reason IN (SELECT id FROM reason WHERE name = ?)",
		             filter->rule);
	if (filter->action)
		ask_add_text(question, " AND k.outcome IN (SELECT id FROM outcome WHERE action = ?)",
		             filter->action);
}

int ask_filter_kind(struct sqlite_store *store, struct question *question,
                    const struct store_filter *filter)
{
	int result = PF_OK;
	if (filter->name)
		result = ask_filter_name(store, question, filter->name, "k.name");
	if (result == PF_OK && filter->domain)
		result = ask_filter_domain(store, question, filter->domain, "k.name");
	if (result == PF_OK)
		result = ask_filter_devices(store, question, filter, "k.device");
	ask_filter_decision(question, filter);
	if (ask_filter_places(
			question, filter,
			" AND k.answer IN (SELECT a.answer FROM fact f CROSS JOIN answer_address a"
			" ON a.fact = f.id WHERE "))
		ask_add(question, ")");
	if (!filter->standing && !filter->type)
		return result;
	ask_add(question, " AND k.outcome IN (SELECT id FROM outcome WHERE 1");
	if (filter->standing)
		ask_add_text(question, " AND standing = ?", filter->standing);
	if (result == PF_OK && filter->type)
		result = ask_filter_type(store, question, filter->type, " AND type = ?");
	ask_add(question, ")");
	return result;
}

/* ---- walking ----------------------------------------------------------------------------- */

const char *ask_text_of(sqlite3_stmt *statement, int column)
{
	const char *text = (const char *)sqlite3_column_text(statement, column);
	return text ? text : "";
}

int64_t ask_time_of(sqlite3_stmt *statement, int column)
{
	return sqlite3_column_int64(statement, column) * US_PER_MS;
}

int ask_walk(struct sqlite_store *store, struct question *question,
             int (*hand)(sqlite3_stmt *statement, void *each, void *data), void *each, void *data)
{
	if (question->nothing)
		return PF_OK;
	sqlite3_stmt *statement = ask_prepare(store, question);
	if (!statement)
		return PF_EIO;
	int result = PF_OK, step = SQLITE_ROW;
	while (result == PF_OK && (step = sqlite3_step(statement)) == SQLITE_ROW)
		result = hand(statement, each, data);
	if (step != SQLITE_ROW && step != SQLITE_DONE)
		result = ask_explain(store);
	sqlite3_finalize(statement);
	return result;
}

/* ---- beginning and end ------------------------------------------------------------------- */

void ask_init(struct question *question)
{
	*question = (struct question){0};
	buffer_init(&question->sql, ASK_SQL_BYTES_MAX);
}

void ask_deinit(struct question *question)
{
	buffer_deinit(&question->sql);
}

int ask_begin(struct sqlite_store *store, struct question *question)
{
	ask_init(question);
	store->store.error[0] = '\0';
	if (sqlite3_exec(store->db, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
		return ask_explain(store);
	return PF_OK;
}

int ask_end(struct sqlite_store *store, struct question *question, int result)
{
	ask_deinit(question);
	if (!sqlite3_get_autocommit(store->db))
		sqlite3_exec(store->db, "ROLLBACK", NULL, NULL, NULL);
	return result;
}
