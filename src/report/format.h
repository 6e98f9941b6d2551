/* Private to report/: one format of export.h. */
#ifndef PF_REPORT_FORMAT_H
#define PF_REPORT_FORMAT_H

#include "report/export.h"

/* One export that is going on. */
struct format_run {
	const struct export_options *options;
	struct out *out;
	struct export_result *result;
	bool queries; /* else endpoints */
	void *state;  /* the format's own, see `begin` */
	char error[256];
};

/* Begin, a call for each row, and the end, which comes when all went well; `close` comes in any case. Those that return an int:
 * PF_OK, or PF_EINVAL, PF_ENOMEM (with a sentence in `error`, or none). NULL: there is nothing to do. */
struct format {
	int (*begin)(struct format_run *run);
	int (*endpoint)(struct format_run *run, const struct store_endpoint *row);
	int (*query)(struct format_run *run, const struct store_query *row);
	int (*end)(struct format_run *run);
	void (*close)(struct format_run *run);
};

extern const struct format format_csv, format_jsonl, format_cof, format_dot, format_geojson,
	format_mud, format_zeek;

/* ---- sets of lines: what came several times stands once, in order. */

struct lines {
	char **list;
	size_t count, room;
};

/* Takes over nothing. PF_ENOMEM. */
PF_MUST_CHECK int lines_add(struct lines *lines, const char *format, ...) PF_PRINTF(2, 3);
/* Sorts them, and takes away what stands there twice. */
void lines_settle(struct lines *lines);
void lines_free(struct lines *lines);

/* The names of `via` (store.h), one after the other: the length of the first one at `*at`, which moves behind it; 0: no more. */
size_t via_next(const char **at, const char **name);

#endif
