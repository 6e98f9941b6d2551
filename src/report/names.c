/* Sums by name, see names.h. */
#include "report/names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/text.h"

#define US_PER_DAY (INT64_C(86400) * 1000000)
#define DAYS_MAX 64

struct name_sum {
	const char *name; /* the key in `index` */
	int64_t queries, flag, sinkhole;
	uint64_t days; /* a bit for each of DAYS_MAX in a row: they come in no order */
};

struct names {
	json_t *index; /* {name: its number} */
	struct name_sum *sums;
	size_t count, room;
};

static struct name_sum *sum_of(struct names *names, const char *name)
{
	json_t *number = json_object_get(names->index, name);
	if (number)
		return &names->sums[json_integer_value(number)];
	if (names->count == names->room) {
		size_t room = names->room ? 2 * names->room : 256;
		struct name_sum *grown = realloc(names->sums, room * sizeof *grown);
		if (!grown)
			return NULL;
		names->sums = grown;
		names->room = room;
	}
	if (json_object_set_new_nocheck(names->index, name, json_integer((json_int_t)names->count)))
		return NULL;
	names->sums[names->count] = (struct name_sum){0};
	return &names->sums[names->count++];
}

static int on_sum(void *data, const struct store_sum *row)
{
	struct name_sum *sum = sum_of(data, row->name);
	if (!sum)
		return PF_ENOMEM;
	sum->queries += row->count;
	if (!strcmp(row->action, "flag"))
		sum->flag += row->count;
	else if (!strcmp(row->action, "sinkhole"))
		sum->sinkhole += row->count;
	sum->days |= UINT64_C(1) << row->time_wall_us / US_PER_DAY % DAYS_MAX;
	return PF_OK;
}

static int by_weight(const void *a, const void *b)
{
	const struct name_sum *x = a, *y = b;
	if (x->sinkhole != y->sinkhole)
		return (x->sinkhole < y->sinkhole) - (x->sinkhole > y->sinkhole);
	if (x->queries != y->queries)
		return (x->queries < y->queries) - (x->queries > y->queries);
	return strcmp(x->name, y->name);
}

static json_t *list_of(struct names *names, int64_t limit)
{
	const char *name;
	json_t *number, *list = json_array();
	json_object_foreach(names->index, name, number) names->sums[json_integer_value(number)].name =
		name;
	if (names->count)
		qsort(names->sums, names->count, sizeof *names->sums, by_weight);
	for (size_t i = 0; i < names->count && (limit <= 0 || i < (size_t)limit); i++) {
		const struct name_sum *sum = &names->sums[i];
		json_array_append_new(
			list, json_pack("{s:o, s:I, s:I, s:I, s:i}", "name", report_text(sum->name), "queries",
		                    (json_int_t)sum->queries, "flag", (json_int_t)sum->flag, "sinkhole",
		                    (json_int_t)sum->sinkhole, "days", __builtin_popcountll(sum->days)));
	}
	return list;
}

int names_make(struct store *store, const struct store_filter *filter, json_t **document)
{
	struct names names = {.index = json_object()};
	struct store_filter all = *filter;
	all.limit = 0;
	*document = NULL;
	int result =
		names.index ? store->sums(store, STORE_SUMS_NAME_DAYS, &all, on_sum, &names) : PF_ENOMEM;
	if (result == PF_OK)
		*document = json_pack("{s:I, s:o}", "all", (json_int_t)names.count, "names",
		                      list_of(&names, filter->limit));
	if (result == PF_OK && !*document)
		result = PF_ENOMEM;
	if (result == PF_ENOMEM)
		snprintf(store->error, sizeof store->error,
		         "There is no memory for so many names; ask for a device, or a shorter time.");
	json_decref(names.index);
	free(names.sums);
	return result;
}
