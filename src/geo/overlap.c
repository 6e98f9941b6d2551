/* One sweep over the starts with a pile of the ranges that are still open: the top of the pile holds the
 * addresses up to the next start. Both families are swept as 128-bit numbers, and only
 * those ranges that touch each other: in a published table of 400,000 there may be two. */
#include "geo/overlap.h"

#include <stdlib.h>
#include <string.h>

#include "geo/range_list.h"

struct span {
	unsigned __int128 start, end;
	uint32_t value;
};

/* What is swept and what comes out: at most one piece at each start and one behind each end. */
struct sweep {
	struct span *spans, *pieces;
	size_t *pile; /* indexes of open spans */
	size_t count, piece_count, pile_count;
	unsigned __int128 next; /* the first address without a piece */
	bool ended;             /* there is none: the last address has one */
};

static void emit(struct sweep *sweep, unsigned __int128 end, uint32_t value)
{
	if (sweep->ended || end < sweep->next)
		return;
	sweep->pieces[sweep->piece_count++] = (struct span){sweep->next, end, value};
	sweep->next = end + 1;
	sweep->ended = !sweep->next;
}

/* Closes what ends before `start`, and gives the top the addresses up to it. */
static void advance(struct sweep *sweep, unsigned __int128 start)
{
	while (sweep->pile_count) {
		const struct span *top = &sweep->spans[sweep->pile[sweep->pile_count - 1]];
		if (top->end >= start) {
			if (start > sweep->next)
				emit(sweep, start - 1, top->value);
			return;
		}
		emit(sweep, top->end, top->value);
		sweep->pile_count--;
	}
}

static void sweep_all(struct sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		advance(sweep, sweep->spans[i].start);
		if (!sweep->ended)
			sweep->next = sweep->spans[i].start;
		sweep->pile[sweep->pile_count++] = i;
	}
	while (sweep->pile_count) {
		const struct span *top = &sweep->spans[sweep->pile[--sweep->pile_count]];
		emit(sweep, top->end, top->value);
	}
}

static int sweep_init(struct sweep *sweep, size_t count)
{
	*sweep = (struct sweep){.count = count};
	sweep->spans = calloc(count, sizeof *sweep->spans);
	sweep->pieces = calloc(count * 2, sizeof *sweep->pieces);
	sweep->pile = calloc(count, sizeof *sweep->pile);
	return sweep->spans && sweep->pieces && sweep->pile ? PF_OK : PF_ENOMEM;
}

static void sweep_deinit(struct sweep *sweep)
{
	free(sweep->spans);
	free(sweep->pieces);
	free(sweep->pile);
}

static unsigned __int128 to_number(const uint8_t bytes[16])
{
	unsigned __int128 number = 0;
	for (size_t i = 0; i < 16; i++)
		number = number << 8 | bytes[i];
	return number;
}

static void to_bytes(unsigned __int128 number, uint8_t bytes[16])
{
	for (size_t i = 16; i-- > 0; number >>= 8)
		bytes[i] = (uint8_t)number;
}

/* Makes room for two times `more` in `*out`: for the first time as much as most tables need. */
static bool reserve(void **out, size_t used, size_t *have, size_t more, size_t count, size_t size)
{
	if (used + 2 * more <= *have)
		return true;
	size_t room = (*have ? *have * 2 : count + 64) + 2 * more;
	void *grown = realloc(*out, room * size);
	if (!grown)
		return false;
	*out = grown;
	*have = room;
	return true;
}

/* The end of the ranges that touch each other, from `i` on: almost always the next one. */
static size_t knot_end4(const struct range4 *ranges, size_t count, size_t i)
{
	uint32_t reach = ranges[i].end;
	for (i++; i < count && ranges[i].start <= reach; i++)
		if (ranges[i].end > reach)
			reach = ranges[i].end;
	return i;
}

static int untie4(const struct range4 *ranges, size_t count, struct range4 *out, size_t *used)
{
	struct sweep sweep;
	int error = sweep_init(&sweep, count);
	if (error == PF_OK) {
		for (size_t i = 0; i < count; i++)
			sweep.spans[i] = (struct span){ranges[i].start, ranges[i].end, ranges[i].value};
		sweep_all(&sweep);
	}
	for (size_t i = 0; i < sweep.piece_count; i++)
		out[(*used)++] = (struct range4){(uint32_t)sweep.pieces[i].start,
		                                 (uint32_t)sweep.pieces[i].end, sweep.pieces[i].value};
	sweep_deinit(&sweep);
	return error;
}

int overlap_resolve4(struct range4 **ranges, size_t *count, size_t *room)
{
	struct range4 *out = NULL;
	size_t used = 0, have = 0, end;
	int error = PF_OK;
	for (size_t i = 0; i < *count && error == PF_OK; i = end) {
		end = knot_end4(*ranges, *count, i);
		if (!reserve((void **)&out, used, &have, end - i, *count, sizeof *out))
			error = PF_ENOMEM;
		else if (end == i + 1)
			out[used++] = (*ranges)[i];
		else
			error = untie4(*ranges + i, end - i, out, &used);
	}
	if (error != PF_OK) {
		free(out);
		return error;
	}
	free(*ranges);
	*ranges = out;
	*count = used;
	*room = have;
	return PF_OK;
}

static size_t knot_end6(const struct range6 *ranges, size_t count, size_t i)
{
	const uint8_t *reach = ranges[i].end;
	for (i++; i < count && memcmp(ranges[i].start, reach, 16) <= 0; i++)
		if (memcmp(ranges[i].end, reach, 16) > 0)
			reach = ranges[i].end;
	return i;
}

static int untie6(const struct range6 *ranges, size_t count, struct range6 *out, size_t *used)
{
	struct sweep sweep;
	int error = sweep_init(&sweep, count);
	if (error == PF_OK) {
		for (size_t i = 0; i < count; i++)
			sweep.spans[i] = (struct span){to_number(ranges[i].start), to_number(ranges[i].end),
			                               ranges[i].value};
		sweep_all(&sweep);
	}
	for (size_t i = 0; i < sweep.piece_count; i++, ++*used) {
		to_bytes(sweep.pieces[i].start, out[*used].start);
		to_bytes(sweep.pieces[i].end, out[*used].end);
		out[*used].value = sweep.pieces[i].value;
	}
	sweep_deinit(&sweep);
	return error;
}

int overlap_resolve6(struct range6 **ranges, size_t *count, size_t *room)
{
	struct range6 *out = NULL;
	size_t used = 0, have = 0, end;
	int error = PF_OK;
	for (size_t i = 0; i < *count && error == PF_OK; i = end) {
		end = knot_end6(*ranges, *count, i);
		if (!reserve((void **)&out, used, &have, end - i, *count, sizeof *out))
			error = PF_ENOMEM;
		else if (end == i + 1)
			out[used++] = (*ranges)[i];
		else
			error = untie6(*ranges + i, end - i, out, &used);
	}
	if (error != PF_OK) {
		free(out);
		return error;
	}
	free(*ranges);
	*ranges = out;
	*count = used;
	*room = have;
	return PF_OK;
}
