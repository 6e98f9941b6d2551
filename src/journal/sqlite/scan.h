/* Private to journal/sqlite/: walks over raw queries. A filter is first made a set of kinds; then only blocks are decoded that hold
 * one of them in the time that is asked for. */
#ifndef PF_JOURNAL_SQLITE_SCAN_H
#define PF_JOURNAL_SQLITE_SCAN_H

#include "journal/sqlite/ask.h"

struct scan_row {
	int64_t row, time_ms, kind;
	uint32_t took_us;
};

/* In the snapshot that ask_begin made: calls `each` for every query that the filter lets through, oldest first; with a limit
 * for the newest of them. PF_OK, PF_EINVAL or PF_EIO (store->error says why), PF_ENOMEM, or what `each` returned. */
PF_MUST_CHECK int scan(struct sqlite_store *store, const struct store_filter *filter,
                       int (*each)(void *data, const struct scan_row *row), void *data);

/* The same, counted for each kind and phase. */
struct scan_count {
	int64_t count, first_ms, last_ms;
};

#define SCAN_PAGE_KINDS 4096

struct scan_counts {
	size_t page_count;         /* of one phase */
	struct scan_count **pages; /* owned, those of the first phase first; NULL: nothing there */
	const struct store_phases *phases;
};

/* `counts` is zero, and is freed with scan_counts_free whatever this returns. `phases` may be NULL: one. */
PF_MUST_CHECK int scan_count(struct sqlite_store *store, const struct store_filter *filter,
                             const struct store_phases *phases, struct scan_counts *counts);
/* NULL: there is no query of this kind in this phase. */
const struct scan_count *scan_counts_find(const struct scan_counts *counts, int64_t kind,
                                          unsigned phase);
/* The next kind behind `kind` that has a query in any phase; 0: there is none. */
int64_t scan_counts_next(const struct scan_counts *counts, int64_t kind);
void scan_counts_free(struct scan_counts *counts);

#endif
