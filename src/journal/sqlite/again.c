/* Rows of sums and endpoints that are there already, changed many at a time. A statement for each looks its row up from the root of the
 * table again and costs more in that, and in beginning and ending, than in the change. So what is next to each other in the
 * table is changed by one UPDATE that walks along it, and asks a function of ours what is to be added to each row that it meets.
 * Rows that it does not meet are made by the statements for single rows. */
#include <stdlib.h>
#include <string.h>

#include "journal/sqlite/drift.h"
#include "journal/sqlite/state.h"

/* Ids of names that were gathered may be so far apart to be met on one walk: the rows of the names between them are read for
 * nothing, at a tenth of what a row costs alone. */
#define GAP_MAX 8

/* What the functions look into; one walk at a time. */
struct again {
	struct sum *sums;
	struct group *groups;
	size_t count, at;
	bool write;                /* groups: what was found is changed now */
	struct contents *contents; /* the sink's */
};

static void begin_walk(struct again *again, struct sum *sums, struct group *groups, size_t count)
{
	again->sums = sums;
	again->groups = groups;
	again->count = count;
	again->at = 0;
}

/* ---- sums -------------------------------------------------------------------------------- */

static int order(int64_t name, int64_t its_name, int64_t part, int64_t its_part)
{
	if (name != its_name)
		return name < its_name ? -1 : 1;
	return (part > its_part) - (part < its_part);
}

/* Rows come in the order of the table, mostly: whoever goes back begins again. */
static struct sum *find_sum(struct again *again, int64_t name, int64_t class)
{
	struct sum *sums = again->sums;
	if (again->at && order(name, sums[again->at - 1].name, class, sums[again->at - 1].class) <= 0)
		again->at = 0;
	while (again->at < again->count &&
	       order(name, sums[again->at].name, class, sums[again->at].class) > 0)
		again->at++;
	struct sum *sum = &sums[again->at];
	bool found = again->at < again->count && sum->name == name && sum->class == class;
	return found ? sum : NULL;
}

/* gathered_sum(name, class): what is to be added to this row; 0: nothing. */
static void gathered_sum(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	struct again *again = sqlite3_user_data(context);
	struct sum *sum =
		find_sum(again, sqlite3_value_int64(values[0]), sqlite3_value_int64(values[1]));
	if (sum)
		sum->there = true;
	sqlite3_result_int64(context, sum ? sum->count : 0);
}

/* To the sums of longer times, which hold the row already. */
static int add_rolled(struct sqlite_sink *sink, const struct value values[SUM_VALUES])
{
	static const enum statement order[] = {ST_SUM_DAY,   ST_SUM_MONTH,   ST_TOTAL_HOUR,
	                                       ST_TOTAL_DAY, ST_TOTAL_MONTH, ST_ALL_HOUR,
	                                       ST_ALL_DAY,   ST_NAME_DAY,    ST_NAME_MONTH};
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(order) && result == PF_OK; i++)
		result = statement_run(sink->statements[order[i]], values, SUM_VALUES);
	return result;
}

static void values_of(const struct sum *sum, struct value values[SUM_VALUES])
{
	const int64_t numbers[SUM_VALUES] = {sum->device, sum->hour, sum->name, sum->class, sum->count};
	for (size_t i = 0; i < SUM_VALUES; i++)
		values[i] = (struct value){.number = numbers[i]};
}

/* Those that no walk has met. A statement of many rows begins and ends once. */
static int put_sums(struct sqlite_sink *sink, const struct sum *sums, size_t count)
{
	struct value values[SUMS_AT_ONCE * SUM_VALUES];
	size_t waiting = 0;
	int result = PF_OK;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		if (sums[i].there)
			continue;
		values_of(&sums[i], values + SUM_VALUES * waiting++);
		if (waiting < SUMS_AT_ONCE)
			continue;
		result = statement_run(sink->statements[ST_SUM_HOUR_MANY], values, PF_COUNT(values));
		waiting = 0;
	}
	for (size_t i = 0; i < waiting && result == PF_OK; i++)
		result = statement_run(sink->statements[ST_SUM_HOUR], values + SUM_VALUES * i, SUM_VALUES);
	return result;
}

