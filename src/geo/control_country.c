/* The country of each AS, derived from where its ranges stand; see control.h. Ranges are asked for in the order of their
 * addresses, since neighbours share most of their way through a database, and are then dealt out to their systems. */
#include "geo/control.h"

#include <stdlib.h>
#include <string.h>

/* What one range says of its AS. */
struct share {
	uint32_t as;
	uint16_t code; /* its country as a number */
	uint64_t weight;
};

struct derivation {
	struct control *control;
	const struct location *location;
	struct share *shares;
	size_t share_count;
	uint32_t *order;  /* indexes of shares, those of one AS together */
	uint32_t *starts; /* of each AS in `order`, and one more */
	uint64_t sums[COUNTRY_UNKNOWN];
};

static void ask4(struct derivation *d)
{
	struct addr addr = {.family = 4};
	for (size_t i = 0; i < d->control->ranges.count4; i++) {
		const struct range4 *range = &d->control->ranges.ranges4[i];
		for (int byte = 0; byte < 4; byte++)
			addr.bytes[byte] = (uint8_t)(range->start >> (24 - 8 * byte));
		d->shares[i] = (struct share){range->value - 1,
		                              country_number(location_find(d->location, &addr).location),
		                              (uint64_t)range->end - range->start + 1};
	}
	d->share_count = d->control->ranges.count4;
}

static uint64_t network_bits(const uint8_t bytes[16])
{
	uint64_t bits = 0;
	for (size_t i = 0; i < 8; i++)
		bits = bits << 8 | bytes[i];
	return bits;
}

static void ask6(struct derivation *d)
{
	struct addr addr = {.family = 6};
	for (size_t i = 0; i < d->control->ranges.count6; i++) {
		const struct range6 *range = &d->control->ranges.ranges6[i];
		memcpy(addr.bytes, range->start, 16);
		uint64_t networks = (network_bits(range->end) - network_bits(range->start)) >> 16;
		d->shares[i] = (struct share){range->value - 1,
		                              country_number(location_find(d->location, &addr).location),
		                              networks + 1}; /* /48s, begun ones too */
	}
	d->share_count = d->control->ranges.count6;
}

/* A counting sort by AS. */
static void deal_out(struct derivation *d)
{
	size_t systems = d->control->table.count;
	memset(d->starts, 0, (systems + 1) * sizeof *d->starts);
	for (size_t i = 0; i < d->share_count; i++)
		d->starts[d->shares[i].as]++;
	uint32_t sum = 0;
	for (size_t as = 0; as <= systems; as++)
		sum = d->starts[as] += sum;
	/* Each start is now the end of its AS, and moves to its start as the shares are put down. */
	for (size_t i = d->share_count; i-- > 0;)
		d->order[--d->starts[d->shares[i].as]] = (uint32_t)i;
}

/* The code with the greatest sum; the first in the alphabet of equal ones. */
static uint16_t heaviest(struct derivation *d, const uint32_t *from, const uint32_t *end)
{
	uint16_t best = COUNTRY_UNKNOWN;
	for (const uint32_t *at = from; at < end; at++) {
		const struct share *share = &d->shares[*at];
		if (share->code != COUNTRY_UNKNOWN)
			d->sums[share->code] += share->weight;
	}
	for (const uint32_t *at = from; at < end; at++) {
		uint16_t code = d->shares[*at].code;
		if (code == COUNTRY_UNKNOWN)
			continue;
		if (best == COUNTRY_UNKNOWN || d->sums[code] > d->sums[best] ||
		    (d->sums[code] == d->sums[best] && code < best))
			best = code;
	}
	for (const uint32_t *at = from; at < end; at++)
		if (d->shares[*at].code != COUNTRY_UNKNOWN)
			d->sums[d->shares[*at].code] = 0;
	return best;
}

/* Gives a country to each AS that has none yet. */
static void settle(struct derivation *d)
{
	struct as_table *table = &d->control->table;
	deal_out(d);
	for (size_t as = 0; as < table->count; as++) {
		if (country_known(table->systems[as].country))
			continue;
		uint16_t code = heaviest(d, d->order + d->starts[as], d->order + d->starts[as + 1]);
		if (code != COUNTRY_UNKNOWN)
			table->systems[as].country = country_of_number(code);
	}
}

int control_derive_countries(struct control *control, const struct location *location)
{
	struct derivation *d = calloc(1, sizeof *d);
	size_t most = control->ranges.count4 > control->ranges.count6 ? control->ranges.count4
	                                                              : control->ranges.count6;
	int error = PF_ENOMEM;
	if (!d)
		return error;
	d->control = control;
	d->location = location;
	d->shares = calloc(most + 1, sizeof *d->shares);
	d->order = calloc(most + 1, sizeof *d->order);
	d->starts = calloc(control->table.count + 1, sizeof *d->starts);
	if (d->shares && d->order && d->starts) {
		ask4(d);
		settle(d);
		ask6(d); /* for those that IPv4 told nothing of */
		settle(d);
		error = PF_OK;
	}
	free(d->shares);
	free(d->order);
	free(d->starts);
	free(d);
	return error;
}
