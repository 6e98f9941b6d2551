/* The anycast prefixes, compiled like everything else that is asked about an address. */
#include "geo/anycast.h"

#include <stdlib.h>
#include <string.h>

#include "geo/csv.h"
#include "geo/range_map.h"

#define ANYCAST_MAX 1000000 /* prefixes; public census lists hold 6,000 */

struct anycast {
	size_t count;
	struct range_list ranges; /* empty after anycast_finish */
	struct range_map map;
};

struct anycast *anycast_new(void)
{
	return calloc(1, sizeof(struct anycast));
}

void anycast_free(struct anycast **anycast)
{
	if (!*anycast)
		return;
	range_list_deinit(&(*anycast)->ranges);
	range_map_deinit(&(*anycast)->map);
	free(*anycast);
	*anycast = NULL;
}

int anycast_add(struct anycast *anycast, const struct prefix *prefix)
{
	struct addr end = prefix->addr;
	for (unsigned bit = prefix->length; bit < addr_bits(&prefix->addr); bit++)
		end.bytes[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	int error = range_list_add(&anycast->ranges, &prefix->addr, &end, 1, ANYCAST_MAX);
	anycast->count += error == PF_OK;
	return error;
}

static int on_prefix(void *data, const struct prefix *prefix)
{
	return anycast_add(data, prefix);
}

int anycast_read(struct anycast *anycast, const struct config_path *path, const char *file,
                 struct diag *diag, size_t *count)
{
	size_t before = anycast->count;
	int error = csv_read_prefixes(path, file, diag, on_prefix, anycast);
	*count = anycast->count - before;
	if (error == PF_EFULL) {
		diag_error(diag, file, path->pos.line, path->pos.column, "%s has more than %d prefixes",
		           path->path, ANYCAST_MAX);
		return PF_EINVAL;
	}
	return error;
}

int anycast_finish(struct anycast *anycast)
{
	int error = range_list_finish(&anycast->ranges);
	if (error == PF_OK)
		error = range_map_init(&anycast->map, &anycast->ranges);
	range_list_deinit(&anycast->ranges);
	return error;
}

bool anycast_has(const struct anycast *anycast, const struct addr *addr)
{
	return range_map_find(&anycast->map, addr) != 0;
}