static int roll_sums(struct sqlite_sink *sink, const struct sum *sums, size_t count)
{
	struct value values[SUM_VALUES];
	int result = PF_OK;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		if (!roll_has(&sink->roll, sums[i].device, sums[i].hour, sums[i].name))
			continue;
		values_of(&sums[i], values);
		result = add_rolled(sink, values);
	}
	return result;
}

static bool next_to(const struct sum *a, const struct sum *b)
{
	return a->device == b->device && a->hour == b->hour && b->name - a->name <= GAP_MAX;
}

int again_sums(struct sqlite_sink *sink, struct sum *sums, size_t count)
{
	int result = PF_OK;
	for (size_t i = 0, next; i < count && result == PF_OK; i = next) {
		for (next = i + 1; next < count && next_to(&sums[next - 1], &sums[next]);)
			next++;
		const struct value span[] = {{.number = sums[i].device},
		                             {.number = sums[i].hour},
		                             {.number = sums[i].name},
		                             {.number = sums[next - 1].name}};
		begin_walk(sink->again, sums + i, NULL, next - i);
		if (next - i > 1)
			result = statement_run(sink->statements[ST_SUM_AGAIN], span, PF_COUNT(span));
	}
	if (result == PF_OK)
		result = put_sums(sink, sums, count);
	return result == PF_OK ? roll_sums(sink, sums, count) : result;
}

/* ---- endpoints --------------------------------------------------------------------------- */

/* As find_sum. Several answers to one question come one after the other; none of them is to be changed on a walk. */
static struct group *find_group(struct again *again, int64_t name, int64_t type)
{
	struct group *groups = again->groups;
	if (again->at &&
	    order(name, groups[again->at - 1].key.name, type, groups[again->at - 1].key.type) <= 0)
		again->at = 0;
	while (again->at < again->count &&
	       order(name, groups[again->at].key.name, type, groups[again->at].key.type) > 0)
		again->at++;
	struct group *group = &groups[again->at];
	bool found = again->at < again->count && group->key.name == name && group->key.type == type &&
	             group->again;
	return found ? group : NULL;
}

static struct group *group_of(sqlite3_context *context, sqlite3_value **values)
{
	return find_group(sqlite3_user_data(context), sqlite3_value_int64(values[0]),
	                  sqlite3_value_int64(values[1]));
}

static bool has_fact(const struct content *content, int64_t fact)
{
	for (size_t i = 0; i < content->fact_count; i++)
		if (content->facts[i] == fact)
			return true;
	return false;
}

/* gathered_endpoint(name, type, fact, via, first, dnssec): would nothing of this row change but its last time and its count? Rows are counted on
 * a first walk; on the second only those of groups are changed of which all rows are there. */
static void gathered_endpoint(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	struct again *again = sqlite3_user_data(context);
	struct group *group = group_of(context, values);
	const struct content *content =
		group ? content_known(again->contents, group->key.answer) : NULL;
	bool same = content && has_fact(content, sqlite3_value_int64(values[2])) &&
	            sqlite3_value_int64(values[4]) <= group->first &&
	            sqlite3_value_int64(values[5]) >= group->dnssec;
	if (same) {
		uint64_t digest[2];
		const void *via = sqlite3_value_text(values[3]);
		content_digest(again->contents, via, (size_t)sqlite3_value_bytes(values[3]), digest);
		same = !memcmp(digest, content->via, sizeof digest);
	}
	if (same && again->write)
		same = group->met == content->fact_count;
	else if (same)
		group->met++;
	sqlite3_result_int(context, same);
}

static void gathered_last(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const struct group *group = group_of(context, values);
	sqlite3_result_int64(context, group ? group->last : 0);
}

