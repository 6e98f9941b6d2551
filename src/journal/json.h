/* Private to journal/: text as JSON, for the sinks that write it. All of our strings are UTF-8. */
#ifndef PF_JOURNAL_JSON_H
#define PF_JOURNAL_JSON_H

#include "base/buffer.h"

void json_put_string(struct buffer *out, const char *text);
/* ,"KEY":"TEXT"; null for "". */
void json_put_member(struct buffer *out, const char *key, const char *text);

#endif
