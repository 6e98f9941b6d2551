/* Known devices that have fallen silent. When a device asked last stands in its sight, to the second; what is not heard because
 * nobody listens does not count, so each row says from when its silence does. */
#include "device/book_state.h"

#define US_PER_S INT64_C(1000000)

static int64_t patience_of(const struct book *book, uint32_t number)
{
	int64_t own_us = number < book->configured ? book->config->devices[number].silent_after_us : 0;
	return own_us ? own_us : book->config->silent_after_us;
}

static uint32_t asked_s_of(const struct book *book, uint32_t number)
{
	return sight_load(&book->sights->rows[number]).last_s;
}

int book_silent(struct book *book, size_t from, int64_t wall_us, int64_t *since_wall_us)
{
	for (uint32_t i = (uint32_t)from; i < book->row_count; i++) {
		struct row *row = &book->rows[i];
		int64_t patience_us = patience_of(book, i);
		uint32_t asked_s = asked_s_of(book, i);
		if (patience_us <= 0 || !asked_s || !row->device.id[0] || !row_is_known(book, i) ||
		    row->silent_told_s == asked_s)
			continue;
		int64_t asked_us = asked_s * US_PER_S;
		int64_t from_us = row->quiet_from_wall_us > asked_us ? row->quiet_from_wall_us : asked_us;
		if (wall_us - from_us < patience_us)
			continue;
		row->silent_told_s = asked_s;
		*since_wall_us = asked_us;
		return (int)i;
	}
	return -1;
}

void book_deaf(struct book *book, int64_t gap_us)
{
	for (uint32_t i = 0; i < book->row_count; i++) {
		struct row *row = &book->rows[i];
		int64_t asked_us = asked_s_of(book, i) * US_PER_S;
		if (!row->device.id[0] || !asked_us)
			continue;
		if (row->quiet_from_wall_us < asked_us)
			row->quiet_from_wall_us = asked_us;
		row->quiet_from_wall_us += gap_us;
	}
}
