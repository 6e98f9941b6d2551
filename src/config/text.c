/* The check of text.h: libyaml would refuse the same bytes, but without saying where they stand. */
#include "config/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include "config/config.h"

/* Bytes of the character at `c`, and its code; 0, and the first byte: not UTF-8 (RFC 3629). */
static size_t decode(const unsigned char *c, size_t left, uint32_t *code)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	size_t width = c[0] < 0x80 ? 1 : c[0] >= 0xf0 ? 4 : c[0] >= 0xe0 ? 3 : c[0] >= 0xc2 ? 2 : 0;
	*code = c[0];
	if (width <= 1)
		return width;
	if (width > left)
		return 0;
	uint32_t whole = c[0] & (0x7fu >> width);
	for (size_t i = 1; i < width; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return 0;
		whole = whole << 6 | (c[i] & 0x3f);
	}
	if (whole < least[width] || whole > 0x10ffff || (whole >= 0xd800 && whole <= 0xdfff))
		return 0;
	*code = whole;
	return width;
}

/* YAML 1.1, 5.1. */
static bool is_printable(uint32_t code)
{
	if (code < 0x20)
		return code == '\t' || code == '\n' || code == '\r';
	return code != 0x7f && (code < 0x80 || code > 0x9f || code == 0x85) && code != 0xfeff &&
	       code != 0xfffe && code != 0xffff;
}

static int tell(struct diag *diag, const char *file, const struct config_pos *pos, bool utf8,
                uint32_t code)
{
	if (!utf8)
		diag_error(diag, file, pos->line, pos->column,
		           "the byte 0x%02x is not UTF-8; save the file in that encoding", code);
	else if (!code)
		diag_error(diag, file, pos->line, pos->column,
		           "a NUL byte stands here; a configuration is text in UTF-8");
	else
		diag_error(diag, file, pos->line, pos->column,
		           "the control character U+%04X stands here; take it away", code);
	return PF_EINVAL;
}

int text_check(const char *file, const char **text, size_t *length, struct diag *diag)
{
	static const char mark[] = "\xef\xbb\xbf";
	if (*length > CONFIG_FILE_BYTES_MAX) {
		diag_error(diag, file, 0, 0, "the file has more than %u bytes", CONFIG_FILE_BYTES_MAX);
		return PF_EINVAL;
	}
	if (*length >= 3 && !memcmp(*text, mark, 3)) {
		*text += 3;
		*length -= 3;
	}
	struct config_pos pos = {1, 1};
	const unsigned char *bytes = (const unsigned char *)*text;
	for (size_t i = 0; i < *length;) {
		uint32_t code;
		size_t width = decode(bytes + i, *length - i, &code);
		if (!width || !is_printable(code))
			return tell(diag, file, &pos, width, code);
		i += width;
		pos.column++;
		if (code == '\n' || (code == '\r' && (i == *length || bytes[i] != '\n')))
			pos = (struct config_pos){pos.line + 1, 1};
	}
	return PF_OK;
}
