/* The text of json.h. */
#include "journal/json.h"

#include <string.h>

#define BLOCK_BYTES JSON_AHEAD_BYTES
#define COPY_BYTES 256
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

/* `text` up to `end`, of which a block may be read behind it. */
static char *write_blocks(char *out, const char *text, const char *end)
{
	while (text < end) {
		block bytes;
		memcpy(&bytes, text, sizeof bytes);
		memcpy(out, &bytes, sizeof bytes);
		size_t plain = plain_bytes(bytes), left = (size_t)(end - text);
		if (plain >= left)
			return out + left;
		out += plain;
		text += plain;
		if (plain < BLOCK_BYTES)
			out = write_byte(out, (unsigned char)*text++);
	}
	return out;
}

static char *write_null(char *out)
{
	memcpy(out, "null", 4);
	return out + 4;
}

char *json_write_ahead(char *out, const char *text, size_t length)
{
	if (!length)
		return write_null(out);
	*out = '"';
	out = write_blocks(out + 1, text, text + length);
	*out = '"';
	return out + 1;
}

char *json_write(char *out, const char *text, size_t length)
{
	char copy[COPY_BYTES + JSON_AHEAD_BYTES];
	if (!length)
		return write_null(out);
	*out++ = '"';
	for (size_t at = 0, part; at < length; at += part) {
		part = length - at < COPY_BYTES ? length - at : COPY_BYTES;
		memcpy(copy, text + at, part);
		memset(copy + part, ' ', JSON_AHEAD_BYTES);
		out = write_blocks(out, copy, copy + part);
	}
	*out++ = '"';
	return out;
}

char *json_write_number(char *out, uint64_t number)
{
	char digits[2 * JSON_NUMBER_MAX], *end = digits + JSON_NUMBER_MAX, *at = end;
	do
		*--at = (char)('0' + number % 10);
	while (number /= 10);
	memset(end, '0', JSON_NUMBER_MAX); /* so that as much can be copied of any number */
	memcpy(out, at, JSON_NUMBER_MAX);
	return out + (end - at);
}

void json_put_text(struct buffer *out, const char *text)
{
	size_t length = strlen(text);
	if (!buffer_reserve(out, JSON_BYTES_MAX(length)))
		return;
	out->length = (size_t)(json_write(out->data + out->length, text, length) - out->data);
	out->data[out->length] = '\0';
}
