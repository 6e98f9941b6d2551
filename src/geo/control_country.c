/* The country of each AS, derived from where its ranges stand; see control.h. */
#include "geo/control.h"

#include <stdlib.h>
#include <string.h>

static uint32_t read32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

/* How much of an AS's space stands in one country. */
struct share {
	uint32_t as;
	struct country country;
	bool v6;
	uint64_t weight;
};

static int compare_share(const void *left, const void *right)
{
	const struct share *a = left, *b = right;
	if (a->as != b->as)
		return a->as < b->as ? -1 : 1;
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	return memcmp(a->country.code, b->country.code, sizeof a->country.code);
}

/* The size of an IPv6 range in /48s, at least one. */
static uint64_t weight6(const struct range6 *range)
{
	uint64_t start = (uint64_t)read32(range->start) << 32 | read32(range->start + 4);
	uint64_t end = (uint64_t)read32(range->end) << 32 | read32(range->end + 4);
	return ((end - start) >> 16) + 1;
}

static size_t collect(const struct control *control, const struct location *location,
                      struct share *shares)
{
	size_t count = 0;
	struct addr addr = {.family = 4};
	for (size_t i = 0; i < control->count4; i++) {
		const struct range4 *range = &control->ranges4[i];
		for (int byte = 0; byte < 4; byte++)
			addr.bytes[byte] = (uint8_t)(range->start >> (24 - 8 * byte));
		struct country country = location_find(location, &addr);
		if (country_known(country))
			shares[count++] =
				(struct share){range->as, country, false, (uint64_t)range->end - range->start + 1};
	}
	addr.family = 6;
	for (size_t i = 0; i < control->count6; i++) {
		const struct range6 *range = &control->ranges6[i];
		memcpy(addr.bytes, range->start, 16);
		struct country country = location_find(location, &addr);
		if (country_known(country))
			shares[count++] = (struct share){range->as, country, true, weight6(range)};
	}
	return count;
}

int control_derive_countries(struct control *control, const struct location *location)
{
	size_t room = control->count4 + control->count6;
	struct share *shares = calloc(room + 1, sizeof *shares);
	if (!shares)
		return PF_ENOMEM;
	size_t count = collect(control, location, shares);
	qsort(shares, count, sizeof *shares, compare_share);
	for (size_t i = 0; i < count;) {
		uint32_t as = shares[i].as;
		bool v6 = shares[i].v6; /* IPv4 comes first */
		uint64_t best = 0;
		while (i < count && shares[i].as == as && shares[i].v6 == v6) {
			struct share sum = shares[i++];
			while (i < count && !compare_share(&shares[i], &sum))
				sum.weight += shares[i++].weight;
			if (sum.weight > best) {
				best = sum.weight;
				control->table.systems[as].country = sum.country;
			}
		}
		while (i < count && shares[i].as == as)
			i++;
	}
	free(shares);
	return PF_OK;
}
