/* Private to journal/: text as JSON, for the sinks that write it. All of our strings are UTF-8. */
#ifndef PF_JOURNAL_JSON_H
#define PF_JOURNAL_JSON_H

#include "base/buffer.h"

void json_put_string(struct buffer *out, const char *text);
/* The same, but null for "". */
void json_put_text(struct buffer *out, const char *text);
/* ,"KEY":"TEXT"; null for "". The key is a literal: its length is known when it is compiled, as printing would take most of what a message for
 * a collector costs. */
#define json_put_member(out, key, text) \
	(buffer_append(out, ",\"" key "\":", sizeof(",\"" key "\":") - 1), json_put_text(out, text))

#endif
