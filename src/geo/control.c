/* Who announces what: the ranges of all files, the systems that they speak of, and the map that is made of both. */
#include "geo/control.h"

#include <stdlib.h>
#include <string.h>

#include "geo/control_mmdb.h"
#include "geo/csv.h"
#include "geo/mmdb.h"

struct control *control_new(void)
{
	return calloc(1, sizeof(struct control));
}

void control_free(struct control **control)
{
	if (!*control)
		return;
	range_list_deinit(&(*control)->ranges);
	range_map_deinit(&(*control)->map);
	as_table_deinit(&(*control)->table);
	free(*control);
	*control = NULL;
}

/* ---- reading ----------------------------------------------------------------------------- */

struct taking {
	struct control *control;
	size_t count;
};

static int take_range(void *data, const struct as_range *range)
{
	struct taking *taking = data;
	struct control *control = taking->control;
	uint32_t as;
	int error = as_table_add(&control->table, range->asn, range->organisation,
	                         range->organisation_length, &as);
	if (error == PF_OK)
		error =
			range_list_add(&control->ranges, &range->start, &range->end, as + 1, GEO_RANGES_MAX);
	taking->count += error == PF_OK;
	return error;
}

int control_read(struct control *control, const struct config_path *path, const char *file,
                 struct diag *diag, struct control_file *read)
{
	struct taking taking = {control, 0};
	const struct as_range_taker taker = {take_range, &taking};
	*read = (struct control_file){0};
	int error = mmdb_recognise(path->path)
	                ? control_read_mmdb(path, file, diag, &taker, &read->built_us)
	                : csv_read_ranges(path, file, diag, &taker);
	read->count = taking.count;
	if (error != PF_EFULL)
		return error;
	diag_error(diag, file, path->pos.line, path->pos.column,
	           "%s has more than %d ranges or %d networks: it is no table of AS ranges", path->path,
	           GEO_RANGES_MAX, AS_MAX);
	return PF_EINVAL;
}

int control_finish(struct control *control, const struct location *location)
{
	int error = range_list_finish(&control->ranges);
	if (error == PF_OK && location)
		error = control_derive_countries(control, location);
	if (error == PF_OK)
		error = range_map_init(&control->map, &control->ranges);
	range_list_deinit(&control->ranges);
	as_table_trim(&control->table);
	return error;
}

/* ---- asking ------------------------------------------------------------------------------ */

const struct as *control_find(const struct control *control, const struct addr *addr)
{
	uint32_t as = range_map_find(&control->map, addr);
	return as ? &control->table.systems[as - 1] : NULL;
}

const char *control_organisation(const struct control *control, uint32_t asn)
{
	return as_table_organisation(&control->table, asn);
}

size_t control_bytes(const struct control *control)
{
	const struct as_table *table = &control->table;
	return range_map_bytes(&control->map) + table->count * sizeof *table->systems +
	       (table->slots ? (table->slot_mask + 1) * sizeof *table->slots : 0) + table->names_length;
}
