/* Strangers' text for people and their files: control bytes, line breaks and characters that change how others look are written
 * as \u{…}, so that it stays in its line and shows all that it holds. */
#ifndef PF_BASE_PRINTABLE_H
#define PF_BASE_PRINTABLE_H

#include "base/buffer.h"

/* Appends `text` made safe. What is no UTF-8 is written as its bytes, \u{ff}. */
void printable_append(struct buffer *out, const char *text);

/* Decodes one character (RFC 3629); what is not UTF-8 comes back as its byte, `*length` 0. */
unsigned printable_decode(const char *text, size_t *length);

struct printable_range {
	unsigned first, last;
};
bool printable_is_within(unsigned character, const struct printable_range *ranges, size_t count);

#endif
