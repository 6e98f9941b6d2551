/* One sweep over the starts with a pile of the ranges that are still open: the top of the pile holds the
 * addresses up to the next start. Both families are swept as 128-bit numbers. */
#include "geo/overlap.h"

#include <stdlib.h>

#include "geo/control.h"

struct span {
	unsigned __int128 start, end;
	uint32_t as;
};

/* What is swept and what comes out: at most one piece at each start and one behind each end. */
struct sweep {
	struct span *spans, *pieces;
	size_t *pile; /* indexes of open spans */
	size_t count, piece_count, pile_count;
	unsigned __int128 next; /* the first address without a piece */
	bool ended;             /* there is none: the last address has one */
};

static void emit(struct sweep *sweep, unsigned __int128 end, uint32_t as)
{
	if (sweep->ended || end < sweep->next)
		return;
	sweep->pieces[sweep->piece_count++] = (struct span){sweep->next, end, as};
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
				emit(sweep, start - 1, top->as);
			return;
		}
		emit(sweep, top->end, top->as);
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
		emit(sweep, top->end, top->as);
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

int overlap_resolve4(struct range4 **ranges, size_t *count, size_t *room)
{
	struct sweep sweep;
	struct range4 *out = NULL;
	int error = sweep_init(&sweep, *count);
	if (error == PF_OK) {
		for (size_t i = 0; i < *count; i++)
			sweep.spans[i] = (struct span){(*ranges)[i].start, (*ranges)[i].end, (*ranges)[i].as};
		sweep_all(&sweep);
		out = calloc(sweep.piece_count, sizeof *out);
		error = out ? PF_OK : PF_ENOMEM;
	}
	for (size_t i = 0; out && i < sweep.piece_count; i++)
		out[i] = (struct range4){(uint32_t)sweep.pieces[i].start, (uint32_t)sweep.pieces[i].end,
		                         sweep.pieces[i].as};
	if (out) {
		free(*ranges);
		*ranges = out;
		*count = *room = sweep.piece_count;
	}
	sweep_deinit(&sweep);
	return error;
}

int overlap_resolve6(struct range6 **ranges, size_t *count, size_t *room)
{
	struct sweep sweep;
	struct range6 *out = NULL;
	int error = sweep_init(&sweep, *count);
	if (error == PF_OK) {
		for (size_t i = 0; i < *count; i++)
			sweep.spans[i] = (struct span){to_number((*ranges)[i].start),
			                               to_number((*ranges)[i].end), (*ranges)[i].as};
		sweep_all(&sweep);
		out = calloc(sweep.piece_count, sizeof *out);
		error = out ? PF_OK : PF_ENOMEM;
	}
	for (size_t i = 0; out && i < sweep.piece_count; i++) {
		to_bytes(sweep.pieces[i].start, out[i].start);
		to_bytes(sweep.pieces[i].end, out[i].end);
		out[i].as = sweep.pieces[i].as;
	}
	if (out) {
		free(*ranges);
		*ranges = out;
		*count = *room = sweep.piece_count;
	}
	sweep_deinit(&sweep);
	return error;
}
