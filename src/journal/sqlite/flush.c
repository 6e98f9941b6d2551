/* What sums.c has taken up is written, in parts: names of one device, which stand next to each other in their tables. */
#include "base/clock.h"
#include "journal/sqlite/state.h"

#define PART_ROWS_MAX 500
#define STEP_ROWS_MIN 1000    /* after so many a step looks how long it took */
#define STEP_US INT64_C(5000) /* the rings wait meanwhile */

int flush_count_device(struct sqlite_sink *sink, int64_t id, const struct device_counts *counts)
{
	struct value values[] = {{.number = id},
	                         {.number = counts->first},
	                         {.number = counts->last},
	                         {.number = counts->queries},
	                         {.number = counts->flagged},
	                         {.number = counts->sinkholed}};
	return statement_run(sink->statements[ST_DEVICE_COUNT], values, PF_COUNT(values));
}

/* Those of devices up to this one. */
int flush_write_counts(struct sqlite_sink *sink, int64_t device)
{
	struct flush *flush = &sink->flush;
	int result = PF_OK;
	for (; flush->count_at < flush->count_count && result == PF_OK; flush->count_at++) {
		const struct counted_device *counted = &flush->counts[flush->count_at];
		if (counted->id > device)
			break;
		result = flush_count_device(sink, counted->id, &counted->counts);
	}
	return result;
}

/* A part of a flush: names of one device. */
struct part {
	size_t sum_end, group_end;
	int64_t device, name; /* the last one */
};

/* The name behind the part; false: there is none. */
static bool next_name(const struct flush *flush, const struct part *part, int64_t *device,
                      int64_t *name)
{
	bool any = part->sum_end < flush->sum_count;
	if (any) {
		*device = flush->sums[part->sum_end].device;
		*name = flush->sums[part->sum_end].name;
	}
	if (part->group_end == flush->groups.count)
		return any;
	const struct group_key *key = &flush->groups.list[part->group_end].key;
	if (!any || key->device < *device || (key->device == *device && key->name < *name)) {
		*device = key->device;
		*name = key->name;
	}
	return true;
}

static void add_name(const struct flush *flush, struct part *part, int64_t device, int64_t name)
{
	const struct sum *sums = flush->sums;
	const struct group *groups = flush->groups.list;
	for (; part->sum_end < flush->sum_count; part->sum_end++)
		if (sums[part->sum_end].device != device || sums[part->sum_end].name != name)
			break;
	for (; part->group_end < flush->groups.count; part->group_end++)
		if (groups[part->group_end].key.device != device ||
		    groups[part->group_end].key.name != name)
			break;
	part->device = device;
	part->name = name;
}

/* The next part; returns its rows, 0: all are written. */
static size_t next_part(const struct flush *flush, size_t rows_max, struct part *part)
{
	int64_t device, name;
	size_t rows = 0;
	*part = (struct part){.sum_end = flush->sum_at, .group_end = flush->group_at};
	while (rows < rows_max && next_name(flush, part, &device, &name)) {
		if (rows && device != part->device)
			break;
		add_name(flush, part, device, name);
		rows = part->sum_end - flush->sum_at + part->group_end - flush->group_at;
	}
	return rows;
}

static int write_part(struct sqlite_sink *sink, const struct part *part)
{
	struct flush *flush = &sink->flush;
	int result = flush_write_counts(sink, part->device);
	if (result == PF_OK)
		result = again_sums(sink, flush->sums + flush->sum_at, part->sum_end - flush->sum_at);
	if (result == PF_OK)
		result = again_endpoints(sink, flush->groups.list + flush->group_at,
		                         part->group_end - flush->group_at);
	flush->sum_at = part->sum_end;
	flush->group_at = part->group_end;
	flush->mark.device = part->device;
	flush->mark.name = part->name;
	return result;
}

/* Parts, until there are as many rows as may be; so few as are a step take no more time than a step should, either. */
int flush_write(struct sqlite_sink *sink, size_t rows_max)
{
	struct flush *flush = &sink->flush;
	struct part part;
	size_t rows = 0, some;
	int64_t begin_us = clock_now().mono_us;
	int result = PF_OK;
	while (result == PF_OK && rows < rows_max) {
		size_t room = rows_max - rows;
		some = next_part(flush, room < PART_ROWS_MAX ? room : PART_ROWS_MAX, &part);
		if (!some)
			break;
		result = write_part(sink, &part);
		rows += some;
		if (rows_max <= SUMS_STEP_ROWS_MAX && rows >= STEP_ROWS_MIN &&
		    clock_now().mono_us - begin_us > STEP_US)
			break;
	}
	return result;
}

bool flush_written(const struct flush *flush)
{
	return flush->sum_at == flush->sum_count && flush->group_at == flush->groups.count;
}
