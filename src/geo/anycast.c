/* The anycast prefixes as sorted ranges that do not overlap. */
#include "geo/anycast.h"

#include <stdlib.h>
#include <string.h>

#include "geo/csv.h"

#define ANYCAST_MAX 1000000 /* prefixes; public census lists hold 6,000 */

struct span {
	struct addr start;
	uint8_t end[16];
};

struct anycast {
	size_t count, room;
	struct span *spans;
};

struct anycast *anycast_new(void)
{
	return calloc(1, sizeof(struct anycast));
}

void anycast_free(struct anycast **anycast)
{
	if (!*anycast)
		return;
	free((*anycast)->spans);
	free(*anycast);
	*anycast = NULL;
}

static int on_prefix(void *data, const struct prefix *prefix)
{
	struct anycast *anycast = data;
	if (anycast->count == ANYCAST_MAX)
		return PF_EFULL;
	if (anycast->count == anycast->room) {
		size_t room = anycast->room ? anycast->room * 2 : 256;
		struct span *grown = realloc(anycast->spans, room * sizeof *grown);
		if (!grown)
			return PF_ENOMEM;
		anycast->spans = grown;
		anycast->room = room;
	}
	struct span *span = &anycast->spans[anycast->count++];
	span->start = prefix->addr;
	memcpy(span->end, prefix->addr.bytes, 16);
	for (unsigned bit = prefix->length; bit < addr_bits(&prefix->addr); bit++)
		span->end[bit / 8] |= (uint8_t)(0x80u >> (bit % 8));
	return PF_OK;
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

static int compare_start(const struct addr *a, const struct addr *b)
{
	return a->family != b->family ? a->family - b->family
	                              : memcmp(a->bytes, b->bytes, sizeof a->bytes);
}

static int compare(const void *left, const void *right)
{
	return compare_start(&((const struct span *)left)->start, &((const struct span *)right)->start);
}

void anycast_finish(struct anycast *anycast)
{
	size_t kept = 0;
	if (!anycast->count)
		return;
	qsort(anycast->spans, anycast->count, sizeof anycast->spans[0], compare);
	for (size_t i = 1; i < anycast->count; i++) {
		struct span *last = &anycast->spans[kept], *span = &anycast->spans[i];
		bool inside = last->start.family == span->start.family &&
		              memcmp(span->start.bytes, last->end, 16) <= 0;
		if (!inside)
			anycast->spans[++kept] = *span;
		else if (memcmp(span->end, last->end, 16) > 0)
			memcpy(last->end, span->end, 16);
	}
	anycast->count = kept + 1;
}

bool anycast_has(const struct anycast *anycast, const struct addr *addr)
{
	size_t low = 0, high = anycast->count;
	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (compare_start(&anycast->spans[middle].start, addr) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low)
		return false;
	const struct span *span = &anycast->spans[low - 1];
	return span->start.family == addr->family && memcmp(span->end, addr->bytes, 16) >= 0;
}
