/* Private to report/: what the forms of the report share. */
#ifndef PF_REPORT_SUMMARY_RENDER_H
#define PF_REPORT_SUMMARY_RENDER_H

#include <jansson.h>

#include "base/buffer.h"

#define SUMMARY_TITLE_MAX 256
#define SUMMARY_COUNTRIES_SHOWN 12

/* Members; "" and 0 for null, nothing, and another type. Strings are borrowed, and not safe. */
const char *summary_string(json_t *object, const char *member);
int64_t summary_integer(json_t *object, const char *member);

struct summary_number {
	char bytes[32];
};
struct summary_number summary_number(int64_t number);                /* "1,234,567" */
struct summary_number summary_time(const char *iso);                 /* "2026-11-23 20:26" */
struct summary_number summary_rate(json_t *row, const char *member); /* "12.5", "–" */

void summary_title(json_t *document, char out[SUMMARY_TITLE_MAX]);
void summary_range(json_t *document, char out[SUMMARY_TITLE_MAX]);
const char *summary_country(const char *code); /* its name, or the code; "unknown" for "" and "?" */
bool summary_is_standing(const char *word);
/* Of {"overseas": 3, "home": 1} that which matters most; "" for none. */
const char *summary_worst(json_t *standings);
int64_t summary_most(json_t *week); /* of the hours */
/* "asks 40 times as often", "gave up" … */
void summary_trend(json_t *row, char out[64]);

/* Sentences that tell what is in the document, for its top: a new array. */
json_t *summary_findings(json_t *document);

void summary_html(json_t *document, struct buffer *out);
void summary_markdown(json_t *document, struct buffer *out);

#endif
