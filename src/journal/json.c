/* The text of json.h. */
#include "journal/json.h"

#include <string.h>

/* Only what JSON itself gives a meaning to is escaped (RFC 8259, 7). */
void json_put_string(struct buffer *out, const char *text)
{
	buffer_append(out, "\"", 1);
	const char *from = text, *c = text;
	for (; *c; c++) {
		unsigned char byte = (unsigned char)*c;
		if (byte >= ' ' && byte != '"' && byte != '\\' && byte != 0x7f)
			continue;
		buffer_append(out, from, (size_t)(c - from));
		if (byte == '"' || byte == '\\')
			buffer_print(out, "\\%c", byte);
		else
			buffer_print(out, "\\u%04x", byte);
		from = c + 1;
	}
	buffer_append(out, from, (size_t)(c - from));
	buffer_append(out, "\"", 1);
}

void json_put_text(struct buffer *out, const char *text)
{
	if (text[0])
		json_put_string(out, text);
	else
		buffer_append(out, "null", 4);
}
