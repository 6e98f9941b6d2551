/* See text.h. */
#include "geo/text.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* The length of the character at `at`, 0 when it is none (RFC 3629), and its number. */
static size_t decode(const uint8_t *at, size_t left, uint32_t *character)
{
	static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
	uint8_t first = *at;
	size_t length = first < 0x80                    ? 1
	                : first >= 0xc2 && first < 0xe0 ? 2
	                : first >= 0xe0 && first < 0xf0 ? 3
	                : first >= 0xf0 && first < 0xf5 ? 4
	                                                : 0;
	if (!length || length > left)
		return 0;
	*character = length == 1 ? first : first & (0xffu >> (length + 1));
	for (size_t i = 1; i < length; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		*character = *character << 6 | (at[i] & 0x3fu);
	}
	bool surrogate = *character >= 0xd800 && *character < 0xe000;
	return *character < least[length] || *character > 0x10ffff || surrogate ? 0 : length;
}

static bool is_control(uint32_t character)
{
	return character < 0x20 || (character >= 0x7f && character < 0xa0) ||
	       (character >= 0x200e && character <= 0x200f) ||
	       (character >= 0x2028 && character <= 0x202e) ||
	       (character >= 0x2066 && character <= 0x2069);
}

void text_clean(char *to, size_t size, const char *from, size_t length)
{
	const uint8_t *at = (const uint8_t *)from, *end = at + length;
	size_t used = 0;
	while (at < end) {
		uint32_t character;
		size_t step = decode(at, (size_t)(end - at), &character);
		const uint8_t *bytes = step ? at : (const uint8_t *)"?";
		at += step ? step : 1;
		if (step && is_control(character))
			continue;
		step = step ? step : 1;
		if (used + step >= size)
			break;
		memcpy(to + used, bytes, step);
		used += step;
	}
	to[used] = '\0';
}
