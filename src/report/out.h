/* Where an export goes, byte by byte, with the digest of all that went. */
#ifndef PF_REPORT_OUT_H
#define PF_REPORT_OUT_H

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>

#include "report/digest.h"

struct out {
	FILE *file;
	struct digest *digest; /* NULL: nobody wants to know */
	uint64_t bytes;
};

void out_bytes(struct out *out, const void *bytes, size_t length);
void out_text(struct out *out, const char *text);
void out_print(struct out *out, const char *format, ...) PF_PRINTF(2, 3);
/* Strangers' text made safe for a line (printable.h). */
void out_safe(struct out *out, const char *text);
/* A document in one line, without its end; ASCII only, so that nothing in it moves a cursor. Takes it over; false without
 * memory for it (NULL). */
PF_MUST_CHECK bool out_json(struct out *out, json_t *document);
/* A line of RFC 4180. Line breaks and other controls in cells are written as \u{…}, and a cell that a spreadsheet would
 * calculate (= + - @) gets an apostrophe. */
void out_csv(struct out *out, const char *const *cells, size_t count);

#endif
