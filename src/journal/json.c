/* The text of json.h. */
#include "journal/json.h"

#include <string.h>

#define WORD_BYTES 8
#define EACH(byte) (UINT64_C(0x0101010101010101) * (byte))

/* The bytes of eight, from the first on, that need no escape: how many. Those that do have a meaning in JSON (RFC 8259, 7: below a
 * space, quote, backslash), or are DEL. A byte minus one has its highest bit changed only when it was 0; so what is looked for is made 0. */
static size_t plain_bytes(const char *text)
{
	uint64_t word;
	memcpy(&word, text, sizeof word);
	uint64_t quote = word ^ EACH('"'), backslash = word ^ EACH('\\'), del = word ^ EACH(0x7f);
	uint64_t below = (word - EACH(' ')) & ~word;
	uint64_t equal = ((quote - EACH(1)) & ~quote) | ((backslash - EACH(1)) & ~backslash) |
	                 ((del - EACH(1)) & ~del);
	uint64_t found = (below | equal) & EACH(0x80);
	if (!found)
		return WORD_BYTES;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (size_t)__builtin_ctzll(found) / 8; /* a borrow reaches only bytes behind the first */
#else
	return 0;
#endif
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
	while (length - at >= WORD_BYTES) {
		size_t plain = plain_bytes(text + at);
		memcpy(out, text + at, WORD_BYTES); /* there is room: six bytes for each */
		out += plain;
		at += plain;
		if (plain < WORD_BYTES)
			out = write_byte(out, (unsigned char)text[at++]);
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
