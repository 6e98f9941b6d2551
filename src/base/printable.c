/* Strangers' text that stays in its line, see printable.h. */
#include "base/printable.h"

bool printable_is_within(unsigned character, const struct printable_range *ranges, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (character >= ranges[i].first && character <= ranges[i].last)
			return true;
	return false;
}

unsigned printable_decode(const char *text, size_t *length)
{
	static const unsigned least[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *c = (const unsigned char *)text;
	size_t size = *c < 0x80 ? 1 : *c >> 5 == 6 ? 2 : *c >> 4 == 14 ? 3 : *c >> 3 == 30 ? 4 : 0;
	unsigned value = size == 1 ? *c : *c & (0x7fu >> size);
	*length = 0;
	if (!size)
		return *c;
	for (size_t i = 1; i < size; i++) {
		if ((c[i] & 0xc0) != 0x80)
			return *c;
		value = value << 6 | (c[i] & 0x3fu);
	}
	if (value < least[size] || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
		return *c;
	*length = size;
	return value;
}

/* Controls, and characters that change how others look or that nobody can see. */
static bool is_harmful(unsigned character)
{
	static const struct printable_range harmful[] = {
		{0, 0x1f},        {0x7f, 0x9f},     {0xad, 0xad},       {0x61c, 0x61c},   {0x115f, 0x1160},
		{0x180e, 0x180e}, {0x200b, 0x200f}, {0x2028, 0x202e},   {0x2060, 0x206f}, {0x3164, 0x3164},
		{0xfeff, 0xfeff}, {0xfff0, 0xfffb}, {0xe0000, 0xe0fff},
	};
	return printable_is_within(character, harmful, PF_COUNT(harmful));
}

void printable_append(struct buffer *out, const char *text)
{
	while (*text) {
		size_t length;
		unsigned character = printable_decode(text, &length);
		if (!length || is_harmful(character))
			buffer_print(out, "\\u{%x}", character);
		else
			buffer_append(out, text, length);
		text += length ? length : 1;
	}
}
