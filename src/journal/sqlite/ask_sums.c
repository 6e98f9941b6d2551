/* Questions to the sums: how often, by hour and by day. Devices come first, so that each one's times are found by the primary
 * key. */
#include "journal/sqlite/ask_counted.h"

#define US_PER_HOUR INT64_C(3600000000)
#define US_PER_DAY (24 * US_PER_HOUR)

static const struct {
	const char *select, *since, *until;
	int64_t unit_us;
	bool names;
} tables[] = {
	[STORE_SUMS_HOURS] =
		{"SELECT d.key, d.name, '', c.action, c.standing, c.country, s.hour, s.count"
         " FROM device d CROSS JOIN v_total_hours s ON s.device = d.id"
         " CROSS JOIN class c ON c.id = s.class WHERE 1",
         " AND s.hour >= ?", " AND s.hour <= ?", US_PER_HOUR, false},
	[STORE_SUMS_NAME_DAYS] =
		{"SELECT d.key, d.name, n.text, c.action, c.standing, c.country, s.day,"
         " s.count FROM device d CROSS JOIN v_days s ON s.device = d.id"
         " CROSS JOIN class c ON c.id = s.class"
         " CROSS JOIN name n ON n.id = s.name WHERE 1",
         " AND s.day >= ?", " AND s.day <= ?", US_PER_DAY, true},
	[STORE_SUMS_NAME_HOURS] = {"SELECT d.key, d.name, n.text, c.action, c.standing, c.country,"
                               " s.hour, s.count FROM device d CROSS JOIN sum_hour s"
                               " ON s.device = d.id CROSS JOIN class c ON c.id = s.class"
                               " CROSS JOIN name n ON n.id = s.name WHERE 1",
                               " AND s.hour >= ?", " AND s.hour <= ?", US_PER_HOUR, true},
};

/* Hours of all names together that are not of all names: these are in the sums of names only. */
static enum store_sums table_of(enum store_sums what, const struct store_filter *filter)
{
	bool some = filter->name || filter->domain;
	return what == STORE_SUMS_HOURS && some ? STORE_SUMS_NAME_HOURS : what;
}

struct sums {
	int (*each)(void *data, const struct store_sum *row);
	int64_t unit_us;
};

static int hand_sum(sqlite3_stmt *statement, void *each, void *data)
{
	const struct sums *sums = each;
	const struct store_sum row = {
		.device_id = ask_text_of(statement, 0),
		.device = ask_text_of(statement, 1),
		.name = ask_text_of(statement, 2),
		.action = ask_text_of(statement, 3),
		.standing = ask_text_of(statement, 4),
		.country = ask_text_of(statement, 5),
		.time_wall_us = sqlite3_column_int64(statement, 6) * sums->unit_us,
		.count = sqlite3_column_int64(statement, 7),
	};
	return sums->each(data, &row);
}

int ask_sums(struct store *base, enum store_sums what, const struct store_filter *filter,
             int (*each)(void *data, const struct store_sum *row), void *data)
{
	struct sqlite_store *store = (struct sqlite_store *)base;
	struct question question;
	what = table_of(what, filter);
	struct sums sums = {each, tables[what].unit_us};
	int result = ask_begin(store, &question);
	if (result == PF_OK && ask_counted_needed(filter)) {
		result = ask_counted(store, filter, tables[what].names, sums.unit_us, each, data);
		return ask_end(store, &question, result);
	}
	ask_add(&question, tables[what].select);
	if (result == PF_OK)
		result = ask_filter_devices(store, &question, filter, "d.id");
	if (result == PF_OK && tables[what].names && filter->name)
		result = ask_filter_name(store, &question, filter->name, "s.name");
	if (result == PF_OK && tables[what].names && filter->domain)
		result = ask_filter_domain(store, &question, filter->domain, "s.name");
	if (filter->action)
		ask_add_text(&question, " AND c.action = ?", filter->action);
	if (filter->standing)
		ask_add_text(&question, " AND c.standing = ?", filter->standing);
	if (filter->location)
		ask_add_text(&question, " AND c.country = ?", filter->location);
	if (filter->since_wall_us)
		ask_add_number(&question, tables[what].since, filter->since_wall_us / sums.unit_us);
	if (filter->until_wall_us)
		ask_add_number(&question, tables[what].until, filter->until_wall_us / sums.unit_us);
	if (result == PF_OK)
		result = ask_walk(store, &question, hand_sum, &sums, data);
	return ask_end(store, &question, result);
}