static void gathered_count(sqlite3_context *context, int count, sqlite3_value **values)
{
	(void)count;
	const struct group *group = group_of(context, values);
	sqlite3_result_int64(context, group ? group->count : 0);
}

static bool one_question(const struct group *a, const struct group *b)
{
	return a->key.name == b->key.name && a->key.type == b->key.type;
}

/* The endpoints of these are looked for on a walk: one answer alone was given, and it was looked at before today, so it is known what moved. */
static int choose(struct sqlite_sink *sink, struct group *groups, size_t count)
{
	int result = PF_OK;
	for (size_t i = 0; i < count && result == PF_OK; i++) {
		struct group *group = &groups[i];
		const struct content *content;
		bool alone = (!i || !one_question(group - 1, group)) &&
		             (i + 1 == count || !one_question(group, group + 1));
		group->met = 0;
		group->again = alone && drift_saw(sink, group);
		if (!group->again)
			continue;
		result = content_read(sink, group->key.answer, &content);
		group->again = result == PF_OK && !content->many;
	}
	return result;
}

static int walk_endpoints(struct sqlite_sink *sink, struct group *groups, size_t count)
{
	struct again *again = sink->again;
	static const enum statement walks[] = {ST_ENDPOINT_LOOK, ST_ENDPOINT_AGAIN};
	const struct value span[] = {{.number = groups[0].key.device},
	                             {.number = groups[0].key.name},
	                             {.number = groups[count - 1].key.name}};
	int result = PF_OK;
	for (size_t i = 0; i < PF_COUNT(walks) && result == PF_OK; i++) {
		begin_walk(again, NULL, groups, count);
		again->write = walks[i] == ST_ENDPOINT_AGAIN;
		result = statement_run(sink->statements[walks[i]], span, PF_COUNT(span));
	}
	return result;
}

static bool is_written(const struct again *again, const struct group *group)
{
	const struct content *content = content_known(again->contents, group->key.answer);
	return group->again && content && group->met == content->fact_count;
}

int again_endpoints(struct sqlite_sink *sink, struct group *groups, size_t count)
{
	int result = choose(sink, groups, count);
	for (size_t i = 0, next; i < count && result == PF_OK; i = next) {
		bool any = groups[i].again;
		for (next = i + 1;
		     next < count && groups[next].key.name - groups[next - 1].key.name <= GAP_MAX; next++)
			any = any || groups[next].again;
		if (any)
			result = walk_endpoints(sink, groups + i, next - i);
	}
	/* First for all: what is written then puts other answers in the place of these. */
	for (size_t i = 0; i < count; i++)
		groups[i].again = is_written(sink->again, &groups[i]);
	for (size_t i = 0; i < count && result == PF_OK; i++)
		if (!groups[i].again)
			result = endpoint_write(sink, &groups[i]);
	return result;
}

/* ---- opening ----------------------------------------------------------------------------- */

int again_open(struct sqlite_sink *sink)
{
	static const struct {
		const char *name;
		int count;
		void (*function)(sqlite3_context *context, int count, sqlite3_value **values);
	} functions[] = {{"gathered_sum", 2, gathered_sum},
	                 {"gathered_endpoint", 6, gathered_endpoint},
	                 {"gathered_last", 2, gathered_last},
	                 {"gathered_count", 2, gathered_count}};
	sink->again = calloc(1, sizeof *sink->again);
	if (!sink->again)
		return PF_ENOMEM;
	sink->again->contents = sink->contents;
	int result = SQLITE_OK;
	for (size_t i = 0; i < PF_COUNT(functions) && result == SQLITE_OK; i++)
		result = sqlite3_create_function_v2(sink->db, functions[i].name, functions[i].count,
		                                    SQLITE_UTF8 | SQLITE_DIRECTONLY, sink->again,
		                                    functions[i].function, NULL, NULL, NULL);
	return result == SQLITE_OK ? PF_OK : PF_EIO;
}
