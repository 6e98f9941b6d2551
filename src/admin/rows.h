/* Private to admin/: rows of the journal as the text of an answer. Row by row: a hundred thousand of them as one tree
 * of JSON would take half a gigabyte from the process that answers DNS. */
#ifndef PF_ADMIN_ROWS_H
#define PF_ADMIN_ROWS_H

#include "base/buffer.h"
#include "report/export.h"

/* What the answers of one admin may hold, and do. */
struct rows_budget {
	size_t answer_bytes_max; /* one answer */
	size_t held_bytes_max;   /* all answers that are being built or sent */
	size_t held_bytes;       /* atomic */
};

struct rows_answer {
	struct rows_budget *budget;
	struct buffer text;
	size_t charged_bytes;
};

enum rows_kind { ROWS_QUERIES, ROWS_ENDPOINTS, ROWS_EVENTS };

/* An enum export_format, or ROWS_JSON: what `format` names, else the first of our media types for these rows that a client takes, else
 * JSON. PF_EINVAL with a sentence: there is no such format for them. */
#define ROWS_JSON EXPORT_COUNT
int rows_format(const char *format, const char *accept, enum rows_kind kind, char error[500]);
const char *rows_type(int format); /* NULL: JSON */
bool rows_can_show(enum export_format format, enum rows_kind kind);

/* Asks the store. PF_OK and `*out`, the caller's (rows_free), with the document that report_queries,
 * report_endpoints and report_events promise, and "before": what to give as that parameter for the rows that come before these, null
 * when there are none; else a sentence in `error`: PF_EINVAL (a value of the filter), PF_EFULL (more
 * than answer_bytes_max), PF_ENOMEM (the budget, or memory), PF_EIO. */
PF_MUST_CHECK int rows_ask(struct store *store, enum rows_kind kind,
                           const struct store_filter *filter, int format,
                           struct rows_budget *budget, struct rows_answer **out, char error[500]);

/* Gives the bytes back to the budget; for respond_text: takes a struct rows_answer *. */
void rows_free(void *answer);

#endif
