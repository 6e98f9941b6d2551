/* Private to journal/: text as JSON, for the sinks that write it. All of our strings are UTF-8. */
#ifndef PF_JOURNAL_JSON_H
#define PF_JOURNAL_JSON_H

#include "base/buffer.h"

/* So much room a text of `length` bytes needs at most: six for each that is escaped, quotes, and what is written in one piece. */
#define JSON_BYTES_MAX(length) (6 * (length) + 10)

/* "TEXT"; null for "". Into `out`, where there is room; returns what stands behind it. */
char *json_write(char *out, const char *text, size_t length);
char *json_write_number(char *out, uint64_t number);

/* The same behind what is in the buffer. */
void json_put_text(struct buffer *out, const char *text);
/* ,"KEY":"TEXT"; null for "". The key is a literal: its length is known when it is compiled, as printing would take most of what a message for
 * a collector costs. */
#define json_put_member(out, key, text) \
	(buffer_append(out, ",\"" key "\":", sizeof(",\"" key "\":") - 1), json_put_text(out, text))

#endif
