/* The text of json.h. */
#include "journal/json.h"

#include <string.h>

#define BLOCK_BYTES 16
typedef uint8_t block __attribute__((vector_size(BLOCK_BYTES)));

/* The bytes of a block, from the first on, that need no escape: how many. Those that do have a meaning in JSON (RFC 8259, 7: below a
 * space, quote, backslash), or are DEL. */
static size_t plain_bytes(block bytes)
{
	block escaped = (block)((bytes < ' ') | (bytes == '"') | (bytes == '\\') |
	                        (bytes == 0x7f)); /* 255: it is */
	uint64_t halves[2];
	memcpy(halves, &escaped, sizeof halves);
	if (!(halves[0] | halves[1]))
		return BLOCK_BYTES;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return halves[0] ? (size_t)__builtin_ctzll(halves[0]) / 8
	                 : 8 + (size_t)__builtin_ctzll(halves[1]) / 8;
#else
	return halves[0] ? (size_t)__builtin_clzll(halves[0]) / 8
	                 : 8 + (size_t)__builtin_clzll(halves[1]) / 8;
#endif
}

/* Copies less than a block, in pieces that overlap, so that nothing behind the text is read. Returns what it has copied, with other plain
 * bytes around it. */
static block copy_short(char *out, const char *text, size_t length)
{
	block bytes = {'-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-', '-'};
	char *seen = (char *)&bytes;
	if (length >= 8) {
		memcpy(seen, text, 8);
		memcpy(seen + 8, text + length - 8, 8);
		memcpy(out, seen, 8);
		memcpy(out + length - 8, seen + 8, 8);
	} else if (length >= 4) {
		memcpy(seen, text, 4);
		memcpy(seen + 4, text + length - 4, 4);
		memcpy(out, seen, 4);
		memcpy(out + length - 4, seen + 4, 4);
	} else {
		for (size_t at = 0; at < length; at++)
			out[at] = seen[at] = text[at];
	}
	return bytes;
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

/* What is left: less than a block. */
static char *write_short(char *out, const char *text, size_t length)
{
	if (plain_bytes(copy_short(out, text, length)) == BLOCK_BYTES)
		return out + length;
	for (size_t at = 0; at < length; at++)
		out = write_byte(out, (unsigned char)text[at]);
	return out;
}

char *json_write(char *out, const char *text, size_t length)
{
	size_t at = 0;
	if (!length) {
		memcpy(out, "null", 4);
		return out + 4;
	}
	*out++ = '"';
	while (length - at >= BLOCK_BYTES) {
		block bytes;
		memcpy(&bytes, text + at, sizeof bytes);
		memcpy(out, &bytes, sizeof bytes); /* there is room: six bytes for each */
		size_t plain = plain_bytes(bytes);
		out += plain;
		at += plain;
		if (plain < BLOCK_BYTES)
			out = write_byte(out, (unsigned char)text[at++]);
	}
	out = write_short(out, text + at, length - at);
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
	size_t length = strlen(text);
	if (!buffer_reserve(out, JSON_BYTES_MAX(length)))
		return;
	out->length = (size_t)(json_write(out->data + out->length, text, length) - out->data);
	out->data[out->length] = '\0';
}
