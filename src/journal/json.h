/* Private to journal/: text as JSON, for the sinks that write it. All of our strings are UTF-8. */
#ifndef PF_JOURNAL_JSON_H
#define PF_JOURNAL_JSON_H

#include "base/buffer.h"

#define JSON_AHEAD_BYTES 16 /* are looked at in one step */
/* So much room a text of `length` bytes needs at most: six for each that is escaped, quotes, and what is written in one step. */
#define JSON_BYTES_MAX(length) (6 * (length) + 2 + JSON_AHEAD_BYTES)

/* "TEXT"; null for "". Into `out`, where there is room; returns what stands behind it. */
char *json_write(char *out, const char *text, size_t length);
/* The same for texts behind which JSON_AHEAD_BYTES may be read, whatever stands there. */
char *json_write_ahead(char *out, const char *text, size_t length);

#define JSON_NUMBER_MAX 20 /* so many bytes are written, and behind the digits stands anything */
char *json_write_number(char *out, uint64_t number);

/* The same behind what is in the buffer. */
void json_put_text(struct buffer *out, const char *text);
/* ,"KEY":"TEXT"; null for "". The key is a literal: its length is known when it is compiled, as printing would take most of what a message for
 * a collector costs. */
#define json_put_member(out, key, text) \
	(buffer_append(out, ",\"" key "\":", sizeof(",\"" key "\":") - 1), json_put_text(out, text))

#endif
