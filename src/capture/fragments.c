/* Datagrams under way, see fragments.h: few at a time, so that they stand in an array. */
#include "capture/fragments.h"

#include <stdlib.h>
#include <string.h>

#define DATAGRAM_BYTES_MAX 65535

struct range {
	uint32_t from, to;
};

struct datagram {
	bool used, refused; /* refused: overlapping; the rest of its fragments is swallowed */
	struct addr from, to;
	uint8_t protocol;
	uint32_t id;
	int64_t began_us;
	size_t total; /* 0: the last fragment was not seen */
	size_t range_count;
	struct range ranges[FRAGMENTS_PIECE_MAX];
	uint8_t *bytes; /* owned; DATAGRAM_BYTES_MAX once it was used */
};

struct fragments {
	struct capture_counts *counts;
	struct datagram datagrams[FRAGMENTS_DATAGRAM_MAX];
};

struct fragments *fragments_new(struct capture_counts *counts)
{
	struct fragments *fragments = calloc(1, sizeof *fragments);
	if (fragments)
		fragments->counts = counts;
	return fragments;
}

void fragments_free(struct fragments **fragments)
{
	if (!*fragments)
		return;
	for (size_t i = 0; i < FRAGMENTS_DATAGRAM_MAX; i++)
		free((*fragments)->datagrams[i].bytes);
	free(*fragments);
	*fragments = NULL;
}

static void forget(struct fragments *fragments, struct datagram *datagram, enum damage why)
{
	if (datagram->used && !datagram->refused)
		fragments->counts->damaged[why]++;
	datagram->used = false;
}

/* The datagram of this fragment; when it is new, in the place of a free or the oldest one. */
static struct datagram *find(struct fragments *fragments, const struct ends *ends, int64_t wall_us,
                             const struct ip_payload *payload)
{
	struct datagram *place = NULL;
	for (size_t i = 0; i < FRAGMENTS_DATAGRAM_MAX; i++) {
		struct datagram *one = &fragments->datagrams[i];
		int64_t age_us = wall_us - one->began_us;
		if (one->used && (age_us > FRAGMENTS_WAIT_US || age_us < -FRAGMENTS_WAIT_US))
			forget(fragments, one, DAMAGE_FRAGMENT);
		if (one->used && one->id == payload->id && one->protocol == payload->protocol &&
		    addr_equal(&one->from, &ends->from) && addr_equal(&one->to, &ends->to))
			return one;
		if (!place || (place->used && (!one->used || one->began_us < place->began_us)))
			place = one;
	}
	forget(fragments, place, DAMAGE_FRAGMENT_FULL);
	if (!place->bytes && !(place->bytes = malloc(DATAGRAM_BYTES_MAX)))
		return NULL;
	uint8_t *bytes = place->bytes;
	*place = (struct datagram){.used = true,
	                           .from = ends->from,
	                           .to = ends->to,
	                           .protocol = payload->protocol,
	                           .id = payload->id,
	                           .began_us = wall_us,
	                           .bytes = bytes};
	return place;
}

/* Puts a range in its place. PF_OK; PF_ENOENT: it is there already; PF_ECONFLICT: it overlaps; PF_EFULL. */
static int add_range(struct datagram *datagram, struct range range)
{
	size_t at = 0;
	while (at < datagram->range_count && datagram->ranges[at].from < range.from)
		at++;
	if (at < datagram->range_count && datagram->ranges[at].from == range.from &&
	    datagram->ranges[at].to == range.to)
		return PF_ENOENT;
	if (at && datagram->ranges[at - 1].to > range.from)
		return PF_ECONFLICT;
	if (at < datagram->range_count && datagram->ranges[at].from < range.to)
		return PF_ECONFLICT;
	if (datagram->range_count == FRAGMENTS_PIECE_MAX)
		return PF_EFULL;
	memmove(&datagram->ranges[at + 1], &datagram->ranges[at],
	        (datagram->range_count - at) * sizeof range);
	datagram->ranges[at] = range;
	datagram->range_count++;
	return PF_OK;
}

static bool is_whole(const struct datagram *datagram)
{
	uint32_t at = 0;
	for (size_t i = 0; i < datagram->range_count; i++) {
		if (datagram->ranges[i].from != at)
			return false;
		at = datagram->ranges[i].to;
	}
	return datagram->total && at == datagram->total;
}

static void refuse(struct fragments *fragments, struct datagram *datagram, enum damage why)
{
	fragments->counts->damaged[why]++;
	datagram->refused = true;
}

int fragments_add(struct fragments *fragments, const struct ends *ends, int64_t wall_us,
                  struct ip_payload *payload)
{
	const struct piece *piece = &payload->piece;
	struct range range = {(uint32_t)payload->offset, (uint32_t)(payload->offset + piece->length)};
	if (piece->cut || !piece->length || payload->offset + piece->length > DATAGRAM_BYTES_MAX) {
		fragments->counts->damaged[piece->cut ? DAMAGE_CUT : DAMAGE_HEADER]++;
		return PF_ENOENT;
	}
	struct datagram *datagram = find(fragments, ends, wall_us, payload);
	if (!datagram)
		return PF_ENOMEM;
	if (datagram->refused)
		return PF_ENOENT;
	int error = add_range(datagram, range);
	if (error == PF_ENOENT)
		return PF_ENOENT;
	bool ends_twice = !payload->more && datagram->total && datagram->total != range.to;
	bool is_behind = datagram->total && range.to > datagram->total;
	if (error != PF_OK || ends_twice || is_behind) {
		refuse(fragments, datagram, error == PF_EFULL ? DAMAGE_FRAGMENT_FULL : DAMAGE_OVERLAP);
		return PF_ENOENT;
	}
	if (!payload->more)
		datagram->total = range.to;
	memcpy(datagram->bytes + range.from, piece->bytes, piece->length);
	if (!is_whole(datagram))
		return PF_ENOENT;
	datagram->used = false;
	*payload = (struct ip_payload){.protocol = datagram->protocol,
	                               .piece = {datagram->bytes, datagram->total, false}};
	return PF_OK;
}

void fragments_end(struct fragments *fragments)
{
	for (size_t i = 0; i < FRAGMENTS_DATAGRAM_MAX; i++)
		forget(fragments, &fragments->datagrams[i], DAMAGE_FRAGMENT);
}
