/* The text of json.h. */
#include "journal/json.h"

#include <string.h>

#define WORD_BYTES 8
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* Has one of eight bytes a meaning in JSON (RFC 8259, 7: below a space, quote, backslash), or is it DEL? A byte minus one has its
 * highest bit changed only when it was 0; so what is looked for is made 0. */
static bool has_special(uint64_t word)
{
	uint64_t quote = word ^ EACH('"'), backslash = word ^ EACH('\\'), del = word ^ EACH(0x7f);
	uint64_t below = (word - EACH(' ')) & ~word;
	uint64_t equal = ((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash) |
	                 ((del - EACH(1)) & ~del);
	return (below | equal) & EACH(0x80);
}

static char *write_byte(char *out, unsigned char byte)
{
	static const char digits[] = "0123456789abcdef";
	if (byte == '"' || byte == '\\') {
		*out++ = '\\';
	} else if (byte < ' ' || byte == 0x7f) {
		memcpy(out, "\\u00", 4);
		out[4] = digits[byte >> 4];
		out[5] = digits[byte & 15];
		return out + 6;
	}
	*out = (char)byte;
	return out + 1;
}

char *json_write(char *out, const char *text)
{
	size_t length = strlen(text), at = 0;
	if (!length) {
		memcpy(out, "null", 4);
		return out + 4;
	}
	*out++ = '"';
	for (uint64_t word; length - at >= WORD_BYTES; at += WORD_BYTES) {
		memcpy(&word, text + at, sizeof word);
		memcpy(out, &word, sizeof word);
		out += WORD_BYTES;
		if (!has_special(word))
			continue;
		out -= WORD_BYTES;
		for (size_t i = 0; i < WORD_BYTES; i++)
			out = write_byte(out, (unsigned char)text[at + i]);
	}
	while (at < length)
		out = write_byte(out, (unsigned char)text[at++]);
	*out++ = '"';
	return out;
}

char *json_write_number(char *out, uint64_t number)
{
	char digits[20], *at = digits + sizeof digits;
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	size_t length = (size_t)(digits + sizeof digits - at);
	memcpy(out, at, length);
	return out + length;
}

void json_put_text(struct buffer *out, const char *text)
{
	if (!buffer_reserve(out, JSON_BYTES_MAX(strlen(text))))
		return;
	out->length = (size_t)(json_write(out->data + out->length, text) - out->data);
	out->data[out->length] = '\0';
}
